"""SPADE: a label map to an image. Its public networks know no faces, so the user trains one on CelebAMask-HQ."""

from functools import partial
from pathlib import Path

from stages.errors import UserError
from stages.regions.labels import CELEBAMASK_19, CELEBAMASK_HQ, to_celebamask_hq
from stages.systems import Content, Export, Given, System
from stages.systems._shared import face, grey_png, options, read_labels

NAME = "celebamask_hq"  # of the network, a folder below SPADE's checkpoints
MADE = f"output/{NAME}/test_latest/images/synthesized_image/{{}}.png"


def layout(given: Given) -> Export:
    left_out = {
        p.pair: "takes the look of another image, which a label map cannot say" for p in given.pairs if p.appearance
    }
    pairs = [pair for pair in given.pairs if pair.pair not in left_out]
    files: dict[str, Content] = {}
    for pair in pairs:  # a label map and an image of one name are a sample
        target = given.data / "targets" / f"{pair.pair}.png"
        files[f"labels/{pair.pair}.png"] = Content(partial(own_numbers, target), [target])
        own = face(given, pair.identity)
        files[f"images/{pair.pair}.png"] = Content(own.read_bytes, [own])
    paths = options(given.folder, {"label_dir": "labels", "image_dir": "images", "results_dir": "output"})
    number = f"--label_nc {len(CELEBAMASK_HQ)} --no_instance"
    command = f"python test.py --name {NAME} --dataset_mode custom {number} {paths}"
    return Export(files, [command], {pair.pair: MADE.format(pair.pair) for pair in pairs}, left_out, [
        "Its public networks are of COCO-Stuff, ADE20K and Cityscapes. Train one on CelebAMask-HQ, whose numbers the",
        f"label maps here have: --name {NAME} --dataset_mode custom {number}.",
        "It knows no image: what the hair looks like does not come from the reference. If you trained it with",
        "--use_vae, add that here: then the whole image takes its style from the identity.",
    ])  # fmt: skip


def own_numbers(path: Path) -> bytes:
    """A target map in CelebAMask-HQ's own order of labels, as grey PNG; raises UserError if it has other labels."""
    labels, scheme = read_labels(path)
    if scheme is not CELEBAMASK_19:
        raise UserError(f"{path}: has the labels {scheme.name}; SPADE's layout needs {CELEBAMASK_19.name}, "
                        "so run with networks.parser: bisenet19")  # fmt: skip
    return grey_png(to_celebamask_hq(labels))


ENTRY = System(
    title="SPADE",
    paper="Park et al., CVPR 2019, arXiv 1903.07291",
    repository="NVlabs/SPADE",
    licence="CC BY-NC-SA 4.0",
    takes={
        "target maps": "labels/PAIR.png: grey PNG, 512 px, values 0 to 18 in CelebAMask-HQ's order (hair 13)",
        "images": "images/PAIR.png: the identity, PNG, 1024 px; its script reads it, and uses it with --use_vae alone",
    },
    gives="256 px, output/NAME/test_latest/images/synthesized_image/PAIR.png",
    facts={
        "options, 256 px, label map and image are paired by their names": "NVlabs/SPADE: data/custom_dataset.py, "
        "data/pix2pix_dataset.py",
        "folder and names of results": "NVlabs/SPADE: test.py, util/visualizer.py, util/html.py",
        "which networks are public, --use_vae, licence": "NVlabs/SPADE: README.md",
    },
    layout=layout,
    reads=("faces", "targets"),
)
