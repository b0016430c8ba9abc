"""Which results of a method are failures, and by which rule: means over whatever a method has would hide them.

All rules look at images at a small size (`stages.scoring.expectations`). The limits were set by measurements on 104
real results: 96 of copy-paste, Poisson and the matte for pairs of 20 faces (14 drawn, 6 photos), and 8 of Barbershop
and Baseline. Each was also saved as JPEG 50, blurred, shrunk to 256 px, recoloured, noised, turned by 2 degrees, zoomed
by 3 %, and moved by 12 and 24 of 1024 px. What is so is poor and no failure. `benchmarks/failures.py` repeats this on a
run.
"""

from collections.abc import Mapping, Sequence
from typing import NamedTuple

import numpy as np

from stages.regions.pair import Pair
from stages.scoring.expectations import FLAT, Expected, Seen, is_flat
from stages.scoring.misfits import difference, misfit, misfits, own_misfits

# Root mean square difference of one image saved twice. At JPEG 75 and 256 px it is 1.0/255 at most, at JPEG 30 1.3/255;
# the result nearest to its identity was at 8.3/255 (Poisson).
SAME = 2.5 / 255
# Share of the misfit that another explanation leaves at most if it is much better. Results that were mirrored on
# purpose left 0.58 at most. Of the poor ones, moved by 24 px, the mirror image left 0.85 at least, and the best of
# 420 other pairs 0.69; but none of these pairs fitted, their misfits were 0.53 and more.
MUCH = 0.7
FITS = 0.5  # misfit of an explanation at most; of proper results it was 0.42 at most
SHOWN = 0.25  # share of the pixels that a pair must show before it explains another pair's result
ROUNDING = 1e-3  # of misfits in single precision, by far
CLOSEST = 10  # other pairs, of those that fit best, that are looked at one by one

MISSING, UNREADABLE, CONSTANT, UNCHANGED, COPIED, MIRRORED, MIXED_UP, BLANK = (
    "missing", "unreadable", "constant", "unchanged", "copied", "mirrored", "mixed-up", "blank-faced",
)  # fmt: skip
RULES = (MISSING, UNREADABLE, CONSTANT, BLANK, UNCHANGED, COPIED, MIRRORED, MIXED_UP)


class Failure(NamedTuple):
    """Why a result is a failure: the rule's name, and what was found."""

    rule: str
    found: str

    @property
    def note(self) -> str:
        """The failure in one line, as in the table."""
        return f"{self.rule}: {self.found}"


def is_constant(small: np.ndarray) -> Failure | None:
    """The failure of an image (h, w, 3) in [0, 1] that has one colour, black for instance."""
    if not is_flat(small):
        return None
    colour = [round(255 * float(channel)) for channel in small.mean((0, 1))]
    return Failure(CONSTANT, "it is black" if max(colour) <= 255 * FLAT else f"it has one colour, RGB {colour}")


def judge(
    pairs: Sequence[Pair],
    results: Mapping[int, Seen],
    expected: Mapping[int, Expected],
    images: Mapping[str, Seen],
) -> dict[int, Failure]:
    """The failures among the results of one method, by the number of the pair.

    Args:
        pairs: all pairs.
        results: results by the number of their pair.
        expected: what is expected, for at least the pairs that have a result.
        images: all images of these pairs, by name.
    """
    found: dict[int, Failure] = {}
    small = {name: image.small for name, image in images.items()}
    for k, result in results.items():
        failure = is_constant(result.small) or _is_source(pairs[k], result.small, expected[k], small)
        if failure is None and images[expected[k].giver].has_face and not result.has_face:
            failure = Failure(BLANK, f"dlib finds no face in it, but one in {expected[k].giver}")
        if failure is not None:
            found[k] = failure
    rest = [k for k in results if k not in found]
    if not rest:
        return found
    own = _own([results[k].small for k in rest], rest, expected)
    found |= _doubles(pairs, {k: results[k].digest for k in rest}, own)
    found |= _mixed_up(pairs, {k: results[k].small for k in rest if k not in found}, expected, small, own)
    rest = [k for k in rest if k not in found]
    for k, mirrored in _own([results[k].small[:, ::-1] for k in rest], rest, expected).items():
        if mirrored < min(FITS, MUCH * own[k]):
            found[k] = Failure(MIRRORED, f"its mirror image fits the pair better ({mirrored:.3f} against {own[k]:.3f})")
    return found


