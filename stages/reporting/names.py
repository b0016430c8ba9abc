"""What things are called in the report, and the colour and marker that a method has in every figure."""

from collections.abc import Iterable
from urllib.parse import quote

METHOD_NAMES = {
    "barbershop": "Barbershop", "baseline": "Baseline", "copy_paste": "Copy-paste", "poisson": "Poisson",
    "w_aligned": "W+, aligned", "fs_unaligned": "FS, not aligned", "i2s": "I2S", "w_single": "Single W", "loho": "LOHO",
    "sean": "SEAN", "starganv2": "StarGAN v2", "psp": "pSp", "restored": "Restored",
}  # fmt: skip
CODES = {"w": "W+", "fs": "FS", "fs_faces": "FS along faces", "i2s": "I2S", "w_single": "single W", "psp": "pSp"}
GALLERY = "gallery.html"  # beside the report
ARROWS = {"higher": "↑", "lower": "↓"}
# Okabe and Ito's colours, which the colour-blind can tell apart, then three more.
COLOURS = [
    "#0072B2", "#D55E00", "#009E73", "#CC79A7", "#E69F00", "#56B4E9", "#000000", "#8C564B", "#7F7F7F", "#9A8F00",
]  # fmt: skip
MARKERS = "osD^vPX<>*"


def method_name(method: str) -> str:
    """How a method of params.yaml is called in the report."""
    return METHOD_NAMES.get(method, method)


def code_name(folder: str) -> str:
    """What a folder of reconstructions is called: its kind of code, or the method that made it elsewhere."""
    return CODES.get(folder) or method_name(folder.removeprefix("external-"))


def pair_link(pair: str) -> str:
    """A pair as a link to its place in the gallery, in Markdown."""
    return f"[{pair}]({GALLERY}#pair={quote(pair)})"


def styles(methods: Iterable[str]) -> dict[str, tuple[str, str]]:
    """Colour and marker of every method, by its place in params.yaml; beyond ten they repeat."""
    return {
        method: (COLOURS[k % len(COLOURS)], MARKERS[k % len(MARKERS)])
        for k, method in enumerate(dict.fromkeys(methods))
    }
