"""Stand-ins for the scripts of other systems: their options, files read, files written, sizes; no network.

Each was written from what is known of the script (`facts` of its entry in `stages/systems`), none copies it. A result
is a mixture of the face and of the image that gives the hair, where the script reads both. It says nothing about the
system. A stand-in stops where the script would: a missing file, a mask that is none, another size.
"""

MIXED = """
import numpy as np
from PIL import Image


def mixed(face, hair, size):
    face, hair = (np.asarray(image.convert("RGB").resize((size, size)), float) for image in (face, hair))
    return Image.fromarray((0.7 * face + 0.3 * hair).round().astype(np.uint8))
"""

SPADE = """
import argparse
from pathlib import Path

import numpy as np
from PIL import Image

parser = argparse.ArgumentParser()
for option in ("name", "dataset_mode", "label_dir", "image_dir", "label_nc", "results_dir"):
    parser.add_argument(f"--{option}", required=True)
parser.add_argument("--no_instance", action="store_true")
given = parser.parse_args()
assert given.dataset_mode == "custom" and given.no_instance
labels, images = (sorted(Path(folder).iterdir()) for folder in (given.label_dir, given.image_dir))
assert [path.stem for path in labels] == [path.stem for path in images]
for label, path in zip(labels, images):
    numbers = np.asarray(Image.open(label).resize((256, 256), Image.Resampling.NEAREST))
    assert numbers.ndim == 2 and numbers.max() < int(given.label_nc)
    web = Path(given.results_dir, given.name, "test_latest", "images")
    for what, content in (("input_label", numbers), ("synthesized_image", numbers * 10)):
        (web / what).mkdir(parents=True, exist_ok=True)
        Image.fromarray(np.stack([content] * 3, -1).astype(np.uint8)).save(web / what / f"{path.stem}.png")
"""

ORIENTATION = """
import argparse
import os

import numpy as np
from PIL import Image

parser = argparse.ArgumentParser()
for option in ("image_path", "hairmask_path", "orientation_root"):
    parser.add_argument(f"--{option}")
given = parser.parse_args()
if not os.path.exists(given.orientation_root):
    os.mkdir(given.orientation_root)
image, mask = (np.asarray(Image.open(path)) for path in (given.image_path, given.hairmask_path))
assert image.shape == (*mask.shape, 3) and set(np.unique(mask)) == {0, 1}
name = given.image_path.split("/")[-1][:-4] + ".png"
Image.fromarray(mask * 100).save(os.path.join(given.orientation_root, name))
"""

MICHIGAN = (
    MIXED
    + """
import argparse

parser = argparse.ArgumentParser()
for option in ("data_dir", "inference_tag_name", "inference_ref_name", "inference_orient_name"):
    parser.add_argument(f"--{option}", required=True)
given, _ = parser.parse_known_args()
tag, ref, orient = given.inference_tag_name, given.inference_ref_name, given.inference_orient_name
labels = [Image.open(f"{given.data_dir}/val_labels/{name}.png") for name in (tag, ref, orient)]
orients = [Image.open(f"{given.data_dir}/val_dense_orients/{name}_orient_dense.png") for name in (tag, orient)]
images = [Image.open(f"{given.data_dir}/val_images/{name}.jpg") for name in (tag, ref)]
assert {image.size for image in (*labels, *orients, *images)} == {(512, 512)}
mixed(*images, 512).save("./inference_samples/inpaint_fake_image.jpg")
"""
)

# Without torch, which takes seconds to import: the code's numbers are read off its file, and the grid is laid by hand.
STYLECLIP = """
import argparse
import os
import zipfile

import numpy as np
from PIL import Image

parser = argparse.ArgumentParser()
for option in ("description", "latent_path", "mode", "results_dir"):
    parser.add_argument(f"--{option}", required=True)
parser.add_argument("--save_intermediate_image_every", type=int, default=20)
given = parser.parse_args()
assert os.path.basename(os.getcwd()) == "optimization" and given.save_intermediate_image_every == 0
with zipfile.ZipFile(given.latent_path) as file:
    (numbers,) = (file.read(name) for name in file.namelist() if name.endswith("/data/0"))
code = np.frombuffer(numbers, "<f4").reshape(1, 18, 512)
os.makedirs(given.results_dir, exist_ok=True)
down, across = np.mgrid[:1024, :1024] / 1023
grid = np.zeros((1028, 2054, 3))
grid[2:1026, 2:1026] = np.stack([down, down, down * 0 + code[0, 0, 0]], -1)
grid[2:1026, 1028:2052] = np.stack([across, down * 0 + code[0, 0, 0], across * 0 + len(given.description) / 100], -1)
Image.fromarray((255 * grid).astype(np.uint8)).save(os.path.join(given.results_dir, "final_result.jpg"))
"""

