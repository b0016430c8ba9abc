"""Holes of a label map filled by a network that has learned what hair hides."""

from typing import NamedTuple

import cv2
import numpy as np
import torch
from torch.nn import functional

from stages.errors import UserError
from stages.nets.completer_net import Completer, share, shares
from stages.regions.labels import LabelScheme
from stages.regions.layers import is_one_of


class Filled(NamedTuple):
    """Labels (H, W) uint8, and how doubtful they are: float32 (H, W), 1 less their probability, 0 beside holes."""

    labels: np.ndarray
    doubt: np.ndarray


def floating(labels: np.ndarray, holes: np.ndarray, scheme: LabelScheme) -> np.ndarray:
    """(H, W) bool: filled parts of the head that hair or background divides from all that is known of it.

    `labels` (H, W) uint8, filled at `holes` (H, W) bool.
    """
    head = ~is_one_of(labels, scheme.behind_indices + scheme.indices("hair"))
    parts = cv2.connectedComponents(head.astype(np.uint8), connectivity=8)[1]
    apart: np.ndarray = head & ~np.isin(parts, np.unique(parts[head & ~holes]))
    return apart


@torch.no_grad()
def completed(completer: Completer, labels: np.ndarray, holes: np.ndarray, scheme: LabelScheme) -> Filled:
    """The most probable label of every pixel of a hole; where the head would float, the best of what is behind.

    Narrow new hair may cover where an ear joins the head. The ear and a strip of skin would then stand beside the hair.

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
    probabilities = full.softmax(1)[0].cpu().numpy()
    may = np.array(scheme.hidden_indices, np.uint8)
    best = probabilities.argmax(0)
    apart = floating(np.where(holes, may[best], labels), holes, scheme)
    behind = np.flatnonzero(is_one_of(may, scheme.behind_indices))
    best = np.where(apart, behind[probabilities[behind].argmax(0)], best)
    probability = np.take_along_axis(probabilities, best[None], 0)[0]
    return Filled(np.where(holes, may[best], labels), np.where(holes, (1 - probability).clip(0), np.float32(0)))