def _own(images: Sequence[np.ndarray], numbers: Sequence[int], expected: Mapping[int, Expected]) -> dict[int, float]:
    """The misfit of images with what is expected of the pairs of some numbers, by number."""
    found = own_misfits(images, [expected[k] for k in numbers])
    return dict(zip(numbers, found.tolist(), strict=True))


def _asked(image: np.ndarray, expected: Expected) -> float:
    """How far an image is from what is expected, root mean square over all pixels: 0 where no source shows them purely.

    At the borders of regions a small pixel mixes what lies on both sides, in every image in its own way.
    """
    return float(np.sqrt((np.square(image - expected.pixels).mean(-1) * expected.pure).mean()))


def _is_source(pair: Pair, small: np.ndarray, expected: Expected, images: Mapping[str, np.ndarray]) -> Failure | None:
    """The failure of a result that is one of the pair's images.

    It must lie less far from the image than half of the change that the pair asks of that image. So it is nearer to the
    image than to what is expected, and a faithful result for a pair that changes next to nothing is none.
    """
    for k, name in enumerate(pair.images):
        all_unseen = k == 0 and expected.unseen
        limit = SAME if all_unseen else min(SAME, _asked(images[name], expected) / 2)
        distance = difference(small, images[name])
        if distance < limit:
            what = "the identity's own image" if k == 0 else "the image of a reference"
            return Failure(COPIED if k else UNCHANGED, f"it is {what}, {name} (difference {distance:.4f})")
    return None


def _doubles(pairs: Sequence[Pair], digests: Mapping[int, bytes], own: Mapping[int, float]) -> dict[int, Failure]:
    """The failures among equal results of pairs that ask for different things: all but the one that fits best."""
    equal: dict[bytes, list[int]] = {}
    for k in sorted(digests, key=lambda k: (np.nan_to_num(own[k], nan=np.inf), k)):
        equal.setdefault(digests[k], []).append(k)
    found = {}
    for best, *others in equal.values():
        for k in others:
            if pairs[k][1:] != pairs[best][1:]:
                found[k] = Failure(MIXED_UP, f"it is the result of {pairs[best].pair}, pixel by pixel")
    return found


def _mixed_up(
    pairs: Sequence[Pair],
    results: Mapping[int, np.ndarray],
    expected: Mapping[int, Expected],
    images: Mapping[str, np.ndarray],
    own: Mapping[int, float],
) -> dict[int, Failure]:
    """The failures of results that another pair explains much better than their own pair, and than their own identity.

    The identity counts because a weak method may leave it as it is, and some other pair asks for nearly that.
    """
    witnesses = [k for k, each in expected.items() if each.shown >= SHOWN]
    if not results or not witnesses:
        return {}
    found = {}
    # Single precision says which pairs to look at: 3,000 results against 3,000 pairs take half of the time.
    matrix = misfits(np.stack(list(results.values())), [expected[k] for k in witnesses], np.float32)
    for (k, small), row in zip(results.items(), matrix, strict=True):
        limit = min(FITS, MUCH * own[k])
        places = np.flatnonzero(row < limit + ROUNDING)
        near = [witnesses[place] for place in places[np.argsort(row[places], kind="stable")[:CLOSEST]]]
        errors = _own([small] * len(near), near, expected)
        for other in sorted((each for each in near if each != k and errors[each] < limit), key=lambda n: errors[n]):
            if errors[other] < MUCH * misfit(small, expected[other], images[pairs[k].identity]):
                what = f"what {pairs[other].pair} asks for fits it better ({errors[other]:.3f} against {own[k]:.3f})"
                found[k] = Failure(MIXED_UP, what)
                break
    return found
