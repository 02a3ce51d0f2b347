"""Whether a dataset is fit to train a model with. Pure functions of arrays, without torch.

    dataset = records.Records(records.Keys(ids, digests), labels, embeddings)    (N, D); rows are their own
    inspection.inspect(gate.dataset, dataset, classes, others={"golden": records.Keys(...)}, last=embeddings)

makes the checks examples, class_balance, leakage (with each other set), label_noise, drift. README.md has the
figures of label_noise.
"""
