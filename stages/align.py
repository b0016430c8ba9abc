"""Stage `align`: bring what each reference gives to the shape of the target map."""

from collections.abc import Sequence
from functools import cache
from pathlib import Path
from typing import Annotated, NamedTuple

import torch
import typer
from torch import Tensor

from stages.codes import official_steps as official
from stages.codes.alignment import IMAGE_SIZE, Known, Style, align, mix_structure
from stages.codes.embedding import FSCode, render_code, w_to_code
from stages.codes.optimise import Outcome
from stages.engine.command import TF32, Log, Precision, Scheme, as_json, log_to, run_stage
from stages.engine.items import Item, Result, run_items
from stages.engine.progress import Progress
from stages.errors import ItemError
from stages.formats.inputs import Inputs
from stages.formats.tensors import tensor_bytes
from stages.nets.device import choose_device
from stages.nets.interfaces import Generator, Parser, Perceptual
from stages.nets.loading import load_generator, load_parser, load_perceptual
from stages.nets.precision import chosen, lowered, name_of
from stages.params.align_section import AlignParams
from stages.params.whole import Methods
from stages.regions.masks import dilate, region_mask, to_grid
from stages.settings.manifests import check_hair_only, listed_pairs
from stages.settings.methods import code_folder


class Nets(NamedTuple):
    """The networks of the alignment, which may be of a lower precision, and the generator that gives the result."""

    generator: Generator
    parser: Parser
    perceptual: Perceptual
    exact: Generator


class Reference(NamedTuple):
    """One reference of a batch of pairs: its codes, the labels taken from it, its label maps (B, H, W), and a title."""

    ws: Tensor
    code: FSCode
    taken: frozenset[int]
    labels: Tensor
    title: str


def align_paper(
    nets: Nets,
    references: list[Reference],
    target: Tensor,
    params: AlignParams,
    doubt: Tensor | None = None,
) -> tuple[list[Tensor], list[Outcome]]:
    """F of each reference (B, C, 32, 32), aligned to the target map (B, H, W) on its own.

    `doubt` (B, H, W) in [0, 1]: how improbable the target map is by whoever filled its holes; None if nobody says.
    A reference whose region is in place already, as hair is that nothing covers, is its embedding: nothing is moved.
    """
    structures, outcomes = [], []
    for k, (ws, code, taken, labels, title) in enumerate(references):
        wanted, own = region_mask(target, taken), region_mask(labels, taken)
        in_place = (wanted == own).flatten(1).all(1)
        # Beside what has to go, strands of it cross the border between the labels.
        shown = own * (1 - dilate(wanted * (1 - own), params["clear"]))
        f, outcome = code.f, Outcome({}, [None] * len(target))
        if not in_place.all():
            # What must keep its look: the part that is taken, and of the identity the skin that fills holes.
            styled = tuple(sorted(taken)) if k else nets.parser.scheme.spread_indices
            style = Style(styled, region_mask(labels, styled))
            with torch.no_grad():
                image = render_code(nets.generator, code, min(IMAGE_SIZE, nets.generator.size))
            known = Known(image, shown * wanted * (labels == target)[:, None])
            skin = region_mask(target, nets.parser.scheme.spread_indices)
            guesses = (skin * wanted * (1 - own))[:, 0] > 0
            if doubt is not None:
                guesses = torch.where(doubt > params["doubt"], 2, guesses.int())
            steps = params["reference_steps"] if k else params["steps"]
            of_this: AlignParams = {**params, "steps": steps}
            moved, outcome = align(*nets[:3], ws, labels, target, guesses, known, style, of_this, Progress(title))
            with torch.no_grad():
                alpha, beta = (to_grid(mask, f.shape[-1]) for mask in (wanted, shown))
                mixed = mix_structure(f, nets.exact.features(moved), alpha, beta)
                f = torch.where(in_place[:, None, None, None], f, mixed)
        structures.append(f)
        outcomes.append(outcome)
    return structures, outcomes


def align_official(
    nets: Nets, references: list[Reference], target: Tensor, params: AlignParams
) -> tuple[list[Tensor], list[Outcome]]:
    """The one F that the official code mixes of both references, given for each of them: their blend is that F."""
    hair = (nets.parser.scheme["hair"],)
    aligned = [
        official.align(*nets[:3], ref.ws, ref.code, target, k > 0, params, Progress(ref.title))
        for k, ref in enumerate(references)
    ]
    (f_identity, _), (f_reference, _) = aligned
    identity, reference = references
    masks = torch.cat([region_mask(ref.labels, hair) for ref in references], 1)
    f = official.mix_in_three_steps(
        f_identity, identity.code.f, f_reference, reference.code.f, masks, region_mask(target, hair), params["smooth"]
    )
    return [f, f], [outcome for _, outcome in aligned]


