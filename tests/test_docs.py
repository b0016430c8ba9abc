"""Documents name what is there: paths, links, commands, the rooms and their imports; the examples work."""

import ast
import os
import re
import shutil
import subprocess
import sys
from collections.abc import Iterator
from importlib.util import resolve_name
from pathlib import Path

import pytest
from support import ENVIRONMENT, ROOT

STAGES = ROOT / "stages"
DOCS = [*(ROOT / name for name in ("README.md", "CONTRIBUTING.md")), *sorted((ROOT / "docs").glob("*.md"))]
# Folders of the repository; what is below `data` and `reports` is made by runs.
TRACKED = "benchmarks|docs|profiles|stages|tests|workflow"
ENTRIES = ("fills", "methods", "metrics", "networks", "systems")
LEAVES = {("engine", "machine"), ("engine", "stage_records"), ("scoring", "prepared")}

# `path`: then a block of Python, in the how-to.
EXAMPLE = re.compile(r"^`((?:stages|tests)/[\w/]+\.py)`:\n\n```python\n(.*?)^```$", re.M | re.S)
EXAMPLES = dict(EXAMPLE.findall((ROOT / "docs" / "extending.md").read_text()))


def of(path: Path) -> str:
    return str(path.relative_to(ROOT))


@pytest.mark.parametrize("document", DOCS, ids=of)
def test_paths_and_commands_exist(document):
    text = document.read_text()
    named = re.findall(rf"(?<![\w/.-])((?:{TRACKED})/[\w./-]*\w)", text)
    named += [module.replace(".", "/") for module in re.findall(r"python -m ((?:stages|benchmarks)(?:\.\w+)*)", text)]
    missing = [name for name in named if not any((ROOT / f"{name}{end}").exists() for end in ("", ".py"))]
    assert not set(missing) - EXAMPLES.keys()


@pytest.mark.parametrize("document", [*DOCS, ROOT / "CHANGELOG.md"], ids=of)
def test_links_lead_somewhere(document):
    for target in re.findall(r"\]\((?!https?:)([^)\s]+)\)", document.read_text()):
        name, _, anchor = target.partition("#")
        linked = document.parent / name if name else document
        assert linked.exists(), target
        if anchor:
            titles = re.findall(r"^#+ (.+)$", linked.read_text(), re.M)
            assert anchor in {re.sub(r"[^\w -]", "", title.lower()).replace(" ", "-") for title in titles}, target


def test_the_readme_is_short():
    lines = (ROOT / "README.md").read_text().splitlines()
    assert len(lines) <= 120
    assert max(len(line) for line in lines if not line.startswith("|")) <= 120


def test_every_command_is_a_module_that_runs():
    for text in (document.read_text() for document in DOCS):
        for module in re.findall(r"python -m (stages(?:\.\w+)+)", text):
            path = ROOT / module.replace(".", "/")
            runs = path.with_suffix(".py") if path.with_suffix(".py").is_file() else path / "__main__.py"
            assert '__name__ == "__main__"' in runs.read_text(), module


def room_of(module: str) -> str:
    """The room of the architecture's table that a module is in."""
    first, *rest = module.split(".")[1:]
    if first in ENTRIES and not rest:
        return "contracts"
    if (first, *rest) in LEAVES:
        return "leaves"
    is_command = rest == ["__main__"] or not (STAGES / first).is_dir()
    return first if first in ("errors", "registry") or not is_command else "commands"


def imports(node: ast.AST, package: str) -> Iterator[str]:
    """Modules of this package that a syntax tree imports, inside functions too, but for types."""
    if isinstance(node, ast.Import):
        yield from (alias.name for alias in node.names)
    elif isinstance(node, ast.ImportFrom):
        source = resolve_name("." * node.level + (node.module or ""), package)
        for name in (f"{source}.{alias.name}" for alias in node.names):
            path = ROOT / name.replace(".", "/")
            yield name if path.is_dir() or path.with_suffix(".py").is_file() else source
    elif not (isinstance(node, ast.If) and ast.unparse(node.test) == "TYPE_CHECKING"):
        for child in ast.iter_child_nodes(node):
            yield from imports(child, package)


def test_rooms_import_what_the_table_says():
    """Every room is in the table, and what it imports stands above it and in its row."""
    table = (ROOT / "docs" / "architecture.md").read_text().split("may import beside")[1].split("\n\n")[0]
    rows = re.findall(r"^\| `(\w+)` \|.*\| ([^|]*)\|$", table, re.M)
    order = [room for room, _ in rows]
    allowed = {room: {*order[:5], *re.findall(r"`(\w+)`", cell)} for room, cell in rows}
    allowed["commands"] = set(order)
    wrong = set()
    for path in sorted(STAGES.rglob("*.py")):
        module = ".".join(path.relative_to(ROOT).with_suffix("").parts).removesuffix(".__init__")
        if module == "stages":
            continue
        room = room_of(module)
        package = module if path.name == "__init__.py" else module.rpartition(".")[0]
        for name in imports(ast.parse(path.read_bytes()), package):
            if not name.startswith("stages."):
                continue
            other = room_of(name)
            assert {room, other} <= set(order), f"docs/architecture.md has no row for {room} or {other}"
            if other != room and (other not in allowed[room] or order.index(other) > order.index(room)):
                wrong.add(f"{module} imports {name}: {room} may not import {other}, says docs/architecture.md")
    assert not wrong, "\n".join(sorted(wrong))


def test_the_examples_work(tmp_path):
    """In a copy of the project that they are written into; those on real networks are left out."""
    for name in ("stages", "tests"):
        shutil.copytree(ROOT / name, tmp_path / name, ignore=shutil.ignore_patterns("__pycache__"))
    for name in ("pyproject.toml", "params.yaml"):
        shutil.copy(ROOT / name, tmp_path / name)
    for path, code in EXAMPLES.items():
        assert not (ROOT / path).exists(), f"{path} is there already: the how-to needs another example"
        (tmp_path / path).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / path).write_text(code)
    tests = [path for path in EXAMPLES if path.startswith("tests/")]
    assert len(tests) * 2 == len(EXAMPLES), "an example has a test"
    environment = {key: value for key, value in ENVIRONMENT.items() if not key.startswith("PYTEST_")}
    checks = ("every_entry_loads", "planning_reads_all_entries_without_torch")
    registry = [f"tests/test_registry.py::test_{name}" for name in checks]
    command = [sys.executable, "-m", "pytest", "-m", "not weights", "-p", "no:cacheprovider", *tests, *registry]
    done = subprocess.run(command, cwd=tmp_path, env=environment, capture_output=True, text=True)
    assert done.returncode == 0, done.stdout + done.stderr
    lint = shutil.which("ruff", path=os.pathsep.join([str(Path(sys.executable).parent), os.defpath]))
    if lint:
        done = subprocess.run([lint, "check", *EXAMPLES], cwd=tmp_path, capture_output=True, text=True)
        assert done.returncode == 0, done.stdout
