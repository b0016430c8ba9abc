"""Stable-Hair: its script makes one pair that its configuration names. Its class is called here, once for all pairs."""

import shlex

from stages.settings.manifests import csv_bytes
from stages.systems import Content, Export, Given, System
from stages.systems._shared import faces, hair_only, images_of, text

# Typed in Stable-Hair's folder. All but the two images and the name of the result is as its configuration says.
DRIVER = '''"""In the folder of Stable-Hair's own code, with PYTHONPATH=. : each pair of pairs.csv without a result."""

import csv
from pathlib import Path

from infer_full import StableHair, torch
from omegaconf import OmegaConf
from PIL import Image

here = Path(__file__).resolve().parent
(here / "output").mkdir(exist_ok=True)
model = StableHair(config="./configs/hair_transfer.yaml", weight_dtype=torch.float32)
given = OmegaConf.to_container(model.config.inference_kwargs)
with (here / "pairs.csv").open(newline="", encoding="utf-8") as file:
    pairs = list(csv.DictReader(file))
for pair in pairs:
    out = here / "output" / f"{pair['pair']}.png"
    if out.exists():
        continue
    images = {f"{role}_image": str(here / "inputs" / f"{pair[role]}.png") for role in ("source", "reference")}
    _, image, _, _ = model.Hair_Transfer(**{**given, **images})
    Image.fromarray((image * 255.0).astype("uint8")).save(out)
'''


def layout(given: Given) -> Export:
    pairs, left_out = hair_only(given.pairs, colour_of="Stable-Hair")
    rows = [[pair.pair, pair.identity, pair.regions["hair"]] for pair in pairs]
    files = faces(given, images_of(pairs), "inputs")
    files["pairs.csv"] = Content(lambda: csv_bytes(["pair", "source", "reference"], rows))
    files["run.py"] = text(DRIVER)
    command = f"PYTHONPATH=. python {shlex.quote(str(given.folder / 'run.py'))}"
    return Export(files, [command], {pair.pair: f"output/{pair.pair}.png" for pair in pairs}, left_out, [
        "Its own infer_full.py makes one pair and loads all networks for it. run.py calls its class, with the values",
        "of your configs/hair_transfer.yaml.",
    ])  # fmt: skip


ENTRY = System(
    title="Stable-Hair",
    paper="Zhang et al., AAAI 2025, arXiv 2407.14078",
    repository="Xiaojiu-z/Stable-Hair",
    licence=None,
    takes={
        "images": "inputs/: the faces, PNG, 1024 px, cropped as FFHQ's like its training images; it makes them 512 px",
        "list": "pairs.csv: pair, source (face), reference (hair), for run.py",
    },
    gives="512 px, output/PAIR.png",
    facts={
        "one pair a run; its class, what it takes and returns": "Xiaojiu-z/Stable-Hair: infer_full.py",
        "names of the values, 512 px": "Xiaojiu-z/Stable-Hair: configs/hair_transfer.yaml",
        "networks to fetch, trained on FFHQ's crops": "Xiaojiu-z/Stable-Hair: README.md",
    },
    layout=layout,
)