def main(
    params: Annotated[
        AlignParams, typer.Option(parser=as_json("align"), help="section `align` of params.yaml, as JSON")
    ],
    method: Annotated[Methods, typer.Option(parser=as_json("methods"), help="one entry of `methods`, as JSON")],
    scheme: Scheme,
    pairs: Annotated[Path, typer.Option(help="pairs.csv")],
    maps: Annotated[Path, typer.Option(help="folder of the label maps")],
    targets: Annotated[Path, typer.Option(help="folder of the target maps")],
    codes: Annotated[Path, typer.Option(help="folder of the codes")],
    generator: Annotated[Path, typer.Option(help="weights of the generator")],
    parser: Annotated[Path, typer.Option(help="weights of the face parser")],
    perceptual: Annotated[Path, typer.Option(help="weights of the perceptual network")],
    out: Annotated[Path, typer.Option(help="folder of the aligned codes")],
    record: Annotated[Path, typer.Option(help="record of the stage to write")],
    precision: Precision,
    doubts: Annotated[Path | None, typer.Option(help="folder of the doubts of a learned fill")] = None,
    tf32: TF32 = False,
    log: Log = None,
) -> None:
    """For each pair and reference, F aligned to the target map, and S."""
    log_to(log)
    ((name, choice),) = method.items()
    listed = listed_pairs(pairs)
    codes = code_folder(codes, choice["code"])
    items = []
    for pair in listed.values():
        paths = {"target": targets / f"{pair.pair}.png"}
        paths |= {f"map{k}": maps / f"{image}.png" for k, image in enumerate(pair.references)}
        if doubts is not None and choice["align"]:
            paths["grey"] = doubts / f"{pair.pair}.png"
        paths |= {f"code{k}": codes / f"{image}.safetensors" for k, image in enumerate(pair.references)}
        facts = pair._replace(appearance={}).facts  # whose look something gets has no influence
        items.append(Item(pair.pair, paths, {"aligned": out / f"{pair.pair}.safetensors"}, facts))
    if choice["align"] and params["variant"] == "official":
        check_hair_only(listed.values(), "align.variant: official")
    device = choose_device(tf32)
    inputs = Inputs(device, scheme)
    dtype = chosen(precision, device)

    @cache
    def nets() -> Nets:
        exact = load_generator(generator, device)
        judging, features = load_parser(parser, device), load_perceptual(perceptual, device)
        return Nets(lowered(exact, dtype), lowered(judging, dtype), lowered(features, dtype), exact)

    def codes_of(batch: Sequence[Item], role: str) -> tuple[Tensor, FSCode]:
        stored = inputs.codes(batch, role)
        if "F" in stored:
            return stored["W"], FSCode(stored["F"], stored["S"])
        with torch.no_grad():
            return stored["W"], w_to_code(nets().exact, stored["W"])

    def compute(batch: Sequence[Item]) -> list[Result | ItemError]:
        batch_pairs = [listed[item.name] for item in batch]
        embedded = [codes_of(batch, f"code{k}") for k in range(len(batch_pairs[0].references))]
        references = []
        for k, labels in enumerate(batch_pairs[0].taken(scheme)):
            title = ", ".join(f"{pair.pair}/{pair.references[k]}" for pair in batch_pairs)
            references.append(Reference(*embedded[k], labels, inputs.labels(batch, f"map{k}"), title))
        structures = [reference.code.f for reference in references]
        outcomes: list[Outcome] = []
        if choice["align"]:
            target = inputs.labels(batch, "target")
            if params["variant"] == "official":
                structures, outcomes = align_official(nets(), references, target, params)
            else:
                doubt = None if doubts is None else inputs.shares(batch, "grey")
                structures, outcomes = align_paper(nets(), references, target, params, doubt)
        f = torch.stack(structures, 1)
        s = torch.stack([code.s for _, code in embedded], 1)
        results: list[Result | ItemError] = []
        for i in range(len(batch)):
            failure = next((o.failures[i] for o in outcomes if o.failures[i]), None)
            facts = {f"losses{k}": outcome.of(i) for k, outcome in enumerate(outcomes)}
            content = {"aligned": tensor_bytes({"F": f[i], "S": s[i]})}
            results.append(ItemError(failure) if failure else Result(content, facts))
        return results

    weights = {"generator": generator, "parser": parser, "perceptual": perceptual}
    decisive: dict[str, object] = {"method": choice}
    if choice["align"]:
        decisive |= {key: value for key, value in params.items() if key != "batch"} | {"precision": name_of(dtype)}
    run_items(
        f"aligned-{name}", ["stages.align"], items, decisive, weights, compute, record, params["batch"],
        read_ahead=inputs.read_ahead,
    )  # fmt: skip


if __name__ == "__main__":
    run_stage(main)
