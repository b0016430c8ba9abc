"""Texture and tiles at the images' own size: what they see, which way, where, and what they leave out."""

from types import SimpleNamespace

import numpy as np
import pytest
import torch
from scipy.ndimage import gaussian_filter

from stages.metrics import texture, tiles
from stages.scoring.judges import Judges

SIZE = 512


def photo(seed=0):
    """Strands that run side by side over soft shading: uint8 (SIZE, SIZE, 3)."""
    random = np.random.default_rng(seed)
    strands = gaussian_filter(random.normal(size=(SIZE, SIZE)), (20, 1.2))
    shading = gaussian_filter(random.normal(size=(SIZE, SIZE)), 40)
    grey = 120 + 14 * strands / strands.std() + 20 * shading / shading.std()
    return np.repeat(grey[..., None], 3, 2).clip(0, 255).round().astype(np.uint8)


def hatched(image, strength):
    """The image with worm-like lines, 5 px from one to the next, drawn over it."""
    y, x = np.mgrid[:SIZE, :SIZE]
    bends = 60 * gaussian_filter(np.random.default_rng(1).normal(size=(SIZE, SIZE)), 12)
    lines = strength * np.sin(2 * np.pi * (x + y) / 5 + bends * 4)
    return (image + lines[..., None]).clip(0, 255).round().astype(np.uint8)


def figures(a, b, mask=None):
    images = (SimpleNamespace(pixels=x) for x in (a, b))
    return texture.measure(SimpleNamespace(**dict(zip("ab", images, strict=True)), mask=mask))


@pytest.fixture(scope="module")
def plain():
    return photo()


def test_equal_images_have_equal_texture(plain):
    assert figures(plain, plain) == pytest.approx([0, 0, 0], abs=1e-6)


def test_hatching_is_excess_and_the_more_the_stronger(plain):
    found = np.array([figures(hatched(plain, strength), plain) for strength in (1, 2, 4, 8, 16)])
    assert (np.diff(found[:, :2], axis=0) > 0).all(), "distance and excess rise"
    assert (found[:, 2] < 0.02).all() and found[-1, 1] > 6


def test_blur_is_lack_and_never_praised(plain):
    found = np.array([figures(gaussian_filter(plain, (s, s, 0)), plain) for s in (0.5, 0.8, 1.2, 2)])
    assert (np.diff(found[:, [0, 2]], axis=0) > 0).all(), "distance and lack rise"
    assert (found[:, 1] < 0.02).all() and found[-1, 2] > 3


def test_excess_and_lack_change_places_with_the_images(plain):
    noisy = hatched(plain, 6)
    there, back = figures(noisy, plain), figures(plain, noisy)
    assert there == pytest.approx([back[0], back[2], back[1]], abs=1e-5)


