"""Tables by stratum: over the stratum's items alone, each N said, few items said so, nothing lost."""

import numpy as np
import pandas as pd
import pytest

from stages.reporting.strata_tables import FEW, kinds_of, metrics_of, restricted, strata_section, strata_tables
from stages.statistics import table
from stages.statistics.table import SUMMARY
from stages.strata.classes import UNKNOWN
from stages.strata.files import IMAGE_COLUMNS, PAIR_COLUMNS

LEVEL = 0.95
REPORT = {"metrics": ["kept PSNR", "taken IoU"], "rank": {"reconstruction": "PSNR"}, "strata": ["difficulty", "pose"]}
METHODS = {"transfer": ["ours", "theirs"], "reconstruction": ["ours"]}
PAIRS = [f"p{k:02}" for k in range(30)]


def measured() -> pd.DataFrame:
    """`ours` is better by 1 on the first twenty pairs, and worse by 1 on the others."""
    random = np.random.default_rng(0)
    rows = []
    for k, pair in enumerate(PAIRS):
        base = random.normal(30, 1)
        for method, value in (("ours", base + (1 if k < 20 else -1)), ("theirs", base)):
            rows.append(("transfer", method, pair, "kept PSNR@256", value, "higher"))
            rows.append(("transfer", method, pair, "taken IoU bisenet19@512", value / 100, "higher"))
    rows += [("reconstruction", "ours", f"i{k}", "PSNR@256", 20.0 + k, "higher") for k in range(4)]
    columns = ["protocol", "method", "item", "metric", "value", "direction"]
    return table.summarise(pd.DataFrame(rows, columns=columns), level=LEVEL)


def strata() -> tuple[pd.DataFrame, pd.DataFrame]:
    images = pd.DataFrame({"image": [f"i{k}" for k in range(4)], "yaw": [0.0, 20.0, 40.0, np.nan]})
    images["note"] = ["", "", "", "no face found"]
    pairs = pd.DataFrame({"pair": PAIRS, "identity": "i0", "reference": "i1"})
    pairs["difficulty"] = ["easy"] * 20 + ["hard"] * 9 + [""]
    pairs["yaw_gap"] = 20.0
    empty = dict.fromkeys(("hair_length", "fringe", "tone", "sharpness", "square"), np.nan)
    images = images.assign(**empty, hat="no", glasses="no")
    return images.reindex(columns=list(IMAGE_COLUMNS)), pairs.reindex(columns=list(PAIR_COLUMNS))


def show(frame, protocol, metrics, methods):
    """What is in a frame, so that a test need not read Markdown."""
    of = frame[(frame["protocol"] == protocol) & (frame["item"] == SUMMARY)].set_index(["method", "metric"])
    return "; ".join(f"{method} {of.loc[(method, metrics[0]), 'n']}" for method in methods)


def test_means_are_of_the_stratum_alone():
    frame = measured()
    part = restricted(frame, "transfer", ["kept PSNR@256"], PAIRS[:20], LEVEL)
    assert set(part["metric"]) == {"kept PSNR@256"} and set(part["protocol"]) == {"transfer"}
    means = part[part["item"] == SUMMARY].set_index("method")["value"]
    items = frame[(frame["metric"] == "kept PSNR@256") & frame["item"].isin(PAIRS[:20])]
    assert means["ours"] == pytest.approx(items.loc[items["method"] == "ours", "value"].mean())
    assert means["ours"] - means["theirs"] == pytest.approx(1)
    other = restricted(frame, "transfer", ["kept PSNR@256"], PAIRS[20:], LEVEL)
    others = other[other["item"] == SUMMARY].set_index("method")["value"]
    assert others["ours"] - others["theirs"] == pytest.approx(-1), "the order differs by stratum, and is seen"


def test_every_stratum_says_its_n_and_few_items_say_so():
    from stages.strata.classes import strata_of

    shown = strata_tables(
        measured(), strata_of(*strata()), "difficulty", "transfer", ["kept PSNR@256"], METHODS["transfer"], LEVEL, show
    )
    easy, hard, unknown = (part for part in shown.split("\n\n") if part.startswith("**"))
    assert easy == "**easy**: 20 of 30."
    assert hard.startswith(f"**hard**: 9 of 30; fewer than {FEW}") and unknown.startswith(f"**{UNKNOWN}**: 1 of 30")
    assert "ours 20; theirs 20" in shown and "ours 9; theirs 9" in shown and "medium" not in shown


def test_pairs_have_the_strata_of_their_images_and_images_have_no_gaps():
    kinds = ["yaw_gap", "tone"]
    assert kinds_of("transfer", kinds) == ["yaw_gap", "tone of the identity", "tone of the reference"]
    assert kinds_of("reconstruction", kinds) == ["tone"]


def test_metrics_of_images_are_those_of_pairs_without_the_view():
    frame = measured()
    assert metrics_of(frame, "transfer", REPORT) == ["kept PSNR@256", "taken IoU bisenet19@512"]
    assert metrics_of(frame, "reconstruction", REPORT) == ["PSNR@256"]


def test_the_section_is_folded_and_names_who_has_no_pose():
    text = strata_section(measured(), strata(), METHODS, REPORT, LEVEL, show)
    assert text.startswith("## By stratum\n\n<details>") and text.endswith("</details>")
    assert text.count("<details>") == text.count("</details>") == 1 + 3 + 1
    assert "i3: no face found" in text and "**yaw over 30°**: 1 of 4" in text


def test_without_kinds_or_tables_there_is_no_section():
    assert strata_section(measured(), strata(), METHODS, REPORT | {"strata": []}, LEVEL, show) == ""
    assert strata_section(measured(), None, METHODS, REPORT, LEVEL, show) == ""
