"""Which values each protocol yields, over which images, and what it says of those that it cannot measure."""

import math

import numpy as np
import pytest
from drawn_run import BACKGROUND, HAIR, MAPS, PAIRS, SIZE, SKIN, TARGETS, BrightnessParser, columns, identify, image_of

from stages.formats.label_maps import label_map_bytes
from stages.metrics.clip_image import cosine
from stages.metrics.frechet import frechet
from stages.metrics.kernel import kernel_distance
from stages.metrics.psnr import psnr
from stages.regions.labels import CELEBAMASK_16, CELEBAMASK_19, FROM_19
from stages.regions.pair import Pair
from stages.scoring.features import of_clip
from stages.scoring.pixels import resize, resize_mask
from stages.scoring.transfer_masks import regions_beside_taken
from stages.statistics.images import joined

IDENTITY = "identity distance dlib-ResNet-v1@150"


def by_name(values, method):
    return {(value.item, value.metric): value for name, value in values if name == method}


def test_with_a_clip_its_metrics_stand_beside_the_others(run, judges):
    """A stand-in for CLIP: mean colours. Nothing else of the table changes."""

    def encode(pixels):
        return pixels.reshape(-1, 3).mean(0) + 1

    without = by_name(run.transfer(judges), "one")
    features = [*judges.features, of_clip("ViT-B/32", encode), of_clip("ViT-L/14@336", encode)]
    clips = {"ViT-B/32": encode, "ViT-L/14@336": encode}
    values = by_name(run.transfer(judges._replace(features=features, clips=clips)), "one")
    assert without.keys() <= values.keys()
    assert {name for _, name in values.keys() - without.keys()} == {
        "FID_CLIP", "FID_CLIP null", "CMMD on CLIP ViT-B/32", "CMMD on CLIP ViT-B/32 null",
        "Fréchet CLIP ViT-L/14@336", "Fréchet CLIP ViT-L/14@336 null", "CMMD", "CMMD null",
        "CLIP-I ViT-B/32", "taken CLIP-I ViT-B/32", "CLIP-I ViT-L/14@336", "taken CLIP-I ViT-L/14@336",
    }  # fmt: skip
    composite, hair = run.image("one", "p"), run.image("faces", "b")
    assert values["p", "CLIP-I ViT-B/32"].value == pytest.approx(cosine(encode(composite), encode(hair)))
    assert values["p", "CLIP-I ViT-B/32"].direction == "higher" and values["*", "CMMD"].direction == "lower"


def test_outside_is_where_neither_map_shows_hair(run, judges):
    """The composite is read by the parser anew: hair that should not be there does not count either."""
    value = by_name(run.transfer(judges), "one")["p", "outside PSNR@64"].value
    composite, face = (resize(run.image(*p), SIZE) for p in (("one", "p"), ("faces", "a")))
    found = judges.parse(judges.prepare(np.array(run.image("one", "p"))), judges.parser_name)
    mask = resize_mask((MAPS["a"] != HAIR) & (found != HAIR), SIZE)
    assert value == pytest.approx(psnr(composite, face, mask))


def test_composites_are_compared_where_they_must_show_their_sources(run, judges):
    values = by_name(run.transfer(judges), "one")
    composite, face, hair = (resize(run.image(*p), SIZE) for p in (("one", "p"), ("faces", "a"), ("faces", "b")))
    own, other, target = MAPS["a"], MAPS["b"], TARGETS["p"]
    both = {
        "kept": (face, (own != HAIR) & (target != HAIR)),
        "taken": (hair, (other == HAIR) & (target == HAIR)),
        "face": (face, (own == SKIN) & (target == SKIN)),
        "background": (face, (own == BACKGROUND) & (target == BACKGROUND)),
    }
    for name, (source, mask) in both.items():
        assert values["p", f"{name} PSNR@64"].value == pytest.approx(psnr(composite, source, mask))
    metrics = {metric for item, metric in values if item == "p"}
    assert not any(metric.startswith("hair") for metric in metrics), "hair is just what is taken"
    assert values["p", "taken IoU bisenet19@64"].value == 1
    assert values["p", "mean IoU bisenet19@64"].value == 1
    moved = np.linalg.norm(identify(run.image("one", "p")) - identify(run.image("faces", "a")))
    assert values["p", IDENTITY].value == pytest.approx(moved)


