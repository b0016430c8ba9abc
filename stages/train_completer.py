"""Stage `train_completer`: train the network of `target.fill: learned`, and write its weights with a model card.

    snakemake completer      # data/trained/completer.safetensors and completer.md

`checkpoints.completer` in params.yaml names the weights in use. They are for label maps of the scheme of
`networks.parser`, whose maps of drawn faces they have learned from.
"""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Annotated

import typer

from stages import registry
from stages.codes.completer_training import drawn_maps, train
from stages.codes.completing import completed
from stages.engine.command import TF32, Log, Precision, as_json, log_to, run_stage
from stages.engine.command import log as logger
from stages.engine.progress import Progress
from stages.fills import Fill
from stages.formats.files import write_atomic
from stages.formats.weight_files import weights_digest
from stages.nets.device import choose_device
from stages.nets.loading import load_generator, load_parser
from stages.nets.precision import chosen, lowered, name_of
from stages.nets.trained import halved
from stages.networks import completer as entry
from stages.params.completer_section import CompleterParams
from stages.regions.completed import Figures, judged
from stages.regions.hiding import Hidden, hidden_by_others
from stages.regions.labels import LabelScheme
from stages.regions.target_map import HoleFill, compose

HELD_OUT = 64  # drawn faces of another seed, on which the card's figures are measured
AWAY = 1_000_003  # from the seed of training
ISLAND = 0.001  # share of the map below which the card counts a part as an island
BESIDE = ("telea", "navier_stokes", "nearest")  # fills that the card compares with


def main(
    params: Annotated[
        CompleterParams, typer.Option(parser=as_json("completer"), help="section `completer` of params.yaml, as JSON")
    ],
    generator: Annotated[Path, typer.Option(help="weights of the generator that draws faces")],
    parser: Annotated[Path, typer.Option(help="weights of the face parser, whose labels it learns")],
    islands: Annotated[float, typer.Option(help="target.islands: what is smaller goes to what lies beside it")],
    out: Annotated[Path, typer.Option(help="weight file to write, in half precision")],
    card: Annotated[Path, typer.Option(help="model card to write")],
    precision: Precision,
    tf32: TF32 = False,
    log: Log = None,
) -> None:
    """Train the completer on label maps of drawn faces, and measure it on those of others."""
    log_to(log)
    device = choose_device(tf32)
    dtype = chosen(precision, device)
    exact, parsing = load_generator(generator, device), load_parser(parser, device)
    drawing, scheme, seed = lowered(exact, dtype), parsing.scheme, params["seed"]
    quick = lowered(parsing, dtype)
    maps = drawn_maps(exact, drawing, quick, params["faces"], seed, Progress("faces to learn from"))
    others = drawn_maps(exact, drawing, quick, HELD_OUT, seed + AWAY, Progress("faces to measure on"))
    completer = train(maps, scheme, params, dtype, device, Progress("completer"))
    origin = {
        "network": "completer", "licence": entry.LICENCE, "generator": weights_digest(generator),
        "parser": weights_digest(parser), "scheme": scheme.name, "width": str(params["width"]),
    }  # fmt: skip
    weights = halved(completer, origin)
    logger.info("measuring it and %d other fills on %d faces that it has not seen", len(BESIDE), HELD_OUT)
    hidden = hidden_by_others(list(others), scheme, seed)
    fills: dict[str, HoleFill] = {"learned": lambda labels, holes, of: completed(completer, labels, holes, of).labels}
    for name in BESIDE:
        fill = registry.load("fills", name)
        assert isinstance(fill, Fill)
        fills[name] = fill.fill
    table = {name: figures(hidden, fill, scheme, islands) for name, fill in fills.items()}
    numbers = sum(tensor.numel() for tensor in completer.state_dict().values())
    write_atomic(out, weights)
    write_atomic(card, model_card(params, table, numbers, len(hidden), name_of(dtype), origin).encode())
    logger.info("%s and %s: %s", out, card, "; ".join(f"{name} IoU {row.iou:.3f}" for name, row in table.items()))


def figures(hidden: Sequence[Hidden], fill: HoleFill, scheme: LabelScheme, islands: float) -> Figures:
    """What a fill makes of maps that others' hair hides, by the composition that makes target maps."""
    hair = frozenset(scheme.indices("hair"))
    taken = [frozenset(range(len(scheme))) - hair, hair]
    filled = [compose([case.labels, case.truth], taken, scheme, fill, islands).labels for case in hidden]
    return judged(hidden, filled, scheme, ISLAND)


def model_card(
    params: CompleterParams,
    table: Mapping[str, Figures],
    numbers: int,
    count: int,
    precision: str,
    origin: Mapping[str, str],
) -> str:
    """What the weights are, what they learned from, and the figures on held-out draws."""
    rows = [
        f"| {name} | {row.iou:.3f} | {row.right:.1%} | {row.neck:.2f} | {row.neck_off:.3f} | {row.wide_necks:.1%} "
        f"| {row.islands:.2%} |"
        for name, row in table.items()
    ]
    return CARD.format(
        numbers=numbers, faces=params["faces"], settings=", ".join(f"{key} {value}" for key, value in params.items()),
        precision=precision, count=count, rows="\n".join(rows), scheme=origin["scheme"], licence=origin["licence"],
        generator=origin["generator"][:16], parser=origin["parser"][:16],
    )  # fmt: skip


CARD = """# Completer of label maps

Made by `snakemake completer`. It says what the hair of a face hid, for `target.fill: learned`.

| | |
| --- | --- |
| numbers | {numbers:,}, in half precision |
| label scheme | {scheme} |
| learned from | label maps of {faces:,} drawn faces (generator `{generator}`, parser `{parser}`), no photo |
| hidden by | the hair of others, shifted, scaled and mirrored; in half of the examples with a third one's hair on top |
| settings | {settings}; {precision} |
| licence | {licence} |
| limits | it knows faces as this generator draws and this parser labels them: few hats, few hands, no second person |

{count} drawn faces that it has not seen, each hidden by the hair of another; truth is known:

| fill | mean IoU of what was hidden | right | neck / face | off by | necks wider than the face | islands |
| --- | ---: | ---: | ---: | ---: | ---: | ---: |
{rows}
"""


if __name__ == "__main__":
    run_stage(main)
