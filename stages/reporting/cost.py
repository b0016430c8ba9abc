"""What every stage and every method costs, from the records."""

import math
from collections.abc import Sequence

import pandas as pd

from stages.engine.stage_records import Record
from stages.params.whole import Methods
from stages.regions.pair import Pair
from stages.settings.methods import ALWAYS, MEAN, chain, composed, from_elsewhere

PARTS = ["label and target maps", "embedding", "alignment", "composite"]


def seconds_a_pair(records: Sequence[Record], pairs: Sequence[Pair], methods: Methods, start: str) -> pd.DataFrame:
    """Mean seconds that a pair takes a method whose images nobody has seen before, by part; a row a method.

    Columns: those of `PARTS`, their sum `seconds`, and `n`, the pairs averaged: those of which every part was computed.
    FS counts what it begins at too, `start` (`embed.start`). What is made of another method's composites or aligned
    codes costs these too. A method whose results come from elsewhere has no row: its cost is not known here.
    """
    taken = {
        record["stage"]: {item["item"]: item["seconds"] for item in record["items"] if item["status"] == "ok"}
        for record in records
    }

    def of(stage: str, names: Sequence[str]) -> float:
        return math.fsum(taken.get(stage, {}).get(name, math.nan) for name in names)

    rows = {}
    elsewhere = from_elsewhere(methods)
    for method in methods:
        if method in elsewhere:
            continue
        made = chain(methods, method)
        aligned, code = f"aligned-{made[-1]}", methods[made[-1]].get("code")
        first = [] if start == MEAN else [f"codes-{start}"]
        embedded = {None: [], ALWAYS: ["codes", *first]}.get(code, [f"codes-{code}"])
        parts = [
            (
                of("maps", pair.images) + of("targets", [pair.pair]),
                math.fsum(of(stage, pair.images) for stage in embedded),
                of(aligned, [pair.pair]) if aligned in taken else 0.0,
                math.fsum(of(f"composites-{each}", [pair.pair]) for each in composed(methods, method)),
            )
            for pair in pairs
        ]
        known = pd.DataFrame(parts, columns=PARTS).dropna()
        rows[method] = {**known.mean(), "seconds": known.sum(axis=1).mean(), "n": len(known)}
    return pd.DataFrame.from_dict(rows, orient="index", columns=[*PARTS, "seconds", "n"])
