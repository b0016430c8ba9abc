"""`variant: official` on the paper's kinds of networks, from checkpoints in the official layout to the report."""

import re

import pytest
import torch
import yaml
from make_checkpoints import bisenet16_checkpoint, encoder_checkpoint, stylegan2_checkpoint
from snakemake.utils import update_config
from support import ROOT, checkout, run

from stages.settings.chunks import chunked
from stages.settings.config import check_params
from stages.statistics import table

pytestmark = pytest.mark.dag

OFFICIAL, PAPER = (f"workflow/scales/{name}.yaml" for name in ("official", "paper"))
FEW = {
    "networks": {"perceptual": "stlpips_alex", "judges": ["stlpips_alex"]},
    "faces": {"source": ["drawn"], "drawn": {"count": 2}},
    "maps": {"min_face": 0.0},  # a random parser finds no face
    "target": {"completion": {"steps": 2}},
    "embed": {"w": {"steps": 2}, "fs": {"steps": 2}},
    "align": {"steps": 2, "reference_steps": 2},
    "blend": {"steps": 2},
    "score": {"size": 64},
    # The judges above are not those of the scale, whose report names its own.
    "report": {"rank": {"transfer": "taken ST-LPIPS-Alex"}, "metrics": ["kept PSNR", "taken IoU"]},
}

ENCODED = {"kind": "latent", "code": "e4e", "align": False}


@pytest.fixture(scope="module")
def folder(tmp_path_factory, weights):
    folder = checkout(tmp_path_factory.mktemp("official") / "main", weights)
    (folder / "data" / "checkpoints").mkdir()
    with torch.no_grad():
        generator = stylegan2_checkpoint(128)
        contents = {
            "ffhq.pt": generator,
            "seg.pth": bisenet16_checkpoint(),
            "e4e_ffhq_encode.pt": encoder_checkpoint("Encoder4Editing", generator["g_ema"], generator["latent_avg"]),
        }
    for file, content in contents.items():
        torch.save(content, folder / "data" / "checkpoints" / file)
    return folder


def overlay(folder, params):
    path = folder / "overlay.yaml"
    path.write_text(yaml.safe_dump(params))
    return str(path)


@pytest.mark.weights
def test_the_whole_dag_runs_on_checkpoints_of_random_weights(folder):
    (folder / "pairs.csv").write_text("pair,identity,hair\na,drawn-0000,drawn-0001\n")
    scale = overlay(folder, FEW | {"pairs": {"file": "pairs.csv"}, "methods": {"e4e": ENCODED}})
    done = run(folder, "--configfile", OFFICIAL, scale)
    assert done.returncode == 0, done.stderr
    report = (folder / "reports" / "report.md").read_text()
    assert report.startswith("# Barbershop, evaluated: VALID\n"), report[:2000]
    assert "ffhq.pt supplied by the user" in report
    frame = table.read(folder / "reports" / "metrics.parquet")
    assert set(frame["method"]) == {"barbershop", "baseline", "copy_paste", "poisson", "e4e"}
    assert "e4e_ffhq_encode.pt supplied by the user" in report
    for protocol in ("reconstruction", "transfer"):
        rows = frame[
            (frame["method"] == "e4e") & (frame["protocol"] == protocol) & frame["metric"].str.contains("PSNR")
        ]
        assert len(rows) and rows["value"].notna().all()
    assert any("completion 2 of a" in path.read_text() for path in (folder / "logs" / "targets").glob("*.log"))


@pytest.mark.weights
def test_other_transfers_than_hair_are_refused(folder):
    (folder / "swap.csv").write_text("pair,identity,face\nswap,drawn-0000,drawn-0001\n")
    scale = overlay(folder, FEW | {"pairs": {"file": "swap.csv"}})
    done = run(folder, "--configfile", OFFICIAL, scale, "--", "targets")
    assert done.returncode != 0
    assert "target.fill: official transfers hair only; pair swap takes face" in done.stderr


def test_the_papers_scale_plans_120_embeddings_and_198_pairs(folder):
    """The files of the backbones need only be there."""
    for name in ("vgg16-397923af.pth", "alexnet-owt-7be5be79.pth"):
        (folder / "data" / "checkpoints" / name).touch()
    done = run(folder, "-n", "--printshellcmds", "--configfile", PAPER)
    assert done.returncode == 0, done.stderr
    planned = done.stdout + done.stderr
    embedded = {name for names in re.findall(r"stages\.embed .*--names (\S+)", planned) for name in names.split(",")}
    assert embedded == {f"drawn-{index:04d}" for index in range(120)}
    items = yaml.safe_load((ROOT / "params.yaml").read_text())["jobs"]["items"]
    chunks = chunked((f"pair-{index:04d}" for index in range(198)), items)
    composed = set(re.findall(r"data/records/composites/barbershop/(\d+)\.json", planned))
    assert composed == set(chunks) and len(composed) > 1


@pytest.mark.parametrize("scale", [OFFICIAL, PAPER])
def test_a_missing_checkpoint_is_one_line(tmp_path, scale):
    folder = checkout(tmp_path / "bare", None)
    done = run(folder, "-n", "--configfile", scale)
    assert done.returncode != 0
    (line,) = [line for line in (done.stdout + done.stderr).splitlines() if "no such file" in line]
    assert line.startswith("error: data/checkpoints/ffhq.pt: no such file; stylegan2 needs ffhq.pt")
    assert line.endswith("docs/paper-networks.md says how to get it")
    assert "Traceback" not in done.stderr


def test_an_encoder_without_its_file_is_one_line(folder):
    scale = overlay(folder, FEW | {"methods": {"e4e": ENCODED}, "checkpoints": {"e4e": "nowhere.pt"}})
    done = run(folder, "-n", "--configfile", OFFICIAL, scale)
    assert done.returncode != 0 and "Traceback" not in done.stderr
    (line,) = [line for line in (done.stdout + done.stderr).splitlines() if "no such file" in line]
    assert line.startswith(
        "error: nowhere.pt: no such file; e4e needs e4e_ffhq_encode.pt, sha256 not published; docs/paper-"
    )


@pytest.mark.parametrize("scale", sorted((ROOT / "workflow" / "scales").glob("*.yaml")), ids=lambda path: path.stem)
def test_every_scale_fits_the_schema(scale):
    params = yaml.safe_load((ROOT / "params.yaml").read_text())
    update_config(params, yaml.safe_load(scale.read_text()))
    check_params(params, scale.name)
