"""Every layout there and back: exported, run by a stand-in for the system's script, ingested under the pairs' names."""

import io
import subprocess
from functools import partial
from pathlib import Path

import numpy as np
import pytest
import torch
from mock_repositories import REPOSITORIES
from PIL import Image
from planned_run import HAIR, NAMES, SCHEME
from support import ENVIRONMENT
from torchvision.utils import save_image

from stages.errors import UserError
from stages.export import main as export
from stages.formats.tensors import tensor_bytes
from stages.ingest import main as ingest
from stages.regions.labels import CELEBAMASK_HQ
from stages.settings.layouts import PLAIN, with_layout
from stages.settings.yaml_files import read_yaml
from stages.systems.styleclip import SECOND, latent

PAIRS = ["ann-ben", "ben-ann", "cem-ann"]  # of the run's six: a process a pair takes its time
TEXTS = {"ann": "long hair, it's red", "ben": "a bob", "cem": "short black curls"}
SIZES = {"spade": 256, "michigan": 512, "stable_hair": 512, "hairfusion": 512}  # px of results; else 1024


def exported(system, folder="results/other"):
    """Export the pairs; the commands that README.txt says to type in the system's own folder."""
    Path("texts.csv").write_text("image,text\n" + "".join(f'{name},"{text}"\n' for name, text in TEXTS.items()))
    rows = [",".join([pair, *pair.split("-")]) for pair in PAIRS]
    Path("data/pairs.csv").write_text("\n".join(["pair,identity,hair", *rows, ""]))
    Path("data/codes").mkdir(exist_ok=True)
    for k, name in enumerate(NAMES):
        path = Path("data/codes", f"{name}.safetensors")
        path.write_bytes(tensor_bytes({"W": torch.full((18, 512), k / 10)}))
    export(system, Path(folder), texts=Path("texts.csv"))
    lines = Path(folder, "README.txt").read_text().split("In the folder of the system's own code:\n")[1].splitlines()
    return [line.strip() for line in lines[: lines.index("")]]


def run(system, commands):
    """Type the commands in a folder with the stand-ins of a system; what stands in brackets is for a person."""
    for name, code in REPOSITORIES[system].items():
        path = Path("theirs", name)
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(code)
    for command in commands:
        if not command.startswith("("):
            done = subprocess.run(
                ["sh", "-c", command], cwd="theirs", env=ENVIRONMENT, capture_output=True, text=True, timeout=300
            )
            assert done.returncode == 0, done.stdout + done.stderr


def expected(system, own, hair):
    """What the stand-in makes of a pair, uint8 (size, size, 3)."""
    size = SIZES.get(system, 1024)
    if system == "spade":
        target = Image.open(f"data/targets/{own}-{hair}.png").resize((size, size), Image.Resampling.NEAREST)
        numbers = np.array([CELEBAMASK_HQ.index(label) for label in SCHEME.labels])[np.asarray(target)]
        return np.stack([numbers * 10] * 3, -1)
    if system == "styleclip":
        _, across = np.mgrid[:1024, :1024] / 1023
        code, text = (np.full_like(across, value) for value in (NAMES.index(own) / 10, len(TEXTS[hair]) / 100))
        return 255 * np.stack([across, code, text], -1)
    images = [Image.open(f"data/faces/{name}.png").resize((size, size)) for name in (own, hair)]
    face, other = (np.asarray(image, float) for image in images)
    return 0.7 * face + 0.3 * other


def test_every_layout_has_a_stand_in():
    assert set(REPOSITORIES) == set(with_layout()) - {PLAIN}


@pytest.mark.parametrize("system", REPOSITORIES)
def test_results_come_back_under_the_names_of_their_pairs(planned, system):
    run(system, exported(system))
    ingest("other", Path("results/other"), write=True)
    choice = read_yaml(Path("params.yaml"))["methods"]["other"]
    assert choice == {"kind": "results", "system": system, "images": "results/other/results"}
    found = {path.stem: path for path in Path("results/other/results").iterdir()}
    assert sorted(found) == sorted(PAIRS)
    for pair, path in found.items():
        result, wanted = np.asarray(Image.open(path), float), expected(system, *pair.split("-"))
        assert result.shape == wanted.shape
        assert np.abs(result - wanted).mean() < 4  # of 255: JPEG, and how images are made smaller; another pair's: 15


