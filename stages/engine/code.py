"""Which modules of this package a module depends on, and digests of their code. Parses, imports nothing.

What is loaded by name (see `stages.registry`) is not seen in an import: who asks names it beside the module.
"""

import ast
import hashlib
from collections.abc import Iterator
from functools import cache
from importlib.util import resolve_name
from pathlib import Path

PACKAGE = Path(__file__).parent.parent

# Rooms whose code moves results to and fro but does not decide them: what they are told is in the fingerprint.
EDGE = ("engine", "settings")


def _path(module: str) -> Path | None:
    stem = PACKAGE.joinpath(*module.split(".")[1:])
    for path in (stem.with_suffix(".py"), stem / "__init__.py"):
        if path.is_file():
            return path
    return None


def _imports(tree: ast.AST, package: str) -> Iterator[str]:
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            source = resolve_name("." * node.level + (node.module or ""), package)
            yield source
            yield from (f"{source}.{alias.name}" for alias in node.names)


@cache
def _of(module: str) -> tuple[frozenset[str], frozenset[str]]:
    """What a module imports, here and anywhere: names in this package, and top-level names of other packages."""
    path = _path(module)
    if path is None:
        return frozenset(), frozenset()
    package = module if path.name == "__init__.py" else module.rpartition(".")[0]
    names = set(_imports(ast.parse(path.read_bytes()), package))
    own = {name for name in names if name.split(".")[0] == PACKAGE.name}
    return frozenset(own), frozenset(name.split(".")[0] for name in names - own)


@cache
def modules(*starts: str, through_edge: bool = True) -> tuple[str, ...]:
    """Names of some modules and of everything in this package that they import, directly or not, sorted.

    With `through_edge` false, what only the edge imports is left out.
    """
    found: set[str] = set()
    todo = list(starts)
    while todo:
        name = todo.pop()
        if name in found or name.split(".")[0] != PACKAGE.name or _path(name) is None:
            continue
        found.add(name)
        if through_edge or not _is_edge(name):
            todo.extend(_of(name)[0])
    return tuple(sorted(found))


def _is_edge(module: str) -> bool:
    return module.split(".")[1:2] in [[room] for room in EDGE]


def files(*starts: str) -> list[Path]:
    """Source files whose change may change what some modules compute."""
    return sorted({path for name in modules(*starts) if not _is_edge(name) and (path := _path(name))})


def imported(*starts: str) -> set[str]:
    """Top-level names of the other packages that decide what some modules compute; what the edge uses does not."""
    deciding = [name for name in modules(*starts, through_edge=False) if not _is_edge(name)]
    return {name for module in deciding for name in _of(module)[1]}


@cache
def code_digests(*starts: str) -> dict[str, str]:
    """For every file of `files(*starts)`, by its path, the sha256 of its syntax tree.

    Comments, docstrings and formatting do not count.
    """
    digests = {}
    for path in files(*starts):
        tree = ast.parse(path.read_bytes())
        for node in ast.walk(tree):
            if isinstance(node, ast.Module | ast.ClassDef | ast.FunctionDef) and ast.get_docstring(node) is not None:
                node.body = node.body[1:]
        digests[str(path.relative_to(PACKAGE))] = hashlib.sha256(ast.dump(tree).encode()).hexdigest()
    return digests
