"""The steps of a run: collect, inspect, check, train, predict, judge, package, push, release, decide."""
