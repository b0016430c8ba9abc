"""The report on a ranking's sensitivity: what survives, who leads, who changes place, and what is refused."""

import numpy as np
import pandas as pd
import pytest

from stages.reporting.circular import Loss, Losses
from stages.reporting.sensitivity import COLUMNS, orders_of, sensitivity_text
from stages.scoring.prepared import Setup
from stages.scoring.variants import DEFAULT
from stages.sensitivity import common_pairs, largest_difference, of_other_judges, read_run
from stages.statistics.names import FAILURE

METHODS = ["one", "two", "three"]
PAIRS = [f"pair-{k}" for k in range(4)]
LOSSES = Losses([Loss("ST-LPIPS-VGG", ["one"], [])])


def rows(metric, variant, axis, values, direction="higher", measured=None):
    """Values (pairs, methods) as rows of the numbers."""
    return [
        (metric, variant, axis, method, pair, measured or f"{metric}@256", float(values[i][k]), direction, "")
        for i, pair in enumerate(PAIRS)
        for k, method in enumerate(METHODS)
    ]


def numbers(*parts):
    return pd.DataFrame([row for part in parts for row in part], columns=COLUMNS)


STEADY = [[3, 2, 1]] * 4
SWAPPED = [[3, 1, 2]] * 4


def report(frame, splits=2, difference=0.0):
    found = orders_of(frame, METHODS, PAIRS, splits, 0)
    return found, sensitivity_text(frame, found, METHODS, PAIRS, 6, difference, LOSSES)


def line_of(text, start):
    (line,) = [line for line in text.splitlines() if line.startswith(f"| {start} |")]
    return [cell.strip() for cell in line.strip("|").split("|")]


def test_it_says_what_survives_and_who_changes_place():
    frame = numbers(
        rows("kept PSNR", DEFAULT, DEFAULT, STEADY),
        rows("kept PSNR", "512 px", "size", SWAPPED, measured="kept PSNR@512"),
        rows("kept PSNR", "results as JPEG 95", "file", STEADY),
    )
    _, text = report(frame)
    assert line_of(text, "kept PSNR")[1:] == ["one, then two or three", "2 of 2", "4 of 4", "0.33"]
    _, n, tau, who, *means = line_of(text, "512 px")
    assert n == "4" and float(tau) == pytest.approx(1 / 3, abs=0.01)
    assert who == "two 2 → 3, three 3 → 2"
    assert means == ["3.000 (1)", "1.000 (3)", "2.000 (2)"]
    assert line_of(text, "results as JPEG 95")[3] == "none"
    assert "the 4 of 6 pairs in which no method failed" in text and "may be chance" in text


def test_another_leader_is_counted():
    other = [[1, 2, 3]] * 4
    frame = numbers(rows("kept PSNR", DEFAULT, DEFAULT, STEADY), rows("kept PSNR", "512 px", "size", other))
    _, text = report(frame, splits=0)
    assert line_of(text, "kept PSNR")[1:4] == ["none", "0 of 1", "–"]
    assert line_of(text, "512 px")[2] == "-1.00"


def test_halves_are_of_the_defaults_values():
    """One method leads by a single pair: the half without it has another leader."""
    values = [[100, 2, 1], [1, 2, 1], [1, 2, 1], [1, 2, 1]]
    found, text = report(numbers(rows("kept PSNR", DEFAULT, DEFAULT, values)), splits=3)
    each = [row for row in found["kept PSNR"] if row.axis == "halves"]
    assert len(each) == 6 and {row.order.n for row in each} == {2}
    for k in range(3):
        leaders = {row.order.leaders for row in each if row.variant in (f"half {k + 1}a", f"half {k + 1}b")}
        assert leaders == {frozenset({0}), frozenset({1})}
    assert line_of(text, "kept PSNR")[3] == "3 of 6"
    assert "In 0 of 6 halves" not in text and "In 3 of 6 halves of the pairs no method changes place." in text
    assert text.count("| half ") == 3


def test_a_circular_judge_is_marked_and_a_metric_without_values_said():
    frame = numbers(
        rows("taken ST-LPIPS-VGG", DEFAULT, DEFAULT, STEADY, "lower"),
        rows("kept PSNR", DEFAULT, DEFAULT, np.full((4, 3), np.nan)),
    )
    _, text = report(frame)
    assert "## taken ST-LPIPS-VGG@256 ⟲ ↓" in text and "⟲: this network was also minimised" in text
    assert line_of(text, "kept PSNR")[1] == "no pair has values of all methods"


def test_a_default_that_differs_from_the_table_is_said():
    frame = numbers(rows("kept PSNR", DEFAULT, DEFAULT, STEADY))
    assert "values are those of `metrics.parquet`" in report(frame, difference=1e-12)[1]
    assert "**The default's values differ from `metrics.parquet` by up to 0.5.**" in report(frame, difference=0.5)[1]


def table(values, failed=(), metric="kept PSNR@256"):
    """The rows of a run's table."""
    frame = numbers(rows("", DEFAULT, "", values, measured=metric)).drop(columns="metric")
    frame = frame.rename(columns={"measured": "metric"})
    failures = [(m, p, FAILURE, float((m, p) in failed), "lower", "") for p in PAIRS for m in METHODS]
    more = pd.DataFrame(failures, columns=["method", "item", "metric", "value", "direction", "note"])
    return pd.concat([frame, more], ignore_index=True)


def test_the_difference_from_the_table():
    frame = numbers(rows("kept PSNR", DEFAULT, DEFAULT, STEADY), rows("kept PSNR", "512 px", "size", SWAPPED))
    assert largest_difference(frame, table(STEADY)) == 0
    assert largest_difference(frame, table([[3, 2, 1.25], *STEADY[1:]])) == 0.25
    infinite = [[np.inf, np.nan, 1], *STEADY[1:]]
    assert largest_difference(numbers(rows("kept PSNR", DEFAULT, DEFAULT, infinite)), table(infinite)) == 0
    assert largest_difference(numbers(rows("kept PSNR", DEFAULT, DEFAULT, infinite)), table(STEADY)) == np.inf


def test_pairs_in_which_a_method_failed_are_left_out(refused):
    assert common_pairs(table(STEADY, {("two", "pair-1")})) == ["pair-0", "pair-2", "pair-3"]
    refused("no pair in which no method failed", common_pairs, table(STEADY, {("one", pair) for pair in PAIRS}))


def test_other_judges_come_from_the_table():
    setup = Setup(256, ("ST-LPIPS-VGG", "ST-LPIPS-Alex"), "bisenet19", 512, False, False)
    frame = pd.concat([
        table(STEADY, metric="taken ST-LPIPS-VGG@256"), table(SWAPPED, metric="taken ST-LPIPS-Alex@256")
    ])  # fmt: skip
    found = of_other_judges(frame, ["taken ST-LPIPS-Alex", "kept PSNR"], setup, PAIRS[:3])
    assert set(found["variant"]) == {"judge ST-LPIPS-VGG"} and set(found["metric"]) == {"taken ST-LPIPS-Alex"}
    assert len(found) == 9 and list(found.columns) == COLUMNS
    assert sorted(found["value"].unique()) == [1, 2, 3]
    assert of_other_judges(frame, ["kept PSNR"], setup, PAIRS).empty


def test_without_a_finished_run_it_is_told_in_one_line(tmp_path, refused):
    refused("no finished run, record.json is not there; type `snakemake` first", read_run, tmp_path)
