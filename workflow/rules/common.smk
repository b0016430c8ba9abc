"""What the rules share: checked parameters, the names of all items, slices of params, weight files."""

import os
import shlex
from functools import cache

from stages import registry
from stages.engine import checksums, intact, lifeline, machine, scheduling, slurm, watching
from stages.engine.code import digest_of_all, files
from stages.errors import UserError
from stages.formats.canonical import canonical
from stages.scoring import metric_names
from stages.scoring.user_files import check_score_files, supplied_to_score
from stages.settings import config as settings
from stages.settings import manifests, methods
from stages.settings.chunks import chunked
from stages.settings.checkpoints import check_present, embedded_networks, supplied_networks
from stages.settings.dvc_pipeline import check_listed


def names_of_items(params):
    """Names of faces and pairs. All are known before anything runs; only what a chosen pair holds is not."""
    faces = manifests.face_sources(params["faces"])
    manifests.check_can_pair(faces, params["pairs"])
    if params["pairs"]["file"] is None:
        pairs = manifests.pair_names(params["pairs"]["count"])
    else:
        listed = manifests.read_pairs(Path(params["pairs"]["file"]), faces)
        pairs = [pair.pair for pair in listed]
    return faces, pairs


lifeline.announce()
checksums.remember()
intact.watch()
scheduling.only_when_needed()
slurm.mend_plugin(stop)
# A cluster's jobs have cores of their own. Here `-j 2` lets two jobs run, also beside the `cores: 1` of the profile.
if workflow.is_main_process and workflow.local_exec and max(workflow._cores or 1, workflow.nodes or 1) > 1:
    machine.share_cores()


def items_of(job):
    """How many items a job works on, all that it measures included; 1 of one that makes a list or a table."""
    if "chunk" not in job.wildcards.keys():
        return 1
    chunks = PAIR_CHUNKS if pairs_of_chunk in job.rule.input else IMAGE_CHUNKS
    return len(chunks[job.wildcards.chunk]) * len(job.output)


watching.attach(workflow, items_of)


def results_of(key, names, what):
    """For the methods of other systems that have such a folder, its files by the names of pairs or faces."""
    found = {
        method: manifests.result_files(Path(folder), names, what)
        for method, folder in methods.folders_supplied(config["methods"], key).items()
    }
    return {method: {name: str(path) for name, path in files.items()} for method, files in found.items()}


try:
    settings.check_params(config, GIVEN)
    USED = [
        *settings.used_networks(config["networks"]),
        *methods.own_networks(config["methods"], config["embed"]["start"]),
        *methods.fill_networks(config["target"]["fill"]),
        "dlib_landmarks",
    ]
    OTHER_SCORERS = metric_names.networks_of(config)
    ENCODERS = methods.encoders(config["methods"], config["embed"]["start"])
    check_present([*USED, *OTHER_SCORERS], config["checkpoints"])
    check_score_files(config["score"])
    settings.check_votes(config["report"])
    if "DVC_STAGE" in os.environ:
        check_listed(config)
    FACES, PAIRS = names_of_items(config)
    RESULTS = results_of("images", PAIRS, "pair")
    REBUILT = results_of("reconstructions", FACES, "face")
except UserError as error:
    stop(error)

METHODS = list(config["methods"])
PROTOCOLS = list(methods.protocols(config))
ALIGNED = methods.aligned(config["methods"])
START = config["embed"]["start"]
OTHER_CODES = methods.other_codes(config["methods"], START)
SOURCES = {name: manifests.origin(path) for name, path in FACES.items()}
IMAGE_CHUNKS = chunked(FACES, config["jobs"]["items"])
PAIR_CHUNKS = chunked(PAIRS, config["jobs"]["items"])
EMBEDDED = methods.recorded_codes(config["methods"], START)  # folders of records of codes
EXAMPLE_KINDS = config["examples"]["kinds"]
EXAMPLE_RECORDS = ["pairs", *(settings.EXAMPLE_STAGES if EXAMPLE_KINDS else [])]
COMPLETERS = [registry.module("networks", name) for name in methods.fill_networks(config["target"]["fill"])]
SCHEME = settings.scheme_name(config["networks"])
TF32 = "--tf32" if config["networks"]["tf32"] else "--float32"


wildcard_constraints:
    method="[a-z][a-z0-9_]*",
    chunk=r"\d+",
    checkpoint="|".join(supplied_networks()),


def section(name):
    """One section of the parameters as canonical JSON, so that neither key order nor 10.0 for 10 reruns anything."""
    return canonical(config[name])


def entry_of(method):
    """A method's own entry of `methods`, as canonical JSON."""
    return canonical({method: config["methods"][method]})


def method_section(wildcards):
    """The entry of the wildcard's method."""
    return entry_of(wildcards.method)


SOURCE_FILES = {}  # by the digest of their code, for dvc.yaml


@cache
def code(stage, *entries):
    """A digest of the code that the stage's results depend on: Snakemake does not see what Python imports.

    `entries`: modules that it loads by name, those of the networks in use and others (see `stages.registry`). Comments
    do not count. It is a parameter, as thousands of jobs that each have a hundred files for inputs plan slowly.
    """
    paths = files(f"stages.{stage}", *entries)
    digest = digest_of_all(paths)
    SOURCE_FILES[digest] = [str(path.relative_to(workflow.basedir)) for path in paths]
    return digest


def entries_of(*rooms):
    """The modules of all entries of some rooms."""
    return [registry.module(room, name) for room in rooms for name in registry.names(room)]


def networks(*roles):
    """The modules of the networks that play some roles."""
    return [registry.module("networks", config["networks"][role]) for role in roles]


