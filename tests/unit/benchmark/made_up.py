"""A made-up run in which every figure is just reached."""

from benchmark.cases import MAIN, OF_REGRESSOR, TEN_THOUSAND, Case
from benchmark.measurement import Description, Limit, Measurement, Start
from benchmark.results import Results

NAMES = ("ours", "ours-unsampled", "ours-nginx", "ours-regressor")
PEERS = ("lab", "litserve", "bentoml", "mlserver", "torchserve")
RATES = {
    "ours": 460.0,
    "ours-unsampled": 470.0,
    "ours-nginx": 400.0,
    "lab": 100.0,
    "litserve": 200.0,
    "bentoml": 190.0,
    "mlserver": 180.0,
}


def cell(
    system: str,
    case: Case,
    rate: float,
    *,
    p50: float = 100,
    p99: float = 250,
    failures: int = 0,
    megabytes: float = 400,
    others: float = 0.0,
    number: int = 1,
) -> Measurement:
    """Return a measurement of 10 seconds."""
    requests = round(rate * 10)
    return Measurement(system, case, number, 10.0, requests, failures, p50, p99, megabytes, others)


def made_up() -> Results:
    """Return the run."""
    results = Results({"CPU": "one that was made up, 2 cores"})
    results.descriptions = [Description(name, f"title of {name}", "what it is") for name in (*NAMES, *PEERS)]
    results.limits = [Limit("fast", MAIN.payload, 1, 1, 500.0), Limit("fast", MAIN.payload, 8, 1, 575.0)]
    results.starts = [Start("ours", 3.0), Start("ours", 5.9)]
    results.measurements = [cell(name, MAIN, rate) for name, rate in RATES.items()]
    results.measurements += [cell("ours", TEN_THOUSAND, 450, p50=400, p99=1200)]
    for case in OF_REGRESSOR:
        results.measurements += [cell("ours-regressor", case, 3000), cell("torchserve", case, 2900)]
    return results


def replace(results: Results, new: Measurement) -> Results:
    """Put a measurement in the place of those of the same cell."""
    kept = [one for one in results.measurements if (one.system, one.case) != (new.system, new.case)]
    results.measurements = [*kept, new]
    return results
