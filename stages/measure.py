"""Stage `measure`: a sheet of every image, embedding, pair or composite (see `stages.scoring.sheets`).

An item is measured alone, from its own files, so a list of items may be any part of all. Nothing is judged here and
nothing is averaged: `stages.score` makes the table of the sheets.
"""

from collections.abc import Callable, Mapping, Sequence
from functools import cache
from pathlib import Path
from typing import Annotated, Literal, NamedTuple, cast

import numpy as np
import torch
import typer

from stages import registry
from stages.engine.command import TF32, Log, Scheme, as_json, log_to, run_stage
from stages.engine.items import Item, Result, run_items
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
from stages.scoring.measuring import of_composite, of_embedding, of_image, of_pair
from stages.scoring.metric_names import entries_for, setup_with
from stages.scoring.sheets import Sheet, sheet_bytes
from stages.scoring.user_files import digests_of
from stages.settings.config import check_section
from stages.settings.manifests import listed_pairs, read_faces

What = Literal["images", "reconstructions", "pairs", "composites"]
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


def chosen(images: Path, only: str | None) -> list[str]:
    """The names of the images to measure: all of images.csv, or those of a list with commas.

    Raises:
        UserError: images.csv is wrong, or a name is not in it.
    """
    names = [face.image for face in read_faces(images)]
    if only is None:
        return names
    wanted = only.split(",")
    if unknown := [name for name in wanted if name not in names]:
        raise UserError(f"--only: {unknown[0]} is not in {images}; name images of that list, with commas between")
    return wanted


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


def composite_job(
    pairs: Mapping[str, Pair], method: str, data: Path, out: Path, judges: Callable[[], Judges], entries: Sequence[str]
) -> Job:
    """The job of measuring the composites of pairs by a method, by the metrics of some files."""
    bench = cache(lambda: Bench(judges(), None, entries))

    def measure(item: Item) -> Sheet:
        pair = pairs[item.name]
        composite = read_rgb(item.inputs["composite"])
        return of_composite(bench(), pair, composite, *_files(item, pair, judges().parser.scheme))

    modules = [registry.module("metrics", entry) for entry in entries]
    return Job(items_of_pairs(list(pairs.values()), data, out, method), measure, {}, modules)


def run_job(stage: str, job: Job, weights: Sequence[Path], record: Path) -> None:
    """Measure the items of a job one by one and write the stage's record; errors as `run_items`."""

    @torch.no_grad()
    def compute(batch: Sequence[Item]) -> list[Result | ItemError]:
        results: list[Result | ItemError] = []
        for item in batch:
            try:
                results.append(Result({SHEET: sheet_bytes(job.measure(item))}, {}))
            except ItemError as error:
                results.append(error)
        return results

    networks = {network_of(path): path for path in weights}
    run_items(stage, ["stages.measure", *job.modules], job.items, job.params, networks, compute, record)


def _params(text: str) -> ScoreParams:
    params = {**UNSAID, **as_json()(text)}
    try:
        check_section("score", params)
    except UserError as error:
        raise typer.BadParameter(str(error)) from error
    return cast("ScoreParams", params)


def main(
    what: Annotated[What, typer.Argument(help="what the items are")],
    scheme: Scheme,
    images: Annotated[Path, typer.Option(help="images.csv")],
    data: Annotated[Path, typer.Option(help="folder of the artifacts of all stages")],
    out: Annotated[Path, typer.Option(help="folder of the sheets")],
    record: Annotated[Path, typer.Option(help="record of the stage to write")],
    params: Annotated[
        ScoreParams | None, typer.Option(parser=_params, help="the keys of section `score` that this reads, as JSON")
    ] = None,
    name: Annotated[str, typer.Option(help="the method of composites, or the folder of reconstructions")] = "",
    only: Annotated[str | None, typer.Option(help="names of images, with commas; without it all")] = None,
    pairs: Annotated[Path, typer.Option(help="pairs.csv, or a part of it")] = Path("data/pairs.csv"),
    judge: Annotated[list[str] | None, typer.Option(help="a perceptual network that measures; in their order")] = None,
    judge_parser: Annotated[list[str] | None, typer.Option(help="a parser that judges beside the run's own")] = None,
    weights: Annotated[
        list[Path] | None, typer.Argument(help="weights of these, of the face parser, and of the metrics")
    ] = None,
    tf32: TF32 = False,
    log: Log = None,
) -> None:
    """Measure images, reconstructions, pairs or composites, each by itself."""
    log_to(log)
    device, files = choose_device(tf32), weights or []
    titles, parsers, score = judge or [], judge_parser or [], params or UNSAID
    judges = cache(lambda: load_judges(score, titles, parsers, files, device))
    stage = f"measured-{what}-{name}" if name else f"measured-{what}"
    if what == "pairs":
        run_job(stage, pair_job(listed_pairs(pairs, images), data, out, scheme), [], record)
        return
    known = registry.entries("networks")
    parser = next(n for n in map(network_of, files) if n in known and known[n].role == "parser" and n not in parsers)
    setup = setup_with(score, titles, parser, parsers)
    if what == "images":
        job = image_job(chosen(images, only), data, out, judges)
    elif what == "reconstructions":
        job = embedding_job(chosen(images, only), name, data, out, judges, entries_for(what, setup))
    else:
        job = composite_job(listed_pairs(pairs, images), name, data, out, judges, entries_for(what, setup))
    decide = {"size": score["size"], "identity": score["identity"], "judges": titles, "parsers": [parser, *parsers]}
    job = job._replace(params=decide | digests_of(score))
    run_job(stage, job, files, record)


if __name__ == "__main__":
    run_stage(main)