def test_a_composite_that_misses_the_target_has_a_lower_iou(run, judges):
    run.save("one", "p", image_of(columns(12, 36, 16), 0))
    values = by_name(run.transfer(judges), "one")
    assert values["p", "taken IoU bisenet19@64"].value == pytest.approx(12 / 24)
    assert values["p", "face IoU bisenet19@64"].value == pytest.approx(24 / 36)
    assert values["p", "background IoU bisenet19@64"].value == 1
    assert values["p", "mean IoU bisenet19@64"].value == pytest.approx((0.5 + 24 / 36 + 1) / 3)


def test_another_parser_judges_in_the_labels_that_both_tell_apart(run, judges):
    class Other(BrightnessParser):
        """Sees the columns 4 pixels further to the left, in the other scheme."""

        scheme = CELEBAMASK_16

        def logits(self, image):
            return super().logits(image.roll(-4, 3))[:, [FROM_19.index(label) for label in range(len(CELEBAMASK_16))]]

    target, seen = TARGETS["p"], np.roll(TARGETS["p"], -4, 1)
    values = by_name(run.transfer(judges._replace(judge_parsers={"bisenet16": Other()})), "one")
    for region, label in {"taken": HAIR, "face": SKIN, "background": BACKGROUND}.items():
        expected = ((target == label) & (seen == label)).sum() / ((target == label) | (seen == label)).sum()
        assert values["p", f"{region} judge IoU bisenet16@64"].value == pytest.approx(expected)
        assert values["p", f"{region} IoU bisenet19@64"].value == 1, "the run's own parser says what it said"


def test_what_cannot_be_measured_says_why(run, judges):
    run.save("one", "r", np.random.default_rng(0).integers(0, 21, (SIZE, SIZE, 3), np.uint8))  # no face
    two = run.image("two", "p").copy()
    two[:, 48:] = run.image("faces", "a")[:, 48:]
    run.save("two", "p", two)
    values = run.transfer(judges)
    noted = {(m, *key): v.note for m in ("one", "two") for key, v in by_name(values, m).items() if v.note}
    assert noted.pop(("one", "r", IDENTITY)) == "dlib finds no face in the composite"
    assert noted.pop(("two", "p", "background PSNR@64")) == "the images are identical"
    assert by_name(values, "two")["p", "background PSNR@64"].value == math.inf
    names = [f"background {metric}@64" for metric in ("PSNR", "SSIM", "difference")]
    for method in ("one", "two"):  # the photo of q is skin to its edge
        for name in names:
            assert noted.pop((method, "q", name)) == "no background that both maps show"
        assert noted.pop((method, "q", "background IoU bisenet19@64")) == "no background in either map"
        for part in ("", " SE"):  # each two of the three composites share an image
            assert noted.pop((method, "*", f"Kernel colour{part}")).startswith("too few images")
    assert not noted
    assert all(math.isfinite(value.value) for _, value in values if not value.note)


def test_an_identity_without_a_face_is_named(run, judges):
    run.save("faces", "a", np.full((SIZE, SIZE, 3), 10, np.uint8))
    value = by_name(run.transfer(judges), "one")["p", IDENTITY]
    assert math.isnan(value.value)
    assert value.note == "dlib finds no face in a"


def test_failed_composites_yield_nothing_and_others_are_whole(run, judges):
    before = by_name(run.transfer(judges), "two")
    run.fail("one", "q")
    values = run.transfer(judges)
    assert {item for item, _ in by_name(values, "one")} == {"p", "r", "*"}
    after = by_name(values, "two")
    assert after.keys() == before.keys()
    assert all(after[key] == before[key] or math.isnan(before[key].value) for key in before)
    run.fail("two", "q")
    run.fail("faces", "c")  # why both failed
    assert {item for item, _ in by_name(run.transfer(judges), "two")} == {"p", "r", "*"}


