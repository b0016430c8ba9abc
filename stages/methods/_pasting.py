"""What the methods share that put pixels of the references on the identity."""

from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING

from stages.methods import Job, Work

if TYPE_CHECKING:
    import numpy as np

# Puts what a mask, bool (h, w), selects of a reference on an image, both uint8 (H, W, 3).
Paste = Callable[["np.ndarray", "np.ndarray", "np.ndarray"], "np.ndarray"]


def pasting(job: Job, paste: Paste, how: str) -> Work:
    """Paste what is taken from each reference, and match the colours of what gets another image's look.

    `how` names the way of pasting in the fingerprint.
    """
    import numpy as np
    from PIL import Image

    from stages.engine.items import Item, Result, items_of_pairs
    from stages.errors import ItemError
    from stages.formats.images import png_bytes, read_rgb
    from stages.formats.label_maps import read_label_map
    from stages.regions.pair import shown
    from stages.regions.pasting import recolour

    def pasted(item: Item) -> np.ndarray:
        pair, target = job.pairs[item.name], read_label_map(item.inputs["target"], job.scheme)
        maps = [read_label_map(item.inputs[f"map{k}"], job.scheme) for k in range(len(pair.images))]
        photos = [read_rgb(item.inputs[f"face{k}"]) for k in range(len(pair.images))]
        composite = photos[0]
        for k, labels in list(enumerate(pair.taken(job.scheme)))[1:]:
            composite = paste(composite, photos[k], shown(target, maps[k], labels))
        for k, labels in pair.painted(job.scheme).items():
            where, own = (np.isin(labelled, list(labels)) for labelled in (target, maps[k]))
            composite = recolour(composite, where, photos[k], own)
        return composite

    def compute(batch: Sequence[Item]) -> list[Result | ItemError]:
        return [Result({"image": png_bytes(Image.fromarray(pasted(item)))}, {}) for item in batch]

    items = items_of_pairs(job.pairs.values(), job.folders.faces, job.folders.maps, job.folders.targets, job.out)
    return Work(items, compute, {"paste": how})
