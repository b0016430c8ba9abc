"""Stage `target`: the label map that the composite of a pair should have."""

from collections.abc import Callable, Mapping, Sequence
from functools import cache, partial
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import numpy as np
import typer
from PIL import Image

from stages import registry
from stages.engine.command import TF32, Log, Scheme, as_json, log_to, run_stage
from stages.engine.items import Item, Result, run_items
from stages.engine.progress import Progress
from stages.errors import ItemError, UserError
from stages.fills import Complete, Completion, Learned
from stages.formats.images import png_bytes
from stages.formats.label_maps import label_map_bytes, read_label_map
from stages.formats.weight_files import network_of
from stages.nets.device import choose_device
from stages.nets.loading import load_completer, load_generator, load_parser
from stages.params.faces_to_targets import TargetParams
from stages.regions.labels import LabelScheme
from stages.regions.pair import Pair
from stages.regions.target_map import HoleFill, compose, fit_face
from stages.settings.manifests import check_hair_only, listed_pairs

if TYPE_CHECKING:
    from stages.codes.completing import Filled

DOUBTS = "doubt"  # folder of what a learned fill says of its own labels: grey, 255 is a probability of 0


def main(
    params: Annotated[
        TargetParams, typer.Option(parser=as_json("target"), help="section `target` of params.yaml, as JSON")
    ],
    scheme: Scheme,
    pairs: Annotated[Path, typer.Option(help="pairs.csv")],
    maps: Annotated[Path, typer.Option(help="folder of the label maps")],
    generator: Annotated[Path, typer.Option(help="weights of the generator; only the official fill loads it")],
    parser: Annotated[Path, typer.Option(help="weights of the face parser; likewise")],
    out: Annotated[Path, typer.Option(help="folder of the target maps")],
    record: Annotated[Path, typer.Option(help="record of the stage to write")],
    completer: Annotated[Path | None, typer.Option(help="weights of the network of a learned fill")] = None,
    tf32: TF32 = False,
    log: Log = None,
) -> None:
    """Unite the regions that a pair takes from its references and fill the holes."""
    log_to(log)
    listed = listed_pairs(pairs)
    fill = registry.load("fills", params["fill"])
    modules = ["stages.target", registry.module("fills", params["fill"])]
    items = []
    for pair in listed.values():
        outputs = {"map": out / f"{pair.pair}.png"}
        if isinstance(fill, Learned):
            outputs["doubt"] = out / DOUBTS / f"{pair.pair}.png"
        inputs = {f"map{k}": maps / f"{image}.png" for k, image in enumerate(pair.images)}
        items.append(Item(pair.pair, inputs, outputs, pair.facts))

    def united(hole_fill: HoleFill, pair: Pair, own: list[np.ndarray]) -> Result | ItemError:
        taken = pair.taken(scheme)
        fitted = fit_face(own[: len(pair.references)], taken, scheme)
        target = compose(fitted, taken, scheme, hole_fill, params["islands"])
        for k, labels in pair.painted(scheme).items():
            for name, shown in ((pair.images[k], own[k]), ("the target map", target.labels)):
                if not np.isin(shown, list(labels)).any():
                    return ItemError(f"{name} shows nothing of what gets the look of {pair.images[k]}")
        facts = {"holes": round(float(target.holes.mean()), 4)}
        return Result({"map": label_map_bytes(target.labels, scheme)}, facts)

    def learned(
        ask: Callable[[np.ndarray, np.ndarray, LabelScheme], "Filled"], pair: Pair, own: list[np.ndarray]
    ) -> Result | ItemError:
        doubt = np.zeros(own[0].shape, np.float32)

        def hole_fill(labels: np.ndarray, holes: np.ndarray, scheme: LabelScheme) -> np.ndarray:
            filled = ask(labels, holes, scheme)
            doubt[:] = filled.doubt
            return filled.labels

        result = united(hole_fill, pair, own)
        if isinstance(result, ItemError):
            return result
        grey = Image.fromarray((255 * doubt).round().astype(np.uint8))
        return Result({**result.contents, "doubt": png_bytes(grey)}, result.facts)

    def completed(complete: Complete, pair: Pair, own: list[np.ndarray]) -> Result | ItemError:
        identity, reference = own[: len(pair.references)]
        drawing, parsing = nets()
        labels, failure = complete(
            drawing, parsing, identity, reference, params["completion"],
            lambda which: Progress(f"completion {which} of {pair.pair}"),
        )  # fmt: skip
        return ItemError(failure) if failure else Result({"map": label_map_bytes(labels, scheme)}, {})

    device = choose_device(tf32)  # for every fill: the records say one number of threads in all stages
    decisive: Mapping[str, object] = {key: params[key] for key in ("fill", "islands")}
    weights: dict[str, Path] = {}
    of_pair: Callable[[Pair, list[np.ndarray]], Result | ItemError]
    if isinstance(fill, Completion):
        check_hair_only(listed.values(), f"target.fill: {params['fill']}")
        nets = cache(lambda: (load_generator(generator, device), load_parser(parser, device)))
        decisive = {key: params[key] for key in ("fill", "completion")}
        weights = {"generator": generator, "parser": parser}
        of_pair = partial(completed, fill.compose)
    elif isinstance(fill, Learned):
        if completer is None:
            raise UserError(f"target.fill: {params['fill']} asks a network; name its weights by --completer")
        completing = cache(lambda: load_completer(completer, device))
        modules.append(registry.module("networks", network_of(completer)))
        weights = {"completer": completer}
        of_pair = partial(learned, lambda *given: fill.fill(completing(), *given))
    else:
        of_pair = partial(united, fill.fill)

    def compute(batch: Sequence[Item]) -> list[Result | ItemError]:
        return [of_pair(listed[i.name], [read_label_map(path, scheme) for path in i.inputs.values()]) for i in batch]

    run_items("targets", modules, items, decisive, weights, compute, record)


if __name__ == "__main__":
    run_stage(main)
