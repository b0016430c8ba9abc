"""The embedded weights in bfloat16, to carry them to a machine with a GPU: half as large, in parts of two files.

    python -m benchmarks.gpu_weights pack FOLDER      # of data/weights
    python -m benchmarks.gpu_weights unpack FOLDER    # to data/weights, in float32 again

They are rounded by this, on the GPU and on the CPU that it is compared with alike.
"""

from collections.abc import Callable
from pathlib import Path
from typing import Literal

import torch
import typer
from safetensors.torch import load_file, save_file
from torch import Tensor

from stages.formats.files import write_atomic
from stages.formats.weight_files import DIGEST, read_metadata, weights_bytes

WEIGHTS = Path("data", "weights")
# What travels at once has at most 64 MiB.
PARTS = {"1": ("mobilestylegan", "bisenet19"), "2": ("stlpips_vgg", "stlpips_alex")}


def changed(path: Path, change: Callable[[Tensor], Tensor]) -> dict[str, Tensor]:
    """The tensors of a file, those of floats changed."""
    return {k: change(t) if t.is_floating_point() else t for k, t in load_file(path).items()}


def main(what: Literal["pack", "unpack"], folder: Path) -> None:
    """Write the weights to FOLDER/1 and FOLDER/2, or bring what is there back."""
    for part, names in PARTS.items():
        for name in names:
            packed, unpacked = folder / part / f"{name}.safetensors", WEIGHTS / f"{name}.safetensors"
            if what == "pack":
                packed.parent.mkdir(parents=True, exist_ok=True)
                save_file(changed(unpacked, Tensor.bfloat16), packed, read_metadata(unpacked))
            elif packed.exists():
                origin = {key: text for key, text in read_metadata(packed).items() if key != DIGEST}
                content = weights_bytes(changed(packed, Tensor.float), origin | {"rounded": str(torch.bfloat16)})
                WEIGHTS.mkdir(parents=True, exist_ok=True)
                write_atomic(unpacked, content)
                print(f"{unpacked}: in float32 again, rounded to bfloat16")


if __name__ == "__main__":
    typer.run(main)
