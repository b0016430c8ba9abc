"""Items that cannot be computed are named in an INVALID report and harm no other."""

import pytest
from faults import pipeline

pytestmark = [pytest.mark.faults, pytest.mark.dag, pytest.mark.weights]


def test_loss_that_is_not_a_number(reference, folder):
    """A rate and a weight beyond all bounds make the alignment's losses infinite. The items of the other method are
    untouched, and with the old values everything comes from the store."""
    before = pipeline.stored(folder)
    pipeline.change(folder, {"align": {"rate": 1e15, "p_norm": 1e15, "steps": 2, "reference_steps": 2}})
    assert pipeline.run_well(folder)["aligned-barbershop"] == 2
    frame, report = pipeline.result(folder)
    assert report.startswith("# Barbershop, evaluated: INVALID\n")
    for pair in "ab":
        (line,) = [line for line in report.splitlines() if f"aligned-barbershop: **{pair}**" in line]
        assert line.endswith("loss was not finite at step 2")
        assert (folder / "data" / "aligned" / "barbershop" / f"{pair}.safetensors").stat().st_size == 0
    expected, _ = pipeline.result(reference)
    for untouched in (
        lambda rows: rows[rows["method"] == "copy_paste"],
        lambda rows: rows[rows["protocol"] == "reconstruction"],
    ):
        assert len(untouched(frame)) and untouched(frame).reset_index(drop=True).equals(
            untouched(expected).reset_index(drop=True)
        )
    pipeline.change(folder, {"align": {"rate": 0.15, "p_norm": 0.003, "steps": 1, "reference_steps": 1}})
    assert pipeline.run_well(folder) == {}
    assert before.items() <= pipeline.stored(folder).items()
    pipeline.assert_same_result(folder, reference)
