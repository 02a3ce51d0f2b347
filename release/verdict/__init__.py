"""What the numbers say of a candidate. Pure functions: no clock, no file, no database.

Evidence is frozen, and a controller adds it up and keeps it:

    coins.Look(candidate=Arm(requests, bad), stable=Arm(requests, bad))    since the look before
        bad: failed, slow, or wrong; or windows, and those that drifted
        coins.coins(looks), Coins.after(look), and + make Coins of them
    latency.Bucket(candidate=Answers(requests, seconds), stable=...)       in the same 5 s
    confidence_sequence.Step(candidate=Mean(count, total), stable=...)     of confidence, in a step
    predictions.LabelCounts(candidate={label: n}, stable=...)              as predicted, in a step
    sample_ratio.Served(share, candidate, stable)                          requests of users, in a step

A gate makes a `gate.Gate` (name, verdict, why, numbers) of it:

    error_rate       failures.error_rate(coins)
    slow_requests    failures.slow_requests(coins)
    latency          latency.latency(buckets)
    mean_latency     latency.mean_latency(answers)
    sample_ratio     sample_ratio.sample_ratio(steps)
    drift            inputs.drifted_windows(coins)
    labels           predictions.labels(steps)
    confidence       predictions.confidence(steps)
    accuracy         feedback.accuracy(the coins of each step)

`decision.decide(gates, Situation(...))` makes a `decision.Decision` (action, reason, why, gates) of these.

A step is a time in which the shares did not change: one that somebody splits anew makes two. Evidence is that
of the whole release and may be looked at at any time, but for `mean_latency`, which is judged once an
interval. Impossible numbers (below 0, NaN, more bad requests than requests) are a ValueError, never a
verdict. docs/releases.md says how often a gate is wrong.
"""
