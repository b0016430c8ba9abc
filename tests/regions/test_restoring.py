"""A photo's own pixels back: which, how the edge looks, and that colours go on; on images drawn here."""

import numpy as np
import pytest
from scipy import ndimage

from stages.regions.labels import CELEBAMASK_19 as SCHEME
from stages.regions.pair import Pair
from stages.regions.restoring import opacity, restored, tint, unchanged, within
from stages.scoring.borders import seam

SIZE, MARGIN, SOFT, REACH = 256, 8, 16, 12
HAIR, SKIN, NECK, BACKGROUND = (SCHEME[name] for name in ("hair", "skin", "neck", "background"))
PAIR = Pair("p", "a", {"hair": "b"})


def texture(seed):
    """A photo of smooth colours between 60 and 200."""
    noise = ndimage.gaussian_filter(np.random.default_rng(seed).normal(size=(SIZE, SIZE, 3)), (6, 6, 0))
    return (130 + 70 * noise / np.abs(noise).max()).astype(np.uint8)


def columns(first, last):
    """True in some columns."""
    mask = np.zeros((SIZE, SIZE), bool)
    mask[:, first:last] = True
    return mask


KEPT = ~columns(96, 160)  # what changes is a band in the middle
PHOTO = texture(0)
COMPOSITE = np.where(KEPT[..., None], (PHOTO + 25.0).clip(0, 255), texture(1)).astype(np.uint8)  # and all is brighter
ALL = np.ones_like(KEPT)


def test_kept_is_what_both_maps_show_of_the_identity():
    own = np.array([[HAIR, HAIR, SKIN, SKIN, NECK, BACKGROUND]], np.uint8)
    target = np.array([[HAIR, SKIN, HAIR, SKIN, NECK, SKIN]], np.uint8)
    assert unchanged(PAIR, own, target, SCHEME).tolist() == [[False, False, False, True, True, False]]
    recoloured = Pair("p", "a", {}, {"hair": "b"})
    assert unchanged(recoloured, own, own, SCHEME).tolist() == [[False, False, True, True, True, True]]


def test_old_hair_and_what_is_beside_it_are_the_composites():
    """The identity's hair goes and background comes: neither it nor the margin around it is restored."""
    own, target = np.full((2, SIZE, SIZE), BACKGROUND, np.uint8)
    own[:, 96:160] = HAIR
    alpha = opacity(unchanged(PAIR, own, target, SCHEME), MARGIN, SOFT)
    assert (alpha[:, 96 - MARGIN : 160 + MARGIN] == 1).all()
    assert (alpha[:, : 96 - MARGIN - SOFT] == 0).all() and (alpha[:, 160 + MARGIN + SOFT :] == 0).all()
    assert (np.diff(alpha[0, :96]) >= 0).all() and np.abs(np.diff(alpha[0])).max() < 2 / SOFT


def test_far_from_what_changes_every_pixel_is_the_photos():
    alpha = opacity(KEPT, MARGIN, SOFT)
    image = restored(PHOTO, COMPOSITE, alpha, ALL, REACH)
    far = ndimage.distance_transform_edt(KEPT) > MARGIN + SOFT
    assert far.mean() > 0.5 and (image[far] == PHOTO[far]).all()
    untouched = restored(PHOTO, COMPOSITE, alpha, ALL, 0)
    assert (untouched[alpha == 1] == COMPOSITE[alpha == 1]).all()


def test_all_kept_is_the_photo_and_nothing_kept_the_composite():
    assert (restored(PHOTO, COMPOSITE, opacity(ALL, MARGIN, SOFT), ALL, REACH) == PHOTO).all()
    assert (restored(PHOTO, COMPOSITE, opacity(~ALL, MARGIN, SOFT), ALL, REACH) == COMPOSITE).all()


def test_the_seam_is_far_below_that_of_a_hard_paste():
    alpha = opacity(KEPT, MARGIN, SOFT)
    hard = (alpha > 0.5).astype(np.float32)
    sources = [PHOTO / 255, COMPOSITE / 255]

    def seam_of(alpha, reach):
        return seam(restored(PHOTO, COMPOSITE, alpha, ALL, reach) / 255, sources, hard > 0)

    pasted = seam_of(hard, 0)
    assert pasted > 1
    assert seam_of(alpha, 0) < pasted / 5, "soft alone"
    assert seam_of(hard, REACH) < pasted / 2, "colours alone"
    assert seam_of(alpha, REACH) < pasted / 10


def test_colours_are_matched_at_the_edge_and_keep_away_from_it():
    """A composite that is 10 brighter than the photo loses that along the edge; what is far inside stays."""
    kept = ~columns(64, 192)
    brighter = np.full_like(PHOTO, 110)
    offset = tint(np.full_like(PHOTO, 100), brighter, kept, REACH)
    assert offset.shape == PHOTO.shape
    assert offset[:, 66] == pytest.approx(-10, abs=1.5)
    assert np.abs(offset[:, 120:136]).max() < 0.1


def test_another_content_beside_the_edge_does_not_tint_the_rest():
    """The composite shows something black where the photo does not: a difference of 150 is none of colour."""
    grey = np.full_like(PHOTO, 150)
    composite = np.full_like(PHOTO, 150)
    composite[64:128, :96] = 0
    offset = tint(grey, composite, KEPT, REACH)
    unwary = ndimage.gaussian_filter(np.where(KEPT, grey[..., 0] - composite[..., 0].astype(float), 0), REACH)
    assert np.abs(offset[:, 96:104]).max() < 20 < unwary[:, 96:104].max() / 2


def test_within_an_area_it_fades_towards_its_border_and_not_towards_the_frame():
    alpha = within(columns(0, 128), SOFT)
    assert (alpha[:, :100] == 1).all() and (alpha[:, 128:] == 0).all() and (alpha[:, 127] < 0.1).all()
    assert (within(ALL, SOFT) == 1).all()


def test_images_of_two_sizes_are_refused():
    with pytest.raises(ValueError, match=r"\(256, 256, 3\) and \(128, 256, 3\) differ in size"):
        restored(PHOTO, COMPOSITE[::2], opacity(KEPT, MARGIN, SOFT), ALL, REACH)
