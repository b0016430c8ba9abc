"""Every method that runs on a checkpoint of its own, from files of random weights to the report."""

import pytest
import yaml
from make_checkpoints import main as make_checkpoints
from support import ROOT, SMOKE, checkout, run

from stages.statistics import table

pytestmark = [pytest.mark.dag, pytest.mark.weights]

METHODS = {
    "psp": {"kind": "latent", "code": "psp", "align": False},
    "e4e": {"kind": "latent", "code": "e4e", "align": False},
    "sean": {"kind": "sean"},
    "starganv2": {"kind": "starganv2", "domain": "auto"},
}
FILES = ("ffhq.pt", "psp_ffhq_encode.pt", "e4e_ffhq_encode.pt", "latest_net_G.pth", "100000_nets_ema.ckpt")


def test_every_method_with_a_checkpoint_is_measured(tmp_path, weights):
    """On faces that the random generator draws: where the identity has no face, no composite must have one."""
    folder = checkout(tmp_path / "main", weights)
    make_checkpoints(folder / "data" / "checkpoints", size=128, translators=True)
    params = yaml.safe_load((ROOT / "params.yaml").read_text()) | {"methods": METHODS}
    params["networks"]["generator"] = "stylegan2"
    params["embed"]["start"] = "w"
    params["maps"]["min_face"] = 0.0
    params["pairs"]["file"] = "pairs.csv"
    params["report"] |= {"method": "psp", "against": "e4e"}
    params["examples"]["kinds"] = []
    params["score"]["size"] = 64
    (folder / "params.yaml").write_text(yaml.safe_dump(params))
    (folder / "pairs.csv").write_text("pair,identity,hair\na,drawn-0000,drawn-0001\n")
    done = run(folder, "--configfile", SMOKE)
    assert done.returncode == 0, done.stderr
    report = (folder / "reports" / "report.md").read_text()
    assert report.startswith("# Barbershop, evaluated: VALID\n"), report[:2000]
    assert all(f"{file} supplied by the user" in report for file in (*FILES, "celeba_lm_mean.npz"))
    assert "- StarGAN v2 takes the reference's whole style" in report
    frame = table.read(folder / "reports" / "metrics.parquet")
    whole = frame[frame["metric"].str.startswith("kept PSNR") & (frame["item"] == "a")].set_index("method")
    assert set(whole.index) == set(METHODS) and whole["value"].notna().all()
    rebuilt = frame[(frame["protocol"] == "reconstruction") & frame["metric"].str.contains("PSNR")]
    assert set(rebuilt["method"]) == {"psp", "e4e"} and rebuilt["value"].notna().all()
