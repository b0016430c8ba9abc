"""Features of images by OpenAI's CLIP (Radford et al. 2021), for whoever has one of its files."""

import warnings
from collections.abc import Callable
from pathlib import Path
from typing import TypeAlias

import numpy as np
import torch
from PIL import Image

from stages.errors import UserError
from stages.nets.clip_vision import vision_of
from stages.scoring.together import ask
from stages.scoring.user_files import clip_of

# Of RGB in [0, 1], as in the published preprocessing.
MEAN = (0.48145466, 0.4578275, 0.40821073)
STD = (0.26862954, 0.26130258, 0.27577711)

Encode: TypeAlias = Callable[[np.ndarray], np.ndarray]


def load_clip(path: Path, device: torch.device, verify: bool = True) -> Encode:
    """Load a published TorchScript archive.

    Args:
        path: the file, under its published name.
        device: where features are computed.
        verify: whether its sha256 must be the published one. An archive holds a program, so nothing else is opened.

    Returns:
        A function from a square image, uint8 (H, W, 3), to its features (d,) float64, not normalised.

    Raises:
        UserError: the file is missing, not the published one, or no CLIP.
    """
    published = clip_of(str(path))
    if verify:
        published.check(path)
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", FutureWarning)  # PyTorch advises against such files; it still reads them
            archive = torch.jit.load(path, map_location="cpu")
        net = vision_of(archive.state_dict()).to(device)
    except (KeyError, RuntimeError, ValueError) as error:
        raise UserError(f"{path}: is no TorchScript archive of a CLIP with a vision transformer") from error
    mean, std = (torch.tensor(values, device=device)[:, None, None] for values in (MEAN, STD))

    @torch.no_grad()
    def encode(pixels: np.ndarray) -> np.ndarray:
        small = Image.fromarray(pixels).resize((net.size, net.size), Image.Resampling.BICUBIC)
        image = torch.from_numpy(np.array(small)).to(device).permute(2, 0, 1).float() / 255
        features: np.ndarray = ask(net, ((image - mean) / std)[None])[0].double().cpu().numpy()
        return features

    return encode
