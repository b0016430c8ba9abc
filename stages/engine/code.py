"""Which modules of this package a module depends on, and digests of their code. Parses, imports nothing.

What is loaded by name (see `stages.registry`) is not seen in an import: who asks names it beside the module.
"""

import ast
import hashlib
from collections.abc import Iterable, Iterator
from functools import cache
from importlib.util import resolve_name
from pathlib import Path

PACKAGE = Path(__file__).parent.parent

# Rooms whose code moves results to and fro but does not decide them: what they are told is in the fingerprint.
EDGE = ("engine", "params", "settings")


def _path(module: str) -> Path | None:
    stem = PACKAGE.joinpath(*module.split(".")[1:])
    for path in (stem.with_suffix(".py"), stem / "__init__.py"):
        if path.is_file():
            return path
    return None


def _imports(node: ast.AST, package: str) -> Iterator[str]:
    """Names that a syntax tree imports, inside functions too; what is imported for types alone decides nothing."""
    if isinstance(node, ast.Import):
        yield from (alias.name for alias in node.names)
    elif isinstance(node, ast.ImportFrom):
        source = resolve_name("." * node.level + (node.module or ""), package)
        yield source
        yield from (f"{source}.{alias.name}" for alias in node.names)
    elif not (isinstance(node, ast.If) and isinstance(node.test, ast.Name) and node.test.id == "TYPE_CHECKING"):
        for child in ast.iter_child_nodes(node):
            yield from _imports(child, package)


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
def modules(*starts: str) -> tuple[str, ...]:
    """Names of some modules and of everything in this package that they import, directly or not, sorted.

    The edge is left out, and with it what only the edge imports.
    """
    found: set[str] = set()
    todo = list(starts)
    while todo:
        name = todo.pop()
        inside = name.split(".")[0] == PACKAGE.name and name.split(".")[1:2] not in [[room] for room in EDGE]
        if inside and name not in found and _path(name) is not None:
            found.add(name)
            todo.extend(_of(name)[0])
    return tuple(sorted(found))


def files(*starts: str) -> list[Path]:
    """Source files whose change may change what some modules compute."""
    return sorted({path for name in modules(*starts) if (path := _path(name))})


def imported(*starts: str) -> set[str]:
    """Top-level names of all other packages that some modules, with all they import, compute with."""
    return {name for module in modules(*starts) for name in _of(module)[1]}


@cache
def code_digests(*starts: str) -> dict[str, str | None]:
    """For every file of `files(*starts)`, by its path in this package, its `digest_of`."""
    return {str(path.relative_to(PACKAGE)): digest_of(path) for path in files(*starts)}


def digest_of(path: Path) -> str | None:
    """sha256 of the syntax tree of a source file, or None without one.

    Comments, docstrings and formatting do not count.
    """
    if not path.is_file():
        return None
    tree = ast.parse(path.read_bytes())
    for node in ast.walk(tree):
        if isinstance(node, ast.Module | ast.ClassDef | ast.FunctionDef) and ast.get_docstring(node) is not None:
            node.body = node.body[1:]
    return hashlib.sha256(ast.dump(tree).encode()).hexdigest()


def digest_of_all(paths: Iterable[Path]) -> str:
    """One digest of source files: that of their paths in this package and of each one's `digest_of`."""
    whole = hashlib.sha256()
    for path in paths:
        found = path.stat()
        whole.update(f"{path.relative_to(PACKAGE)} {_digest_at(path, found.st_mtime_ns, found.st_size)}\n".encode())
    return whole.hexdigest()


@cache
def _digest_at(path: Path, time: int, size: int) -> str | None:
    """As `digest_of`, remembered as long as the file keeps its time and size: a plan asks for each many times."""
    return digest_of(path)


def sources(names: Iterable[str]) -> dict[str, Path]:
    """Source files by their paths in this package."""
    return {name: PACKAGE / name for name in names}
