"""Every parameter and every stage's code edited in turn: both engines would run again what depends on it, no more."""

import json
import sys
from collections.abc import Iterable, Iterator
from copy import deepcopy
from pathlib import Path
from typing import Any, Literal, get_args, get_origin

import pytest
import yaml
from support import MODULES, ROOT, must, repository, sources_of
from typing_extensions import get_type_hints, is_typeddict

from stages.settings.dvc_pipeline import artifact
from stages.settings.methods import aligned, kind_of
from stages.settings.model import sections

pytestmark = pytest.mark.dag

# The default, with methods and networks of every kind: every rule has a job but that of the encoders.
PARAMS = yaml.safe_load((ROOT / "params.yaml").read_text())
PARAMS["methods"] |= {
    "i2s": {"kind": "latent", "code": "i2s", "align": False}, "loho": {"kind": "loho"},
    "matte": {"kind": "matte"}, "restored": {"kind": "restored", "of": "barbershop"},
    "regional": {"kind": "regional", "of": "barbershop"},
    "mine": {"kind": "results", "images": "results", "reconstructions": "rebuilt"},
}  # fmt: skip
PARAMS["embed"]["start"] = "w"  # what edits of the alignment and of the generator need
PARAMS["target"]["fill"] = "telea"  # what an edit of the parser needs
PARAMS["examples"]["kinds"] = ["face", "eyes"]
PARAMS["networks"]["judges"].append("lpips_vgg")
STAGES = yaml.safe_load((ROOT / "dvc.yaml").read_text())["stages"]
LATENT = set(aligned(PARAMS["methods"]))
OWN = (
    "loho",
    "matte",
    "restored",
    "regional",
)  # methods that are called as their kind and its section, which the examples do not use

# The stages that read a section, or a key of it. Every parameter is printed in the report, and the gallery may use any.
READ_BY = {
    "networks.generator": {"weights", "faces"},
    "networks.parser": {"weights", "maps"},
    "networks.perceptual": {"codes"},
    "networks.judges": {"measured"},
    "networks.judge_parsers": {"weights", "measured"},
    "networks.precision": {"codes"},
    "networks.tf32": {"faces"},  # all that computes comes after them
    "checkpoints.lpips_vgg": {"weights", "measured"},  # the only one in use here
    "checkpoints": {"report"},
    "faces": {"faces"},
    "maps": {"maps"},
    "pairs": {"targets"},
    "target": {"targets", "examples"},
    "embed": {"codes"},
    "align": {"aligned", "examples"},
    "blend": {"composites", "examples"},
    "examples": {"examples"},
    **{own: {"composites"} for own in OWN},
    **{f"score.{key}": {"measured"} for key in ("size", "identity", "inception", "clip", "arcface")},
    "score": {"score"},
    "report": {"report"},
    **{f"gallery.{key}": {"pictures"} for key in ("size", "thumbnail", "quality")},
    "gallery": {"gallery"},
    "jobs": {"report"},
    **{own: {"report"} for own in ("encoder", "completer")},  # their training is no part of a run
} | {f"methods.{name}": {"aligned" if name in LATENT else "composites"} for name in PARAMS["methods"]}
READ_BY[f"methods.{PARAMS['examples']['method']}"].add("examples")
READ_BY = {"methods.i2s.code": {"targets"}} | READ_BY  # the last of its kind: jobs on pairs wait for one less

# What is measured, and all that is made of it.
MEASURED = {"measured", "score", "report", "gallery"}
SHOWN = {"pictures", *MEASURED}
# And where their results go, as DESIGN.md draws it.
AFTER = {
    "weights": set(),  # a network's name is a parameter of whoever reads its weights
    "faces": {"maps", "strata", "targets", "codes", "aligned", "composites", "examples", *SHOWN},
    "maps": {"strata", "targets", "aligned", "composites", "examples", *SHOWN},
    "strata": {"targets", "aligned", "composites", *SHOWN},
    "targets": {"aligned", "composites", *SHOWN},
    # Jobs on pairs wait for all that is made of single images, whether they read it or not.
    "codes": {"targets", "aligned", "composites", "examples", *SHOWN},
    "aligned": {"composites", *SHOWN},
    "composites": SHOWN,
    "examples": {"report"},
    "measured": MEASURED - {"measured"},
    "pictures": {"gallery"},
    "score": {"report", "gallery"},
    "report": set(),
    "gallery": set(),
}

