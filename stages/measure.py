"""Stage `measure`: a sheet of every image, embedding, pair or composite (see `stages.scoring.sheets`).

An item is measured from its own files alone, so a list of items may be any part of all. Nothing is judged here and
nothing is averaged: `stages.score` makes the table of the sheets.
"""

from collections.abc import Callable, Iterator, Mapping, Sequence
from functools import cache, lru_cache, partial
from pathlib import Path
from typing import Annotated, Literal, NamedTuple, cast

import numpy as np
import torch
import typer

from stages import registry
from stages.engine.batches import LARGEST, cuda
from stages.engine.command import TF32, Log, Scheme, as_json, log_to, names_in, run_stage
from stages.engine.items import Item, Result, in_turn, item_steps
from stages.errors import ItemError, UserError
from stages.formats.images import read_rgb
from stages.formats.label_maps import read_label_map
from stages.formats.weight_files import network_of
from stages.nets.device import choose_device
from stages.params.outputs import ScoreParams
from stages.regions.labels import LabelScheme
from stages.regions.pair import Pair
from stages.scoring.bench import Bench
from stages.scoring.judges import Judges, load_judges
from stages.scoring.measuring import Sources, of_composite, of_embedding, of_image, of_pair
from stages.scoring.metric_names import entries_for, networks_for, setup_with
from stages.scoring.sheets import MEASURED, Sheet, sheet_bytes
from stages.scoring.together import at_once
from stages.scoring.user_files import digests_of
from stages.settings.config import check_section
from stages.settings.manifests import listed_pairs

What = Literal["images", "pairs"]
SHEET = "sheet"  # the role of the file that an item makes
# What is not said of section `score`: only the merge reads the first four; without the others nothing is measured.
UNSAID: ScoreParams = {
    "size": 256, "level": 0.5, "permutations": 20, "self_transfer": False, "seed": 0,
    "identity": False, "inception": None, "clip": [], "arcface": None,
}  # fmt: skip


class Job(NamedTuple):
    """The items of a job, the function that measures one, and what decides the values.

    `params`: of the fingerprint. `modules`: those that are loaded by name.
    """

    items: Sequence[Item]
    measure: Callable[[Item], Sheet]
    params: Mapping[str, object]
    modules: Sequence[str]


def items_of_images(names: Sequence[str], data: Path, out: Path, folder: str | None = None) -> list[Item]:
    """Items of images, and of their embeddings in a folder of `data/reconstructions` if one is named."""
    items = []
    for name in names:
        inputs = {"face": data / "faces" / f"{name}.png"}
        if folder is not None:
            inputs["render"] = data / "reconstructions" / folder / f"{name}.png"
        items.append(Item(name, inputs, {SHEET: out / f"{name}.safetensors"}))
    return items


def items_of_pairs(pairs: Sequence[Pair], data: Path, out: Path, method: str | None = None) -> list[Item]:
    """Items of pairs, and of a method's composites of them if one is named.

    The roles are `composite`, then `face0`, `map0`, … in the order of the pair's images, then `target`. Notes name the
    images, so their names are facts.
    """
    items = []
    for pair in pairs:
        inputs = {} if method is None else {"composite": data / "composites" / method / f"{pair.pair}.png"}
        for k, name in enumerate(pair.images):
            inputs |= {f"face{k}": data / "faces" / f"{name}.png", f"map{k}": data / "maps" / f"{name}.png"}
        inputs["target"] = data / "targets" / f"{pair.pair}.png"
        facts = {"columns": pair.facts} | ({} if method is None else {"images": list(pair.images)})
        items.append(Item(pair.pair, inputs, {SHEET: out / f"{pair.pair}.safetensors"}, facts))
    return items


def _files(item: Item, pair: Pair, scheme: LabelScheme) -> tuple[list[np.ndarray], list[np.ndarray], np.ndarray]:
    """The images of an item's pair, their label maps, and its target map."""
    of = item.inputs
    faces = [read_rgb(of[f"face{k}"]) for k in range(len(pair.images))]
    maps = [read_label_map(of[f"map{k}"], scheme) for k in range(len(pair.images))]
    return faces, maps, read_label_map(of["target"], scheme)


def image_job(names: Sequence[str], data: Path, out: Path, judges: Callable[[], Judges]) -> Job:
    """The job of measuring images."""
    return Job(
        items_of_images(names, data, out), lambda item: of_image(judges(), read_rgb(item.inputs["face"])), {}, []
    )


def embedding_job(
    names: Sequence[str], folder: str, data: Path, out: Path, judges: Callable[[], Judges], entries: Sequence[str]
) -> Job:
    """The job of measuring the embeddings of images in a folder, by the metrics of some files."""
    bench = cache(lambda: Bench(judges(), [], entries))

    def measure(item: Item) -> Sheet:
        return of_embedding(bench(), item.name, read_rgb(item.inputs["render"]), read_rgb(item.inputs["face"]))

    modules = [registry.module("metrics", entry) for entry in entries]
    return Job(items_of_images(names, data, out, folder), measure, {}, modules)


def pair_job(pairs: Mapping[str, Pair], data: Path, out: Path, scheme: LabelScheme) -> Job:
    """The job of measuring what the sources of pairs show."""

    def measure(item: Item) -> Sheet:
        pair = pairs[item.name]
        faces, maps, target = _files(item, pair, scheme)
        count = len(pair.references)
        return of_pair(pair, faces[:count], maps[:count], target, scheme)

    return Job(items_of_pairs(list(pairs.values()), data, out), measure, {"scheme": scheme.name}, [])


