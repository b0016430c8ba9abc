"""requirements.lock against pyproject.toml: nothing is missing, and nothing is pinned that nobody needs."""

import tomllib
from collections.abc import Iterator
from importlib.metadata import requires

import pytest
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name
from support import ROOT

PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
DIRECT = [Requirement(line) for line in [*PROJECT["dependencies"], *PROJECT["optional-dependencies"]["dev"]]]
LINES = [line for line in (ROOT / "requirements.lock").read_text().splitlines() if line and not line.startswith("#")]
PINS = {canonicalize_name(name): version for name, version in (line.split("==") for line in LINES)}


def asked(requirement: Requirement) -> Iterator[tuple[str, str]]:
    """The package that a requirement names, alone and with each of its extras."""
    for extra in ("", *requirement.extras):
        yield canonicalize_name(requirement.name), extra


def needed(closed: frozenset[str] = frozenset()) -> set[str]:
    """All that the project needs on this machine, as the installed packages say; not what `closed` ones need."""
    found, left = set(), [package for requirement in DIRECT for package in asked(requirement)]
    while left:
        name, extra = package = left.pop()
        if package in found:
            continue
        found.add(package)
        if name not in closed:
            for requirement in map(Requirement, requires(name) or []):
                if requirement.marker is None or requirement.marker.evaluate({"extra": extra}):
                    left += asked(requirement)
    return {name for name, _ in found}


@pytest.mark.parametrize("requirement", DIRECT, ids=lambda requirement: requirement.name)
def test_every_dependency_is_pinned_to_a_version_that_is_allowed(requirement):
    name = canonicalize_name(requirement.name)
    assert name in PINS, f"{requirement.name} is in pyproject.toml and not in requirements.lock"
    assert requirement.specifier.contains(PINS[name], prereleases=True)


def test_no_package_is_pinned_twice():
    assert len(PINS) == len(LINES)


def test_what_the_dependencies_need_is_pinned_too():
    """But for what torch brings: its CUDA libraries differ from one kind of machine to another."""
    assert needed(closed=frozenset({"torch"})) <= PINS.keys()


def test_every_pin_is_needed():
    assert PINS.keys() <= needed()
