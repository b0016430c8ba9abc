"""What fills make of holes of which the truth is known: every fill, and the official code's two completions.

    python -m benchmarks.completion --faces 64 --completions 8

Faces are drawn at truncation 0.5 to 1 and parsed; the hair of another one hides a part of each. Then hair is given back
by each fill. It needs the embedded networks in data/weights, and with `learned` the completer's too
(`python -m stages.convert --network completer --checkpoint data/trained/completer.safetensors
--out data/weights/completer.safetensors`). The official completions fit two faces a map, which takes a minute or two
each, so they are made on the first maps only; all fills are then measured on these as well.
"""

import time
from collections.abc import Callable
from pathlib import Path
from typing import Annotated

import numpy as np
import pandas as pd
import typer
import yaml
from tqdm import tqdm

from stages import registry
from stages.codes.completer_training import drawn_maps
from stages.codes.official_target import completed_target
from stages.fills import Fill, Learned
from stages.nets.device import choose_device
from stages.nets.loading import load_completer, load_generator, load_parser
from stages.nets.precision import chosen, lowered
from stages.regions.completed import judged
from stages.regions.hiding import Hidden, hidden_by_others
from stages.regions.target_map import HoleFill, compose
from stages.train_completer import AWAY, ISLAND

WEIGHTS = Path("data/weights")
SIGNS = ("realistic", "fidelity")


def main(
    faces: Annotated[int, typer.Option(help="drawn faces; not those that the completer has learned from")] = 64,
    completions: Annotated[int, typer.Option(help="maps that the official completions are made of as well")] = 0,
    islands: Annotated[float | None, typer.Option(help="target.islands; as params.yaml says by default")] = None,
    seed: Annotated[int, typer.Option(help="of the draws")] = 2 * AWAY,
    maps: Annotated[Path | None, typer.Option(help=".npy of the drawn maps: read if it is there, else written")] = None,
) -> None:
    """Print a row a fill."""
    params, device = yaml.safe_load(Path("params.yaml").read_text()), choose_device()
    networks, section = params["networks"], params["target"]
    least = section["islands"] if islands is None else islands
    generator = load_generator(WEIGHTS / f"{networks['generator']}.safetensors", device)
    parser = load_parser(WEIGHTS / f"{networks['parser']}.safetensors", device)
    scheme, dtype = parser.scheme, chosen(networks["precision"], device)
    if maps is not None and maps.is_file():
        drawn = np.load(maps)[:faces]
    else:
        drawn = drawn_maps(generator, lowered(generator, dtype), lowered(parser, dtype), faces, seed)
        if maps is not None:
            np.save(maps, drawn)
    hidden = hidden_by_others(list(drawn), scheme, seed)
    hair = frozenset(scheme.indices("hair"))
    taken = [frozenset(range(len(scheme))) - hair, hair]

    def by(fill: HoleFill) -> Callable[[Hidden], np.ndarray]:
        return lambda case: compose([case.labels, case.truth], taken, scheme, fill, least).labels

    makers: dict[str, Callable[[Hidden], np.ndarray]] = {}
    for name in registry.names("fills"):
        entry = registry.load("fills", name)
        if isinstance(entry, Fill):
            makers[name] = by(entry.fill)
        elif isinstance(entry, Learned) and (WEIGHTS / "completer.safetensors").is_file():
            completer, fill = load_completer(WEIGHTS / "completer.safetensors", device), entry.fill
            makers[name] = by(lambda *given, net=completer, fill=fill: fill(net, *given).labels)

    def official(sign: str) -> Callable[[Hidden], np.ndarray]:
        settings = {**section["completion"], "sign": sign}

        def make(case: Hidden) -> np.ndarray:
            made = completed_target(generator, parser, case.labels, case.truth, settings, lambda _: lambda *_: None)[0]
            return np.where(case.holes, made, case.truth)

        return make

    def row(name: str, make: Callable[[Hidden], np.ndarray], cases: list[Hidden]) -> dict[str, object]:
        began = time.perf_counter()
        filled = [make(case) for case in tqdm(cases, desc=name, leave=False)]
        seconds = (time.perf_counter() - began) / len(cases)
        return {"maps": len(cases), "fill": name, **judged(cases, filled, scheme, ISLAND)._asdict(), "seconds": seconds}

    rows = [row(name, make, hidden) for name, make in makers.items()]
    if completions:
        both = makers | {f"official, {sign}": official(sign) for sign in SIGNS}
        rows += [row(name, make, hidden[:completions]) for name, make in both.items()]
    share = np.mean([case.holes.mean() for case in hidden])
    print(f"{len(hidden)} of {faces} drawn faces, {share:.1%} hidden on average, islands below {least:g} joined")
    print(pd.DataFrame(rows).round(3).to_string(index=False))


if __name__ == "__main__":
    typer.run(main)
