"""What measures: the networks that judge, and images prepared for them."""

from collections.abc import Mapping, Sequence
from pathlib import Path
from types import MappingProxyType
from typing import NamedTuple

import numpy as np
import torch

from stages import registry
from stages.formats.tensors import from_rgb
from stages.formats.weight_files import network_of
from stages.nets.interfaces import Parser, Perceptual
from stages.nets.loading import load_parser, load_perceptual
from stages.params.outputs import ScoreParams
from stages.scoring.arcface import Identify, load_arcface
from stages.scoring.clip import Encode, load_clip
from stages.scoring.features import INCEPTION, FeatureKind, of_clip, of_inception, of_judge
from stages.scoring.pixels import resize, resize_mask
from stages.scoring.prepared import Comparison, PreparedImage, Setup
from stages.scoring.together import ask
from stages.scoring.user_files import clip_of


class Judges(NamedTuple):
    """What measures, at `size` px: the perceptual networks by title, the face parser, the features of whole images.

    `weights`: the weight files at hand, by the name of their network, for metrics that load one of their own.
    `parser_name`: the face parser's name in params.yaml. `identity`: whether distances of identities are asked for.
    `judge_parsers`: other parsers that look at the composites, by name.
    `clips`: the CLIPs that the user supplies, by title. `arcface`: likewise; None without it.
    """

    perceptuals: dict[str, Perceptual]
    parser: Parser
    features: Sequence[FeatureKind]
    weights: Mapping[str, Path]
    size: int
    device: torch.device
    parser_name: str = "parser"
    identity: bool = False
    judge_parsers: Mapping[str, Parser] = {}
    clips: Mapping[str, Encode] = MappingProxyType({})
    arcface: Identify | None = None

    @property
    def setup(self) -> Setup:
        """What the names of metrics depend on."""
        names, inception = tuple(self.perceptuals), any(kind.name == INCEPTION for kind in self.features)
        parser, others, clips = self.parser, tuple(self.judge_parsers), tuple(self.clips)
        given = (others, clips, self.arcface is not None)
        return Setup(self.size, names, self.parser_name, parser.size, inception, self.identity, *given)

    def last(self) -> "Judges":
        """The same with the last perceptual network alone."""
        return self._replace(perceptuals=dict(list(self.perceptuals.items())[-1:]))

    def prepare(self, pixels: np.ndarray) -> PreparedImage:
        """Prepare an image, uint8 (H, W, 3), for comparisons at the judges' size."""
        return self._prepared(pixels, resize(pixels, self.size))

    def _prepared(self, pixels: np.ndarray, small: np.ndarray) -> PreparedImage:
        tensor = torch.from_numpy(small).float().permute(2, 0, 1)[None].to(self.device) * 2 - 1
        features = {name: ask(net.features, tensor) for name, net in self.perceptuals.items()}
        return PreparedImage(pixels, small, tensor, features)

    def compare(self, a: PreparedImage, b: PreparedImage, mask: np.ndarray | None = None) -> Comparison:
        """Two images for comparison, under a mask (H', W') in [0, 1] if one is given, which is not empty.

        Outside the mask `a` is made equal to `b` first. Features and windows see beyond their pixel: hair that was to
        go and stayed would count for the face beside it, and hair that went would count against it.
        """
        if mask is None:
            return Comparison(a, b, None, None)
        small = resize_mask(mask, self.size)
        inside = self._prepared(a.pixels, np.where((small > 0)[..., None], a.small, b.small))
        return Comparison(inside, b, small, torch.from_numpy(small).float()[None, None].to(self.device))

    @property
    def parsers(self) -> dict[str, Parser]:
        """All parsers by name, the run's own first."""
        return {self.parser_name: self.parser, **self.judge_parsers}

    def parse(self, image: PreparedImage, parser: str) -> np.ndarray:
        """The label map of an image by the parser of a name, uint8 (H, W), in that parser's own scheme."""
        logits = ask(self.parsers[parser].logits, from_rgb(image.pixels, self.device))
        labels: np.ndarray = logits.argmax(1)[0].byte().cpu().numpy()
        return labels


def load_judges(
    params: ScoreParams, judges: Sequence[str], judge_parsers: Sequence[str], weights: Sequence[Path],
    device: torch.device,
) -> Judges:  # fmt: skip
    """Load what measures.

    Args:
        params: section `score`.
        judges: names of the perceptual networks that measure, in their order.
        judge_parsers: names of the parsers that judge beside the run's own.
        weights: weight files of these, of the face parser, and of all that the metrics need.
        device: where they measure.

    Raises:
        UserError: a file is damaged.
    """
    files = {network_of(path): path for path in weights}
    known = registry.entries("networks")
    nets = {known[judge].title: load_perceptual(files[judge], device) for judge in judges}
    others = {name: load_parser(files[name], device) for name in judge_parsers}
    (parser,) = (n for n in files if n in known and known[n].role == "parser" and n not in others)
    kinds = [of_judge(next(iter(nets)), params["size"])]
    if params["inception"] is not None:
        kinds.append(of_inception(Path(params["inception"]), device))
    clips = {clip_of(path).title: load_clip(Path(path), device) for path in params["clip"]}
    kinds += [of_clip(title, encode) for title, encode in clips.items()]
    arcface = None if params["arcface"] is None else load_arcface(Path(params["arcface"]))
    loaded, size = load_parser(files[parser], device), params["size"]
    return Judges(nets, loaded, kinds, files, size, device, parser, params["identity"], others, clips, arcface)
