"""The report's tables by stratum: the same metrics, over the items that are alike in pose, hair, tone or difficulty."""

from collections.abc import Callable, Mapping, Sequence

import pandas as pd

from stages.params.outputs import ReportParams
from stages.reporting.ranking import full_names
from stages.statistics import table
from stages.statistics.table import SUMMARY
from stages.strata.classes import FEW, IDENTITY, IMAGE_KINDS, ORDER, PAIR_KINDS, REFERENCE, UNKNOWN, strata_of

Show = Callable[[pd.DataFrame, str, Sequence[str], Sequence[str]], str]  # frame, protocol, metrics, methods

TITLES = {
    "difficulty": "Difficulty: thirds of the run by the distance of the landmarks of the two faces",
    "yaw_gap": "Gap of yaw between the two faces",
    "pose": "Pose",
    "hair_length": "Length of hair",
    "fringe": "Fringe: hair over the lower forehead",
    "tone": "Skin tone in the photo, light and white balance included, by the individual typology angle",
    "sharpness": "Sharpness: thirds of the run",
    "face_size": "Size of the face's square in the photo",
    "hat": "Hat",
    "glasses": "Glasses",
    "hair_cut": "Hair that leaves the frame at a side",
    "long_to_short": "Long hair becomes short",
    "fringe_to_bare": "A fringe goes, the forehead is bare",
    "dark_and_light": "Dark or brown skin with the hair of light skin, or the other way",
    "hat_or_glasses": "One of the two has a hat or glasses",
    "cut_by_frame": "The new hair is cut by the frame of its image",
}


def restricted(
    frame: pd.DataFrame, protocol: str, metrics: Sequence[str], items: Sequence[str], level: float
) -> pd.DataFrame:
    """The table of metrics over some items alone, with new means and intervals.

    Args:
        frame: a table of metrics, as `table.read` gives it.
        protocol, metrics, items: of the rows that stay.
        level: confidence of the intervals.
    """
    of_items = frame["item"].isin(set(items) - {SUMMARY})
    kept = frame[of_items & (frame["protocol"] == protocol) & frame["metric"].isin(metrics)]
    return table.summarise(kept.reset_index(drop=True), level=level)


def strata_tables(
    frame: pd.DataFrame, strata: pd.DataFrame, kind: str, protocol: str, metrics: Sequence[str],
    methods: Sequence[str], level: float, show: Show,
) -> str:  # fmt: skip
    """For every stratum of a kind how many items it has, and the table of the methods over these items.

    Args:
        frame: a table of metrics.
        strata: as `stages.strata.classes.strata_of` gives it.
        kind: one of its kinds.
        protocol, metrics, methods: what the tables show.
        level: as in `restricted`.
        show: the table of a frame, without leaders: of so many strata some would seem to have one by chance.
    """
    of_kind = strata[strata["kind"] == kind]
    order = [*ORDER[kind.partition(" ")[0]], UNKNOWN]
    found = sorted(of_kind["stratum"].unique(), key=order.index)
    parts = []
    for stratum in found:
        items = list(of_kind.loc[of_kind["stratum"] == stratum, "item"])
        few = f"; fewer than {FEW}, so they show no order of methods" if len(items) < FEW else ""
        counted = f"{len(items)} of {len(of_kind)}{few}"
        part = restricted(frame, protocol, metrics, items, level)
        shown = show(part, protocol, metrics, methods) if len(part) else "Nothing was measured."
        parts.append(f"**{stratum}**: {counted}.\n\n{shown}")
    return "\n\n".join(parts)


def kinds_of(protocol: str, kinds: Sequence[str]) -> list[str]:
    """The kinds of strata that a protocol's items have: pairs have those of their two images, images have no gaps."""
    if protocol != "transfer":
        return [kind for kind in kinds if kind in IMAGE_KINDS]
    of_pairs = ([kind] if kind in PAIR_KINDS else [f"{kind} {IDENTITY}", f"{kind} {REFERENCE}"] for kind in kinds)
    return [name for names in of_pairs for name in names]


def metrics_of(frame: pd.DataFrame, protocol: str, report: ReportParams) -> list[str]:
    """The metrics of `report.metrics` by their full names; of images, the same without the view before them."""
    wanted = list(report["metrics"])
    if protocol != "transfer":
        plain = [name.partition(" ")[2] or name for name in wanted]
        wanted = [report["rank"]["reconstruction"], *plain]
    return full_names(frame, protocol, wanted)


def strata_section(
    frame: pd.DataFrame, tables: tuple[pd.DataFrame, pd.DataFrame] | None, methods: Mapping[str, Sequence[str]],
    report: ReportParams, level: float, show: Show,
) -> str:  # fmt: skip
    """The section By stratum, folded; empty if `report.strata` names none or there are no tables of strata.

    Args:
        frame: a table of metrics.
        tables: of the images' and the pairs' strata, as `stages.strata.files` reads them.
        methods: those measured, by protocol.
        report: the section of the parameters. `level`: confidence of the intervals.
        show: as in `strata_tables`.
    """
    if tables is None or not report["strata"]:
        return ""
    images, strata = tables[0], strata_of(*tables)
    parts = []
    for protocol in ("transfer", "reconstruction"):
        metrics = metrics_of(frame, protocol, report)
        kinds = kinds_of(protocol, report["strata"])
        if not metrics or not kinds or not methods.get(protocol):
            continue
        parts.append(f"### {protocol.capitalize()} by stratum")
        for kind in kinds:
            shown = strata_tables(frame, strata, kind, protocol, metrics, methods[protocol], level, show)
            parts.append(f"<details><summary>{title(kind)}</summary>\n\n{shown}\n\n</details>")
    if not parts:
        return ""
    lost = images[images["note"] != ""]
    named = "; ".join(f"{image}: {note}" for image, note in zip(lost["image"], lost["note"], strict=True))
    told = [
        "The strata are made from `data/strata/images.csv` and `data/strata/pairs.csv`; `docs/photos-and-pairs.md` "
        f"says how. *{UNKNOWN}* has the items whose stratum is not known. Nothing is bold here, because among so many "
        "tables some would show a leader by chance."
    ]
    if named:
        told.append(f"Without a pose: {named}. Their pairs have no gap of yaw and no difficulty.")
    body = "\n\n".join([*told, *parts])
    summary = "<summary>The metrics of report.metrics by stratum</summary>"
    return f"## By stratum\n\n<details>{summary}\n\n{body}\n\n</details>"


def title(kind: str) -> str:
    """What a kind of strata is called in the report."""
    base, _, of = kind.partition(" ")
    return f"{TITLES[base]}, {of}" if of else TITLES[base]
