"""What of the hair a pair takes: shape and colour, either alone, or each from another image."""

from collections.abc import Sequence

import numpy as np

from stages.params.faces_to_targets import Take
from stages.regions.pair import Pair


def taking(pairs: Sequence[Pair], take: Take, donors: Sequence[str], seed: int) -> list[Pair]:
    """Pairs (identity, hair), changed to what is taken of the hair.

    Args:
        pairs: each takes hair, shape and colour, from one image.
        take: `both`: as they are. `full`: the colour is that of a third image. `colour`: the shape stays the
            identity's. `shape`: the colour stays the identity's.
        donors: the images that may give hair.
        seed: of the third images, which are drawn from the donors.

    Raises:
        ValueError: some pair has no third image.
    """
    rng = np.random.default_rng(seed)
    changed = []
    for pair in pairs:
        hair = pair.regions["hair"]
        if take == "colour":
            changed.append(Pair(pair.pair, pair.identity, {}, {"hair": hair}))
        elif take == "shape":
            changed.append(Pair(pair.pair, pair.identity, {"hair": hair}, {"hair": pair.identity}))
        elif take == "full":
            others = [name for name in sorted(donors) if name not in (pair.identity, hair)]
            if not others:
                raise ValueError(f"{pair.pair} has no third image that gives a colour")
            changed.append(Pair(pair.pair, pair.identity, {"hair": hair}, {"hair": others[rng.integers(len(others))]}))
        else:
            changed.append(pair)
    return changed
