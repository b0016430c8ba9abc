"""What the rules share: checked parameters, the names of all items, slices of params, weight files."""

import os
import shlex
import sys

sys.path.insert(0, workflow.basedir)

from snakemake.exceptions import WorkflowError

from stages.engine import checksums, lifeline
from stages.settings import config as settings
from stages.settings import manifests
from stages.settings.checkpoints import CHECKPOINTS, check_present
from stages.engine.code import files
from stages.settings.dvc import check_listed
from stages.errors import UserError


def names_of_items(params):
    """Names of faces and pairs. All are known before anything runs; only what a chosen pair holds is not."""
    faces = manifests.face_sources(params["faces"])
    if params["pairs"]["file"] is None:
        pairs = manifests.pair_names(params["pairs"]["count"])
    else:
        listed = manifests.read_pairs(Path(params["pairs"]["file"]), faces)
        pairs = [pair.pair for pair in listed]
    return faces, pairs


lifeline.announce()
checksums.remember()


def results_of(key, names, what):
    """For the methods of other systems that have such a folder, its files named after pairs or faces."""
    methods = config["methods"]
    found = {
        method: manifests.result_files(Path(methods[method][key]), names, what)
        for method in settings.methods_with(methods, key)
    }
    return {method: [str(path) for path in files.values()] for method, files in found.items()}


try:
    settings.check_params(config)
    USED = [*settings.used_networks(config["networks"]), "dlib_landmarks"]
    check_present(USED, config["checkpoints"])
    if "DVC_STAGE" in os.environ:
        check_listed(config)
    FACES, PAIRS = names_of_items(config)
    RESULTS = results_of("images", PAIRS, "pair")
    REBUILT = results_of("reconstructions", FACES, "face")
except UserError as error:
    raise WorkflowError(str(error)) from None

METHODS = list(config["methods"])
PROTOCOLS = list(settings.protocols(config))
LATENT, PASTED, OPTIMISED, EXTERNAL = (
    settings.methods_with(config["methods"], key) for key in ("code", "paste", "optimise", "images")
)
OTHER_CODES = settings.other_codes(config["methods"])
RENDERS = expand(
    "data/reconstructions/{folder}/{image}.png",
    folder=dict.fromkeys([*settings.ONE_FILE, *settings.reconstruction_folders(config["methods"]).values()]),
    image=FACES,
)
EMBEDDED = ["mobilestylegan", "bisenet19", "stlpips_vgg", "stlpips_alex", "dlib_landmarks", "dlib_identity"]
GALLERY_KINDS = config["gallery"]["kinds"]
GALLERY_RECORDS = ["pairs", *(settings.GALLERY_STAGES if GALLERY_KINDS else [])]
IDENTITY = ["dlib_landmarks", "dlib_identity"] if config["score"]["identity"] else []
SCHEME = settings.SCHEME_NAMES[config["networks"]["parser"]]


wildcard_constraints:
    method="[a-z][a-z0-9_]*",
    checkpoint="|".join(CHECKPOINTS),


def section(name):
    """One section of the parameters as canonical JSON, so that neither key order nor 10.0 for 10 reruns anything."""
    return settings.canonical(config[name])


def entry_of(method):
    """A method's own entry of `methods`, as canonical JSON."""
    return settings.canonical({method: config["methods"][method]})


def method_section(wildcards):
    """The entry of the wildcard's method."""
    return entry_of(wildcards.method)


def code(stage):
    """Source files that the stage's results depend on: Snakemake does not see what Python imports."""
    return [str(path.relative_to(workflow.basedir)) for path in files(f"stages.{stage}")]


def one_of(names):
    """A pattern that matches these names and nothing else."""
    return "|".join(names) or "(?!)"


def other_codes(wildcards):
    """The codes that a method starts from, if they are neither W+ nor FS."""
    code = config["methods"][wildcards.method]["code"]
    return expand("data/codes/{code}/{image}.safetensors", code=code, image=FACES) if code in OTHER_CODES else []


def weights_of(role):
    """The weight file of the network that plays a role."""
    return f"data/weights/{config['networks'][role]}.safetensors"


def weights_named(networks):
    """The weight files of some networks."""
    return [f"data/weights/{network}.safetensors" for network in networks]


def photo_files(wildcards):
    """The photos, the user's own and the sample."""
    return [str(path) for path in FACES.values() if path is not None]


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
