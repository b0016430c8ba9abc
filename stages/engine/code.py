"""Which modules of this package a module depends on, and a digest of their code. Parses, imports nothing."""

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
def modules(module: str) -> tuple[str, ...]:
    """Names of `module` and of everything in this package that it imports, directly or not, sorted."""
    found, todo = set(), [module]
    while todo:
        name = todo.pop()
        path = _path(name)
        if name in found or path is None or not name.startswith("stages"):
            continue
        found.add(name)
        package = name if path.name == "__init__.py" else name.rpartition(".")[0]
        todo.extend(_imports(ast.parse(path.read_bytes()), package))
    return tuple(sorted(found))


def files(module: str) -> list[Path]:
    """Source files whose change may change what `module` computes."""
    return sorted({path for name in modules(module) if not _is_edge(name) and (path := _path(name))})


def _is_edge(module: str) -> bool:
    return module.split(".")[1:2] in [[room] for room in EDGE]


@cache
def code_digest(module: str) -> str:
    """sha256 over the syntax trees of `files(module)`; comments, docstrings and formatting do not count."""
    digest = hashlib.sha256()
    for path in files(module):
        tree = ast.parse(path.read_bytes())
        for node in ast.walk(tree):
            if isinstance(node, ast.Module | ast.ClassDef | ast.FunctionDef) and ast.get_docstring(node) is not None:
                node.body = node.body[1:]
        digest.update(f"{path.relative_to(PACKAGE)}\n{ast.dump(tree)}\n".encode())
    return digest.hexdigest()