def test_half_too_rough_and_half_too_smooth_is_both(plain):
    mixed = hatched(plain, 8)
    mixed[:, : SIZE // 2] = gaussian_filter(plain, (2, 2, 0))[:, : SIZE // 2]
    _, excess, lack = figures(mixed, plain)
    assert excess > 1 and lack > 1


def test_a_tangle_of_the_same_energy_is_further_than_other_strands(plain):
    """Strands of another seed are the same texture; the same noise blurred alike in all directions is not."""
    random = np.random.default_rng(3)
    tangle = gaussian_filter(random.normal(size=(SIZE, SIZE)), 1.2)
    tangle = np.repeat((120 + 14 * tangle / tangle.std())[..., None], 3, 2).clip(0, 255).round().astype(np.uint8)
    other = photo(5)
    assert figures(tangle, plain)[0] > 5 * figures(other, plain)[0]


def test_turned_strands_are_the_same_texture(plain):
    assert figures(np.ascontiguousarray(np.rot90(plain)), plain)[0] < 0.02


def half(size=128):
    mask = np.zeros((size, size))
    mask[:, : size // 2] = 1
    return mask


@pytest.mark.parametrize("which", ["texture", "tiles"])
def test_what_lies_outside_of_the_mask_does_not_count(plain, which):
    result, changed = hatched(plain, 5), hatched(plain, 5)
    changed[:, SIZE // 2 :] = np.random.default_rng(2).integers(0, 256, (SIZE, SIZE // 2, 3))
    compare = figures if which == "texture" else distances
    assert compare(result, plain, half()) == pytest.approx(compare(changed, plain, half()), rel=1e-6)
    assert compare(result, plain, half())[0] > 0


def test_too_small_a_region_has_no_texture(plain):
    mask = np.zeros((128, 128))
    mask[40:48, 40:48] = 1
    assert np.isnan(figures(plain, plain, mask)).all()


class Pixels:
    """A perceptual distance: the mean difference under the mask. It counts the images that it has seen."""

    name = "net"

    def __init__(self):
        self.seen = 0

    def features(self, image, blocks=None):
        self.seen += len(image)
        return [image]

    def distance(self, a, b, mask=None):
        return ((a[0] - b[0]).abs().mean(1, keepdim=True) * mask).sum((1, 2, 3)) / mask.sum((1, 2, 3))


def distances(a, b, mask=None, net=None):
    judges = Judges({"other": None, "net": net or Pixels()}, None, [], {}, 64, torch.device("cpu"))
    measure = tiles.prepare(judges)
    pair = SimpleNamespace(a=SimpleNamespace(pixels=a), b=SimpleNamespace(pixels=b), mask=mask)
    return measure(pair)


def test_tiles_are_at_the_images_own_size(plain):
    """One changed pixel in 64 counts in full: at half the size it would be mixed with its neighbours."""
    dotted = plain.copy()
    dotted[::8, ::8] = 255 - plain[::8, ::8]
    expected = np.abs(dotted.astype(float) - plain).mean() / 127.5
    assert distances(dotted, plain) == pytest.approx([expected], rel=1e-5)


def test_tiles_are_weighted_by_what_they_hold(plain):
    mask = np.zeros((128, 128))
    mask[:, :80] = 1  # 64 of them in the first column of tiles, 16 in the second
    changed = plain.copy()
    changed[:, 256:320] = 0
    where = np.kron(mask, np.ones((4, 4))) > 0
    expected = np.abs(changed.astype(float) - plain)[where].mean() / 127.5
    assert distances(changed, plain, mask) == pytest.approx([expected], rel=1e-5)


def test_the_tiles_of_a_whole_image_are_the_face_and_the_hair_above():
    chosen = tiles.chosen_tiles(np.ones((1024, 1024)))
    assert chosen == [(top, left) for top in (0, 256, 512) for left in (256, 512)]


def test_the_fullest_tiles_are_chosen_and_no_empty_one():
    weights = np.zeros((1024, 1024))
    weights[:, 900:] = 1
    weights[:10, :] = 1
    assert tiles.chosen_tiles(weights) == [(0, 256), (0, 512), (0, 768), (256, 768), (512, 768), (768, 768)]
    weights[:10, :900] = 0
    assert tiles.chosen_tiles(weights) == [(top, 768) for top in (0, 256, 512, 768)]


def test_the_image_that_methods_are_held_against_is_seen_once(plain):
    net = Pixels()
    measure = tiles.prepare(Judges({"net": net}, None, [], {}, 64, torch.device("cpu")))
    b = SimpleNamespace(pixels=plain)
    for strength in (1, 2, 3):
        measure(SimpleNamespace(a=SimpleNamespace(pixels=hatched(plain, strength)), b=b, mask=None))
    assert net.seen == 4 * (1 + 3)
    measure(SimpleNamespace(a=b, b=b, mask=None))
    assert net.seen == 4 * (1 + 3), "equal tiles need no network"


def test_names_say_the_size():
    setup = SimpleNamespace(judges=("ST-LPIPS-VGG", "ST-LPIPS-Alex"))
    assert tiles.ENTRY.names(setup) == ["tiles ST-LPIPS-Alex@1024"]
    assert texture.ENTRY.names(setup) == ["texture distance@1024", "texture excess dB@1024", "texture lack dB@1024"]
