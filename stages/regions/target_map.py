"""Target label map of a pair: the regions taken from its references united, and the holes between them filled."""

from collections.abc import Callable, Sequence
from typing import NamedTuple

import numpy as np

from stages.errors import UserError
from stages.regions.islands import without_islands
from stages.regions.labels import LabelScheme
from stages.regions.layers import is_one_of, of_region

# A label map (H, W) uint8 with any value at the holes, the holes (H, W) bool, and the scheme; gives (H, W) uint8 whose
# values at holes are labels that hair may hide: behind the head, those that may spread, brows, ears. Its other pixels
# mean nothing.
HoleFill = Callable[[np.ndarray, np.ndarray, LabelScheme], np.ndarray]


class Target(NamedTuple):
    """Target map of a pair: three (H, W) arrays.

    `labels` uint8, the target label of every pixel. `owner` uint8, the index of the reference which the pixel's
    content is taken from. `holes` bool, the pixels that no reference claimed and that were filled.
    """

    labels: np.ndarray
    owner: np.ndarray
    holes: np.ndarray


def compose(
    maps: Sequence[np.ndarray],
    taken: Sequence[frozenset[int]],
    scheme: LabelScheme,
    fill: HoleFill,
    islands: float = 0.0,
) -> Target:
    """Compose the target map of one pair from the label maps of its K references.

    `maps`: K integer label maps (H, W) of `scheme`; `maps[0]` is the identity. `taken[k]`: the label indices taken
    from reference k; `taken[0]` is what is left to the identity. `fill`: labels at the holes, see `HoleFill`.
    `islands`: share of the map below which a part of what was filled goes to what lies beside it; 0: none.

    1. Reference k claims the pixels whose own label is in `taken[k]`.
    2. Where several references claim a pixel, the larger label index wins (paper, section 3).
    3. A pixel that nobody claims is a hole, and `fill` gives it a label that hair may hide: never hair, never eyes,
       nose or mouth. Claimed pixels keep their labels.
    4. A pixel's owner follows from its final label: the reference whose `taken` holds it. So a hole filled with
       skin belongs to whoever owns skin.

    Raises ValueError if the maps are none, not integer, not of one shape (H, W), empty or hold labels that the
    scheme does not have; if the sets are not one a map, not disjoint or do not cover the scheme. Raises UserError if
    the fill does not give what `HoleFill` says.
    """
    _check(maps, taken, scheme)
    # Label + 1, and 0 for "not claimed": the maximum then unites the references and settles their quarrels.
    claims = np.zeros(maps[0].shape, np.uint8)
    owners = np.zeros(len(scheme), np.uint8)
    for k, (label_map, wanted) in enumerate(zip(maps, taken, strict=True)):
        claim_of = np.zeros(len(scheme), np.uint8)
        for label in wanted:
            claim_of[label] = label + 1
            owners[label] = k
        np.maximum(claims, claim_of[label_map], out=claims)
    holes = claims == 0
    labels = np.where(holes, np.uint8(scheme["background"]), claims - np.uint8(1))
    if holes.any() and not holes.all():
        labels = np.where(holes, _checked_fill(fill(labels, holes, scheme), holes, scheme), labels)
        if islands > 0:
            labels = without_islands(labels, holes, scheme.behind_indices + scheme.spread_indices, islands)
    return Target(labels, owners[labels], holes)


def fit_face(
    maps: Sequence[np.ndarray], taken: Sequence[frozenset[int]], scheme: LabelScheme
) -> list[np.ndarray]:  # fmt: skip
    """Label maps in which the face of another image has the outline of the identity's; arguments as of `compose`.

    Skin that is taken from another image does not reach into the identity's background, and it is wherever the
    identity's face is and that image shows nothing that is taken from it. So cheeks end at the ears and hair that
    stay. This is ours: the paper swaps no faces.
    """
    identity, *others = maps
    background = identity == scheme["background"]
    face = is_one_of(identity, of_region(scheme, "face"))
    fitted = [identity]
    for own, wanted in zip(others, taken[1:], strict=True):
        skins = [skin for skin in scheme.spread_indices if skin in wanted]
        if skins and scheme["background"] in taken[0]:
            own = np.where(background & is_one_of(own, skins), scheme["background"], own)
        if skins:
            own = np.where(face & ~is_one_of(own, list(wanted)), skins[0], own)
        fitted.append(own.astype(np.uint8))
    return fitted


def _checked_fill(filled: object, holes: np.ndarray, scheme: LabelScheme) -> np.ndarray:
    """What a fill gave, if it is a label map of the holes' shape and has labels at them that may be there."""
    if not isinstance(filled, np.ndarray) or filled.shape != holes.shape or filled.dtype != np.uint8:
        given = f"{filled.dtype} {filled.shape}" if isinstance(filled, np.ndarray) else type(filled).__name__
        raise UserError(f"the fill of target.fill gives {given}; it must give a label map, uint8 {holes.shape}")
    allowed = scheme.hidden_indices
    wrong = [label for label in np.unique(filled[holes]).tolist() if label not in allowed]
    if wrong:
        names = [scheme.labels[label] if label < len(scheme) else str(label) for label in wrong]
        may = ", ".join(scheme.labels[label] for label in allowed)
        raise UserError(f"the fill of target.fill puts {', '.join(names)} into holes; allowed are {may}")
    return filled


def _check(maps: Sequence[np.ndarray], taken: Sequence[frozenset[int]], scheme: LabelScheme) -> None:
    if not maps or len(maps) != len(taken):
        raise ValueError(f"{len(maps)} label maps and {len(taken)} sets of taken labels: one set a map is needed")
    for k, label_map in enumerate(maps):
        if label_map.ndim != 2 or not label_map.size or label_map.shape != maps[0].shape:
            raise ValueError(f"map {k} has shape {label_map.shape}, map 0 {maps[0].shape}; one shape (H, W) is needed")
        if not np.issubdtype(label_map.dtype, np.integer):
            raise ValueError(f"map {k} is {label_map.dtype}, not an integer label map")
        if label_map.min() < 0 or label_map.max() >= len(scheme):
            raise ValueError(f"map {k} has labels outside 0..{len(scheme) - 1}, the labels of {scheme.name}")
    if sorted(label for wanted in taken for label in wanted) != list(range(len(scheme))):
        raise ValueError(f"the sets of taken labels must hold each of the {len(scheme)} labels of {scheme.name} once")