# Rebuilt images go into no composite. And where photos are, which are not in use here, is in the list of images alone.
RERUN = {
    "methods.mine.reconstructions": {"codes", *SHOWN},
    "faces.photos": {"faces"} | AFTER["faces"] - {"maps", "codes"},
}

# Not every method's composites are made again: only these. After a change of what is made of single images, a plan says
# that all may be: which are is known when these are made.
ONLY = {
    "align": LATENT, "blend": LATENT, **{own: {own} for own in OWN}, "target": PARAMS["methods"].keys() - {"mine"},
}  # fmt: skip
ONLY |= {f"methods.{name}": {name} for name in PARAMS["methods"]}
for name in ("align", "blend", "methods.barbershop"):
    ONLY[name] = ONLY[name] | {"restored"}  # which is made of Barbershop's
for name in ("align", "methods.barbershop"):
    ONLY[name] = ONLY[name] | {"regional"}  # which is made of its aligned codes

# Values that the types alone do not give.
OTHERS = {
    "networks.generator": "stylegan2",
    "networks.parser": "bisenet16",
    "networks.perceptual": "stlpips_alex",
    "networks.judges": ["stlpips_alex"],
    "networks.judge_parsers": ["bisenet16"],
    "target.fill": "official",
    "methods.barbershop.code": "w",  # which is there already
    "faces.source": ["drawn", "photos"],
    "embed.batch": 2,
    "align.batch": 2,
    "blend.batch": 2,
    "loho.batch": 2,
    "faces.photos": "photos",
    "pairs.file": "my_pairs.csv",
    "score.inception": "inception.pth",
    "score.clip": ["ViT-B-32.pt"],
    "score.arcface": "w600k_r50.onnx",
    "methods.mine.images": "photos",
    "methods.restored.of": "baseline",
    "methods.regional.of": "baseline",
    "methods.mine.reconstructions": "results",
    "checkpoints.lpips_vgg": PARAMS["checkpoints"]["bisenet16"],
    "examples.method": "baseline",
    "report.method": "poisson",
    "report.rank.transfer": "kept PSNR",
    "report.rank.reconstruction": "SSIM",
    "report.against": "poisson",
    "report.votes": "my_votes.parquet",
}


def leaves(value: Any, path: tuple[str, ...] = ()) -> Iterator[tuple[str, ...]]:
    """Paths of all values below sections."""
    if not isinstance(value, dict):
        yield path
    else:
        for key, item in value.items():
            yield from leaves(item, (*path, key))


def choices(path: tuple[str, ...]) -> list[Any]:
    """The values that a parameter's type lists, if it does."""
    section, *keys = path
    kind = sections()[section]
    if section == "methods":
        kind = kind_of(PARAMS["methods"][keys.pop(0)]).choice
    for key in keys:
        kind = get_type_hints(kind)[key] if is_typeddict(kind) else None
    return list(get_args(kind)) if get_origin(kind) is Literal else []


def another(path: tuple[str, ...], value: Any) -> Any:
    """Another allowed value for a parameter."""
    if (key := ".".join(path)) in OTHERS:
        return OTHERS[key]
    if listed := [choice for choice in choices(path) if choice != value]:
        return listed[0]
    if isinstance(value, list):
        return [item / 2 for item in value] if isinstance(value[0], float) else value[:1]
    if isinstance(value, bool):
        return not value
    if isinstance(value, str):
        return f"other {value}"
    return value + 1 if isinstance(value, int) else value / 2 or 0.5


def edited(path: tuple[str, ...]) -> str:
    """params.yaml with another value at a path."""
    params = deepcopy(PARAMS)
    section = params
    for key in path[:-1]:
        section = section[key]
    section[path[-1]] = another(path, section[path[-1]])
    if path == ("faces", "source"):
        params["faces"]["photos"] = "photos"
    return yaml.safe_dump(params, sort_keys=False)


def known(path: str) -> set[str]:
    """A source file, and the room that it is in."""
    return {path, str(Path(path).parent)}


def reordered(value: Any) -> Any:
    """The same parameters, every key in reverse order and 10 for 10.0."""
    if isinstance(value, dict):
        return {key: reordered(value[key]) for key in reversed(value)}
    return int(value) if isinstance(value, float) and value.is_integer() else value


