"""Sheets: what was measured of one item, as a file. Values with their notes, features, and what the rules look at.

There is one for every image, embedding, pair and composite. The stage `score` makes the table of them, without a
network. No torch here.
"""

import json
import math
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
import safetensors.numpy

from stages.errors import UserError
from stages.metrics import Direction
from stages.scoring.expectations import Expected, Seen

MEASURED = "measured"  # folder of all sheets below `data`, and of their records below `data/records`
VALUES = "values"
FEATURES = "features "  # before the name of a kind of features
SMALL = "small"


class Value(NamedTuple):
    """One measurement; `item` is `*` for a set metric over `n` images. The rest as in `stages.statistics.table`."""

    item: str
    metric: str
    value: float
    direction: Direction
    n: int = 1
    low: float = math.nan
    high: float = math.nan
    note: str = ""


class Sheet(NamedTuple):
    """What was measured of an item.

    `values`: of single metrics, whatever they call the item. `arrays`: by name. `facts`: what else is known, as JSON.
    """

    values: Sequence[Value]
    arrays: Mapping[str, np.ndarray]
    facts: Mapping[str, Any]

    @property
    def features(self) -> dict[str, np.ndarray]:
        """Features (d,) of the whole image, by the name of their kind."""
        return {key.removeprefix(FEATURES): array for key, array in self.arrays.items() if key.startswith(FEATURES)}

    @property
    def seen(self) -> Seen:
        """The image as the rules of failures see it."""
        return Seen(self.arrays[SMALL], bytes.fromhex(self.facts["digest"]), self.facts["has_face"])

    def expected(self, references: Sequence[str]) -> Expected:
        """What the sources of a pair show, whose references have these names."""
        of = self.arrays
        return Expected(of["pixels"], of["weights"], of["pure"], self.facts["unseen"], references[self.facts["giver"]])


def of_features(features: Mapping[str, np.ndarray]) -> dict[str, np.ndarray]:
    """Features (d,) by kind, as arrays of a sheet."""
    return {f"{FEATURES}{kind}": array for kind, array in features.items()}


def of_seen(seen: Seen) -> tuple[dict[str, np.ndarray], dict[str, object]]:
    """An image as the rules see it, as arrays and facts of a sheet."""
    return {SMALL: seen.small}, {"digest": seen.digest.hex(), "has_face": seen.has_face}


def of_expected(expected: Expected, references: Sequence[str]) -> Sheet:
    """The sheet of a pair whose references have these names; the names are not in it."""
    arrays = {"pixels": expected.pixels, "weights": expected.weights, "pure": expected.pure}
    return Sheet([], arrays, {"unseen": expected.unseen, "giver": references.index(expected.giver)})


def sheet_bytes(sheet: Sheet) -> bytes:
    """Encode a sheet as safetensors: values as float64, which keeps nan and infinity, all else as JSON beside them."""
    values = np.array([each.value for each in sheet.values], np.float64)
    rows = [[each.metric, each.direction, each.note] for each in sheet.values]
    text = json.dumps({"rows": rows, "facts": sheet.facts}, sort_keys=True, allow_nan=False)
    arrays = {VALUES: values, **sheet.arrays}
    return safetensors.numpy.save({key: np.ascontiguousarray(each) for key, each in arrays.items()}, {"sheet": text})


def read_sheet(path: Path, item: str) -> Sheet:
    """Read the sheet of an item, whose name the values get.

    Raises:
        UserError: the file is missing, damaged, or no sheet.
    """
    try:
        content = path.read_bytes()
        arrays = safetensors.numpy.load(content)
        header = json.loads(content[8 : 8 + int.from_bytes(content[:8], "little")])
        sheet = json.loads(header["__metadata__"]["sheet"])
        numbers = arrays.pop(VALUES).tolist()
        values = [
            Value(item, metric, value, direction, note=note)
            for value, (metric, direction, note) in zip(numbers, sheet["rows"], strict=True)
        ]
    except (OSError, ValueError, KeyError, TypeError, safetensors.SafetensorError) as error:
        raise UserError(f"{path}: missing, or no sheet of what was measured; remove it and run again") from error
    return Sheet(values, arrays, sheet["facts"])
