"""Holes of a label map filled by a network that has learned what hair hides."""

from typing import NamedTuple

import numpy as np
import torch
from torch.nn import functional

from stages.errors import UserError
from stages.nets.completer_net import Completer, share, shares
from stages.regions.labels import LabelScheme


class Filled(NamedTuple):
    """Labels (H, W) uint8, and how doubtful they are: float32 (H, W), 1 less their probability, 0 beside holes."""

    labels: np.ndarray
    doubt: np.ndarray


@torch.no_grad()
def completed(completer: Completer, labels: np.ndarray, holes: np.ndarray, scheme: LabelScheme) -> Filled:
    """The most probable label of every pixel of a hole.

    Args:
        completer: the network.
        labels: label map (H, W) uint8; any value at holes.
        holes: (H, W) bool.
        scheme: of the map.

    Raises:
        UserError: the network has learned from maps of another scheme.
    """
    if completer.scheme.name != scheme.name:
        raise UserError(
            f"target.fill: its network knows the labels {completer.scheme.name}, networks.parser {scheme.name}; "
            "train one with this parser by `snakemake completer`"
        )
    device = completer.read.weight.device
    of_map, of_holes = (torch.from_numpy(x)[None].to(device) for x in (labels, holes))
    logits = completer(shares(of_map, scheme, ~of_holes), share(of_holes))
    full = functional.interpolate(logits, size=labels.shape, mode="bilinear")
    probability, best = (x[0].cpu().numpy() for x in full.softmax(1).max(1))
    filled = np.array(scheme.hidden_indices, np.uint8)[best]
    return Filled(np.where(holes, filled, labels), np.where(holes, (1 - probability).clip(0), np.float32(0)))
