"""Stage `gallery`: the page of every pair and method, reports/gallery.html, and the same in one file for a mail.

The page reads its code, data and pictures from reports/gallery. The pictures are those of `stages.pictures`.
"""

import os
import re
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Annotated

import pandas as pd
import typer

from stages.engine.command import Log, Scheme, as_json, log_to, run_stage
from stages.engine.command import log as logger
from stages.engine.stage_records import AGAIN, Record, check, read_chunks, withdraw, write_record
from stages.errors import UserError
from stages.formats.files import sha256_file, write_atomic
from stages.formats.words import counted
from stages.pages import html
from stages.pages.columns import TRANSFER, Column, column_json, columns_of, failures_of
from stages.pages.content import Content, Embedded, Shown, index, reasons_of
from stages.pages.mail import chosen, ranking
from stages.pages.pictures import outputs
from stages.params.whole import Params
from stages.regions.labels import LabelScheme
from stages.regions.pair import Pair
from stages.reporting.circular import losses_of
from stages.reporting.names import method_name
from stages.reporting.ranking import full_name, full_names
from stages.settings.manifests import Face, read_faces, read_pairs
from stages.settings.methods import (
    aligned,
    embedding,
    from_elsewhere,
    previewed,
    reconstruction_folders,
    recorded_codes,
)
from stages.statistics import table
from stages.strata.classes import strata_of
from stages.strata.files import read_images, read_pair_strata

TITLE = "Gallery"
MEGABYTE = 10**6
ENCODED = 4 / 3  # bytes of base64 for one


def pictures_records(data: Path, params: Params) -> dict[str, Record]:
    """The records of all pictures, by what they show: `faces`, `composites/METHOD` and so on."""
    kinds = ["faces", "targets", *(f"composites/{method}" for method in params["methods"])]
    kinds += [f"reconstructions/{folder}" for folder in folders_of(params)]
    return {kind: read_chunks(data / "records" / "pictures" / kind) for kind in kinds}


def folders_of(params: Params) -> list[str]:
    """The folders of reconstructions that are shown, each once: those of the methods' codes."""
    return list(dict.fromkeys(reconstruction_folders(params["methods"]).values()))


def missing_pictures(records: Mapping[str, Record]) -> dict[str, list[str]]:
    """The items that have no picture, by the folder of pictures, from the records."""
    places = {"full": "{}", "map": "maps", "error": "errors/{}"}
    found: dict[str, list[str]] = {}
    for kind, record in records.items():
        what, _, of = kind.partition("/")
        for item in record["items"]:
            if item["status"] != "ok":
                raise UserError(f"data/records/pictures/{kind}: {item['item']}: {item['reason']}; run again")
            for role in item.get("empty", []):
                if role == "small":
                    continue
                if role.startswith("aligned"):
                    place = f"aligned/{of}"
                elif what == "reconstructions" and role == "error":
                    place = f"reconstruction-errors/{of}"
                else:
                    place = places[role].format(kind if role == "full" else of)
                if item["item"] not in found.setdefault(place, []):
                    found[place].append(item["item"])
    return found


def reasons(data: Path, params: Params) -> tuple[dict[str, list[str]], dict[str, list[str]]]:
    """Why what was not made was not, in a line each: by image, and by pair."""
    methods, records = params["methods"], data / "records"
    codes = recorded_codes(methods, params["embed"]["start"])
    of_images = [("face", "faces"), ("label map", "maps"), *((f"embedding {code}", f"codes/{code}") for code in codes)]
    supplied = from_elsewhere(methods)  # what these lack is told as the method's failure
    of_pairs = [
        ("target map", "targets"),
        *((f"alignment by {method_name(m)}", f"aligned/{m}") for m in aligned(methods)),
    ]
    of_pairs += [(f"composite by {method_name(m)}", f"composites/{m}") for m in methods if m not in supplied]
    images, pairs = (
        reasons_of((what, read_chunks(records / stage)["items"]) for what, stage in stages)
        for stages in (of_images, of_pairs)
    )
    return images, pairs


def folders_named(params: Params) -> re.Pattern[str]:
    """Absolute folders at the beginning of a path: those that the parameters name, the run's own, and the home.

    A page is passed on, so its reasons leave them out.
    """
    given = {value for value in strings_in(params) if Path(value).is_absolute()}
    folders = {*given, *(str(Path(path).parent) for path in given), str(Path.cwd()), os.path.expanduser("~")} - {"/"}
    longest_first = sorted((folder.rstrip("/") for folder in folders), key=len, reverse=True)
    return re.compile(rf"(?<![^\s:,;=('\"`])(?:{'|'.join(map(re.escape, longest_first))})/")


