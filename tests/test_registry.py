"""Rooms of entries: every one loads, planning loads no torch, and a weight file brings in its own network alone."""

import json
import subprocess
import sys
from importlib import import_module
from types import SimpleNamespace

import pytest
import torch
from support import ROOT, seeded

from stages import registry
from stages.errors import UserError
from stages.fills import Completion, Fill, Learned
from stages.formats.weight_files import weights_bytes
from stages.methods import Method
from stages.metrics import CaseMetric, ImageMetric, MapMetric, SetMetric
from stages.nets.loading import load_generator
from stages.networks import Network
from stages.systems import System

TYPES = {
    "fills": Fill | Learned | Completion, "methods": Method, "networks": Network, "systems": System,
    "metrics": ImageMetric | MapMetric | CaseMetric | SetMetric,
}  # fmt: skip
ROOMS = [path.parent.name for path in sorted(registry.PACKAGE.glob("*/__init__.py")) if "Registry:" in path.read_text()]

# The module of `stages.nets` with the architecture of each network that is loaded here.
ARCHITECTURES = {
    "mobilestylegan": "mobilestylegan_net", "stylegan2": "stylegan2_net", "bisenet16": "bisenet",
    "bisenet19": "bisenet", "stlpips_alex": "stlpips", "lpips_alex": "lpips_net",
    "e4e": "psp_net",
}  # fmt: skip
FACTS = {"stylegan2": {"size": "64"}, "e4e": {"rows": "1"}}


def test_the_rooms_are_found():
    assert set(TYPES) <= set(ROOMS)


@pytest.mark.parametrize(("room", "name"), [(room, name) for room in ROOMS for name in registry.names(room)])
def test_every_entry_loads(room, name):
    entry = registry.load(room, name)
    assert isinstance(entry, TYPES.get(room, object))


@pytest.mark.parametrize("room", ROOMS)
def test_an_unknown_name_is_answered_with_the_nearest(room):
    name = registry.names(room)[0]
    with pytest.raises(UserError, match=f"^{name}x is none of the {room}; did you mean {name}\\?$"):
        registry.load(room, f"{name}x")
    with pytest.raises(UserError, match=f"^\\? is none of the {room}; known: {', '.join(registry.names(room))}$"):
        registry.load(room, "?")


def test_what_entries_share_is_no_entry():
    assert (registry.PACKAGE / "networks" / "_lpips.py").is_file() and "_lpips" not in registry.names("networks")
    with pytest.raises(UserError, match="_lpips is none of the networks"):
        registry.load("networks", "_lpips")


def test_a_file_without_an_entry_says_so(monkeypatch):
    monkeypatch.setattr("stages.registry.names", lambda room: ("_lpips",))
    with pytest.raises(UserError, match=r"^stages/networks/_lpips\.py: defines no ENTRY; "):
        registry.load("networks", "_lpips")


def metric(direction="lower", views=("kept",), range=(0, 1)) -> ImageMetric:
    return ImageMetric(
        direction=direction, views=views, range=range, source="", names=lambda _: [], prepare=lambda _: list
    )


@pytest.mark.parametrize(
    ("room", "entry", "message"),
    [
        (
            "fills",
            lambda: len,
            "its ENTRY is of type builtin_function_or_method; it must be Fill or Learned or Completion",
        ),
        ("methods", lambda: 3, "its ENTRY is of type int; it must be Method"),
        ("methods", lambda: Method(dict, len, reads=("face",)), 'reads has "face"; did you mean faces\\?'),
        (
            "methods",
            lambda: Method(dict, len, reads="faces"),
            "reads is 'faces'; it must be a tuple of faces, maps, targets, ",
        ),
        ("methods", lambda: Method(dict, len, networks=("judge",)), 'networks has "judge"; known: generator, parser, '),
        ("methods", lambda: Method(dict, len, own_networks=("seam",)), 'own_networks has "seam"; did you mean sean\\?'),
        (
            "methods",
            lambda: Method(dict, len, schemes=("celebamask",)),
            'schemes has "celebamask"; did you mean celeba',
        ),
        ("methods", lambda: Method(dict, len, section="mine"), "section and params belong together: give both or none"),
        (
            "metrics",
            lambda: {},
            "its ENTRY is of type dict; it must be ImageMetric or MapMetric or CaseMetric or SetMetric",
        ),
        ("metrics", lambda: metric("up"), 'direction is "up"; it must be higher or lower'),
        ("metrics", lambda: metric(views=("keep",)), 'views has "keep"; did you mean kept\\?'),
        (
            "metrics",
            lambda: metric(views="kept"),
            "views is 'kept'; it must be a tuple of whole, self-transfer, kept, ",
        ),
        ("metrics", lambda: metric(range=(1, 0)), r"range is \(1, 0\); it must be \(smallest, largest\)"),
        ("networks", lambda: None, "its ENTRY is of type NoneType; it must be Network"),
        ("systems", lambda: System("X", "", None), "give one of kinds, codes or generator"),
    ],
)
def test_an_entry_that_is_none_says_so(monkeypatch, room, entry, message):
    """Without a check most of these would count as no metric at all, and nobody would be told."""

    def module(name: str) -> object:
        if not name.endswith(".mine"):
            return import_module(name)
        return SimpleNamespace(ENTRY=entry())

    monkeypatch.setattr("stages.registry.names", lambda _: ("mine",))
    monkeypatch.setattr("stages.registry.import_module", module)
    with pytest.raises(UserError, match=rf"^stages/{room}/mine\.py: {message}"):
        registry.load(room, "mine")