def of_chunk(wildcards):
    """The names of the images of the wildcard's chunk, as an option's value."""
    return ",".join(IMAGE_CHUNKS[wildcards.chunk])


def sources_of_chunk(wildcards):
    """Where the images of the wildcard's chunk come from, as images.csv says, as JSON."""
    return canonical({name: SOURCES[name] for name in IMAGE_CHUNKS[wildcards.chunk]})


def all_chunks(path, chunks, **wildcards):
    """A path for every chunk."""
    return expand(path, chunk=chunks, **wildcards)


def before(*inputs):
    """What a target was made of: what is gone of it is made again. DVC looks itself, and allows no other rules."""
    return [] if "DVC_STAGE" in os.environ else list(inputs)


def pairs_of_chunk(wildcards):
    """The list of the pairs of the wildcard's chunk.

    The stage `chunks` writes it when all images are done. Only then does Snakemake know which jobs on pairs have
    something to do. In a stage of DVC's the lists are there, or made by its own rules.
    """
    if os.environ.get("DVC_STAGE", "targets") == "targets":
        checkpoints.make_chunks.get()
    return f"data/chunks/{wildcards.chunk}.csv"


def digests_of_chunk(wildcards):
    """The digests of all that the pairs of the wildcard's chunk name; as `pairs_of_chunk`."""
    return f"{pairs_of_chunk(wildcards).removesuffix('.csv')}.json"


pairs_of_chunk.every = digests_of_chunk.every = ["data/chunks"]


def one_of(names):
    """A pattern that matches these names and nothing else."""
    return "|".join(names) or "(?!)"


def weights_of(role):
    """The weight file of the network that plays a role."""
    return f"data/weights/{config['networks'][role]}.safetensors"


def weights_named(networks):
    """The weight files of some networks."""
    return [f"data/weights/{network}.safetensors" for network in networks]


def start_of_kind(wildcards):
    """The record of the codes where a kind of embedding begins, if that is no mean face."""
    begins = START != methods.MEAN and wildcards.kind in methods.FREED
    return [f"data/records/codes/{START}/{wildcards.chunk}.json"] if begins else []


def completer_weights(wildcards):
    """The weight file of the network that the fill in use asks, if it asks one."""
    return weights_named(methods.fill_networks(config["target"]["fill"]))


completer_weights.every = []


def completer_option(wildcards, input):
    """The same as an option."""
    return f"--completer {input.completer}" if input.completer else ""


def doubts_option():
    """The option that names what a fill that asks a network tells of its doubts."""
    return "--doubts data/targets/doubt" if COMPLETERS else ""


def checkpoint_code(wildcards):
    """As `code`, of the stage that converts the wildcard's checkpoint."""
    return code("convert", registry.module("networks", wildcards.checkpoint))


checkpoint_code.every = code("convert", *(registry.module("networks", name) for name in supplied_networks()))


def photo_files(wildcards):
    """The photos of the wildcard's chunk, the user's own and the sample."""
    return [str(FACES[name]) for name in IMAGE_CHUNKS[wildcards.chunk] if FACES[name] is not None]


def of_a_face():
    """What section `faces` says of each face: which there are concerns no chunk."""
    of_each = {key: config["faces"][key] for key in ("align", "min_size", "sharp_size")}
    return canonical(of_each | {"drawn": {key: config["faces"]["drawn"][key] for key in ("seed", "truncation")}})


def checkpoint_file(wildcards):
    """The file that the user supplies for a network of the paper."""
    return config["checkpoints"][wildcards.checkpoint]


def given_settings():
    """Options that name what settings come from beside params.yaml: the files of --configfile, and --config."""
    given = workflow.config_settings
    names = [*map(str, given.configfiles), *(["--config"] if given.config else [])]
    return " ".join(f"--given={shlex.quote(name)}" for name in names)


def shown(path, category, what):
    """A file that `snakemake --report` shows; its caption is named after it."""
    name = Path(path).stem.partition("-")[0]
    return report(path, caption=f"../report/{name}.rst", category=category, labels={"content": what})


def target_code(wildcards):
    """As `code`, of the stage that makes the target maps with the fill in use."""
    fill = registry.module("fills", config["target"]["fill"])
    return code("target", fill, *networks("generator", "parser"), *COMPLETERS)


target_code.every = code("target", *entries_of("fills"), *networks("generator", "parser"))


def encoding():
    """What section `gallery` says of the pictures, as canonical JSON."""
    return canonical({key: config["gallery"][key] for key in ("size", "thumbnail", "quality")})


def examples_method():
    """The examples' method: its entry, its own section, both empty without examples, and its kind of code."""
    if not EXAMPLE_KINDS:
        return {"method": canonical({}), "section": canonical({}), "code": [methods.ALWAYS]}
    chosen = config["examples"]["method"]
    entry = config["methods"][chosen]
    own = registry.load("methods", entry["kind"]).section
    return {"method": entry_of(chosen), "section": section(own), "code": [entry["code"]]}


def examples_code(wildcards):
    """As `code`, of the stage that makes the examples, and with it of their method."""
    if not EXAMPLE_KINDS:
        return code("examples")
    kind = config["methods"][config["examples"]["method"]]["kind"]
    modules = [registry.module("methods", kind), registry.module("fills", config["target"]["fill"]), *COMPLETERS]
    return code("examples", *modules, *networks("generator", "parser", "perceptual"))


examples_code.every = code("examples", *entries_of("methods", "fills"), *networks("generator", "parser", "perceptual"))


def strata_of_images(wildcards):
    """The table of the images' strata, if pairs are chosen by it."""
    chosen = config["pairs"]["file"] is None and config["pairs"]["strategy"] in ("pose", "hard")
    return [rules.make_image_strata.output.table] if chosen else []


strata_of_images.every = ["data/strata/images.csv"]