def strings_in(value: object) -> Iterator[str]:
    """All texts in nested mappings and lists; not the keys."""
    if isinstance(value, str):
        yield value
    elif isinstance(value, Mapping | Sequence):
        for each in value.values() if isinstance(value, Mapping) else value:
            yield from strings_in(each)


class Gathered:
    """All of a run that the pages need, read once; `content` gives the part of some pairs."""

    def __init__(
        self, params: Params, scheme: LabelScheme, frame: pd.DataFrame, faces: Sequence[Face], pairs: Sequence[Pair],
        data: Path,
    ) -> None:  # fmt: skip
        self.params, self.scheme, self.faces, self.pairs = params, scheme, faces, pairs
        folders = folders_named(params)
        self.frame = frame.assign(note=[note and folders.sub("", note) for note in frame["note"]])
        methods, report = params["methods"], params["report"]
        codes = embedding(methods)
        shown = previewed(methods)
        self.methods = [Shown(name, codes.get(name, ""), name in shown) for name in methods]
        self.strata = strata_of(
            read_images(data / "strata" / "images.csv"), read_pair_strata(data / "strata" / "pairs.csv")
        )
        self.records = pictures_records(data, params)
        self.missing = missing_pictures(self.records)
        of_images, of_pairs = (
            {item: [folders.sub("", line) for line in lines] for item, lines in of_items.items()}
            for of_items in reasons(data, params)
        )
        self.reasons = of_images, of_pairs
        self.summaries = frame[(frame["protocol"] == TRANSFER) & (frame["item"] == table.SUMMARY)]
        self.metric = _or_first(frame, TRANSFER, report["rank"]["transfer"])
        self.main = full_names(frame, TRANSFER, report["metrics"]) or [self.metric]
        self.rank = _or_first(frame, "reconstruction", report["rank"]["reconstruction"])

    def content(self, pairs: Sequence[Pair]) -> tuple[Content, list[Column]]:
        """What the page of some pairs says, and its columns of numbers."""
        names, methods = [pair.pair for pair in pairs], [shown.method for shown in self.methods]
        used = {image for pair in pairs for image in pair.images}
        faces = [face for face in self.faces if face.image in used]
        columns = columns_of(self.frame, names, methods)
        content = Content(
            faces, pairs, self.methods, columns, self.strata, failures_of(self.frame, names, methods), self.reasons,
            self.missing, [self._embedded(folder, faces) for folder in folders_of(self.params)],
            (self.rank, self._direction()), self.summaries, losses_of(self.params),
            self.scheme, (self.params["report"]["method"], self.metric, self.main),
        )  # fmt: skip
        return content, columns

    def _embedded(self, folder: str, faces: Sequence[Face]) -> Embedded:
        owner = next(m for m, f in reconstruction_folders(self.params["methods"]).items() if f == folder)
        rows = self._ranked_embeddings()
        values = rows[rows["method"] == owner].set_index("item")["value"]
        return Embedded(folder, [float(values.get(face.image, float("nan"))) for face in faces])

    def _ranked_embeddings(self) -> pd.DataFrame:
        rows = self.frame[(self.frame["protocol"] == "reconstruction") & (self.frame["metric"] == self.rank)]
        return table.items_of(rows)

    def _direction(self) -> str:
        rows = self._ranked_embeddings()
        return str(rows["direction"].iloc[0]) if len(rows) else "higher"

    def ranked_pairs(self) -> list[str]:
        """Names of all pairs, the worst of the report's method first."""
        method, names = self.params["report"]["method"], [pair.pair for pair in self.pairs]
        rows = table.items_of(self.frame[(self.frame["protocol"] == TRANSFER) & (self.frame["method"] == method)])
        of_metric = rows[rows["metric"] == self.metric]
        values = dict(zip(of_metric["item"], of_metric["value"], strict=True))
        failed = list(failures_of(self.frame, names, [method])[0])
        higher = bool((of_metric["direction"] == "higher").any())
        return ranking(values, failed, names, higher=higher)


def _or_first(frame: pd.DataFrame, protocol: str, kind: str) -> str:
    """The full name of a metric; where nothing of the protocol was measured, the name as it was given."""
    try:
        return full_name(frame, protocol, kind)
    except UserError:
        return kind


def small_pictures(pair: Pair, methods: Sequence[str], out: Path) -> Iterator[tuple[str, Path]]:
    """The pictures of a pair's row: each with its path in the folder of the gallery."""
    paths = [outputs("faces", out, image)["small"] for image in pair.images]
    paths.append(outputs("targets", out, pair.pair)["small"])
    paths += [outputs("composites", out, pair.pair, method)["small"] for method in methods]
    for path in paths:
        yield str(path.relative_to(out)), path


