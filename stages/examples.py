"""Stage `examples`: one composite for each kind of transfer, to look at; not part of what is measured."""

from pathlib import Path
from typing import Annotated

import typer

from stages.engine.command import TF32, Log, Precision, Scheme, as_json, log_to, run_stage
from stages.engine.stage_records import check, withdraw, write_record
from stages.errors import UserError
from stages.formats.files import is_failed, write_atomic
from stages.formats.label_maps import read_label_map
from stages.methods import Folders, Job
from stages.params.align_section import AlignParams
from stages.params.faces_to_targets import TargetParams
from stages.params.outputs import ExamplesParams
from stages.params.whole import Methods
from stages.regions.example_kinds import choose
from stages.regions.labels import LabelScheme
from stages.regions.pair import Pair, as_table
from stages.settings.manifests import csv_bytes, listed_pairs, read_faces


def choose_all(params: ExamplesParams, maps: dict[str, Path], scheme: LabelScheme) -> list[Pair]:
    """A pair for every kind asked for; raises UserError if the images show nothing for one."""
    check(maps.values())
    labels = {name: read_label_map(path, scheme) for name, path in maps.items() if not is_failed(path)}
    try:
        return [choose(kind, labels, scheme, params["seed"]) for kind in params["kinds"]]
    except ValueError as error:
        raise UserError(f"examples.kinds: {error}; leave it out or add faces") from error


def main(
    params: Annotated[
        ExamplesParams, typer.Option(parser=as_json("examples"), help="section `examples` of params.yaml, as JSON")
    ],
    target_params: Annotated[TargetParams, typer.Option(parser=as_json("target"), help="section `target`, likewise")],
    align_params: Annotated[AlignParams, typer.Option(parser=as_json("align"), help="section `align`, likewise")],
    own_params: Annotated[dict[str, object], typer.Option(parser=as_json(), help="the method's own section, likewise")],
    method: Annotated[
        Methods, typer.Option(parser=as_json(), help="one entry of `methods`, as JSON; {} without kinds")
    ],
    scheme: Scheme,
    images: Annotated[Path, typer.Option(help="images.csv")],
    data: Annotated[Path, typer.Option(help="folder of the artifacts of all stages")],
    generator: Annotated[Path, typer.Option(help="weights of the generator")],
    parser: Annotated[Path, typer.Option(help="weights of the face parser")],
    perceptual: Annotated[Path, typer.Option(help="weights of the perceptual network")],
    precision: Precision,
    completer: Annotated[Path | None, typer.Option(help="weights of the network of a learned fill")] = None,
    tf32: TF32 = False,
    log: Log = None,
) -> None:
    """Choose a pair for each kind of transfer and make its composite, by the stages that make all others."""
    log_to(log)
    folder, records, maps = data / "examples", data / "records" / "examples", data / "maps"
    pairs = folder / "pairs.csv"
    chosen = choose_all(params, {face.image: maps / f"{face.image}.png" for face in read_faces(images)}, scheme)
    withdraw(records / "pairs.json")
    write_atomic(pairs, csv_bytes(*as_table(chosen)))
    write_record(records / "pairs.json", "examples", [pairs])
    if not chosen:
        return
    from stages import align, target  # torch, which without examples nobody needs
    from stages.compose import make_composites

    target.main(
        target_params, scheme, pairs, maps, generator, parser,
        out=folder / "targets", record=records / "targets.json", completer=completer, tf32=tf32,
    )  # fmt: skip
    align.main(
        align_params, method, scheme, pairs, maps, folder / "targets", data / "codes",
        generator, parser, perceptual,
        out=folder / "aligned", record=records / "aligned.json", precision=precision,
        doubts=folder / "targets" / target.DOUBTS if completer else None, tf32=tf32,
    )  # fmt: skip
    ((name, choice),) = method.items()
    folders = Folders(data / "faces", maps, folder / "targets", folder / "aligned", folder / "composites")
    job = Job(
        name, choice, own_params, scheme, listed_pairs(pairs), folders,
        {"generator": generator, "parser": parser, "perceptual": perceptual}, precision, tf32, folder / "composites",
    )  # fmt: skip
    make_composites(job, records / "composites.json")


if __name__ == "__main__":
    run_stage(main)
