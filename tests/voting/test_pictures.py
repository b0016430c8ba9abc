"""What is served of a picture: its pixels, under a name by chance, and nothing else."""

import hashlib
import io

import numpy as np
import pytest
from PIL import Image
from small_study import METHODS, PAIRS, SECRETS, drawn

from stages.voting.pictures import copied, damaged, encoded, put


@pytest.fixture
def tagged(tmp_path):
    """An image with all kinds of metadata that name a method."""
    path = tmp_path / "composites" / "barbershop.png"
    path.parent.mkdir()
    exif = Image.Exif()
    exif[0x010E] = "barbershop"
    drawn(0).save(path, exif=exif, icc_profile=b"barbershop profile", xmp=b"<x>barbershop</x>", comment="barbershop")
    return path


def test_a_copy_has_no_metadata(tagged, tmp_path):
    content = (tmp_path / f"{put(copied(tagged, 64), tmp_path)}.webp").read_bytes()
    assert b"barbershop" in tagged.read_bytes()
    assert b"barbershop" not in content
    assert not any(chunk in content for chunk in (b"EXIF", b"XMP ", b"ICCP"))
    with Image.open(tmp_path / next(tmp_path.glob("*.webp"))) as image:
        assert image.size == (64, 64) and not image.getexif() and "icc_profile" not in image.info


def test_a_copy_shows_the_same_picture(tagged):
    copy = copied(tagged, 96)
    again = np.asarray(Image.open(io.BytesIO(encoded(copy))).convert("RGB")).astype(float)
    assert np.abs(again - np.asarray(copy)).mean() < 4


def test_small_pictures_are_not_enlarged(tagged):
    assert copied(tagged, 1024).size == (96, 96)


def test_names_are_by_chance(tagged, tmp_path):
    image = copied(tagged, 64)
    names = {put(image, tmp_path) for _ in range(20)}
    assert len(names) == 20
    digests = {kind(encoded(image)).hexdigest() for kind in (hashlib.md5, hashlib.sha1, hashlib.sha256)}
    assert not any(digest.startswith(name) for name in names for digest in digests)


def test_damage_is_plain_also_on_a_small_screen():
    for seed in range(5):
        image = drawn(seed, 512)
        worse = damaged(image, np.random.default_rng(seed))
        small = [np.asarray(each.resize((128, 128), Image.Resampling.BOX)).astype(float) for each in (image, worse)]
        assert np.abs(small[0] - small[1]).mean() > 15


def test_no_name_of_the_studys_pictures_tells_which_method_it_is_of(make_study, tmp_path):
    """Names of two studies of one seed have nothing in common, and no order in the folder follows the methods."""
    one, two = (make_study(tmp_path / name, seed=5) for name in ("one", "two"))
    names = [{path.stem for path in (each.folder / "pictures").iterdir()} for each in (one, two)]
    assert not names[0] & names[1]
    assert len(names[0]) == 3 + len(METHODS) * len(PAIRS) + 2 * len(one.study.checks)
    content = b"".join(path.read_bytes() for path in (one.folder / "pictures").iterdir())
    assert not any(secret.encode() in content for secret in SECRETS)
