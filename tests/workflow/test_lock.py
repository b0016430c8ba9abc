"""requirements.lock against pyproject.toml: nothing is missing, and nothing is pinned that nobody needs."""

import re
import tomllib
from collections.abc import Iterator
from importlib.metadata import requires

import pytest
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name
from support import ROOT

PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
DIRECT = [Requirement(line) for line in [*PROJECT["dependencies"], *PROJECT["optional-dependencies"]["dev"]]]
LOCK = (ROOT / "requirements.lock").read_text()
# One entry a package: `name==version ; marker \\`, then a line for each hash.
ENTRIES = [entry.split() for entry in re.sub(r"^#.*\n", "", LOCK, flags=re.M).replace("\\\n", " ").splitlines()]
HASHES = [[word for word in entry if word.startswith("--hash=")] for entry in ENTRIES]
LINES = [
    Requirement(" ".join(word for word in entry if word not in hashes))
    for entry, hashes in zip(ENTRIES, HASHES, strict=True)
]
HERE = [line for line in LINES if line.marker is None or line.marker.evaluate()]
PINS = {canonicalize_name(line.name): str(line.specifier).removeprefix("==") for line in HERE}


def asked(requirement: Requirement) -> Iterator[tuple[str, str]]:
    """The package that a requirement names, alone and with each of its extras."""
    for extra in ("", *requirement.extras):
        yield canonicalize_name(requirement.name), extra


def needed() -> set[str]:
    """All that the project needs on this machine, as the installed packages say."""
    found, left = set(), [package for requirement in DIRECT for package in asked(requirement)]
    while left:
        name, extra = package = left.pop()
        if package in found:
            continue
        found.add(package)
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
    assert len(PINS) == len(HERE)


def test_every_pin_has_the_digests_of_its_archives_and_no_host():
    assert all(re.fullmatch(r"--hash=sha256:[0-9a-f]{64}", word) for hashes in HASHES for word in hashes)
    assert [line.name for line, hashes in zip(LINES, HASHES, strict=True) if not hashes] == []
    assert "://" not in LOCK


def test_what_the_dependencies_need_is_pinned_too():
    assert needed() <= PINS.keys()


def test_every_pin_is_needed():
    assert PINS.keys() <= needed()