def mail(gathered: Gathered, room: int, out: Path) -> bytes:
    """The single page: as many pairs as have room, with their numbers and small pictures."""
    methods, by_name = [shown.method for shown in gathered.methods], {pair.pair: pair for pair in gathered.pairs}
    sizes = {
        name: int(ENCODED * sum(path.stat().st_size for _, path in small_pictures(pair, methods, out)))
        for name, pair in by_name.items()
    }
    own = len(html.asset("gallery.js")) + len(html.asset("gallery.css"))
    names = chosen(gathered.ranked_pairs(), sizes, max(0, room - own))
    kept = set(names)
    pairs = [pair for pair in gathered.pairs if pair.pair in kept]
    content, columns = gathered.content(pairs)
    told = ""
    if len(pairs) < len(gathered.pairs):
        ranked_by = f"{gathered.metric} of {method_name(gathered.params['report']['method'])}"
        told = (
            f"This file has {counted(len(pairs), 'pair')} of {len(gathered.pairs):,}: the worst by {ranked_by}, failed "
            "ones first, in half of its room; others evenly over the rest. gallery.html has all, and larger pictures."
        )
    parts: dict[str, object] = {"index": index(content) | _facts(gathered.params, told)}
    parts |= {part_name(k): column_json(column) for k, column in enumerate(columns)}
    listed = {file: digest for record in gathered.records.values() for file, digest in record["files"].items()}
    pictures = {}
    for pair in pairs:
        for name, path in small_pictures(pair, methods, out):
            if name not in pictures and (content_of := path.read_bytes()):
                if listed.get(str(path)) != sha256_file(path):
                    check([path])
                    raise UserError(f"{path}: not as the stage wrote it, damaged or edited; {AGAIN}")
                pictures[name] = content_of
    return html.single(TITLE, len(pairs), len(methods), parts, pictures)


def part_name(number: int) -> str:
    """The name of a metric's column among the parts of the data."""
    return f"m{number:03d}"


def _facts(params: Params, told: str) -> dict[str, object]:
    return {"thumbnail": params["gallery"]["thumbnail"], "shownOf": told}


def prune(out: Path, kept: set[Path]) -> None:
    """Remove pictures and data of pairs, methods and metrics that are none any more."""
    for path in out.rglob("*"):
        if path.is_file() and path.suffix in (".webp", ".js", ".css", ".txt") and path not in kept:
            path.unlink()


def main(
    params: Annotated[Params, typer.Option(parser=as_json("all"), help="all of params.yaml, as JSON")],
    scheme: Scheme,
    metrics: Annotated[Path, typer.Option(help="metrics.parquet")],
    images: Annotated[Path, typer.Option(help="images.csv")],
    pairs: Annotated[Path, typer.Option(help="pairs.csv")],
    data: Annotated[Path, typer.Option(help="folder of the artifacts of all stages")],
    out: Annotated[Path, typer.Option(help="folder of the reports; that of the gallery is below it")],
    record: Annotated[Path, typer.Option(help="record of the stage to write")],
    log: Log = None,
) -> None:
    """Write gallery.html, its data, and gallery-mail.html."""
    log_to(log)
    check([images, pairs])
    faces = read_faces(images)
    listed = read_pairs(pairs, [face.image for face in faces])
    try:
        frame = table.read(metrics)
    except ValueError as error:
        raise UserError(f"{error}; remove it and run again") from error
    gathered = Gathered(params, scheme, frame, faces, listed, data)
    folder, content_and_columns = out / "gallery", gathered.content(listed)
    content, columns = content_and_columns
    files = {
        folder / "page" / name: html.asset(name).encode() for name in ("gallery.js", "gallery.css", "THIRD-PARTY.txt")
    }
    files[folder / "data" / "index.js"] = html.part("index", index(content) | _facts(params, ""))
    for number, column in enumerate(columns):
        name = part_name(number)
        files[folder / "data" / f"{name}.js"] = html.part(name, column_json(column))
    files[out / "gallery.html"] = html.page(TITLE, len(listed), len(params["methods"]))
    files[out / "gallery-mail.html"] = mail(gathered, int(params["gallery"]["mail"] * MEGABYTE), folder)
    withdraw(record)
    for path, content_of in files.items():
        write_atomic(path, content_of)
    pictures = {Path(file) for each in gathered.records.values() for file in each["files"]}
    prune(folder, pictures | files.keys())
    write_record(record, "gallery", files)
    beside = sum(len(each) for path, each in files.items() if path.name != "gallery-mail.html")
    logger.info(
        "%s: %s; %.1f MB beside the pictures; %s %.1f MB",
        out / "gallery.html", counted(len(listed), "pair"), beside / MEGABYTE, out / "gallery-mail.html",
        len(files[out / "gallery-mail.html"]) / MEGABYTE,
    )  # fmt: skip


if __name__ == "__main__":
    run_stage(main)
