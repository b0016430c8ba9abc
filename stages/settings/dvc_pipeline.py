"""`python -m stages.dvc` writes dvc.yaml from the Snakemake rules: one DVC stage a target. No torch here.

Nothing in dvc.yaml names a face, a pair, a method or a network: folders stand for their files. Only the files that a
user supplies (photos, a list of pairs, …) are named; every stage that DVC runs checks that they are (`check_listed`).
"""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

import yaml

from stages.errors import UserError
from stages.formats.canonical import canonical
from stages.params.whole import Params
from stages.scoring.metric_names import networks_of
from stages.scoring.user_files import supplied_to_score
from stages.settings.checkpoints import supplied_networks
from stages.settings.config import used_networks
from stages.settings.methods import fill_networks, folders_supplied, own_networks
from stages.settings.schema import own_sections

if TYPE_CHECKING:
    from snakemake.rules import Rule

FILE = Path("dvc.yaml")
HERE = "stages/settings/dvc_pipeline.py"
COMMAND = "python -m stages.dvc"
HEADER = f"# Written by `{COMMAND}` from workflow/rules: the pipeline for `dvc repro`, one stage a Snakemake target.\n"

# Parameters of rules that are not a whole section of params.yaml: where in it they come from.
PARTS = {
    "scheme": ["networks.parser"],
    "precision": ["networks.precision"],
    "tf32": ["networks.tf32"],
    "weights": ["networks.generator", "networks.parser", "networks.perceptual"],
    "method": ["methods"],
    "folder": ["methods"],
    "in_place": ["align.variant"],
    "judges": ["networks.judges", "networks.judge_parsers"],
    "measuring": ["score.size", "score.inception", "score.clip", "score.identity", "score.arcface"],
    "encoding": ["gallery.size", "gallery.thumbnail", "gallery.quality"],
    "in_folders": ["methods"],
    "of_methods": ["methods"],
    "parser": ["networks.parser"],
    "strata": ["pairs"],
    "given": ["report"],
    "face": ["faces"],
    "sources": ["faces"],
    "starts": ["embed"],
    "backbone": ["methods"],
    "completer": ["target"],
    "doubts": ["target"],
}
# The parameter of every rule that is the digest of its code.
CODE = "code"
# Parameters of rules that say which folders of files, known by records of chunks, a rule makes and reads.
FOLDERS, READS = "folders", "reads"
# And those by which the work is divided: DVC's stages are whole.
DIVIDED = ("names", "chunks", "size")
# Rooms of which a stage loads modules by name: DVC knows each as a whole, so that dvc.yaml names no network or method.
ROOMS = ("fills", "methods", "metrics", "networks", "nets", "systems")


METRICS_FILE = "reports/metrics.json"

TRAINING = ("encoder", "completer")  # targets that no other needs: their results are in the repository

# What `dvc plots` shows: the figures, and a strip a method of these metrics of every pair.
METRICS = {"kept PSNR": "kept PSNR@${score.size}", "taken IoU": "taken IoU ${networks.parser}@512"}
PLOTS: list[object] = ["reports/figures"] + [
    {f"{name} of every pair": {
        "template": "scatter_jitter", "x": "method", "y": {"reports/plots/items-transfer.csv": column},
    }}
    for name, column in METRICS.items()
]  # fmt: skip


def supplied(params: Params) -> dict[str, list[str]]:
    """Files and folders that the user supplies, by the DVC stage that reads them."""
    faces, methods, start = params["faces"], params["methods"], params["embed"]["start"]
    ours = supplied_networks()
    own = [*own_networks(methods, start), *fill_networks(params["target"]["fill"])]
    used = dict.fromkeys([*used_networks(params["networks"]), *own, *networks_of(params)])
    files: dict[str, Sequence[str | None]] = {
        "weights": [params["checkpoints"][name] for name in used if name in ours],
        "faces": [faces["photos"]] if "photos" in faces["source"] else [],
        "codes": list(folders_supplied(methods, "reconstructions").values()),
        "targets": [params["pairs"]["file"]],
        "composites": list(folders_supplied(methods, "images").values()),
        "measured": supplied_to_score(params["score"]),
        "report": [params["report"]["votes"]],
    }
    return {stage: [path for path in paths if path is not None] for stage, paths in files.items()}


def check_listed(params: Params) -> None:
    """Check that dvc.yaml lists all that the user supplies, or DVC would not see it change.

    Raises:
        UserError: it does not; says which file, and the command that mends it.
    """
    stages = yaml.safe_load(FILE.read_text())["stages"]
    for stage, paths in supplied(params).items():
        if missing := [path for path in paths if path not in stages[stage]["deps"]]:
            raise UserError(
                f"dvc.yaml does not list {missing[0]}, which params.yaml names: run `{COMMAND}`, then DVC again"
            )


def artifact(path: str) -> str:
    """The file or folder by which DVC knows a path: all of a stage's pictures are one folder, say."""
    parts = Path(path).parts
    return "/".join(parts[: 3 if parts[:2] in (("data", "records"), ("data", "strata")) else 2])


def _read_rules() -> "tuple[list[Rule], Params, Mapping[str, Sequence[str]]]":
    """All rules of the Snakefile, unexpanded, its configuration, and source files by the digest of their code."""
    from snakemake.api import SnakemakeApi
    from snakemake.exceptions import WorkflowError
    from snakemake.settings.types import OutputSettings, ResourceSettings

    with SnakemakeApi(OutputSettings()) as api:
        try:
            workflow = api.workflow(resource_settings=ResourceSettings(cores=1), snakefile=Path("Snakefile"))._workflow
        except WorkflowError as error:
            raise UserError(str(error)) from error
        return list(workflow.rules), workflow.globals["config"], workflow.globals["SOURCE_FILES"]


