"""Folders and files whose names mean something to a shell go through the pipeline as what they are: names."""

import shutil

import pytest
import yaml
from support import checkout, snakemake

from stages.settings.photos import item_name, sample_photo

pytestmark = [pytest.mark.dag, pytest.mark.weights]

NAME = """it's $(touch pwned) `touch pwned` "a" ; touch pwned & *\\n é"""


def test_a_photo_from_a_folder_of_any_name(tmp_path, weights):
    folder = checkout(tmp_path / "main", weights)
    photos = folder / NAME
    photo = "with friends/Zoë 😀 [1].png"
    (photos / photo).parent.mkdir(parents=True)
    shutil.copy(sample_photo(), photos / photo)
    (photos / "cup.png").write_bytes(b"no image")
    pairs = folder / f"{NAME}.csv"
    pairs.write_text("Pair;Identity;Hair;Note\np;Zoë 😀 [1];cup.png;a cup\n")
    scale = tmp_path / "scale.yaml"
    scale.write_text(yaml.safe_dump({"faces": {"source": ["photos"], "photos": NAME}, "pairs": {"file": pairs.name}}))
    done = snakemake(folder, "--rerun-incomplete", "faces", scale=str(scale))
    assert done.returncode == 0, done.stderr
    assert (folder / "data" / "images.csv").read_text().splitlines()[1:] == [
        'cup,"{}/cup.png"'.format(NAME.replace('"', '""')),
        '{},"{}/{}"'.format(item_name(photo), NAME.replace('"', '""'), photo),
    ]  # fmt: skip
    made = [folder / "data" / "faces" / f"{name}.png" for name in ("cup", item_name(photo))]
    assert [path.stat().st_size > 0 for path in made] == [False, True]
    assert not list(tmp_path.rglob("pwned"))