STABLE_HAIR = (
    MIXED
    + """
from types import SimpleNamespace

import yaml


class torch:  # what the real module has imported
    float32 = "float32"


class StableHair:
    def __init__(self, config, weight_dtype):
        self.config = SimpleNamespace(**yaml.safe_load(open(config)))

    def Hair_Transfer(self, source_image, reference_image, random_seed, step, size):
        face, hair = Image.open(source_image), Image.open(reference_image)
        return None, np.asarray(mixed(face, hair, size), np.float32) / 255, None, None
"""
)
OMEGACONF = """
class OmegaConf:
    @staticmethod
    def to_container(config):
        return dict(config)
"""
STABLE_HAIR_CONFIG = """
inference_kwargs:
  source_image: "./test_imgs/ID/1.png"
  reference_image: "./test_imgs/Ref/1.png"
  random_seed: -1
  step: 30
  size: 512
"""

PREPROCESS = """
import argparse
from pathlib import Path

from PIL import Image

parser = argparse.ArgumentParser()
for option in ("img_path", "save_dir_name", "crop_scale"):
    parser.add_argument(f"--{option}", required=True)
given = parser.parse_args()
for folder in ("images", "nth", "mask_hair"):
    out = Path("data", given.save_dir_name, folder)
    out.mkdir(parents=True, exist_ok=True)
    Image.open(given.img_path).save(out / f"{Path(given.img_path).stem}_01.png")
"""
AGNOSTIC = """
import argparse
from pathlib import Path

parser = argparse.ArgumentParser()
parser.add_argument("--dir_name", required=True)
given = parser.parse_args()
assert list(Path("data", given.dir_name, "images").iterdir())
"""
HAIRFUSION = (
    MIXED
    + """
import argparse
from os.path import join
from pathlib import Path

parser = argparse.ArgumentParser()
for option in ("data_root_dir", "save_root_dir", "save_name", "config_name", "model_load_path"):
    parser.add_argument(f"--{option}", required=True)
given, _ = parser.parse_known_args()
assert given.model_load_path.split("/")[:2] == ["logs", "hairfusion"] and given.model_load_path.endswith(".3666].ckpt")
out = Path(given.save_root_dir, "output", given.save_name)
out.mkdir(parents=True, exist_ok=True)
for k, line in enumerate(open(join(given.data_root_dir, "test_pairs.txt"))):
    names = line.split()
    for name in names:
        Image.open(join(given.data_root_dir, "nth", name.split(".")[0] + ".png"))
    result = mixed(*(Image.open(join(given.data_root_dir, "images", name)) for name in names), 512)
    result.save(out / f"{k:04d}.png")
    result.resize((1536, 512)).save(out / f"{k:04d}_full.png")
"""
)

HAIRPORT = (
    MIXED
    + """
import argparse
import csv
from pathlib import Path

parser = argparse.ArgumentParser()
for option in ("data_dir", "shape_provider", "texture_provider", "bald_version"):
    parser.add_argument(f"--{option}", required=True)
given = parser.parse_args()
root, providers = Path(given.data_dir), f"shape_{given.shape_provider}__texture_{given.texture_provider}"
for row in csv.DictReader((root / "pairs.csv").open()):
    hair, face = row["target_id"], row["source_id"]
    out = root / "view_aligned" / providers / f"{hair}_to_{face}" / given.bald_version / "3d_aware/transferred_klein"
    out.mkdir(parents=True)
    images = [Image.open(root / "image" / f"{name}.png") for name in (face, hair)]
    mixed(*images, 1024).save(out / "hair_restored.png")
"""
)

HAIRFASTGAN = (
    MIXED
    + """
import argparse
from pathlib import Path

parser = argparse.ArgumentParser()
for option in ("input_dir", "file_path", "output_dir"):
    parser.add_argument(f"--{option}", type=Path, required=True)
given = parser.parse_args()
given.output_dir.mkdir(exist_ok=True)
for line in given.file_path.read_text().splitlines():
    names = line.split()
    face, shape, _ = (Image.open(given.input_dir / name) for name in names)
    mixed(face, shape, 1024).save(given.output_dir / ("_".join(Path(name).stem for name in names) + ".png"))
"""
)

# By system, the files of its repository that are run, by path.
REPOSITORIES = {
    "hairfastgan": {"main.py": HAIRFASTGAN},
    "hairfusion": {"preprocess.py": PREPROCESS, "make_agnostic.py": AGNOSTIC, "inference.py": HAIRFUSION},
    "hairport": {"hairport/__init__.py": "", "hairport/pipeline.py": HAIRPORT},
    "michigan": {"cal_orientation.py": ORIENTATION, "inference.py": MICHIGAN},
    "spade": {"test.py": SPADE},
    "stable_hair": {
        "infer_full.py": STABLE_HAIR, "omegaconf.py": OMEGACONF, "configs/hair_transfer.yaml": STABLE_HAIR_CONFIG,
    },
    "styleclip": {"optimization/run_optimization.py": STYLECLIP},
}  # fmt: skip
