"""What the report says first: sentences from tests, and means over the items that all methods have."""

import numpy as np
import pandas as pd
import pytest

from stages.reporting.headline import Part, over_common, sentences
from stages.statistics import table

METRICS = {"taken PSNR@256": "higher", "kept ST-LPIPS-Alex@256": "lower"}


def frame(items=40, shift=(2.9, -0.1), failed=()):
    """Two methods; `ours` is `shift` higher in each metric, with a little noise. `failed`: items that ours lacks."""
    random = np.random.default_rng(0)
    rows = []
    for (metric, direction), by in zip(METRICS.items(), shift, strict=True):
        base = random.normal(25, 3, items)
        ours = base + by + random.normal(0, 0.3 * abs(by) or 0.3, items)
        for method, values in (("barbershop", ours), ("baseline", base)):
            for k, value in enumerate(values):
                if method == "baseline" or k not in failed:
                    rows.append(("transfer", method, f"p{k}", metric, value, direction, f"a{k}/b{k}"))
    rows += [
        ("transfer", method, f"p{k}", "failure", float(method == "barbershop" and k in failed), "lower", f"a{k}/b{k}")
        for method in ("barbershop", "baseline")
        for k in range(items)
    ]
    columns = ["protocol", "method", "item", "metric", "value", "direction", "images"]
    return table.summarise(pd.DataFrame(rows, columns=columns), level=0.95)


def said(of, parts=()):
    (line,) = sentences(of, "barbershop", list(METRICS), parts, level=0.95)
    return line


def test_better_and_worse_by_how_much_and_on_how_many():
    line = said(frame())
    assert line.startswith("**Barbershop against Baseline.** Better in taken PSNR@256 on 40 of 40 pairs, by 3.1")
    assert " dB [2.8" in line
    assert "kept ST-LPIPS-Alex@256 on 40 of 40 pairs, by 0.1" in line, "lower is better there"
    assert "Worse in taken PSNR@256 on 0 of 40 pairs, by 2." in said(frame(shift=(-2.9, -0.1)))


def test_what_is_not_told_apart_says_so():
    assert "Not told apart in taken PSNR@256 (N 40, difference " in said(frame(shift=(0.0, -0.1)))


def test_a_few_pairs_give_no_verdict():
    assert said(frame(items=11)) == "No verdict: methods are compared on 11 pairs at most, and 12 are needed."


def test_a_failure_loses():
    line = said(frame(failed=range(5)))
    assert "Better in taken PSNR@256 on 35 of 40 pairs" in line


def test_a_part_of_the_pairs_is_said_apart():
    few, many = (Part(f"{n} pairs with a gap of yaw over 15°", [f"p{k}" for k in range(n)]) for n in (11, 20))
    line = said(frame(), [few, many])
    assert "On 11 pairs with a gap of yaw over 15°: no verdict, since 12 are needed." in line
    assert "On 20 pairs with a gap of yaw over 15°: better in taken PSNR@256 on 20 of 20 pairs" in line


def test_means_over_what_all_have():
    of = frame(failed=range(5))
    assert over_common(frame(), "transfer", level=0.95) is None, "no method failed"
    common = over_common(of, "transfer", level=0.95)
    assert over_common(frame(failed=range(40)), "transfer", level=0.95).empty
    summary = common[(common["item"] == "*") & (common["metric"] == "taken PSNR@256")].set_index("method")
    assert summary["n"].tolist() == [35, 35]
    items = of[(of["metric"] == "taken PSNR@256") & (of["item"] != "*") & (of["method"] == "baseline")]
    kept = items[~items["item"].isin([f"p{k}" for k in range(5)])]
    assert summary.loc["baseline", "value"] == pytest.approx(kept["value"].mean())
