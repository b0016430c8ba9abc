"""Pairs drawn by chance, by gaps of yaw, or by what makes them hard, as often each: seeded, no pair twice."""

from collections import Counter
from collections.abc import Mapping, Sequence
from typing import NamedTuple

import numpy as np
import pandas as pd

from stages.regions.labels import LabelScheme
from stages.regions.variety import candidates
from stages.strata.classes import FAR, WIDE_GAP, image_classes, ruled

VERSION = 1  # of all strategies; raised when one would choose other pairs of the same images
BINS = 3
MOST_USES = 3  # times as many pairs as the mean of all images


class Drawn(NamedTuple):
    """Pairs (identity, hair reference), and the highest gap of yaw in each bin, in degrees, but for the last."""

    pairs: list[tuple[str, str]]
    ends: tuple[float, ...]


def choose_at_random(
    maps: Mapping[str, np.ndarray], count: int, scheme: LabelScheme, seed: int
) -> list[tuple[str, str]]:
    """`count` pairs (identity, hair reference) by chance, all equally likely, none twice.

    Who may be in a pair, and the errors, are those of `stages.regions.variety.choose_pairs`.
    """
    identities, hairs = candidates(maps, count, scheme)
    possible = [(identity, hair) for identity in identities for hair in hairs if identity != hair]
    if not count:
        return []
    return [possible[int(k)] for k in np.random.default_rng(seed).choice(len(possible), count, replace=False)]


def choose_by_pose(
    maps: Mapping[str, np.ndarray], yaw: Mapping[str, float], count: int, scheme: LabelScheme, seed: int
) -> Drawn:
    """`count` pairs whose gaps of yaw fill three bins equally, none twice; every image is used about equally often.

    The bins are 0 to 15°, 15 to 30° and over 30°. They are the thirds of all possible pairs, by their gaps, where there
    are too few pairs for these, or where one face would be in far more pairs than others (`MOST_USES`): pairs of one
    person say little. Within a bin the pair comes next whose images were used least; the seed decides
    between equals.

    Args:
        maps: label map (H, W) uint8 of each image.
        yaw: degrees by image; who has none (nan or missing) is in no pair.
        count, scheme, seed: as in `stages.regions.variety.choose_pairs`, whose rules and errors hold.
    """
    known = {name: labels for name, labels in maps.items() if np.isfinite(yaw.get(name, np.nan))}
    identities, hairs = candidates(known, count, scheme)
    possible = [(identity, hair) for identity in identities for hair in hairs if identity != hair]
    gaps = np.array([abs(yaw[identity] - yaw[hair]) for identity, hair in possible]).round(6)  # 15.1 - 0.1 is 15
    quotas = [count // BINS + (k < count % BINS) for k in range(BINS)]
    fixed = np.searchsorted([WIDE_GAP, FAR], gaps)
    if all(np.count_nonzero(fixed == k) >= quota for k, quota in enumerate(quotas)):
        bins = [np.flatnonzero(fixed == k) for k in range(BINS)]
        chosen = _least_used(possible, bins, quotas, np.random.default_rng(seed))
        uses = Counter(name for k in chosen for name in possible[k])
        if max(uses.values(), default=0) <= MOST_USES * max(1.0, 2 * count / max(1, len(known))):
            return Drawn([possible[k] for k in chosen], (WIDE_GAP, FAR))
    thirds = np.array_split(np.argsort(gaps, kind="stable"), BINS)
    ends = tuple(float(gaps[members].max()) if len(members) else 0.0 for members in thirds[:-1])
    chosen = _least_used(possible, thirds, quotas, np.random.default_rng(seed))
    return Drawn([possible[k] for k in chosen], ends)


def choose_hard(
    maps: Mapping[str, np.ndarray], images: pd.DataFrame, count: int, scheme: LabelScheme, seed: int
) -> tuple[list[tuple[str, str]], dict[str, int]]:
    """`count` pairs that are hard, as many by each rule as there are, and how many of them each rule makes hard.

    The rules are a gap of yaw over 15° and `stages.strata.classes.RULES`. They choose in turn, the rarest first, each
    the pair whose images were used least; a rule that has no more pairs leaves the rest to the others. A pair may be
    hard by several rules.

    Args:
        maps: label map (H, W) uint8 of each image.
        images: as `stages.strata.files` reads them.
        count, scheme, seed: as in `stages.regions.variety.choose_pairs`, whose rules and errors hold.

    Raises:
        ValueError: fewer pairs are hard.
    """
    identities, hairs = candidates(maps, count, scheme)
    possible = [(identity, hair) for identity in identities for hair in hairs if identity != hair]
    names = list(images["image"])
    of_image = {kind: dict(zip(names, found, strict=True)) for kind, found in image_classes(images).items()}
    yaw = dict(zip(names, images["yaw"], strict=True))
    hard = {"yaw_gap": [abs(yaw[one] - yaw[other]) > WIDE_GAP for one, other in possible]}
    hard |= ruled(of_image, possible)
    bins = sorted((np.flatnonzero(found) for found in hard.values()), key=len, reverse=True)
    chosen = _least_used(possible, bins, [count] * len(bins), np.random.default_rng(seed))[:count]
    if len(chosen) < count:
        raise ValueError(f"of {len(possible)} pairs {len(chosen)} are hard by a rule, and {count} were asked for")
    return [possible[k] for k in chosen], {rule: sum(found[k] for k in chosen) for rule, found in hard.items()}


def _least_used(
    possible: Sequence[tuple[str, str]], bins: Sequence[np.ndarray], quotas: Sequence[int], random: np.random.Generator
) -> list[int]:
    """Indices of the pairs that are taken, from the bins in turn, beginning with the last, which is the rarest.

    Bins may share pairs; none is taken twice, and a bin that has no more is passed over.
    """
    names = sorted({name for pair in possible for name in pair})
    number = {name: k for k, name in enumerate(names)}
    members = np.array([[number[identity], number[hair]] for identity, hair in possible]).reshape(-1, 2)
    favour = random.random(len(possible))
    open_quotas, free = list(quotas), np.ones(len(possible), bool)
    used = np.zeros((2, len(names)))  # as identity, as hair reference
    chosen: list[int] = []
    while any(open_quotas):
        for k in reversed(range(len(bins))):
            pool = bins[k][free[bins[k]]]
            if not open_quotas[k] or not len(pool):
                open_quotas[k] = 0
                continue
            identity, hair = members[pool].T
            # Having been in the other role counts half: who has been in no pair yet comes first.
            cost = used[0][identity] + used[1][hair] + (used[1][identity] + used[0][hair]) / 2
            best = int(pool[np.lexsort((favour[pool], cost))[0]])
            free[best] = False
            open_quotas[k] -= 1
            used[0][members[best][0]] += 1
            used[1][members[best][1]] += 1
            chosen.append(best)
    return chosen
