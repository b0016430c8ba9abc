"""A run against an earlier one: every kind of change, and the command's exit status."""

import numpy as np
import pandas as pd
import pytest
import typer
from support import run_module

from benchmarks.coverage import EFFECTS, Design
from stages.report import compare_runs
from stages.reporting.against import changes, describe
from stages.statistics import table

METRICS = {"taken IoU@512": "higher", "kept RMSE@256": "lower", "kept SSIM@256": "higher"}


def run(shift=0.0, items=12, metrics=METRICS):
    """A table of one method over seeded values; `shift` makes every mean as much greater."""
    noise = np.random.default_rng(0).normal(0.5, 0.05, (len(METRICS), 12))
    rows = [
        ("transfer", "ours", f"pair-{k}", metric, noise[i, k] + shift, direction)
        for i, (metric, direction) in enumerate(metrics.items())
        for k in range(items)
    ]
    columns = ["protocol", "method", "item", "metric", "value", "direction"]
    return table.summarise(pd.DataFrame(rows, columns=columns), level=0.95)


def of_values(values, images=None):
    """A table of one method: an array of values, one an item, for each metric."""
    rows = [
        ("transfer", "ours", f"pair-{k}", metric, value, "higher", f"{k}" if images is None else images[k])
        for metric, column in values.items()
        for k, value in enumerate(column)
    ]
    columns = ["protocol", "method", "item", "metric", "value", "direction", "images"]
    return table.summarise(pd.DataFrame(rows, columns=columns), level=0.95)


def found(before, now):
    return changes(before, now).set_index("metric")


def with_set_metric(frame, value):
    row = frame.iloc[-1:].assign(metric="FID", value=value, low=np.nan, high=np.nan, direction="lower")
    return pd.concat([frame, row], ignore_index=True)


def test_the_same_run_is_the_same():
    result = found(run(), run())
    assert set(result["what"]) == {"same"}
    assert (result["worse_on"] == 0).all() and (result["common"] == 12).all()


def test_a_small_move_of_every_item_is_found_by_the_metrics_direction():
    """A twentieth of the interval of either mean: the items are paired."""
    result = found(run(), run(shift=0.001))
    assert result["what"].to_dict() == {
        "kept RMSE@256": "worse", "taken IoU@512": "better", "kept SSIM@256": "better"
    }  # fmt: skip
    assert result["difference"].tolist() == pytest.approx([0.001] * 3)
    assert result["worse_on"].to_dict() == {"kept RMSE@256": 12, "taken IoU@512": 0, "kept SSIM@256": 0}
    assert result.index[0] == "kept RMSE@256", "what is worse comes first"


def test_one_decibel_less_on_each_of_forty_items_is_worse():
    """Values that vary by 3 dB from item to item, and by 0.3 dB from run to run."""
    random = np.random.default_rng(0)
    hard = random.normal(25, 3, 40)
    before, now = (of_values({"PSNR@256": hard - d + random.normal(0, 0.3, 40)}) for d in (0, 1))
    row = found(before, now).iloc[0]
    assert row["what"] == "worse" and row["low"] < -1 < row["high"] < 0


@pytest.mark.parametrize("items", [12, 40])
def test_runs_that_differ_by_chance_are_the_same_in_95_of_100(items):
    """Twelve metrics; pairs share images, and an image's change is in all of its pairs.

    If the rate were 5 %, more than 11 of 100 runs would move once in a hundred simulations.
    """
    rng, moved = np.random.default_rng(0), 0
    for _ in range(100):
        pairs = Design(items, items).draw(rng)
        images = [f"{a}/{b}" for a, b in pairs]
        base = {f"m{k}@256": rng.normal(25, 3, items) for k in range(12)}
        change = {name: values + EFFECTS["images count"].values(pairs, rng) for name, values in base.items()}
        moved += set(found(of_values(base, images), of_values(change, images))["what"]) != {"same"}
    assert moved <= 11


def test_pairs_of_one_name_and_other_images_are_not_compared():
    values = {"PSNR@256": np.random.default_rng(0).normal(25, 3, 20)}
    before, now = (of_values(values, [f"{seed}-{k}/b" for k in range(20)]) for seed in "xy")
    assert found(before, now)["common"].item() == 0


def test_what_differs_by_chance_is_counted():
    random = np.random.default_rng(0)
    now = run()
    now.loc[now["item"] != "*", "value"] += random.normal(0, 0.01, int((now["item"] != "*").sum()))
    now = table.summarise(table.items_of(now), level=0.95)
    assert describe(changes(run(), now)) == "3 means: 3 same (3 of these differ, but not more than by chance)"


def test_fewer_items_are_no_change_of_the_mean():
    result = found(run(), run(items=8))
    assert set(result["what"]) == {"fewer"}
    assert set(result["common"]) == {8}
    assert set(found(run(items=8), run())["what"]) <= {"same", "better", "worse"}


def test_what_only_one_run_has_is_named():
    less = {"taken IoU@512": "higher"}
    assert found(run(), run(metrics=less))["what"].value_counts().to_dict() == {"gone": 2, "same": 1}
    assert found(run(metrics=less), run())["what"].value_counts().to_dict() == {"new": 2, "same": 1}


@pytest.mark.parametrize(("value", "what"), [(20.0, "same"), (20.1, "changed"), (np.nan, "gone")])
def test_without_an_interval_a_change_is_only_told(value, what):
    assert found(with_set_metric(run(), 20.0), with_set_metric(run(), value))["what"]["FID"] == what


@pytest.fixture
def two_runs(tmp_path):
    """An earlier run, and one of whose three means one is worse."""
    table.write(run(), tmp_path / "old" / "reports" / "metrics.parquet")
    table.write(run(shift=0.2), tmp_path / "reports" / "metrics.parquet")
    return tmp_path


def test_the_command(two_runs):
    done = run_module(two_runs, "stages.report", "--against=old", "--fail")
    assert (done.returncode, done.stderr) == (3, "")
    first, worse, *_ = done.stdout.splitlines()
    assert first == "3 means: 1 worse, 2 better"
    assert worse.startswith("worse: transfer, ours, kept RMSE@256: 0.487 -> 0.687; by 0.200 [0.200, 0.200], p ")
    assert worse.endswith("; worse on 12 of 12 items")


def test_it_fails_only_if_asked_and_if_something_is_worse(two_runs, capsys):
    old, new = two_runs / "old" / "reports", two_runs / "reports"
    compare_runs(old, new, fail=False)
    compare_runs(new, new, fail=True)
    with pytest.raises(typer.Exit):
        compare_runs(old, new, fail=True)
    assert capsys.readouterr().out.count("3 means:") == 3


def test_a_folder_without_a_run_is_refused(tmp_path, refused):
    refused("no metrics.parquet in it", compare_runs, tmp_path, tmp_path)
    (tmp_path / "metrics.parquet").write_bytes(b"PAR1")
    refused("not a table of metrics", compare_runs, tmp_path, tmp_path)