def test_spade_gets_numbers_of_the_data_set_and_michigan_masks(planned):
    exported("spade", "spade")
    exported("michigan", "michigan")
    target = np.asarray(Image.open("data/targets/ann-ben.png"))
    assert (np.asarray(Image.open("spade/labels/ann-ben.png")) == 13).sum() == (target == HAIR).sum() > 0
    assert np.array_equal(np.asarray(Image.open("michigan/val_labels/tag-ann-ben.png")), target == HAIR)
    own = np.asarray(Image.open("data/maps/ben.png"))
    assert np.array_equal(np.asarray(Image.open("michigan/val_labels/ref-ben.png")), own == HAIR)


def test_what_is_missing_or_of_another_size_is_named(planned, caplog, refused):
    caplog.set_level("INFO")
    run("styleclip", exported("styleclip"))
    Path("results/other/output/ann-ben/final_result.jpg").unlink()
    Image.new("RGB", (1024, 1024)).save("results/other/output/cem-ann/final_result.jpg")
    refused("^2 images are missing", ingest, "other", Path("results/other"))
    assert "output/ann-ben/final_result.jpg: missing (pair ann-ben)" in caplog.text
    assert (
        "is 1024×1024 px; its script writes 2054×1028 px, of which the result is a part (pair cem-ann)" in caplog.text
    )


def test_an_export_that_was_changed_is_refused(planned, refused):
    exported("hairfastgan")
    path = Path("results/other/export.json")
    for wrong in (path.read_text().replace("output/", "../"), path.read_text().replace("hairfastgan", "x"), "{}"):
        path.write_text(wrong)
        refused("export.json: is not as", ingest, "other", Path("results/other"))


def test_the_second_image_is_cut_where_torchvision_puts_it(tmp_path):
    images = torch.rand(2, 3, 1024, 1024, generator=torch.Generator().manual_seed(0))
    save_image(images, tmp_path / "grid.png")
    with Image.open(tmp_path / "grid.png") as grid:
        assert grid.size == SECOND.size
        second = np.asarray(grid.crop(SECOND.box))
    assert np.abs(second - 255 * images[1].permute(1, 2, 0).numpy()).max() <= 1  # rounding


def test_a_latent_is_what_torch_loads(tmp_path):
    w = torch.arange(18 * 512).float().reshape(18, 512)
    (tmp_path / "a.safetensors").write_bytes(tensor_bytes({"W": w, "F": torch.zeros(1)}))
    assert torch.equal(torch.load(io.BytesIO(latent(tmp_path / "a.safetensors"))), w[None])


def test_styleclip_needs_texts_and_codes_of_stylegan2(planned, refused, caplog):
    for_some = partial(export, "styleclip", texts=Path("some.csv"))
    Path("some.csv").write_text("image,text\nben,a bob\n")
    refused("^--texts: missing", export, "styleclip", Path("out"))
    refused("ann.safetensors: not there; type `snakemake codes`", lambda: for_some(out=Path("out")))
    exported("styleclip", "all")
    caplog.set_level("INFO")
    for_some(out=Path("out"))
    assert "ben-ann is left out: there is no text for ann" in caplog.text
    assert [path.stem for path in Path("out/latents").iterdir()] == ["ann"]
    for name in NAMES:
        Path("data/codes", f"{name}.safetensors").write_bytes(tensor_bytes({"W": torch.zeros(23, 512)}))
    refused("is a code of 23 × 512; StyleCLIP starts from StyleGAN2's", lambda: for_some(out=Path("no")))


@pytest.mark.parametrize(
    ("system", "why"),
    [
        ("styleflow", "StyleFlow has none: its public scripts edit"), ("h_adapter", "no public code was found"),
        ("sean", "SEAN has none: it is measured here"), ("hairfast", "unknown; did you mean hairfastgan?"),
    ],
)  # fmt: skip
def test_a_system_without_a_layout_says_why(tmp_path, system, why):
    with pytest.raises(UserError, match=why.replace("?", r"\?")):
        export(system, tmp_path / "out")
