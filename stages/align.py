"""Stage `align`: bring what each reference gives to the shape of the target map."""

from collections.abc import Sequence
from functools import cache
from pathlib import Path
from typing import Annotated, Any

import torch
import typer
from torch import Tensor

from stages.codes.alignment import Style, align, mix_structure
from stages.codes.embedding import FSCode, w_to_code
from stages.command import Log, Progress, choose_device, log_to, run_stage, section
from stages.config import read_faces, read_pairs
from stages.errors import ItemError
from stages.files import read_label_map
from stages.items import Item, Result, run_items
from stages.nets import load_generator, load_parser, load_perceptual
from stages.regions.labels import CELEBAMASK_19
from stages.regions.masks import region_mask, to_grid
from stages.regions.pair import Pair
from stages.tensors import from_labels, read_tensors, tensor_bytes


def main(
    params: Annotated[Any, typer.Option(parser=section("align"), help="section `align` of params.yaml, as JSON")],
    method: Annotated[Any, typer.Option(parser=section("methods"), help="one entry of `methods`, as JSON")],
    images: Annotated[Path, typer.Option(help="images.csv")],
    pairs: Annotated[Path, typer.Option(help="pairs.csv")],
    maps: Annotated[Path, typer.Option(help="folder of the label maps")],
    targets: Annotated[Path, typer.Option(help="folder of the target maps")],
    codes: Annotated[Path, typer.Option(help="folder of the codes")],
    generator: Annotated[Path, typer.Option(help="weights of the generator")],
    parser: Annotated[Path, typer.Option(help="weights of the face parser")],
    perceptual: Annotated[Path, typer.Option(help="weights of the perceptual network")],
    out: Annotated[Path, typer.Option(help="folder of the aligned codes")],
    record: Annotated[Path, typer.Option(help="record of the stage to write")],
    log: Log = None,
) -> None:
    """For each pair and reference, F aligned to the target map, and S."""
    log_to(log)
    ((name, choice),) = method.items()
    scheme = CELEBAMASK_19
    listed: dict[str, Pair] = {p.pair: p for p in read_pairs(pairs, [face.image for face in read_faces(images)])}
    items = []
    for pair in listed.values():
        inputs = {"target": targets / f"{pair.pair}.png"}
        for k, image in enumerate(pair.references):
            inputs |= {f"map{k}": maps / f"{image}.png", f"code{k}": codes / f"{image}.safetensors"}
        items.append(Item(pair.pair, inputs, {"aligned": out / f"{pair.pair}.safetensors"}, pair.facts))
    device = choose_device()
    nets = cache(
        lambda: (load_generator(generator, device), load_parser(parser, device), load_perceptual(perceptual, device))
    )

    def labels_of(batch: Sequence[Item], role: str) -> Tensor:
        return torch.cat([from_labels(read_label_map(item.inputs[role], scheme), device) for item in batch])

    def compute(batch: Sequence[Item]) -> list[Result | ItemError]:
        net, face_parser, loss = nets()
        batch_pairs = [listed[item.name] for item in batch]
        taken = batch_pairs[0].taken(scheme)
        target = labels_of(batch, "target")
        structures, appearances, failures, facts = [], [], [None] * len(batch), [{} for _ in batch]
        for k, labels in enumerate(taken):
            stored = [read_tensors(item.inputs[f"code{k}"], device) for item in batch]
            ws, f, s = (torch.stack([code[key] for code in stored]) for key in ("W", "F", "S"))
            if choice["code"] == "w":
                with torch.no_grad():
                    f, s = w_to_code(net, ws)
            if choice["align"]:
                own_map = labels_of(batch, f"map{k}")
                own = region_mask(own_map, labels)
                # What must keep its look: the part that is taken, and of the identity the skin that fills holes.
                styled = tuple(sorted(labels)) if k else scheme.spread_indices
                style = Style(styled, region_mask(own_map, styled))
                title = ", ".join(f"{pair.pair}/{pair.references[k]}" for pair in batch_pairs)
                moved, outcome = align(net, face_parser, loss, ws, target, style, params, Progress(title))
                failures = [a or b for a, b in zip(failures, outcome.failures, strict=True)]
                for i in range(len(batch)):
                    facts[i][f"losses{k}"] = outcome.of(i)
                with torch.no_grad():
                    alpha = to_grid(region_mask(target, labels), f.shape[-1])
                    f = mix_structure(f, net.features(moved), alpha, to_grid(own, f.shape[-1]))
            structures.append(f)
            appearances.append(s)
        code = FSCode(torch.stack(structures, 1), torch.stack(appearances, 1))
        return [
            ItemError(failure) if failure else Result({"aligned": tensor_bytes({"F": code.f[i], "S": code.s[i]})}, fact)
            for i, (failure, fact) in enumerate(zip(failures, facts, strict=True))
        ]

    weights = {"generator": generator, "parser": parser, "perceptual": perceptual}
    decisive = {"method": choice} | {key: value for key, value in params.items() if key != "batch" and choice["align"]}
    run_items(f"aligned-{name}", "stages.align", items, decisive, weights, compute, record, params["batch"])


if __name__ == "__main__":
    run_stage(main)
