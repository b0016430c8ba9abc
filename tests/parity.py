"""Print how far the networks of SEAN, StarGAN v2, pSp and e4e are from the arrays of the official code.

    PYTHONPATH=. python tests/parity.py

It runs their tests and writes down what these compare: a row for each kind of array, its largest relative error (L2).
"""

import re
import sys
from pathlib import Path

import golden
import pytest
from torch import Tensor

KINDS = {"gradients": "grad", "alignment": "align", "images": "image|fake", "codes and features": ""}
FILES = ("sean", "starganv2", "psp")  # the last has e4e too


class Errors:
    """Every error by the system and the name of its array."""

    def __init__(self) -> None:
        self.names: dict[int, tuple[str, str]] = {}
        self.arrays: list[dict[str, Tensor]] = []  # keeps them, or their ids would be those of others
        self.found: dict[tuple[str, str], float] = {}
        self.vectors, self.relative = golden.vectors, golden.relative
        golden.vectors, golden.relative = self.named_vectors, self.noted_relative

    def named_vectors(self, system: str) -> dict[str, Tensor]:
        arrays = self.vectors(system)
        self.arrays.append(arrays)
        self.names |= {id(array): (system, name) for name, array in arrays.items()}
        return arrays

    def noted_relative(self, a: Tensor, b: Tensor) -> float:
        error = self.relative(a, b)
        if id(b) in self.names:
            self.found[self.names[id(b)]] = error
        return error

    def table(self) -> str:
        """In Markdown."""
        lines = ["| system | arrays | how many | largest error | of |", "| --- | --- | ---: | ---: | --- |"]
        groups: dict[tuple[str, str], dict[str, float]] = {}
        for (system, name), error in sorted(self.found.items()):
            kind = next(kind for kind, pattern in KINDS.items() if re.search(pattern, name))
            groups.setdefault((system, kind), {})[name] = error
        for (system, kind), errors in groups.items():
            worst = max(errors, key=errors.__getitem__)
            lines.append(f"| {system} | {kind} | {len(errors)} | {errors[worst]:.1e} | `{worst}` |")
        return "\n".join(lines)


if __name__ == "__main__":
    errors = Errors()  # before the tests import what it replaces
    failed = pytest.main(["-q", *(str(Path(__file__).parent / "nets" / f"test_{name}.py") for name in FILES)])
    print(errors.table())
    sys.exit(failed)
