"""A run of three drawn faces and six pairs that has its faces, maps and target maps, and nothing else."""

import shutil
from pathlib import Path

import numpy as np
import pytest
from PIL import Image
from support import ROOT

from stages.formats.label_maps import label_map_bytes
from stages.regions.labels import CELEBAMASK_19 as SCHEME

BACKGROUND, SKIN, HAIR = (SCHEME[name] for name in ("background", "skin", "hair"))
NAMES = ["ann", "ben", "cem"]


def drawn(seed):
    """A map of 512 px, an oval face with hair around it, and its picture of 1024 px."""
    random = np.random.default_rng(seed)
    down, across = np.mgrid[:512, :512] / 512
    x, wide = 0.5 + random.uniform(-0.03, 0.03), random.uniform(0.2, 0.24)
    face = ((across - x) / wide) ** 2 + ((down - 0.55) / 0.3) ** 2 < 1
    hair = ((across - x) / (wide + 0.1)) ** 2 + ((down - 0.45) / 0.35) ** 2 < 1
    labels = np.select([face, hair], [SKIN, HAIR], BACKGROUND).astype(np.uint8)
    colours = random.uniform(40, 215, (len(SCHEME), 3))
    spots = Image.fromarray(random.integers(0, 255, (12, 12, 3), dtype=np.uint8)).resize((512, 512))
    picture = np.clip(colours[labels] + 0.3 * (np.asarray(spots, float) - 128), 0, 255).astype(np.uint8)
    return labels, np.kron(picture, np.ones((2, 2, 1), np.uint8))


@pytest.fixture
def planned(tmp_path, monkeypatch):
    """The run's folder, which is the current one; its pairs are OWN-HAIR of all names."""
    monkeypatch.chdir(tmp_path)
    shutil.copy(ROOT / "params.yaml", "params.yaml")
    for part in ("faces", "maps", "targets"):
        Path("data", part).mkdir(parents=True)
    maps = {}
    for seed, name in enumerate(NAMES):
        maps[name], picture = drawn(seed)
        Image.fromarray(picture).save(f"data/faces/{name}.png")
        Path("data/maps", f"{name}.png").write_bytes(label_map_bytes(maps[name], SCHEME))
    rows = [(f"{own}-{hair}", own, hair) for own in NAMES for hair in NAMES if own != hair]
    for pair, own, hair in rows:
        target = np.where(maps[hair] == HAIR, HAIR, np.where(maps[own] == HAIR, SKIN, maps[own])).astype(np.uint8)
        Path("data/targets", f"{pair}.png").write_bytes(label_map_bytes(target, SCHEME))
    Path("data/images.csv").write_text("image,source\n" + "".join(f"{name},drawn\n" for name in NAMES))
    Path("data/pairs.csv").write_text("pair,identity,hair\n" + "".join(f"{','.join(row)}\n" for row in rows))
    return tmp_path
