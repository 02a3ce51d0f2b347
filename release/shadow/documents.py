"""The shadow's comparison as a document of the database, and samples as answers."""

from collections.abc import Iterable, Mapping
from contextlib import suppress
from dataclasses import asdict, fields
from typing import Any

from release.lifecycle import Package
from release.shadow.comparison import UNPAIRED, Answer, Comparison, Tally, Totals

Document = Mapping[str, Any]


def readable(documents: Iterable[Document]) -> list[Answer]:
    """Read samples, and pass over what is none: it must not keep the reader from going on."""
    found = []
    for document in documents:
        with suppress(KeyError, TypeError, ValueError):
            found.append(_read_answer(document))
    return found


def _read_answer(document: Document) -> Answer:
    return Answer(
        request_id=document["request_id"],
        row=document.get("row", 0),  # older samples have none, and no probabilities
        slot=document["slot"],
        package=Package(document["model"], document["version"], document["package_sha256"]),
        label=document["label"],
        probabilities=tuple(map(float, document.get("probabilities", ()))),
        at=document["created_at"],
    )


def comparison_document(comparison: Comparison) -> dict[str, Any]:
    """Return the comparison's document, without an id."""
    return {
        "position": comparison.position,
        "totals": asdict(comparison.totals),
        "tallies": [_tally_document(one) for one in comparison.tallies],
    }


def _tally_document(tally: Tally) -> dict[str, Any]:
    # A list, for a class may be called what no field may be.
    return {**asdict(tally), "cells": [[*labels, pairs] for labels, pairs in tally.cells.items()]}


def read_comparison(document: Document) -> Comparison:
    """Read a comparison's document; KeyError when it is none."""
    totals = {one.name: document["totals"][one.name] for one in fields(Totals)}
    totals["unpaired"] = {why: totals["unpaired"].get(why, 0) for why in UNPAIRED}
    tallies = [_read_tally(one) for one in document["tallies"]]
    return Comparison(document["position"], Totals(**totals), tallies)


def _read_tally(document: Document) -> Tally:
    plain = {one.name: document[one.name] for one in fields(Tally)}
    packages = {name: Package(**plain[name]) for name in ("production", "candidate")}
    cells = {(one, two): count for one, two, count in plain["cells"]}
    return Tally(**{**plain, **packages, "cells": cells})
