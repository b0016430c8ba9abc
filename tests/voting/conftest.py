"""A study of a small run."""

from pathlib import Path

import pytest
from small_study import METHODS, PAIRS, make_run

from stages.regions.pair import Pair
from stages.voting.building import Wanted, build
from stages.voting.study_file import Opened, open_study
from stages.voting.words import DEFAULT


@pytest.fixture(scope="session")
def run_folder(tmp_path_factory) -> Path:
    """A finished run of three pairs and three methods."""
    return make_run(tmp_path_factory.mktemp("run"))


@pytest.fixture(scope="session")
def make_study(run_folder):
    """Build a study of the small run in a folder; what it is like may be changed."""

    def make(folder: Path, **changes) -> Opened:
        wanted = Wanted(
            methods=METHODS, against=None, draw=None, share=30, practice=1, attention=3, identical=1, allowed_wrong=1,
            size=64, seed=20261129, words=DEFAULT,
        )._replace(**changes)  # fmt: skip
        data = run_folder / "data"
        build(
            folder,
            wanted,
            [Pair(pair, identity, {"hair": hair}) for pair, (identity, hair) in PAIRS.items()],
            lambda image: data / "faces" / f"{image}.png",
            lambda method, pair: data / "composites" / method / f"{pair}.png",
            {},
            lambda _: None,
        )
        return open_study(folder)

    return make


@pytest.fixture
def opened(make_study, tmp_path) -> Opened:
    """A study of nine comparisons."""
    return make_study(tmp_path / "study")
