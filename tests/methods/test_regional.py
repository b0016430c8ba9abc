"""Two looks at once: whose styles a region shows, what is refused, and what it costs and minimises."""

import numpy as np
import pytest
import torch
from PIL import Image
from support import seeded
from torch import Tensor

from stages import registry
from stages.codes.embedding import FSCode, render_code
from stages.compose import make_composites
from stages.engine.stage_records import read_record
from stages.errors import UserError
from stages.formats.label_maps import label_map_bytes
from stages.formats.tensors import tensor_bytes, to_image
from stages.formats.weight_files import weights_bytes
from stages.methods import Folders, Job, Method
from stages.nets.mobilestylegan_net import MobileStyleGAN
from stages.regions.labels import CELEBAMASK_19 as SCHEME
from stages.regions.pair import Pair
from stages.reporting.cost import seconds_a_pair
from stages.settings.methods import aligned, composed, minimised, source_problems

HAIR, SKIN = SCHEME["hair"], SCHEME["skin"]
OURS = {"kind": "latent", "code": "fs", "align": True}
METHODS = {
    "ours": OURS, "plain": {"kind": "copy"}, "two": {"kind": "regional", "of": "ours"},
    "back": {"kind": "restored", "of": "two"},
}  # fmt: skip
FAR = 16  # px of 64 px: further from the border no layer behind F looks across it


@pytest.fixture
def generator(monkeypatch) -> MobileStyleGAN:
    """One layer behind F: of 64 px, images of 128 px."""
    net = seeded(MobileStyleGAN((16, 16, 16, 8, 8)))
    monkeypatch.setattr("stages.nets.loading.load_generator", lambda *_: net)
    return net


@pytest.fixture
def code(generator) -> dict[str, Tensor]:
    """Of two references: F of their own, S of their own."""
    gaussian = torch.Generator().manual_seed(0)
    ws = torch.randn(2, generator.n_styles, 512, generator=gaussian)
    with torch.no_grad():
        return {"F": generator.features(ws), "S": ws[:, generator.n_structure :]}


@pytest.fixture
def job(tmp_path, monkeypatch, generator, code) -> Job:
    """A pair whose target map has hair in the left half."""
    monkeypatch.chdir(tmp_path)
    pair = Pair("p", "a", {"hair": "b"})
    folders = Folders.of(tmp_path / "data", "ours")
    row = np.where(np.arange(64) < 32, HAIR, SKIN).astype(np.uint8)
    weights = tmp_path / "generator.safetensors"
    face = Image.fromarray(np.zeros((generator.size,) * 2 + (3,), np.uint8))
    for path in (folders.targets / "p.png", folders.aligned / "p.safetensors", folders.faces / "a.png"):
        path.parent.mkdir(parents=True, exist_ok=True)
    (folders.targets / "p.png").write_bytes(label_map_bytes(row[None].repeat(64, 0), SCHEME))
    (folders.aligned / "p.safetensors").write_bytes(tensor_bytes(code))
    face.save(folders.faces / "a.png")
    weights.write_bytes(weights_bytes({"x": torch.zeros(1)}, {"network": "mobilestylegan"}))
    return Job(
        "two", METHODS["two"], {"soft": 0.0}, SCHEME, {"p": pair}, folders, {"generator": weights}, "float32", False,
        folders.composites / "two",
    )  # fmt: skip


def made(job: Job) -> np.ndarray:
    make_composites(job, job.out.parent / "record.json")
    ((item),) = read_record(job.out.parent / "record.json")["items"]
    assert item["status"] == "ok"
    return np.array(Image.open(job.out / "p.png")).astype(int)


def test_each_region_shows_the_features_and_styles_of_its_own_image(job, generator, code):
    image = made(job)
    with torch.no_grad():
        own = [to_image(render_code(generator, FSCode(code["F"][k : k + 1], code["S"][k : k + 1]))[0]) for k in (0, 1)]
    identity, hair = (np.array(each).astype(int) for each in own)
    half, far = generator.size // 2, FAR * generator.size // 64
    assert np.abs(image[:, : half - far] - hair[:, : half - far]).max() <= 1
    assert np.abs(image[:, half + far :] - identity[:, half + far :]).max() <= 1
    assert np.abs(identity - hair).mean() > 5


def test_a_softer_border_changes_the_border_and_nothing_far_from_it(job, generator):
    sharp = made(job)
    soft = made(job._replace(params={"soft": 32.0}))  # 2 px of 64
    half, far = generator.size // 2, (FAR + 6) * generator.size // 64
    changed = np.abs(soft - sharp).max((0, 2))
    assert changed[: half - far].max() <= 1 and changed[half + far :].max() <= 1
    assert changed[half - 8 : half + 8].max() > 3


def test_another_images_look_is_refused_before_anything_is_loaded(job):
    pair = Pair("p", "a", {"hair": "b"}, {"hair": "c"})
    with pytest.raises(UserError, match=r"methods.two: every region keeps the look .*pair p asks for another's look"):
        make_composites(job._replace(pairs={"p": pair}), job.out.parent / "record.json")


def test_it_minimises_what_the_alignment_does_and_costs_that_without_the_blending():
    assert minimised(METHODS, "two") == minimised(METHODS, "ours") != ()
    assert aligned(METHODS) == ["ours"]
    assert composed(METHODS, "two") == ["two"] and composed(METHODS, "back") == ["back", "two"]
    stages = {"targets": 1, "aligned-ours": 100, "composites-ours": 10, "composites-two": 0.5, "composites-back": 0.25}
    images = [{"item": name, "status": "ok", "seconds": 1} for name in ("a", "b")]
    records = [{"stage": stage, "items": images} for stage in ("maps", "codes")]
    records += [
        {"stage": stage, "items": [{"item": "p", "status": "ok", "seconds": seconds}]}
        for stage, seconds in stages.items()
    ]
    methods = {name: choice for name, choice in METHODS.items() if name != "plain"}
    seconds = seconds_a_pair(records, [Pair("p", "a", {"hair": "b"})], methods, "mean")["seconds"]
    assert seconds.to_dict() == pytest.approx({"ours": 115, "two": 105.5, "back": 105.75})


def test_a_method_without_codes_is_refused_by_name():
    bad = METHODS | {"two": {"kind": "regional", "of": "plain"}}
    assert source_problems(bad) == ["methods.two.of: plain aligns no codes; these do: ours"]
    again = METHODS | {"more": {"kind": "regional", "of": "two"}}
    assert source_problems(again) == ["methods.more.of: two aligns no codes; these do: ours"]


def test_a_kind_that_names_another_reads_something_of_it():
    entry = registry.load("methods", "regional")
    with pytest.raises(UserError, match="belong together"):
        Method(choice=entry.choice, prepare=entry.prepare, reads=("targets",))
