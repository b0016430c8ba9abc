"""Which jobs the methods of params.yaml plan."""

import re

import pytest
import yaml
from support import checkout, run

pytestmark = pytest.mark.dag


def planned(folder, *configfiles):
    done = run(folder, "-n", "--configfile", *configfiles)
    assert done.returncode == 0, done.stderr
    return {name: int(count) for name, count in re.findall(r"^(\w+) +(\d+)$", done.stdout + done.stderr, re.M)}


def test_every_method_is_planned_once_and_what_it_needs(tmp_path):
    folder = checkout(tmp_path / "main", None)
    for name in ("pair-0001.png", "rebuilt/drawn-0000.png"):
        path = folder / "mine" / name
        path.parent.mkdir(exist_ok=True)
        path.touch()
    mine = {"methods": {"mine": {"kind": "results", "images": "mine", "reconstructions": "mine/rebuilt"}}}
    (folder / "mine.yaml").write_text(yaml.safe_dump(mine))
    jobs = planned(folder, "workflow/scales/comparison.yaml", "mine.yaml")
    assert jobs["ingest_reconstructions"] == 1
    assert jobs["make_codes"] == 1, "FS"
    assert jobs["make_other_codes"] == 3, "W+, single W and I2S"
    assert jobs["make_aligned"] == 7
    assert jobs["make_composites"] == 11, "of the seven, two that paste, LOHO and the other system's"
    alone = planned(folder, "params.yaml")
    assert "ingest_reconstructions" not in alone and alone["make_other_codes"] == 1, "W+"
    assert alone["make_composites"] == 4


def test_methods_with_networks_of_their_own_are_planned_with_their_checkpoints_and_refused_without(tmp_path):
    folder = checkout(tmp_path / "main", None)
    own = {"sean": {"kind": "sean"}, "starganv2": {"kind": "starganv2", "domain": "auto"}}
    (folder / "own.yaml").write_text(yaml.safe_dump({"methods": own}))
    done = run(folder, "-n", "--configfile", "own.yaml")
    (line,) = [line for line in (done.stdout + done.stderr).splitlines() if "no such file" in line]
    assert done.returncode != 0 and "Traceback" not in done.stderr
    assert line == (
        "error: data/checkpoints/latest_net_G.pth: no such file; sean needs latest_net_G.pth, sha256 not published; "
        "docs/paper-networks.md says how to get it"
    )
    (folder / "data" / "checkpoints").mkdir(parents=True)
    for name in ("latest_net_G.pth", "100000_nets_ema.ckpt", "celeba_lm_mean.npz"):
        (folder / "data" / "checkpoints" / name).touch()
    jobs = planned(folder, "own.yaml")
    assert (jobs["convert_checkpoint"], jobs["make_composites"]) == (5, 6), "and the encoder and completer"


def test_a_method_made_of_anothers_composites_brings_these_into_the_plan_and_nothing_else(tmp_path):
    folder = checkout(tmp_path / "main", None)
    methods = {"restored": {"kind": "restored", "of": "matte"}, "matte": {"kind": "matte"}}
    (folder / "back.yaml").write_text(yaml.safe_dump({"methods": methods}))
    done = run(folder, "-n", "--configfile", "back.yaml", "--", "data/records/composites/restored/000.json")
    assert done.returncode == 0, done.stderr
    assert set(re.findall(r"data/records/composites/(\w+)/", done.stdout + done.stderr)) == set(methods)
    assert "data/records/aligned" not in done.stdout + done.stderr


@pytest.mark.parametrize("strategy", ["random", "pose", "hard"])
def test_pairs_of_every_strategy_can_be_planned(tmp_path, strategy):
    folder = checkout(tmp_path / "main", None)
    (folder / "pairs.yaml").write_text(yaml.safe_dump({"pairs": {"strategy": strategy}}))
    assert planned(folder, "pairs.yaml")["make_pairs"] == 1
