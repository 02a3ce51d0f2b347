"""The gates of a plan, asked of what was seen at the looks of a release."""

from collections import Counter
from collections.abc import Callable, Iterable, Sequence
from itertools import groupby

from release.evidence import Arm, Look
from release.plan import Plan
from release.verdict import coins, failures, feedback, inputs, latency, predictions, sample_ratio
from release.verdict.confidence_sequence import Mean, Step
from release.verdict.gate import Gate

Count = Callable[[Arm], int]


def gates(
    looks: Sequence[Look], drift: coins.Coins, plan: Plan, *, ended_step: Sequence[Look] | None
) -> list[Gate]:
    """Return the plan's gates, each with its numbers; `drift` counts windows, and those that drifted.

    `ended_step` are the looks since the step began, where it is over: only then the mean latency is judged,
    as a plain comparison would fail by chance.
    """
    asked = plan.gates
    steps = [list(looks) for _, looks in groupby(looks, key=lambda look: (look.step, look.percent))]
    found: list[Gate] = []
    if asked.error_rate:
        found.append(failures.error_rate(_coins(looks, lambda arm: arm.failed)))
    if asked.slow_requests:
        found.append(failures.slow_requests(_coins(looks, lambda arm: arm.slow, of=lambda arm: arm.answered)))
    if asked.latency:
        buckets = [latency.Bucket(_answers(look.candidate), _answers(look.stable)) for look in looks]
        found.append(latency.latency(buckets, tolerated=asked.latency.ratio))
    if asked.mean_latency and ended_step is not None:
        arms = [look.candidate for look in ended_step]
        answers = latency.Answers(sum(arm.succeeded for arm in arms), sum(arm.seconds for arm in arms))
        found.append(latency.mean_latency(answers, most_seconds=asked.mean_latency.seconds))
    if asked.sample_ratio:
        settled = ([look for look in step if look.is_settled] for step in steps)
        found.append(sample_ratio.sample_ratio([_served(step) for step in settled if step]))
    if asked.drift:
        found.append(inputs.drifted_windows(drift))
    if asked.labels:
        found.append(predictions.labels([_label_counts(step) for step in steps], margin=asked.labels.margin))
    if asked.confidence:
        found.append(
            predictions.confidence([_confidence(step) for step in steps], margin=asked.confidence.margin)
        )
    if asked.accuracy:
        found.append(feedback.accuracy(_labelled(looks), margin=asked.accuracy.margin))
    return found


def _coins(looks: Iterable[Look], bad: Count, of: Count = lambda arm: arm.requests) -> coins.Coins:
    """Return the evidence of bad events among so many."""

    def counted(arm: Arm) -> coins.Arm:
        return coins.Arm(max(of(arm), bad(arm)), bad(arm))

    return coins.coins(coins.Look(counted(look.candidate), counted(look.stable)) for look in looks)


def _labelled(looks: Sequence[Look]) -> list[coins.Coins]:
    """Return the evidence of wrong labels, of each step that served the predictions."""
    found: dict[int, coins.Coins] = {}
    for one in (one for look in looks for one in look.labelled):
        seen = coins.Look(
            coins.Arm(one.candidate, one.candidate_wrong), coins.Arm(one.stable, one.stable_wrong)
        )
        found[one.step] = found.get(one.step, coins.Coins()).after(seen)
    return [found[step] for step in sorted(found)]


def _answers(arm: Arm) -> latency.Answers:
    return latency.Answers(arm.succeeded, arm.seconds)


def _served(step: Sequence[Look]) -> sample_ratio.Served:
    candidate, stable = (
        sum(getattr(look, slot).requests for look in step) for slot in ("candidate", "stable")
    )
    return sample_ratio.Served(step[0].percent / 100, candidate, stable)


def _label_counts(step: Sequence[Look]) -> predictions.LabelCounts:
    candidate: Counter[str] = Counter()
    stable: Counter[str] = Counter()
    for look in step:
        candidate.update(look.candidate.labels)
        stable.update(look.stable.labels)
    return predictions.LabelCounts(candidate, stable)


def _confidence(step: Sequence[Look]) -> Step:
    return Step(_mean([look.candidate for look in step]), _mean([look.stable for look in step]))


def _mean(arms: Sequence[Arm]) -> Mean:
    return Mean(sum(arm.confidence_count for arm in arms), sum(arm.confidence_sum for arm in arms))
