"""The report's failures: counted by method and rule, named by pair, and no failure of the pipeline."""

import numpy as np
import pandas as pd

from stages.reporting.failed_results import failure_lines, failure_table, of_pipeline, without_result
from stages.reporting.verdict import failures, incomplete, unmeasured
from stages.statistics import table

PAIRS = ["p0", "p1", "p2", "p3"]
METHODS = {
    "baseline": {"kind": "latent", "code": "w", "align": False},
    "mine": {"kind": "results", "images": "mine", "reconstructions": "mine/reconstruction"},
}
PROTOCOLS = {"reconstruction": list(METHODS), "transfer": list(METHODS)}


def frame_of(notes, sets=True):
    """A table of two methods, of which `mine` has failures by pair with these notes, and no other rows there."""
    rows = []
    for method in METHODS:
        rows += [("reconstruction", method, face, "PSNR@256", 20.0, "higher", "") for face in ("a", "b")]
        for pair in PAIRS:
            note = notes.get(pair, "") if method == "mine" else ""
            rows.append(("transfer", method, pair, "failure", float(note != ""), "lower", note))
            if not note:
                rows.append(("transfer", method, pair, "kept PSNR@256", 25.0, "higher", ""))
    columns = ["protocol", "method", "item", "metric", "value", "direction", "note"]
    summed = table.summarise(pd.DataFrame(rows, columns=columns), level=0.95)
    done = {method: len(PAIRS) - (len(notes) if method == "mine" else 0) for method in METHODS}
    fid = [
        {
            **summed[summed["item"] == "*"].iloc[0].to_dict(),
            "protocol": "transfer",
            "metric": "FID",
            "n": n,
            "method": m,
        }
        for m, n in done.items()
        if n > 1
    ]
    return pd.concat([summed, pd.DataFrame(fid)], ignore_index=True)


def records(**reasons):
    """Records of both methods' composites, and of the reconstructions that are taken over."""
    names = {"composites-baseline": PAIRS, "composites-mine": PAIRS, "reconstructions-mine": ["a", "b"]}
    return [
        {
            "stage": stage,
            "items": [
                {"item": name, "status": "failed", "reason": reasons[stage.replace("-", "_")][name]}
                if name in reasons.get(stage.replace("-", "_"), {})
                else {"item": name, "status": "ok"}
                for name in items
            ],
        }
        for stage, items in names.items()
    ]


NOTES = {"p1": "mirrored: its mirror image fits the pair better (0.04 against 0.16)", "p3": "missing: mine: no image"}


def short(frame, stages):
    return incomplete(frame, PROTOCOLS, 2, len(PAIRS), without_result(frame, stages, METHODS))


def test_a_row_a_method_and_a_column_a_rule():
    lines = failure_table(frame_of(NOTES), list(METHODS)).splitlines()
    assert lines[0] == "| method | failures | rate | missing | mirrored |"
    assert lines[2].startswith("| Baseline | 0 of 4 | 0.000 [0.000,") and lines[2].endswith("| 0 | 0 |")
    assert lines[3].startswith("| mine | 2 of 4 | 0.50") and lines[3].endswith("| 1 | 1 |")
    assert failure_table(frame_of({}).query("metric != 'failure'"), list(METHODS)) == ""


def test_every_failure_is_named_once_and_is_nothing_that_could_not_be_measured():
    stages = records(composites_mine={"p3": "mine: no image"}, reconstructions_mine={"b": "mine: no image named b"})
    assert failure_lines(frame_of(NOTES), stages, METHODS) == [
        f"mine, **[p1](gallery.html#pair=p1)**: {NOTES['p1']}", f"mine, **[p3](gallery.html#pair=p3)**: {NOTES['p3']}",
        "mine, reconstruction, **b**: mine: no image named b",
    ]  # fmt: skip
    assert unmeasured(frame_of(NOTES)) == []


def test_what_another_system_lacks_is_no_failure_of_the_pipeline():
    stages = records(composites_mine={"p3": "no image"})
    assert failures(of_pipeline(stages, METHODS)) == []
    assert short(frame_of(NOTES), stages) == []
    without = frame_of(NOTES)
    gone = (without["protocol"] == "reconstruction") & (without["method"] == "mine")
    without.loc[gone & (without["item"] == "*"), "n"] = 1
    without = without[~(gone & (without["item"] == "b"))]
    assert short(without, stages) == ["reconstruction, mine, PSNR@256: 1 of 2"]
    assert short(without, records(reconstructions_mine={"b": "no image"})) == []


def test_what_a_method_of_ours_lacks_is():
    stages = records(composites_baseline={"p0": "loss was not finite"})
    assert failures(of_pipeline(stages, METHODS)) == ["composites-baseline: **p0**: loss was not finite"]


def test_rows_that_are_missing_without_a_failure_are_still_told():
    frame = frame_of(NOTES)
    frame.loc[(frame["method"] == "mine") & (frame["metric"] == "kept PSNR@256") & (frame["item"] == "*"), "n"] = 1
    assert short(frame, records()) == ["transfer, mine, kept PSNR@256: 1 of 2"]


def test_a_method_with_one_result_has_no_metric_of_sets_and_one_with_none_has_nothing():
    for count in (3, 4):
        frame = frame_of(dict.fromkeys(PAIRS[:count], "constant: it is black"))
        assert not ((frame["method"] == "mine") & (frame["metric"] == "FID")).any()
        assert short(frame, records()) == []
    frame = frame_of(NOTES)
    frame = frame[~((frame["method"] == "mine") & (frame["metric"] == "FID"))]
    assert short(frame, records()) == ["transfer, mine: FID is missing"]
    assert np.isfinite(frame[frame["metric"] == "failure"]["value"]).all()
