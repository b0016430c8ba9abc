"""What a stage's results depend on in the code, found without importing it."""

import subprocess
import sys

import pytest
from support import ROOT

from stages.engine import code as deps

TREE = {
    "__init__.py": "",
    "stage.py": '"""A stage."""\nimport torch\nfrom stages.regions.target import compose\nimport stages.engine.store\n',
    "regions/__init__.py": "",
    "regions/target.py": "from . import masks\nfrom .labels import NAMES\n\ndef compose(maps):\n    return max(maps)\n",
    "regions/labels.py": 'NAMES = ("skin", "hair")\n',
    "regions/masks.py": "import stages.stage  # a circle\n",
    "engine/store.py": "from stages.files import write\n",
    "files.py": "def write(path):\n    path.touch()\n",
    "other.py": "from stages import stage\n",
}


@pytest.fixture
def package(tmp_path, monkeypatch):
    """A copy of TREE that takes the place of the package."""
    folder = tmp_path / "stages"
    for path, text in TREE.items():
        (folder / path).parent.mkdir(parents=True, exist_ok=True)
        (folder / path).write_text(text)
    monkeypatch.setattr(deps, "PACKAGE", folder)
    forget()
    yield folder
    forget()


def forget():
    deps.modules.cache_clear()
    deps.code_digests.cache_clear()
    deps._of.cache_clear()


def test_modules_are_all_that_is_imported_directly_or_not_but_for_the_edge(package):
    paths = {"stage", "regions", "regions.target", "regions.labels", "regions.masks"}
    assert set(deps.modules("stages.stage")) - {"stages"} == {f"stages.{path}" for path in paths}
    assert deps.modules("stages.nowhere") == ()


def test_files_leave_out_the_edge_and_what_it_alone_uses(package):
    names = {str(path.relative_to(package)) for path in deps.files("stages.stage")}
    assert {"stage.py", "regions/target.py", "regions/labels.py", "regions/masks.py"} <= names
    assert not names & {"engine/store.py", "files.py", "other.py"}
    assert "files.py" in {str(path.relative_to(package)) for path in deps.files("stages.stage", "stages.files")}


def test_what_is_loaded_by_name_counts_when_it_is_named(package):
    both = deps.code_digests("stages.stage", "stages.other").keys()
    assert "other.py" in both - deps.code_digests("stages.stage").keys()


def test_libraries_are_those_that_compute(package):
    (package / "other.py").write_text(
        "from typing import TYPE_CHECKING\nif TYPE_CHECKING:\n    import cv2\nimport numpy.linalg\n"
    )
    forget()
    assert {"torch"} <= deps.imported("stages.stage")
    assert deps.imported("stages.other") & {"cv2", "numpy", "torch"} == {"numpy"}


def digest_after(package, path, old, new):
    text = (package / path).read_text()
    assert old in text
    (package / path).write_text(text.replace(old, new))
    forget()
    return deps.code_digests("stages.stage")


@pytest.mark.parametrize(
    ("path", "old", "new"),
    [
        ("stage.py", "A stage.", "Another text."),
        ("stage.py", '"""A stage."""\n', ""),
        ("regions/target.py", "max(maps)", "max(  # the larger\n        maps,\n    )"),
        ("regions/target.py", "(maps):\n", '(maps):\n    """Compose."""\n'),
        ("regions/labels.py", '"skin"', "'skin'"),
        ("engine/store.py", "import write\n", "import write\n\nwrite(None)\n"),
        ("files.py", "touch()", "touch(0o600)"),
        ("other.py", "import stage", "import files"),
    ],
)
def test_digest_ignores_what_changes_no_result(package, path, old, new):
    digest = deps.code_digests("stages.stage")
    assert digest_after(package, path, old, new) == digest


@pytest.mark.parametrize(
    ("path", "old", "new"),
    [
        ("stage.py", "import torch\n", "import torch\n\nSIZE = 1\n"),
        ("regions/target.py", "max(maps)", "min(maps)"),
        ("regions/labels.py", '"skin", "hair"', '"hair", "skin"'),
        ("regions/masks.py", "stages.stage", "stages.stage, stages.other"),
        ("regions/target.py", "import masks", "import masks, labels"),
    ],
)
def test_digest_follows_the_code(package, path, old, new):
    digest = deps.code_digests("stages.stage")
    assert digest_after(package, path, old, new) != digest


def test_syntax_error_is_not_swallowed(package):
    with pytest.raises(SyntaxError):
        digest_after(package, "regions/target.py", "def compose", "def")


def test_real_stages_depend_on_their_networks_and_not_on_each_other():
    embed = set(deps.modules("stages.embed", "stages.networks.mobilestylegan"))
    assert {"stages.codes.embedding", "stages.nets.mobilestylegan_net", "stages.formats.inputs"} <= embed
    assert not embed & {
        "stages.score",
        "stages.report",
        "stages.faces",
        "stages.nets.stylegan2_net",
        "stages.nets.stlpips",
    }


def test_what_the_snakefile_needs_imports_no_torch():
    code = "import sys, stages.settings.config, stages.engine.code, stages.errors; sys.exit('torch' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", code], cwd=ROOT).returncode == 0