def test_sets_hold_every_source_once_and_every_composite(run, judges):
    values = by_name(run.transfer(judges), "one")
    x, y = (
        np.stack([resize(run.image(part, name), SIZE).mean((0, 1)) for name in names])
        for part, names in (("faces", "abc"), ("one", "pqr"))
    )
    assert values["*", "Fréchet colour"].value == pytest.approx(frechet(x, y), rel=1e-9)
    distance, error = kernel_distance(x, y, list("abc"), [joined(pair.images) for pair in PAIRS])
    assert values["*", "Kernel colour"].value == pytest.approx(distance, rel=1e-9, nan_ok=True)
    assert values["*", "Kernel colour SE"].value == pytest.approx(error, rel=1e-9, nan_ok=True)
    null = values["*", "Fréchet colour null"]
    assert null.low <= null.value <= null.high
    assert {value.n for (item, _), value in values.items() if item == "*"} == {3}


def test_reconstructions_are_compared_with_their_images(run, judges):
    run.fail("fs", "b")
    values = by_name(run.reconstruction(judges), "fs")
    assert {item for item, _ in values} == {"a", "c", "*"}
    expected = psnr(*(resize(run.image(part, "a"), SIZE) for part in ("faces", "fs")))
    assert values["a", "PSNR@64"].value == pytest.approx(expected)
    x, y = (np.stack([resize(run.image(part, name), SIZE).mean((0, 1)) for name in "ac"]) for part in ("faces", "fs"))
    assert values["*", "Kernel colour"].value == pytest.approx(
        kernel_distance(x, y, ["a", "c"], ["a", "c"])[0], rel=1e-9
    )


def test_order_of_pairs_does_not_matter(run, judges):
    forth, back = (by_name(run.transfer(judges, pairs), "one") for pairs in (PAIRS, PAIRS[::-1]))
    assert forth.keys() == back.keys()
    for key, value in forth.items():
        assert value.value == pytest.approx(back[key].value, rel=1e-5, nan_ok=True)


def test_a_pair_that_changes_only_a_look_takes_nothing(run, judges):
    run.save("faces", "d", image_of(MAPS["a"], 5))
    run.faces["d"] = run.folder / "faces" / "d.png"
    (run.folder / "maps" / "d.png").write_bytes(label_map_bytes(MAPS["a"], CELEBAMASK_19))
    values = by_name(run.transfer(judges, [PAIRS[0], Pair("r", "b", {}, {"hair": "d"})]), "one")
    assert values["r", "taken PSNR@64"].note == "nothing is taken that both maps show"
    assert values["r", "hair PSNR@64"].note == "no hair that both maps show", "no image shows it as it must be"
    assert math.isfinite(values["r", "kept PSNR@64"].value)
    assert values["r", "taken IoU bisenet19@64"].value == 1, "of the hair, which gets the look"
    for metric in ("look CIEDE2000@64", "look Gram difference@64"):
        assert math.isfinite(values["r", metric].value)
        assert values[PAIRS[0].pair, metric].note == "nothing gets another image's look"
    assert values["*", "Fréchet colour"].n == 2


def test_regions_that_taken_does_not_stand_for():
    hair, both, eyes = (Pair("p", "a", r) for r in ({"hair": "b"}, {"hair": "b", "face": "c"}, {"eyes": "b"}))
    assert regions_beside_taken([hair, hair], CELEBAMASK_19) == ["face", "background"]
    assert regions_beside_taken([hair, both], CELEBAMASK_19) == ["hair", "face", "background"]
    assert regions_beside_taken([eyes], CELEBAMASK_19) == ["hair", "face", "background"]


def test_an_identity_that_nobody_asks_for_is_not_measured(run, judges):
    values = by_name(run.transfer(judges._replace(identity=False)), "one")
    assert not any(metric == IDENTITY for _, metric in values)