def _by_target(rules: "list[Rule]") -> "dict[str, list[Rule]]":
    """For every target rule but `all` and those of training, in the Snakefile's order, the rules that make it."""
    targets = {rule.name: {artifact(path) for path in _paths(rule.input)} for rule in rules if not rule.output}
    del targets["all"]
    trained = {path for target in TRAINING for path in targets.pop(target)}
    making: dict[str, list[Rule]] = {target: [] for target in targets}
    last: list[Rule] = []
    for rule in (rule for rule in rules if rule.output):
        made = {artifact(path) for path in _paths(rule.output)}
        if made & trained:
            continue
        owner = next((target for target, wanted in targets.items() if made & wanted), None)
        if owner is None:  # no target of its own, the list of pairs: it belongs to the next
            last.append(rule)
        else:
            making[owner] += [*last, rule]
            last = []
    return making


def _paths(named: Iterable[object]) -> Iterator[str]:
    """The paths among a rule's inputs or outputs.

    What depends on wildcards says in `every` what it may be; without it, it is the user's, and is in `supplied`.
    """
    for path in named:
        yield from getattr(path, "every", []) if callable(path) else [str(path)]


def _source(path: str) -> str:
    """The file or folder by which DVC knows a source file."""
    parts = Path(path).parts
    return "/".join(parts[:2]) if parts[1] in ROOMS else path


def _needs(
    rule: "Rule", params: Params, made: Mapping[str, Sequence[str]], own: list[str]
) -> tuple[set[str], set[str]]:
    """Dependencies and keys of params.yaml of one rule.

    Args:
        rule: the rule.
        params: the configuration.
        made: all artifacts, each with the folders of files that it vouches for.
        own: what the user supplies to the rule's stage.
    """
    deps, keys = {f"workflow/rules/{Path(rule.snakefile).name}"}, set()
    for name in rule.input.keys():  # noqa: SIM118 a Snakemake Namedlist iterates over its values
        value = rule.input.get(name)
        if name in params["networks"]:
            keys.add(f"networks.{name}")
        for path in _paths([value] if isinstance(value, str) or callable(value) else value):
            if artifact(path) in made:
                deps |= {artifact(path), *made[artifact(path)]}
            elif path.startswith("stages/"):
                deps.add(_source(path))
            elif path not in own and str(Path(path).parent) not in own:
                raise UserError(f"{rule.name}: {path} is made by no rule: name it in `supplied` of {HERE}")
    texts = {canonical(section): key for key, section in params.items()}
    for path in _listed(rule, READS):
        deps.add(path)
    for name, value in rule.params.items():
        if name in (CODE, FOLDERS, READS, *DIVIDED):
            continue
        if value == canonical(params):
            keys |= set(params)
        elif name == "own":
            keys.update(own_sections())
        elif name in PARTS:
            keys.update(PARTS[name])
        elif value in texts:
            keys.add(texts[value])
        else:
            raise UserError(f"{rule.name}: parameter {name} is no section of params.yaml: name it in `PARTS` of {HERE}")
    return deps, keys


def _code_of(rule: "Rule") -> str:
    """The digest of the code that a rule's results may depend on, whatever params.yaml chooses."""
    digest = rule.params.get(CODE)
    return str(getattr(digest, "every", digest))


def _listed(rule: "Rule", name: str) -> list[str]:
    """The folders that a rule's parameter names, one or several."""
    found = dict(rule.params.items()).get(name, [])
    return [found] if isinstance(found, str) else list(found)


def _out(path: str, kept: bool) -> str | dict[str, object]:
    """An output; `kept`: DVC does not remove it before a run, which replaces it only if all goes well."""
    return {path: {"persist": True}} if kept else path


def pipeline() -> dict[str, object]:
    """What dvc.yaml says, derived from the rules and params.yaml in the current folder."""
    rules, params, sources = _read_rules()
    making = _by_target(rules)
    made: dict[str, list[str]] = {}
    for rule in rules:
        for path in _paths(rule.output):
            made.setdefault(artifact(path), []).extend(_listed(rule, FOLDERS))
    stages: dict[str, object] = {}
    for target, own_rules in making.items():
        own = supplied(params).get(target, [])
        deps, keys = set(own), set()
        outs: dict[str, bool] = {}
        for rule in own_rules:
            more_deps, more_keys = _needs(rule, params, made, own)
            deps |= more_deps | {_source(path) for path in sources[_code_of(rule)]}
            keys |= more_keys
            outs |= {artifact(str(path)): "update" in path.flags for path in rule.output if not callable(path)}
            outs |= dict.fromkeys(_listed(rule, FOLDERS), False)
        # Only its own rules: DVC has brought the files of earlier stages up to date, whatever Snakemake remembers.
        allowed = " ".join([*(rule.name for rule in own_rules), target])
        sections = [key for key in sorted(keys) if key.partition(".")[0] == key or key.partition(".")[0] not in keys]
        stage = {
            "cmd": f"snakemake --quiet all --cores 1 --resources gpu=1 --allowed-rules {allowed} -- {target}",
            "deps": sorted(deps - outs.keys()),
            "params": sections,
            "outs": [_out(out, kept) for out, kept in outs.items() if out != METRICS_FILE],
            "metrics": [_out(out, kept) for out, kept in outs.items() if out == METRICS_FILE],
        }
        stages[target] = {key: value for key, value in stage.items() if value}
    return {"stages": stages, "plots": PLOTS}
