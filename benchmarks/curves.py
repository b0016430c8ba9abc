"""Quality against seconds: what fewer and more steps of each optimisation give, on the images and pairs of a run.

    python -m benchmarks.curves                  # of the run in this folder, which has to be finished
    python -m benchmarks.curves --figure docs/curves.png

Every point is a run of its own, as the rates fall with the share of the steps that is done. An image is embedded with
multiples of the steps in params.yaml, with previews and, at equal steps, without; a pair is aligned and blended with
multiples of its steps, from the codes of the run. The networks compute as `networks.precision` says.
"""

import time
from collections.abc import Iterator
from itertools import product
from pathlib import Path

import matplotlib.pyplot as plt
import numpy as np
import pandas as pd
import torch
import typer
import yaml
from tqdm import tqdm

from stages.align import Nets, Reference, align_paper
from stages.codes.blending import blend
from stages.codes.embedding import FSCode, Objective, embed_fs, embed_w, render_code
from stages.command import choose_device
from stages.files import read_label_map, read_rgb
from stages.manifests import listed_pairs, read_faces
from stages.nets import load_generator, load_parser, load_perceptual
from stages.nets.precision import chosen, lowered
from stages.regions.masks import region_mask
from stages.regions.pair import Pair
from stages.scoring.judges import Judges, measure
from stages.scoring.protocols import compare_composite
from stages.tensors import from_labels, from_rgb, read_tensors, to_image

DATA = Path("data")
SHARES = (0.25, 0.5, 1.0, 2.0)
EMBEDDING, COMPOSING = ("embedding", "embedding, no previews"), ("alignment", "blending")
METRICS = {
    "PSNR": EMBEDDING,
    "ST-LPIPS-VGG": EMBEDDING,
    "taken IoU": COMPOSING,
    "kept PSNR": COMPOSING,
}  # curves of each


def scaled(steps: int, share: float) -> int:
    """So much of a number of steps."""
    return max(1, round(steps * share)) if steps else 0


class Bench:
    """The networks and judges of a run in this folder."""

    def __init__(self) -> None:
        self.params, device = yaml.safe_load(Path("params.yaml").read_text()), choose_device()
        networks = self.params["networks"]
        dtype = chosen(networks["precision"], device)
        weights = {
            name: DATA / "weights" / f"{networks[name]}.safetensors" for name in ("generator", "parser", "perceptual")
        }
        self.device, self.exact = device, load_generator(weights["generator"], device)
        self.parser, perceptual = load_parser(weights["parser"], device), load_perceptual(weights["perceptual"], device)
        self.nets = Nets(*(lowered(net, dtype) for net in (self.exact, self.parser, perceptual)), self.exact)
        size = self.params["score"]["size"]
        self.judges = Judges({perceptual.name: perceptual}, self.parser, [], None, None, size, device)

    def embed(self, face: Path, share: float, previews: bool) -> tuple[float, dict[str, float]]:
        """Seconds and quality of one embedding."""
        pixels, params = read_rgb(face), self.params["embed"]
        w = params["w"] | {
            "steps": scaled(params["w"]["steps"], share),
            "preview_steps": scaled(params["w"]["preview_steps"], share),
        }
        if not previews:
            w |= {"steps": w["steps"] + w["preview_steps"], "preview_steps": 0}
        fs = params["fs"] | {"steps": scaled(params["fs"]["steps"], share)}
        began = time.perf_counter()
        objective = Objective(
            self.nets.generator, self.nets.perceptual, from_rgb(pixels, self.device), params["variant"]
        )
        ws, _ = embed_w(self.nets.generator, objective, w)
        code, _ = embed_fs(self.nets.generator, objective, ws, fs)
        seconds = time.perf_counter() - began
        return seconds, measure(self.judges, self.judges.look(pixels), self.judges.look(self._image(code)))

    def compose(self, pair: Pair, align_share: float, blend_share: float) -> tuple[float, dict[str, float]]:
        """Seconds and quality of one composite of Barbershop."""
        scheme, align, mix = self.parser.scheme, self.params["align"], self.params["blend"]
        align = align | {key: scaled(align[key], align_share) for key in ("steps", "reference_steps")}
        mix = mix | {"steps": scaled(mix["steps"], blend_share)}
        own = [read_label_map(DATA / "maps" / f"{image}.png", scheme) for image in pair.references]
        target = read_label_map(DATA / "targets" / f"{pair.pair}.png", scheme)
        labels = from_labels(target, self.device)
        references = []
        for image, taken, map_ in zip(pair.references, pair.taken(scheme), own, strict=True):
            stored = read_tensors(DATA / "codes" / f"{image}.safetensors", self.device)
            ws, code = stored["W"][None], FSCode(stored["F"][None], stored["S"][None])
            references.append(Reference(ws, code, taken, from_labels(map_, self.device), ""))
        began = time.perf_counter()
        structures, _ = align_paper(self.nets, references, labels, align)
        masks = torch.cat([region_mask(labels, taken) for taken in pair.taken(scheme)], 1)
        s = torch.stack([reference.code.s for reference in references], 1)
        code, _, _ = blend(self.nets.generator, self.nets.perceptual, torch.stack(structures, 1), s, masks, mix)
        seconds = time.perf_counter() - began
        sources = [self.judges.look(read_rgb(DATA / "faces" / f"{image}.png")) for image in pair.images]
        values = compare_composite(self.judges, pair, self.judges.look(self._image(code)), sources, own, target, [])
        return seconds, {value.metric: value.value for value in values}

    def _image(self, code: FSCode) -> np.ndarray:
        with torch.no_grad():
            return np.asarray(to_image(render_code(self.exact, code)[0]))


