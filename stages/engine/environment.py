"""Where an item is computed: what of the machine and its libraries decides the digits of its result."""

import platform
from functools import cache
from importlib.metadata import version

from stages.engine.code import imported

# Distribution of every library that computes, by the name that it is imported by.
LIBRARIES = {
    "PIL": "pillow", "cv2": "opencv-python-headless", "dlib": "dlib-bin", "lpips": "lpips", "numpy": "numpy",
    "scipy": "scipy", "skimage": "scikit-image", "torch": "torch", "torchvision": "torchvision",
}  # fmt: skip


@cache
def versions() -> dict[str, str]:
    """The versions of all libraries that compute, as installed, by the names that they are imported by."""
    return {name: version(distribution) for name, distribution in LIBRARIES.items()}


def environment(*modules: str) -> dict[str, object]:
    """What decides digits beside code, parameters and inputs, as far as these modules use it.

    The kind of processor; versions of the libraries that compute; and for PyTorch the kind of device, the instructions
    that the CPU's kernels are chosen by, and the number of threads, which decides the order of sums.
    """
    used = imported(*modules)
    found: dict[str, object] = {name: version(LIBRARIES[name]) for name in sorted(LIBRARIES) if name in used}
    if "torch" not in used:
        return {"device": f"cpu {platform.machine()}"} | found
    import torch

    if torch.cuda.is_available():
        major, minor = torch.cuda.get_device_capability()
        tf32 = torch.backends.cudnn.allow_tf32
        return {"device": f"cuda {major}.{minor}", "cuda": torch.version.cuda, "tf32": tf32} | found
    kernels = torch.backends.cpu.get_cpu_capability()
    return {"device": f"cpu {platform.machine()} {kernels}", "threads": torch.get_num_threads()} | found