KEYS = {".".join(path): path for path in leaves(PARAMS) if len(choices(path)) != 1}
# These sections go to rules as a whole, so three parameters of each stand for all: a plan takes seconds. Of the others
# the rules look at single keys.
WHOLE = ("maps", "target", "embed", "align", "blend", "loho", "matte", "restored", "regional", "encoder", "completer")
GROUPS: dict[str, list[str]] = {}
for key in KEYS:
    GROUPS.setdefault(next(name for name in READ_BY if key == name or key.startswith(f"{name}.")), []).append(key)
KEYS = {
    key: KEYS[key]
    for name, keys in GROUPS.items()
    for key in (dict.fromkeys([keys[0], keys[len(keys) // 2], keys[-1]]) if name in WHOLE else keys)
}
NO_JOB = {"stages/encode.py"}  # it needs StyleGAN2
CODE = {f"stages/{module.replace('.', '/')}.py" for modules in MODULES.values() for module in modules}
CODE = sorted(CODE - NO_JOB)
# Entries that are not in use here, and what they alone import.
UNUSED = [
    "stages/networks/stylegan2.py", "stages/nets/stylegan2_net.py", "stages/networks/bisenet16.py",
    "stages/fills/official.py", "stages/networks/e4e.py", "stages/nets/psp_net.py", *NO_JOB,
]  # fmt: skip
# What moves results to and fro but does not decide them.
EDGE = [
    "stages/engine/batches.py", "stages/engine/command.py", "stages/engine/items.py", "stages/params/embed_section.py",
    "stages/params/fields.py", "stages/settings/config.py", "stages/settings/methods.py",
]  # fmt: skip
# The stages whose own files an edit makes again, beside all that comes after them.
USED = {
    "stages/nets/device.py": {"faces"},  # all that computes with networks comes after the faces, which do
    "stages/nets/mobilestylegan_net.py": {"weights", "faces"},
    "stages/nets/bisenet.py": {"weights", "faces"},  # one job converts all networks that come in archives
    "stages/networks/bisenet19.py": {"weights", "faces"},
    "stages/nets/lpips_net.py": {"weights", "measured"},
    "stages/fills/telea.py": {"targets", "examples"},
    "stages/methods/loho.py": {"composites"},
    "stages/codes/loho_fit.py": {"composites"},
    "stages/methods/latent.py": {"composites", "examples"},
}
EDITS = (
    {key: {"params.yaml": edited(path)} for key, path in KEYS.items()}
    | {path: {path: (ROOT / path).read_text() + "\nCHANGED = True\n"} for path in [*CODE, *UNUSED, *EDGE, *USED]}
    | {
        "nothing": {},
        "order": {"params.yaml": yaml.safe_dump(reordered(PARAMS), sort_keys=False)},
    }
)


@pytest.fixture(scope="module")
def plans(tmp_path_factory) -> dict[str, Any]:
    """What each edit would make run, found by both engines in a folder that looks finished."""
    folder = repository(tmp_path_factory.mktemp("reruns") / "main", None)
    (folder / "params.yaml").write_text(yaml.safe_dump(PARAMS, sort_keys=False))
    names = ("pair-0000", "pair-0001", "drawn-0000", "drawn-0001")
    photos = [f"{place}/{name}.png" for place in ("results", "rebuilt") for name in names]
    photos += [f"photos/{name}.png" for name in ("pair-0000", "photo-0000")]
    for name in (*photos, "inception.pth", "ViT-B-32.pt", "w600k_r50.onnx", *PARAMS["checkpoints"].values()):
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_text(name)
    (folder / "my_votes.parquet").touch()
    (folder / "my_pairs.csv").write_text("pair,identity,hair\npair-0000,drawn-0000,drawn-0001\n")
    edits, found = folder.parent / "edits.json", folder.parent / "found.json"
    edits.write_text(json.dumps(list(EDITS.values())))
    must(folder, sys.executable, str(Path(__file__).with_name("plans.py")), str(edits), str(found))
    plans = json.loads(found.read_text())
    return {"downstream": plans["downstream"]} | dict(zip(EDITS, plans["plans"], strict=True))


def by_snakemake(plan: dict[str, list[str]]) -> set[str]:
    """The stages whose files Snakemake would make."""
    outs = {name: [*stage["outs"], *stage.get("metrics", [])] for name, stage in STAGES.items()}
    owner = {
        path: name
        for name, listed in outs.items()
        for out in listed
        for path in ([out] if isinstance(out, str) else out)
    }
    return {owner[artifact(path)] for path in plan["snakemake"]}


def composed(plan: dict[str, list[str]]) -> set[str]:
    """The methods whose composites Snakemake would make."""
    return {Path(made).parts[3] for made in plan["snakemake"] if made.startswith("data/records/composites/")}


def closure(stages: Iterable[str], after: dict[str, Iterable[str]]) -> set[str]:
    return set(stages).union(*(after[stage] for stage in stages))


def test_what_jobs_are_made_of_the_items_reruns_nothing_but_the_report_that_prints_it(plans):
    """Only that pairs are divided anew; what is in a chunk as before does not run again, which a plan cannot know."""
    plan = plans["jobs.items"]
    assert by_snakemake(plan) == closure({"targets"}, AFTER) - {"examples"}
    assert set(plan["dvc"]) == {"report", "gallery"}
    assert not any(path.startswith(("data/records/faces/", "data/records/codes/")) for path in plan["snakemake"])


@pytest.mark.parametrize("key", [key for key in KEYS if key != "jobs.items"])
def test_a_parameter_reruns_what_reads_it(plans, key):
    name = next(name for name in READ_BY if key == name or key.startswith(f"{name}."))
    right = RERUN.get(key) or closure(READ_BY[name] | {"report", "gallery"}, AFTER)
    plan = plans[key]
    assert by_snakemake(plan) == right
    # DVC cannot tell the methods of one kind: these stages ask Snakemake, which has nothing to do.
    asked = {"codes", "targets", "aligned", "composites", "examples"} if name.startswith("methods.") else set()
    asked |= {"maps", "codes"} if key == "faces.photos" else set()
    # Nor which of the methods' own sections the examples' method has.
    asked |= {"examples"} if name in OWN else set()
    found = (
        {"measured", "score"} if name == "checkpoints.lpips_vgg" else set()
    )  # changed when the stage `weights` has run
    assert closure(plan["dvc"], AFTER) == (right | asked) - found
    composites = composed(plan)
    assert composites == (set(ONLY.get(name, PARAMS["methods"])) if "composites" in right else set())


@pytest.mark.parametrize("path", CODE)
def test_code_reruns_what_imports_it(plans, path):
    plan = plans[path]
    made, direct, after = by_snakemake(plan), set(plan["dvc"]), closure(plan["dvc"], plans["downstream"])
    assert direct == {name for name in MODULES if path in sources_of(name)}
    assert direct <= made <= after
    # DVC knows folders: of all networks, of all codes. Snakemake knows that not everybody reads all of one.
    # Nor do pairs need strata, unless they are chosen by pose: the pairs' own strata are made beside the targets.
    # And a job on images is told which they are; it does not read the list.
    some = ("stages/images.py", "stages/ingest.py", "stages/strata/__main__.py")
    assert made == after or path in some or "weights" in direct


@pytest.mark.parametrize("path", UNUSED)
def test_what_is_not_in_use_reruns_nothing(plans, path):
    """DVC knows rooms as a whole, and what any of their entries imports: it asks Snakemake, which has nothing to do."""
    assert plans[path]["snakemake"] == []
    assert set(plans[path]["dvc"]) == {name for name in MODULES if known(path) & sources_of(name)}


@pytest.mark.parametrize("path", EDGE)
def test_the_edge_reruns_nothing(plans, path):
    assert plans[path] == {"snakemake": [], "dvc": []}


@pytest.mark.parametrize("path", USED)
def test_what_is_loaded_by_name_reruns_who_uses_it(plans, path):
    plan = plans[path]
    assert by_snakemake(plan) == closure(USED[path], AFTER)
    composites = composed(plan)
    if path.startswith(("stages/methods", "stages/codes")):
        assert composites == ({"loho"} if "loho" in path else LATENT | {"restored"}), "it is made of Barbershop's"
    assert set(plan["dvc"]) == {name for name in MODULES if known(path) & sources_of(name)}


@pytest.mark.parametrize("edit", ["nothing", "order"])
def test_the_same_parameters_rerun_nothing(plans, edit):
    assert plans[edit] == {"snakemake": [], "dvc": []}


def test_the_engines_graph_is_the_drawn_one(plans):
    """DVC's graph against the figure; Snakemake's agrees with it by what each stage's code reruns."""
    drawn = {name: set(after) for name, after in AFTER.items()} | {"weights": set(AFTER) - {"weights"}}
    assert {name: set(after) for name, after in plans["downstream"].items()} == drawn
