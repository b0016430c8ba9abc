"""Parts of feature maps: what a generator must compute of each layer, so that one part of its image is right.

Convolutions see zeros beyond the border of their input. At the frame that is how the whole map is computed too; at any
other border of a part it makes the outermost pixels wrong. So each layer works on a part that is larger by its reach,
cut at the frame, and the wrong pixels are left out behind it.
"""

from typing import NamedTuple

from torch import Tensor


class Window(NamedTuple):
    """Rows from `top` up to `bottom` and columns from `left` up to `right` of a map, both ends as of a slice."""

    top: int
    left: int
    bottom: int
    right: int

    def of(self, x: Tensor, rows: int = 2) -> Tensor:
        """This part of a map; its rows are dimension `rows`, its columns the next."""
        return x.narrow(rows, self.top, self.bottom - self.top).narrow(rows + 1, self.left, self.right - self.left)

    def within(self, outer: "Window") -> "Window":
        """The same part, counted from the corner of another that holds it."""
        return Window(self.top - outer.top, self.left - outer.left, self.bottom - outer.top, self.right - outer.left)

    def grown(self, by: int, size: int) -> "Window":
        """Larger by some pixels on every side, cut at the frame of a map of size × size."""
        return Window(
            max(0, self.top - by), max(0, self.left - by), min(size, self.bottom + by), min(size, self.right + by)
        )

    def times(self, factor: int) -> "Window":
        """The same place on a map that is larger by a factor."""
        return Window(*(factor * edge for edge in self))

    def halved(self) -> "Window":
        """The least part of a map of half the size that holds this place."""
        return Window(self.top // 2, self.left // 2, -(-self.bottom // 2), -(-self.right // 2))


def needed(window: Window, cells: int, layers: int, reach: int) -> list[Window]:
    """What layers that each double the size must be given, for one part of the last one's output.

    Args:
        window: that part, in cells of the first layer's input.
        cells: rows and columns of that input.
        layers: how many there are.
        reach: pixels of its output by which a layer looks beyond a pixel's own place.

    Returns:
        A window on the input of each layer, and on the output of the last.

    Raises:
        ValueError: the window is empty or leaves the input.
    """
    if not (0 <= window.top < window.bottom <= cells and 0 <= window.left < window.right <= cells):
        raise ValueError(f"no part of {cells}×{cells} cells: rows and columns {tuple(window)}")
    windows = [window.times(2**layers)]
    for layer in reversed(range(layers)):
        windows.insert(0, windows[0].grown(reach, cells * 2 ** (layer + 1)).halved())
    return windows
