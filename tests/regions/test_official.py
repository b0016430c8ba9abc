"""The official code's target map and morphology against its golden vectors; every array exactly."""

import numpy as np
import pytest
from golden import GOLDEN

from stages.regions.labels import CELEBAMASK_16 as SCHEME
from stages.regions.official_masks import (
    after_first_completion,
    after_second_completion,
    draft,
    grow,
    second_goal,
    shrink,
)


@pytest.mark.parametrize("pair", range(4))
def test_target_map_equals_the_official_codes(pair):
    with np.load(GOLDEN / "target_mask.npz") as arrays:
        golden = {key[3:]: arrays[key] for key in arrays if key.startswith(f"p{pair}_")}
    drafted = draft(golden["label1"], golden["label2"], SCHEME)
    labels = after_first_completion(drafted, golden["gen_seg1"])
    final = after_second_completion(drafted, labels, golden["gen_seg2"], SCHEME)
    pairs = {
        "new_target_final": drafted.labels,
        "ggg": drafted.foreground,
        "hair_mask1": drafted.hair[0],
        "hair_mask2": drafted.hair[1],
        "OB_region": drafted.obstructed * np.uint8(255),
        "step2_target": second_goal(drafted, labels, SCHEME),
        "final_target_mask": final,
        "final_hair_mask_target": final == SCHEME["hair"],
    }
    for name, ours in pairs.items():
        np.testing.assert_array_equal(ours, golden[name], err_msg=name)


@pytest.mark.parametrize("pixels", [0, 1, 3, 5])
def test_morphology_equals_the_official_codes(pixels):
    golden = np.load(GOLDEN / "dilate_erode.npz")
    np.testing.assert_array_equal(grow(golden["mask"], pixels), golden[f"dilate{pixels}"][0])
    np.testing.assert_array_equal(shrink(golden["mask"], pixels), golden[f"erode{pixels}"][0])
