"""The offline gate: is a candidate fit to be tried on traffic. Pure functions of arrays, without torch.

    gate = thresholds.read_gate()
    answers = [evidence.Answers("golden", ids, labels, production, candidate), ...]    probabilities (N, K)
    judgement.judge_classifier(gate.classifier, answers, evidence.Latencies(...), classes)
    judgement.judge_regressor(gate.regressor, [evidence.Values(...)], evidence.Latencies(...))

make a `Judgement`: verdict, reasons, checks, confusions, new_mistakes. A model that answers no probabilities,
and sets that cannot be, are a ValueError, never a verdict. README.md says how often the gate is wrong.
"""
