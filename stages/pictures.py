"""Stage `pictures`: the pictures of the gallery, as WebP files (see `stages.pages.pictures`). It needs no network.

An item is made of its own files alone. Those of a job are made in as many processes as there are cores.
"""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Annotated, Literal

import typer
from loky import cpu_count, get_reusable_executor

from stages.engine.command import Log, Scheme, as_json, log_to, names_in, run_stage
from stages.engine.items import Item, Result, run_items
from stages.errors import ItemError, UserError
from stages.pages.pictures import Encoding, Kind, Task, made, outputs
from stages.regions.labels import LabelScheme
from stages.regions.pair import Pair
from stages.settings.manifests import listed_pairs

What = Literal["images", "pairs"]
AT_ONCE = 16  # items for each process
FEW = 4  # items; for fewer no process is worth its start


def items_of_images(names: Sequence[str], data: Path, out: Path, folder: str | None = None) -> list[Item]:
    """Items of images and their label maps; with a folder of `data/reconstructions` those of the embeddings in it."""
    items = []
    for name in names:
        face, file = {"face": data / "faces" / f"{name}.png"}, f"{name}.png"
        if folder is None:
            inputs = face | {"map": data / "maps" / file}
            items.append(Item(name, inputs, outputs("faces", out, name), given=True))
        else:
            inputs = face | {"render": data / "reconstructions" / folder / file}
            items.append(Item(name, inputs, outputs("reconstructions", out, name, folder), given=True))
    return items


def items_of_pairs(
    pairs: Sequence[Pair], data: Path, out: Path, method: str | None = None, previews: bool = False
) -> list[Item]:
    """Items of pairs' target maps; with a method those of its composites, and of its aligned codes if `previews`."""
    items = []
    for pair in pairs:
        file = f"{pair.pair}.png"
        inputs = {"target": data / "targets" / file}
        if method is None:
            items.append(Item(pair.pair, inputs, outputs("targets", out, pair.pair), given=True))
            continue
        inputs["composite"] = data / "composites" / method / file
        if previews:
            inputs["aligned"] = data / "previews" / method / file
        for k, name in enumerate(pair.references):
            inputs |= {f"face{k}": data / "faces" / f"{name}.png", f"map{k}": data / "maps" / f"{name}.png"}
        shown = len(pair.references) if previews else 0
        places = outputs("composites", out, pair.pair, method, shown)
        items.append(Item(pair.pair, inputs, places, {"columns": pair.facts}, given=True))
    return items


def make(
    stage: str,
    kind: Kind,
    items: Sequence[Item],
    pairs: Mapping[str, Pair],
    scheme: LabelScheme,
    encoding: Encoding,
    record: Path,
) -> None:
    """Make the pictures of some items and the stage's record, which says what is empty; errors as `run_items`."""

    def compute(batch: Sequence[Item]) -> list[Result | ItemError]:
        tasks = [Task(kind, item.inputs, scheme.name, encoding, _plain(pairs.get(item.name))) for item in batch]
        found = _in_processes(tasks) if len(tasks) >= FEW and cpu_count() > 1 else map(made, tasks)
        return [
            ItemError(each) if isinstance(each, str)
            else Result(each, {"empty": sorted(role for role, content in each.items() if not content)})
            for each in found
        ]  # fmt: skip

    params = {"scheme": scheme.name, "encoding": encoding._asdict(), "kind": kind}
    run_items(stage, ["stages.pictures"], items, params, {}, compute, record, AT_ONCE * cpu_count())


def _in_processes(tasks: Sequence[Task]) -> list[dict[str, bytes] | str]:
    return list(get_reusable_executor(max_workers=cpu_count()).map(made, tasks))


def _plain(pair: Pair | None) -> Pair | None:
    """The same pair, which can be handed to another process."""
    return pair and pair._replace(regions=dict(pair.regions), appearance=dict(pair.appearance))


def main(
    what: Annotated[What, typer.Argument(help="images and their embeddings, or pairs and their composites")],
    encoding: Annotated[
        dict[str, int], typer.Option(parser=as_json(), help="size, thumbnail and quality of section `gallery`, as JSON")
    ],
    scheme: Scheme,
    data: Annotated[Path, typer.Option(help="folder of the artifacts of all stages")],
    out: Annotated[Path, typer.Option(help="folder of the gallery")],
    chunk: Annotated[str, typer.Option(help="name of the chunk, after which the records are called")],
    names: Annotated[
        frozenset[str] | None, typer.Option(parser=names_in, help="names of the images, with commas between them")
    ] = None,
    pairs: Annotated[Path | None, typer.Option(help="pairs.csv, or a part of it")] = None,
    folder: Annotated[list[str] | None, typer.Option(help="a folder of reconstructions of the images")] = None,
    method: Annotated[list[str] | None, typer.Option(help="a method whose composites are shown")] = None,
    preview: Annotated[list[str] | None, typer.Option(help="one of these whose aligned codes are shown too")] = None,
    log: Log = None,
) -> None:
    """Make the gallery's pictures of images and embeddings, or of target maps and composites."""
    log_to(log)
    records, wanted = data / "records" / "pictures", Encoding(**encoding)
    if what == "pairs":
        if pairs is None:
            raise UserError("pictures pairs: give --pairs")
        listed = listed_pairs(pairs)
        each = list(listed.values())
        make("pictures-targets", "targets", items_of_pairs(each, data, out), {}, scheme, wanted,
             records / "targets" / f"{chunk}.json")  # fmt: skip
        for name in method or []:
            items = items_of_pairs(each, data, out, name, name in (preview or []))
            make(f"pictures-composites-{name}", "composites", items, listed, scheme, wanted,
                 records / "composites" / name / f"{chunk}.json")  # fmt: skip
        return
    if names is None:
        raise UserError("pictures images: give --names")
    make("pictures-faces", "faces", items_of_images(sorted(names), data, out), {}, scheme, wanted,
         records / "faces" / f"{chunk}.json")  # fmt: skip
    for name in folder or []:
        make(f"pictures-reconstructions-{name}", "reconstructions", items_of_images(sorted(names), data, out, name),
             {}, scheme, wanted, records / "reconstructions" / name / f"{chunk}.json")  # fmt: skip


if __name__ == "__main__":
    run_stage(main)
