"""A study is built: pictures are copied under random names, comparisons and checks are drawn."""

import secrets
import shutil
import tempfile
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import NamedTuple

import numpy as np

from stages.errors import ItemError, UserError
from stages.formats.files import is_failed, sha256_file
from stages.regions.pair import Pair
from stages.statistics.votes import IDENTICAL, LeftOut
from stages.voting.pictures import copied, damaged, put
from stages.voting.plan import two_of
from stages.voting.study_file import (
    PICTURES,
    Check,
    CheckKind,
    Comparison,
    Composite,
    Source,
    Study,
    VotedPair,
    write_study,
)
from stages.voting.words import Words, captions, check_question


class Wanted(NamedTuple):
    """How a study is to be.

    `methods`: two or more. `against`: the one that the others are compared with; None: every two are compared. `draw`:
    so many of the pairs, by chance; None: all. `share`: comparisons of a person. `practice`, `attention`, `identical`:
    trials of these kinds. `size`: px of pictures at most. `seed`: of all that is drawn but the pictures' names; None:
    by chance.
    """

    methods: list[str]
    against: str | None
    draw: int | None
    share: int
    practice: int
    attention: int
    identical: int
    allowed_wrong: int
    size: int
    seed: int | None
    words: Words


def check_wanted(wanted: Wanted, known: Sequence[str]) -> None:
    """Raises UserError if methods are unknown, named twice or fewer than two, or the rule asks for nothing."""
    for method in wanted.methods:
        if method not in known:
            raise UserError(f"--method {method}: the run has no such method; it has {', '.join(known)}")
        if wanted.methods.count(method) > 1:
            raise UserError(f"--method {method}: is named twice; once is enough")
    if len(wanted.methods) < 2:
        raise UserError("a study compares two methods or more; name them by --method, once for each")
    if wanted.against is not None and wanted.against not in wanted.methods:
        raise UserError(f"--against {wanted.against}: is none of the methods {', '.join(wanted.methods)}")
    if wanted.attention and wanted.allowed_wrong >= wanted.attention:
        raise UserError(
            f"--allowed-wrong {wanted.allowed_wrong}: must be less than the {wanted.attention} attention trials, or "
            "nobody can be left out"
        )


def build(
    folder: Path,
    wanted: Wanted,
    pairs: Sequence[Pair],
    faces: Callable[[str], Path],
    composites: Callable[[str, str], Path],
    failures: Mapping[tuple[str, str], str],
    step: Callable[[str], object],
) -> Study:
    """Build a study in a new folder.

    Args:
        folder: it must not be there, or be empty.
        wanted: how it is to be.
        pairs: all that may be drawn.
        faces: the file of an image.
        composites: the file of a method's composite of a pair.
        failures: why the composite of a method and pair is a failure. It is not shown; the study names it.
        step: is told the name of each pair when its pictures are copied.

    Raises:
        UserError: the folder is not empty, or no comparison is left.
        ItemError: a photo cannot be read.
    """
    with _new(folder) as making:
        seed = secrets.randbits(63) if wanted.seed is None else wanted.seed
        random = np.random.default_rng(seed)
        order = random.permutation(len(pairs))[: wanted.draw].tolist() if wanted.draw else range(len(pairs))
        drawn = [pairs[k] for k in sorted(order)]
        check_question(wanted.words, drawn)
        pictures = making / PICTURES
        pictures.mkdir()
        copies: dict[str, str] = {}
        voted: list[VotedPair] = []
        left_out: list[LeftOut] = []
        for pair in drawn:
            found, failed = _results(wanted, pair.pair, composites, failures, pictures)
            left_out += failed
            for image, _ in captions(pair):
                if image not in copies:
                    copies[image] = put(copied(faces(image), wanted.size), pictures)
            sources = [Source(picture=copies[image], says=says) for image, says in captions(pair)]
            voted.append(VotedPair(pair=pair.pair, sources=sources, composites=found))
            step(pair.pair)
        comparisons = [
            Comparison(pair=k, methods=two)
            for k, pair in enumerate(voted)
            for two in two_of(wanted.methods, wanted.against)
            if set(two) <= pair.composites.keys()
        ]
        if not comparisons:
            raise UserError("on no pair have two of the methods a result; the run's report names the failures")
        study = Study(
            format=1,
            made=datetime.now(UTC).isoformat(timespec="seconds"),
            seed=seed,
            token=secrets.token_urlsafe(12),
            words=wanted.words,
            size=wanted.size,
            share=wanted.share,
            allowed_wrong=wanted.allowed_wrong,
            methods=wanted.methods,
            pairs=voted,
            comparisons=comparisons,
            checks=_checks(wanted, voted, comparisons, random, making, composites),
            left_out=left_out,
        )
        write_study(making, study)
    return study


def _results(
    wanted: Wanted,
    pair: str,
    composites: Callable[[str, str], Path],
    failures: Mapping[tuple[str, str], str],
    pictures: Path,
) -> tuple[dict[str, Composite], list[LeftOut]]:
    """What is shown of a pair, by method; and the results that nobody can be shown, with the reason."""
    found: dict[str, Composite] = {}
    left_out: list[LeftOut] = []
    for method in wanted.methods:
        path = composites(method, pair)
        why = failures.get((method, pair)) or ("" if path.is_file() else "its file is not there")
        why = why or ("it could not be computed" if is_failed(path) else "")
        try:
            if not why:
                found[method] = Composite(picture=put(copied(path, wanted.size), pictures), sha256=sha256_file(path))
        except ItemError as error:
            why = str(error)
        if why:
            left_out.append(LeftOut(pair=pair, method=method, why=why))
    return found, left_out


@contextmanager
def _new(folder: Path) -> Iterator[Path]:
    """A folder that gets its name when all of it is written, or is removed: half a study would look like one.

    Its owner alone may read it, because it holds the key.
    """
    if folder.exists() and (not folder.is_dir() or any(folder.iterdir())):
        raise UserError(f"{folder}: is not empty; a study needs a folder of its own; name another one by --out")
    folder.parent.mkdir(parents=True, exist_ok=True)
    making = Path(tempfile.mkdtemp(dir=folder.parent, prefix=f".{folder.name}."))
    try:
        yield making
        making.rename(folder)
    except BaseException:
        shutil.rmtree(making)
        raise


def _checks(
    wanted: Wanted, voted: Sequence[VotedPair], comparisons: Sequence[Comparison], random: np.random.Generator,
    folder: Path, composites: Callable[[str, str], Path],
) -> list[Check]:  # fmt: skip
    """Trials that compare no methods, each of another composite as long as there are some."""
    shown = [(k, method) for k in sorted({c.pair for c in comparisons}) for method in sorted(voted[k].composites)]
    order = random.permutation(len(shown)).tolist()
    kinds: list[CheckKind] = ["practice"] * wanted.practice
    kinds += ["attention"] * wanted.attention
    kinds += ["identical"] * wanted.identical
    found = []
    for number, kind in enumerate(kinds):
        k, method = shown[order[number % len(order)]]
        whole = copied(composites(method, voted[k].pair), wanted.size)
        other = whole if kind == IDENTICAL else damaged(whole, random)
        picture = put(whole, folder / PICTURES)
        found.append(Check(kind=kind, pair=k, method=method, picture=picture, other=put(other, folder / PICTURES)))
    return found
