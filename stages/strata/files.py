"""images.csv and pairs.csv of `data/strata`: what is written and read; empty cells are what cannot be said."""

import io
import json
import math
from collections.abc import Mapping, Sequence
from pathlib import Path

import numpy as np
import pandas as pd

from stages.errors import UserError
from stages.regions.pair import Pair
from stages.strata.classes import DIFFICULTY, UNKNOWN, WIDE_GAP, thirds
from stages.strata.measures import Values
from stages.strata.pose import landmark_distance

IMAGE_NUMBERS = {  # and their decimals
    "yaw": 1, "pitch": 1, "roll": 1, "eye_distance": 1, "hair_length": 2, "fringe": 3, "hair_share": 3,
    "hair_cut": 3, "square": 0,
    "sharpness": 2, "tone": 1,
}  # fmt: skip
IMAGE_COLUMNS = (
    "image", "yaw", "pitch", "roll", "eye_distance", "hair_length", "fringe", "hair_share", "hair_cut", "hat",
    "glasses", "square", "sharpness", "tone", "note",
)  # fmt: skip
PAIR_NUMBERS = {"yaw_gap": 1, "landmark_distance": 4}
PAIR_COLUMNS = ("pair", "identity", "reference", "yaw_gap", "landmark_distance", "difficulty", "pose_different", "note")
NO_FACE = "no face found"


def face_bytes(values: Values, landmarks: np.ndarray | None) -> bytes:
    """What is kept of an image: its values, and its landmarks for the pairs, as JSON."""
    kept = {key: None if isinstance(v, float) and math.isnan(v) else v for key, v in values.items()}
    points = None if landmarks is None else landmarks.round(2).tolist()
    return (json.dumps({"values": kept, "landmarks": points}, sort_keys=True) + "\n").encode()


def read_face(path: Path) -> tuple[dict[str, object], np.ndarray | None] | None:
    """The values and landmarks of an image; None if it failed, which an empty file says."""
    content = path.read_bytes()
    if not content:
        return None
    try:
        kept = json.loads(content)
        points = kept["landmarks"]
        return dict(kept["values"]), None if points is None else np.array(points, np.float64).reshape(68, 2)
    except (ValueError, KeyError, TypeError) as error:
        raise UserError(f"{path}: not as the stage wrote it; remove it and run again") from error


def image_table(
    faces: Mapping[str, tuple[Mapping[str, object], np.ndarray | None] | None], squares: Mapping[str, float]
) -> pd.DataFrame:
    """A row an image.

    Args:
        faces: by image what `read_face` gives.
        squares: the side of the square around the face in the photo, px; drawn faces have none.
    """
    rows = []
    for image, face in faces.items():
        row: dict[str, object] = {"image": image, "square": squares.get(image), "note": ""}
        if face is None:
            row["note"] = "failed before"
        else:
            row |= face[0]
            row["note"] = NO_FACE if face[1] is None else ""
        rows.append(row)
    return _completed(pd.DataFrame(rows, columns=list(IMAGE_COLUMNS)), IMAGE_NUMBERS)


def pair_table(pairs: Sequence[Pair], images: pd.DataFrame, landmarks: Mapping[str, np.ndarray | None]) -> pd.DataFrame:
    """A row a pair: the identity against the image that gives hair, or against the first other one if none does."""
    yaw = dict(zip(images["image"], images["yaw"], strict=True))
    rows = []
    for pair in pairs:
        other = pair.regions.get("hair", pair.images[1])
        both = [landmarks.get(image) for image in (pair.identity, other)]
        lost = [image for image, points in zip((pair.identity, other), both, strict=True) if points is None]
        apart = math.nan if both[0] is None or both[1] is None else landmark_distance(both[0], both[1])
        note = f"{NO_FACE} in {' and '.join(lost)}" if lost else ""
        gap = abs(float(yaw[pair.identity]) - float(yaw[other]))
        rows.append((pair.pair, pair.identity, other, gap, apart, "", "", note))
    table = _completed(pd.DataFrame(rows, columns=list(PAIR_COLUMNS)), PAIR_NUMBERS)
    thirds_of = thirds(table["landmark_distance"], DIFFICULTY)
    table["difficulty"] = ["" if third == UNKNOWN else third for third in thirds_of]
    table["pose_different"] = ["" if math.isnan(gap) else "yes" if gap > WIDE_GAP else "no" for gap in table["yaw_gap"]]
    return table


def table_bytes(table: pd.DataFrame) -> bytes:
    """A table as CSV."""
    whole = [name for name, digits in IMAGE_NUMBERS.items() if digits == 0 and name in table]
    as_text = {name: ["" if math.isnan(value) else f"{value:.0f}" for value in table[name]] for name in whole}
    buffer = io.StringIO()
    table.assign(**as_text).to_csv(buffer, index=False, lineterminator="\n")
    return buffer.getvalue().encode()


def read_images(path: Path) -> pd.DataFrame:
    """Read images.csv; errors as `read_pair_strata`."""
    return _read(path, IMAGE_COLUMNS, IMAGE_NUMBERS)


def read_pair_strata(path: Path) -> pd.DataFrame:
    """Read pairs.csv; raises UserError if it is not the table that the stage writes."""
    return _read(path, PAIR_COLUMNS, PAIR_NUMBERS)


def _read(path: Path, columns: Sequence[str], numbers: Mapping[str, int]) -> pd.DataFrame:
    try:
        table = pd.read_csv(path, dtype=str, keep_default_na=False)
        if list(table.columns) != list(columns):
            raise ValueError(f"its columns are {', '.join(table.columns)}")
        return table.assign(
            **{name: pd.to_numeric(table[name].mask(table[name] == "")).astype(float) for name in numbers}
        )
    except (OSError, ValueError) as error:
        raise UserError(f"{path}: no table of strata ({error}); remove it and run again") from error


def _completed(table: pd.DataFrame, numbers: Mapping[str, int]) -> pd.DataFrame:
    """The same with rounded numbers, nan and empty text for what is missing."""
    texts = [name for name in table.columns if name not in numbers]
    rounded = {name: pd.to_numeric(table[name]).astype(float).round(digits) + 0.0 for name, digits in numbers.items()}
    return table.assign(**rounded, **{name: table[name].fillna("").astype(str) for name in texts})
