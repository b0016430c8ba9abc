"""Between files and networks: images, label maps and codes as tensors."""

import json
from collections.abc import Mapping
from pathlib import Path

import numpy as np
import safetensors.torch
import torch
from PIL import Image
from torch import Tensor

from stages.errors import UserError


def to_device(tensor: Tensor, device: torch.device) -> Tensor:
    """Bring a tensor of the CPU to the device; neither that nor this program waits for what the other is at."""
    if device.type == "cuda":
        tensor = tensor.pin_memory()  # from other memory the copy waits for the GPU
    return tensor.to(device, non_blocking=True)


def from_rgb(image: np.ndarray, device: torch.device) -> Tensor:
    """uint8 (H, W, 3) to (1, 3, H, W) in [-1, 1]."""
    return to_device(torch.from_numpy(image), device).permute(2, 0, 1)[None].float() / 127.5 - 1


def to_image(image: Tensor) -> Image.Image:
    """(3, H, W), clamped to [-1, 1], to an 8-bit RGB image."""
    levels = ((image.detach().clamp(-1, 1) + 1) * 127.5).round().byte()
    return Image.fromarray(levels.permute(1, 2, 0).contiguous().cpu().numpy())


def from_labels(labels: np.ndarray, device: torch.device) -> Tensor:
    """uint8 label map (H, W) to int64 (1, H, W)."""
    return to_device(torch.from_numpy(labels), device)[None].long()


def tensor_bytes(tensors: Mapping[str, Tensor], facts: Mapping[str, object] | None = None) -> bytes:
    """Encode tensors as safetensors, float32 on the CPU, with facts as JSON in the metadata."""
    plain = {name: tensor.detach().float().cpu().contiguous() for name, tensor in tensors.items()}
    return safetensors.torch.save(plain, {"facts": json.dumps(facts or {}, sort_keys=True)})


def read_tensors(path: Path) -> dict[str, Tensor]:
    """Decode tensors of ours, onto the CPU; raises UserError if the file is damaged."""
    try:
        return safetensors.torch.load_file(path)
    except (OSError, safetensors.SafetensorError) as error:
        raise UserError(f"{path}: damaged ({error}); remove it and run again") from error
