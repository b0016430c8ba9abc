"""What measures: the networks that judge, and how two images are compared with them."""

import math
from collections.abc import Callable
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
import torch
from torch import Tensor

from stages.formats.tensors import from_rgb
from stages.metrics import fid
from stages.metrics.features import first_activations, vgg_distance
from stages.metrics.image import psnr, resize, rmse, ssim
from stages.nets.dlib_faces import detect_faces, find_landmarks, identity, load_identity, load_landmarks, main_face
from stages.nets.loading import load_parser, load_perceptual
from stages.nets.protocols import Parser, Perceptual

SMALLEST_LENGTH = 1e-10  # of a pixel's features, which may all be 0
IDENTITY = "identity distance dlib-ResNet-v1@150"


class Look(NamedTuple):
    """What is computed of an image once, however often it is compared: of a batch of one."""

    pixels: np.ndarray  # uint8 (H, W, 3)
    small: np.ndarray  # float64 (size, size, 3) in [0, 1]
    tensor: Tensor  # the same, (1, 3, size, size) in [-1, 1]
    features: dict[str, list[Tensor]]  # of the perceptual networks, by name


class SetFeatures(NamedTuple):
    """Features of the set metrics, (d,) float64 of a look; what the Fréchet and the kernel distance on them are called.

    On other features than Inception's they are not FID and KID, and never called so.
    """

    frechet: str
    kernel: str
    of: Callable[[Look], np.ndarray]


class Judges(NamedTuple):
    """What measures. `vgg` is the perceptual network with a VGG16; `identify` gives the identity (128,) of a face."""

    perceptuals: dict[str, Perceptual]
    parser: Parser
    sets: list[SetFeatures]
    vgg: Perceptual | None
    identify: Callable[[np.ndarray], np.ndarray | None] | None
    size: int
    device: torch.device

    def look(self, pixels: np.ndarray) -> Look:
        """Prepare an image, uint8 (H, W, 3), for comparisons at the judges' size."""
        return self._look_at(pixels, resize(pixels, self.size))

    def look_inside(self, look: Look, other: Look, inside: np.ndarray) -> Look:
        """An image inside a mask, bool (size, size), and another outside it."""
        return self._look_at(look.pixels, np.where(inside[..., None], look.small, other.small))

    def _look_at(self, pixels: np.ndarray, small: np.ndarray) -> Look:
        tensor = torch.from_numpy(small).float().permute(2, 0, 1)[None].to(self.device) * 2 - 1
        return Look(pixels, small, tensor, {name: net.features(tensor) for name, net in self.perceptuals.items()})


def measure(judges: Judges, a: Look, b: Look, mask: np.ndarray | None = None) -> dict[str, float]:
    """Compare two images, under a mask (H', W') in [0, 1] if one is given; every value is nan under an empty one.

    Outside the mask `a` is made equal to `b` first. Features and windows see beyond their pixel: hair that was to go
    and stayed would count for the face beside it, and hair that went would count against it.
    """
    small_mask = tensor_mask = None
    empty = mask is not None and not mask.any()
    if mask is not None:
        small_mask = resize_mask(mask, judges.size)
        tensor_mask = torch.from_numpy(small_mask).float()[None, None].to(judges.device)
        a = a if empty else judges.look_inside(a, b, small_mask > 0)
    values = {
        "RMSE": rmse(a.small, b.small, small_mask),
        "PSNR": psnr(a.small, b.small, small_mask),
        "SSIM": ssim(a.small, b.small, small_mask),
    }
    for name, net in judges.perceptuals.items():
        distance = math.nan if empty else net.distance(a.features[name], b.features[name], tensor_mask).item()
        values[name] = distance
    return {f"{name}@{judges.size}": value for name, value in values.items()}


def measure_vgg(judges: Judges, a: Look, b: Look) -> dict[str, float]:
    """The VGG metric of two images, named after its weights; nothing where no judge has a VGG16."""
    if judges.vgg is None:
        return {}
    net = judges.vgg
    weights = "ST-LPIPS" if net.name.startswith("ST-") else "torchvision"
    distance = vgg_distance(*(first_activations(net, look.tensor, look.features[net.name]) for look in (a, b)))
    return {f"VGG16-L1 ({weights} weights)@{judges.size}": distance.item()}


def parse(judges: Judges, look: Look) -> np.ndarray:
    """The label map of an image by the judges' parser, uint8 (H, W)."""
    return judges.parser.logits(from_rgb(look.pixels, judges.device)).argmax(1)[0].byte().cpu().numpy()


def load_judges(
    params: dict[str, Any], networks: list[Path], parser: Path, identity: list[Path], device: torch.device
) -> Judges:
    """Load what measures; `identity` holds dlib's landmarks and identity if `score.identity` asks for them."""
    loaded = [load_perceptual(path, device) for path in networks]
    first, size = loaded[0], params["size"]

    name = f"unit {first.name}@{size}"
    sets = [SetFeatures(f"Fréchet {name}", f"Kernel {name}", lambda look: unit_features(look.features[first.name][-1]))]
    if params["inception"] is not None:
        inception = fid.load_inception(Path(params["inception"]), device)

        def pool(look: Look) -> np.ndarray:
            return fid.pool_features(inception, from_rgb(look.pixels, device))[0].double().cpu().numpy()

        sets.append(SetFeatures("FID", "KID", pool))
    vgg = next((net for net in loaded if "VGG" in net.name), None)
    identify = load_identify(*identity) if params["identity"] else None
    return Judges({net.name: net for net in loaded}, load_parser(parser, device), sets, vgg, identify, size, device)


def unit_features(features: Tensor) -> np.ndarray:
    """Features (1, C, h, w) at unit length, as LPIPS compares them, averaged over the pixels, times √C; (C,) float64.

    Without the unit length one channel of ST-LPIPS's VGG16 (437 of relu5_3, a sixth of a pooled vector's square) and
    the strength of the activations, which varies by a factor of two from face to face, decide every distance of sets.
    """
    length = features.norm(dim=1, keepdim=True).clamp_min(SMALLEST_LENGTH)
    return (features / length).mean((0, 2, 3)).double().cpu().numpy() * math.sqrt(features.shape[1])


def load_identify(landmarks: Path, network: Path) -> Callable[[np.ndarray], np.ndarray | None]:
    """A function from an image, uint8 (H, W, 3), to the identity (128,) of its main face, or None without a face."""
    predictor, net = load_landmarks(landmarks), load_identity(network)

    def identify(image: np.ndarray) -> np.ndarray | None:
        box = main_face(detect_faces(image))
        return None if box is None else identity(net, image, box, find_landmarks(predictor, image, box))

    return identify


def resize_mask(mask: np.ndarray, size: int) -> np.ndarray:
    """Bring a mask (N, N), bool or in [0, 1], to (size, size) by the mean of whole blocks, or repeated pixels."""
    factor = len(mask) // size
    if factor == 0:
        return np.kron(mask, np.ones((size // len(mask),) * 2))
    return mask.reshape(size, factor, size, factor).mean((1, 3))