def composite_jobs(
    pairs: Mapping[str, Pair], methods: Sequence[str], data: Path, out: Path, judges: Callable[[], Judges],
    entries: Sequence[str],
) -> dict[str, Job]:  # fmt: skip
    """The jobs of measuring the composites of pairs, by method, by the metrics of some files.

    They share what is computed of a pair's sources, so items of the same pair should follow each other.
    """
    bench = cache(lambda: Bench(judges(), None, entries))
    files = {item.name: item for item in items_of_pairs(list(pairs.values()), data, out)}

    @lru_cache(maxsize=LARGEST if cuda() else 1)  # those of the next method's batch, which is of the same pairs
    def sources(name: str) -> Sources:
        faces, maps, target = _files(files[name], pairs[name], judges().parser.scheme)
        return Sources([judges().prepare(face) for face in faces], maps, target)

    def measure(item: Item) -> Sheet:
        return of_composite(bench(), pairs[item.name], read_rgb(item.inputs["composite"]), sources(item.name))

    modules = [registry.module("metrics", entry) for entry in entries]
    return {
        method: Job(items_of_pairs(list(pairs.values()), data, out / method, method), measure, {}, modules)
        for method in methods
    }


def job_steps(
    stage: str, job: Job, weights: Sequence[Path], record: Path, batch: int | Literal["auto"] = "auto"
) -> Iterator[int]:
    """Measure the items of a job, a batch with every step, and write the stage's record; errors as `item_steps`."""

    def sheet_of(item: Item) -> Result | ItemError:
        try:
            return Result({SHEET: sheet_bytes(job.measure(item))}, {})
        except ItemError as error:
            return error

    @torch.no_grad()
    def compute(items: Sequence[Item]) -> list[Result | ItemError]:
        return at_once([partial(sheet_of, item) for item in items])

    networks = {network_of(path): path for path in weights}
    modules = ["stages.measure", *job.modules]
    yield from item_steps(stage, modules, job.items, job.params, networks, compute, record, batch, mixed=True)


def _params(text: str) -> ScoreParams:
    params = {**UNSAID, **as_json()(text)}
    try:
        check_section("score", params)
    except UserError as error:
        raise typer.BadParameter(str(error)) from error
    return cast("ScoreParams", params)


def main(
    what: Annotated[What, typer.Argument(help="images and their reconstructions, or pairs and their composites")],
    scheme: Scheme,
    data: Annotated[Path, typer.Option(help="folder of the artifacts of all stages")],
    chunk: Annotated[str, typer.Option(help="name of the chunk, after which the records are called")],
    params: Annotated[
        ScoreParams, typer.Option(parser=_params, help="the keys of section `score` that this reads, as JSON")
    ],
    judge: Annotated[list[str], typer.Option(help="a perceptual network that measures; in their order")],
    weights: Annotated[list[Path], typer.Argument(help="weights of these, of the face parser, and of the metrics")],
    names: Annotated[
        frozenset[str] | None, typer.Option(parser=names_in, help="names of the images, with commas between them")
    ] = None,
    pairs: Annotated[Path | None, typer.Option(help="pairs.csv, or a part of it")] = None,
    folder: Annotated[list[str] | None, typer.Option(help="a folder of reconstructions of the images")] = None,
    method: Annotated[list[str] | None, typer.Option(help="a method whose composites are measured")] = None,
    judge_parser: Annotated[list[str] | None, typer.Option(help="a parser that judges beside the run's own")] = None,
    tf32: TF32 = False,
    log: Log = None,
) -> None:
    """Measure images and what they were embedded as, or pairs and their composites, each by itself."""
    log_to(log)
    out, records, parsers = data / MEASURED, data / "records" / MEASURED, judge_parser or []
    device, files = choose_device(tf32), {network_of(path): path for path in weights}
    judges = cache(lambda: load_judges(params, judge, parsers, weights, device))
    known = registry.entries("networks")
    parser = next(n for n in files if n in known and known[n].role == "parser" and n not in parsers)

    def steps(kind: str, job: Job, *networks: str, name: str = "") -> Iterator[int]:
        stage = "-".join([MEASURED, kind, *([name] if name else [])])
        return job_steps(
            stage, job, [files[n] for n in dict.fromkeys(networks)], records / kind / name / f"{chunk}.json"
        )

    if what == "pairs":
        if pairs is None:
            raise UserError("measure pairs: give --pairs")
        listed = listed_pairs(pairs)
        setup = setup_with(params, judge, parser, parsers)
        entries, used = entries_for("composites", setup), [*judge, parser, *parsers]
        more = networks_for("composites", setup)
        decide = _decide(params, judge, [parser, *parsers])
        composites = composite_jobs(listed, method or [], data, out / "composites", judges, entries)
        in_turn(
            steps("pairs", pair_job(listed, data, out / "pairs", scheme)),
            *(
                steps("composites", job._replace(params=decide), *used, *more, name=each)
                for each, job in composites.items()
            ),
        )
        return
    if names is None:
        raise UserError("measure images: give --names")
    first = _decide(params, judge[:1], [parser])
    images = image_job(sorted(names), data, out / "images", judges)._replace(params=first)
    in_turn(steps("images", images, judge[0], parser))
    setup = setup_with(params, judge, parser, [])
    entries, more = entries_for("reconstructions", setup), networks_for("reconstructions", setup)
    for each in folder or []:
        job = embedding_job(sorted(names), each, data, out / "reconstructions" / each, judges, entries)
        decided = job._replace(params=_decide(params, judge, [parser]))
        in_turn(steps("reconstructions", decided, *judge, parser, *more, name=each))


def _decide(score: ScoreParams, judges: Sequence[str], parsers: Sequence[str]) -> dict[str, object]:
    """What of the parameters decides the values."""
    decide = {"size": score["size"], "identity": score["identity"], "judges": judges, "parsers": parsers}
    return decide | digests_of(score)


if __name__ == "__main__":
    run_stage(main)