def loaded_after(code: str, *arguments: str) -> set[str]:
    """Names of all modules that a fresh process has imported after some code."""
    script = f"import json, sys\n{code}\nprint(json.dumps(sorted(sys.modules)))"
    done = subprocess.run([sys.executable, "-c", script, *arguments], cwd=ROOT, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    return set(json.loads(done.stdout))


def test_planning_reads_all_entries_without_torch():
    """Fills are not read, only listed: they are functions on arrays, and the official one computes with networks."""
    modules = loaded_after(
        "from stages import registry\n"
        f"[registry.entries(room) for room in {[room for room in ROOMS if room != 'fills']}]\n"
        "registry.names('fills')\n"
        "from stages.settings import checkpoints, config, dvc_pipeline, manifests"
    )
    assert not modules & {"torch", "torchvision"}
    assert {f"stages.networks.{name}" for name in registry.names("networks")} <= modules


@pytest.mark.parametrize("kind", ["copy", "poisson"])
def test_what_is_pasted_is_pasted_without_torch(kind, tmp_path):
    """The import takes longer than to paste. Here there is no pair, so no item; all else of the stage runs."""
    modules = loaded_after(
        "import os\nfrom pathlib import Path\n"
        "from stages.compose import make_composites\nfrom stages.methods import Folders, Job\n"
        "from stages.regions.labels import CELEBAMASK_19\nos.chdir(sys.argv[1])\n"
        f"choice = {{'kind': {kind!r}}}\nfolders = Folders.of(Path(), 'mine')\n"
        "job = Job('mine', choice, {}, CELEBAMASK_19, {}, folders, {}, 'auto', False, Path())\n"
        "make_composites(job, Path('record.json'))",
        str(tmp_path),
    )
    assert (tmp_path / "record.json").is_file() and "torch" not in modules


def test_the_table_is_made_without_torch():
    modules = loaded_after("import stages.score\nfrom stages import registry\nregistry.entries('metrics')")
    assert not modules & {"torch", "torchvision", "dlib"}


@pytest.mark.parametrize("network", ARCHITECTURES)
def test_a_weight_file_brings_in_its_own_network_alone(tmp_path, network):
    entry, facts = registry.load("networks", network), FACTS.get(network, {})
    path = tmp_path / "net.safetensors"
    state = {name: tensor.clone() for name, tensor in seeded(entry.build(facts)).state_dict().items()}
    path.write_bytes(weights_bytes(state, {"network": network, **facts}))
    modules = loaded_after(
        "import torch\nfrom pathlib import Path\nfrom stages.nets import loading\n"
        f"loading.load_{entry.role}(Path(sys.argv[1]), torch.device('cpu'))",
        str(path),
    )
    own = ARCHITECTURES[network]
    assert modules & {f"stages.nets.{other}" for other in ARCHITECTURES.values()} == {f"stages.nets.{own}"}
    assert modules & {f"stages.networks.{name}" for name in registry.names("networks")} == {
        f"stages.networks.{network}"
    }


@pytest.mark.parametrize("network", ["bisenet19", "dlib_landmarks", "no_such_network"])
def test_a_weight_file_of_something_else_is_refused(tmp_path, refused, network):
    path = tmp_path / "net.safetensors"
    path.write_bytes(weights_bytes({"w": torch.zeros(1)}, {"network": network}))
    refused(f"holds the network {network}, which is no generator", load_generator, path, torch.device("cpu"))
