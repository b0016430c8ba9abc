"""A run against an earlier one: every kind of change, and the command's exit status."""

import numpy as np
import pandas as pd
import pytest
import typer
from support import run_module

from stages.report import compare_runs
from stages.reporting.against import changes
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
    return table.summarise(pd.DataFrame(rows, columns=columns), level=0.95, resamples=500, seed=0)


def found(before, now):
    return changes(before, now).set_index("metric")


def with_set_metric(frame, value):
    row = frame.iloc[-1:].assign(metric="FID", value=value, low=np.nan, high=np.nan, direction="lower")
    return pd.concat([frame, row], ignore_index=True)


def test_the_same_run_is_the_same():
    result = found(run(), run())
    assert set(result["what"]) == {"same"}
    assert (result["worse_on"] == 0).all() and (result["common"] == 12).all()


def test_a_move_within_the_interval_is_none():
    assert set(found(run(), run(shift=0.005))["what"]) == {"same"}


def test_a_move_beyond_it_is_better_or_worse_by_the_metrics_direction():
    result = found(run(), run(shift=0.2))
    assert result["what"].to_dict() == {
        "kept RMSE@256": "worse", "taken IoU@512": "better", "kept SSIM@256": "better"
    }  # fmt: skip
    assert result["worse_on"].to_dict() == {"kept RMSE@256": 12, "taken IoU@512": 0, "kept SSIM@256": 0}
    assert result.index[0] == "kept RMSE@256", "what is worse comes first"


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
    assert worse.startswith("worse: transfer, ours, kept RMSE@256: 0.487 [0.")
    assert worse.endswith("] -> 0.687; worse on 12 of 12 items")


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