def measurements(bench: Bench) -> Iterator[tuple[str, float, float, dict[str, float]]]:
    """Yield curve, share of the steps, seconds and metrics of every item at every point."""
    faces = [DATA / "faces" / f"{face.image}.png" for face in read_faces(DATA / "images.csv")]
    pairs = list(listed_pairs(DATA / "pairs.csv", DATA / "images.csv").values())
    for curve, share in tqdm(list(product(EMBEDDING, SHARES)), desc="embedding"):
        for face in faces:
            yield curve, share, *bench.embed(face, share, curve == EMBEDDING[0])
    for share in tqdm(SHARES, desc="alignment"):
        for pair in pairs:
            yield "alignment", share, *bench.compose(pair, share, 1.0)
    for share in tqdm([share for share in SHARES if share != 1], desc="blending"):
        for pair in pairs:
            yield "blending", share, *bench.compose(pair, 1.0, share)


def draw(table: pd.DataFrame, path: Path) -> None:
    """Metric against seconds, a panel a metric."""
    figure, panels = plt.subplots(1, len(METRICS), figsize=(4 * len(METRICS), 3.2), constrained_layout=True)
    for panel, (metric, curves) in zip(panels, METRICS.items(), strict=True):
        for curve in curves:
            points = table[table["steps of"] == curve]
            panel.plot(points["seconds"], points[metric], marker="o", label=curve)
        panel.set(xlabel="seconds an item", ylabel=metric)
        panel.legend(fontsize="small")
    figure.savefig(path, dpi=110)


def main(figure: Path | None = None) -> None:
    """Print the means over all items; `figure` is where the curves go."""
    rows = [
        {"steps of": curve, "share": share, "seconds": seconds} | values
        for curve, share, seconds, values in measurements(Bench())
    ]
    values = pd.DataFrame(rows)
    values.columns = [column.split("@")[0].removesuffix(" bisenet19") for column in values.columns]
    table = values.groupby(["steps of", "share"], sort=False).mean().reset_index()
    # The default steps of the alignment are also those of the blending's curve.
    default = table[(table["steps of"] == "alignment") & (table["share"] == 1)].assign(**{"steps of": "blending"})
    table = pd.concat([table, default]).sort_values(["steps of", "share"])[["steps of", "share", "seconds", *METRICS]]
    print(f"{torch.get_num_threads()} threads; means")
    print(table.round(3).to_string(index=False, na_rep=""))
    if figure is not None:
        draw(table, figure)


if __name__ == "__main__":
    typer.run(main)
