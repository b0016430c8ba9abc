"""Other ways of measuring: each changes what it says, and the default gives the values of the table."""

import numpy as np
import pytest
from drawn_run import PAIRS, SIZE
from scipy.ndimage import zoom

from stages.formats.label_maps import label_map_bytes
from stages.regions.labels import CELEBAMASK_19
from stages.scoring.judging import Given
from stages.scoring.variants import (
    DEFAULT,
    Benches,
    Variant,
    as_jpeg,
    check_metrics,
    grown,
    score_variants,
    short,
    shrunk,
    variants,
)

WANTED = ["kept PSNR", "kept SSIM", "taken difference", "taken PSNR"]
METHODS = ("one", "two")


def test_one_thing_at_a_time_changes():
    default, *others = variants(256, 1024)
    assert default.name == DEFAULT
    for way in others:
        changed = [
            field
            for field in ("size", "quality", "resampling", "grown")
            if getattr(way, field) != getattr(default, field)
        ]
        assert len(changed) == 1, way
    assert {way.size for way in (default, *others)} == {256, 512, 1024}
    assert [way.grown for way in others if way.axis == "masks"] == [5, 10]
    assert len({way.name for way in (default, *others)}) == len(others) + 1
    assert {way.size for way in variants(256, 512)} == {256, 512}


def test_jpeg_changes_pixels_a_little():
    pixels = (
        zoom(np.random.default_rng(0).integers(0, 256, (8, 8, 3)).astype(float), (8, 8, 1), order=1)
        .round()
        .astype(np.uint8)
    )
    saved = as_jpeg(pixels, 95)
    assert saved.shape == pixels.shape and saved.dtype == np.uint8
    difference = np.abs(saved.astype(int) - pixels).mean()
    assert 0 < difference < 6
    assert np.abs(as_jpeg(pixels, 30).astype(int) - pixels).mean() > difference


def test_the_filter_is_another_one():
    pixels = np.random.default_rng(0).integers(0, 256, (64, 64, 3)).astype(np.uint8)
    small, means = shrunk(pixels, 16, "Lanczos"), pixels.reshape(16, 4, 16, 4, 3).mean((1, 3))
    assert small.shape == (16, 16, 3)
    assert 1 < np.abs(small - means).mean() < 40
    flat = np.full((64, 64, 3), 77, np.uint8)
    assert (shrunk(flat, 16, "Lanczos") == 77).all()


@pytest.mark.parametrize(("size", "px", "expected"), [(512, 5, 5), (512, 10, 10), (256, 10, 5)])
def test_masks_grow_by_so_many_px(size, px, expected):
    mask = np.zeros((size, size), bool)
    mask[100:120, 100:140] = True
    larger = grown(mask, px)
    assert larger[mask].all()
    assert np.flatnonzero(larger[:, 110]).tolist() == list(range(100 - expected, 120 + expected))
    assert np.flatnonzero(larger[110]).tolist() == list(range(100 - expected, 140 + expected))
    assert not larger[100 - expected, 100 - expected], "it grows as a disc, not as a square"


def test_no_growth_and_an_empty_mask_stay_as_they_are():
    mask = np.eye(16, dtype=bool)
    assert (grown(mask, 0) == mask).all()
    assert not grown(np.zeros((16, 16), bool), 10).any()


def measured(run, judges, ways, wanted=WANTED):
    given = Given(run.faces, run.folder / "maps", run.folder / "targets")
    composites = {method: run.folder / method for method in METHODS}
    found = score_variants(Benches(judges, wanted), PAIRS, given, composites, ways)
    return {(way.name, method, v.item, v.metric): v.value for way, method, values in found for v in values}


def test_the_default_gives_the_tables_numbers(run, judges):
    values = measured(run, judges, variants(SIZE, SIZE)[:1])
    table = {(DEFAULT, method, v.item, v.metric): v.value for method, v in run.transfer(judges)}
    assert {short(key[-1]) for key in values} == set(WANTED)
    assert len(values) == len(METHODS) * len(PAIRS) * len(WANTED)
    for key, value in values.items():
        assert value == pytest.approx(table[key], abs=1e-9, nan_ok=True), key


def test_every_variant_moves_the_numbers(run, judges):
    """Results that are JPEG, another size, another filter and larger masks each give other values than the default."""
    ways = [
        Variant(DEFAULT, DEFAULT, 32), Variant("jpeg", "file", 32, quality=95), Variant("size", "size", SIZE),
        Variant("filter", "filter", 32, resampling="Lanczos"), Variant("masks", "masks", 32, grown=40),
    ]  # fmt: skip
    values = measured(run, judges, ways, ["kept PSNR"])
    of = {way.name: [v for key, v in values.items() if key[0] == way.name] for way in ways}
    for way in ways[1:]:
        assert not np.allclose(of[way.name], of[DEFAULT], atol=1e-6), way.name


def test_masks_that_grow_see_what_is_beside_them(run, judges):
    """One method is wrong just outside what both maps show as taken: only larger masks see it."""
    labels = np.zeros((SIZE, SIZE), np.uint8)
    labels[:, : SIZE // 2] = CELEBAMASK_19["hair"]
    for part in ("maps", "targets"):
        for path in (run.folder / part).iterdir():
            path.write_bytes(label_map_bytes(labels, CELEBAMASK_19))
    for pair in PAIRS:
        source = run.image("faces", pair.regions["hair"]).copy()
        run.save("one", pair.pair, source)
        source[:, SIZE // 2 : SIZE // 2 + 1] ^= 255
        run.save("two", pair.pair, source)
    ways = [Variant(DEFAULT, DEFAULT, SIZE), Variant("masks", "masks", SIZE, grown=16)]
    values = measured(run, judges, ways, ["taken PSNR"])
    for pair in PAIRS:
        key = (pair.pair, f"taken PSNR@{SIZE}")
        assert values[DEFAULT, "two", *key] == values[DEFAULT, "one", *key] == np.inf
        assert values["masks", "two", *key] < values["masks", "one", *key]


def test_a_metric_that_cannot_be_measured_so_is_refused(judges, refused):
    check_metrics(WANTED, judges.setup)
    refused("'taken IoU': cannot be measured so; known are .*kept PSNR", check_metrics, ["taken IoU"], judges.setup)


def test_only_the_networks_that_are_needed_look(judges):
    benches = Benches(judges, ["kept PSNR", "taken difference"])
    assert benches.at(SIZE, "kept").judges.perceptuals == {}
    assert list(benches.at(SIZE, "taken").judges.perceptuals) == ["difference"]
    assert Benches(judges, ["kept PSNR"]).at(SIZE, "taken") is None
