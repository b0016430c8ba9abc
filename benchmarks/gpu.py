"""Every stage on a GPU: seconds an item, memory, and how far the results are from those of the CPU.

    python -m benchmarks.gpu make FOLDER --items 32     # in one process: on the GPU, or on the CPU if there is none
    python -m benchmarks.gpu table GPU CPU              # of two such folders

`benchmarks/gpu.sh` does both, with CUDA_VISIBLE_DEVICES="" for the CPU. Needs data/weights, but not Snakemake. The
stages' own commands run in the order of the pipeline, with the parameters of params.yaml and `batch: auto`. What dlib
finds is not computed: it never runs on a GPU.
"""

import json
import os
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Annotated

import numpy as np
import pandas as pd
import safetensors.numpy
import torch
import typer
import yaml

from stages import align, embed, parse, registry, target
from stages.compose import make_composites
from stages.engine.items import in_turn
from stages.engine.stage_records import read_record
from stages.faces import draw_face
from stages.formats.images import read_rgb
from stages.measure import UNSAID, composite_jobs, job_steps
from stages.methods import Folders, Job
from stages.nets.device import choose_device
from stages.nets.loading import load_generator, load_parser
from stages.regions.pair import Pair, as_table
from stages.scoring.judges import load_judges
from stages.scoring.metric_names import entries_for
from stages.settings.manifests import csv_bytes

METHODS = ("barbershop", "copy_paste")
OF_DLIB = ("identity", "landmarks")  # metrics
app = typer.Typer(add_completion=False)


def stages_of(project: Path, items: int) -> Iterator[tuple[str, Callable[[], object]]]:
    """Name of each stage and what makes its files in the current folder, for so many faces and as many pairs.

    `project`: where params.yaml and the weights are.
    """

    def weights(name: str) -> Path:
        return project / "data" / "weights" / f"{name}.safetensors"

    data, params = Path("data"), yaml.safe_load((project / "params.yaml").read_text())
    used, device, records = params["networks"], choose_device(params["networks"]["tf32"]), data / "records"
    nets = {role: weights(used[role]) for role in ("generator", "parser", "perceptual")}
    generator, parser, perceptual = nets.values()
    precision, names = used["precision"], [f"drawn-{k:04d}" for k in range(items)]
    listed = [Pair(f"pair-{k:04d}", names[k], {"hair": names[k ^ 1]}) for k in range(items)]
    scheme = load_parser(parser, torch.device("cpu")).scheme
    folder = {name: data / name for name in ("faces", "maps", "targets", "codes", "reconstructions", "aligned")}
    pairs = data / "pairs.csv"

    def draw() -> None:
        net = load_generator(generator, device)
        folder["faces"].mkdir(parents=True)
        pairs.write_bytes(csv_bytes(*as_table(listed)))
        with torch.no_grad():
            for k, name in enumerate(names):
                content = draw_face(net, k, 0, params["faces"]["drawn"]["truncation"], device)
                (folder["faces"] / f"{name}.png").write_bytes(content)

    yield "faces", draw
    yield (
        "maps",
        lambda: parse.main(
            params["maps"], frozenset(names), folder["faces"], parser, folder["maps"], records / "maps.json"
        ),
    )
    yield (
        "targets",
        lambda: target.main(
            params["target"],
            scheme,
            pairs,
            folder["maps"],
            generator,
            parser,
            folder["targets"],
            records / "targets.json",
        ),
    )
    begins = folder["codes"] / "w"

    def codes(kind: str, out: Path, starts: Path | None) -> None:
        embed.main(
            params["embed"], frozenset(names), folder["faces"], generator, perceptual, out,
            folder["reconstructions"], records / f"codes-{kind}.json", precision, kind, starts,
        )  # fmt: skip

    yield "codes-w", lambda: codes("w", begins, None)
    yield "codes", lambda: codes("fs", folder["codes"], begins)
    yield "aligned-barbershop", lambda: align.main(
        params["align"], {"barbershop": params["methods"]["barbershop"]}, scheme, pairs, folder["maps"],
        folder["targets"], folder["codes"], generator, parser, perceptual, folder["aligned"] / "barbershop",
        records / "aligned-barbershop.json", precision,
    )  # fmt: skip

    def compose(method: str) -> None:
        choice = params["methods"][method]
        entry = registry.load("methods", choice["kind"])
        job = Job(
            method, choice, params[entry.section] if entry.section else {}, scheme, {p.pair: p for p in listed},
            Folders.of(data, method), nets, precision, used["tf32"], data / "composites" / method,
        )  # fmt: skip
        make_composites(job, records / f"composites-{method}.json")

    def measure() -> None:
        files = [weights(name) for name in (*used["judges"], used["parser"])]
        judges = load_judges({**UNSAID, "size": params["score"]["size"]}, used["judges"], [], files, device)
        entries = [name for name in entries_for("composites", judges.setup) if name not in OF_DLIB]
        jobs = composite_jobs({p.pair: p for p in listed}, METHODS, data, data / "measured", lambda: judges, entries)
        in_turn(*(job_steps(f"measured-{n}", job, files, records / f"measured-{n}.json") for n, job in jobs.items()))

    for method in METHODS:
        yield f"composites-{method}", lambda method=method: compose(method)
    yield "measured", measure


@app.command()
def make(
    folder: Annotated[Path, typer.Argument(help="where the artifacts go; must not be there yet")],
    items: Annotated[int, typer.Option(min=2, help="faces, and pairs; an even number")] = 32,
) -> None:
    """Run every stage, and note its seconds and peak memory."""
    rows, on_gpu = [], torch.cuda.is_available()
    folder.mkdir(parents=True)
    project = Path.cwd()
    os.chdir(folder)  # the store too is a new one
    for name, run in stages_of(project, items):
        if on_gpu:
            torch.cuda.reset_peak_memory_stats()
        began = time.perf_counter()
        run()
        seconds = time.perf_counter() - began  # all that is computed has been written to files by now
        peak = torch.cuda.max_memory_allocated() / 2**20 if on_gpu else None
        count = items * len(METHODS) if name == "measured" else items
        rows.append({"stage": name, "items": count, "seconds": seconds, "gpu_mib": peak})
        print(f"{name}: {seconds:.1f} s for {count} items", flush=True)
    device = torch.cuda.get_device_name() if on_gpu else f"CPU, {torch.get_num_threads()} threads"
    Path("took.json").write_text(json.dumps({"device": device, "torch": torch.__version__, "stages": rows}))


def tensors_below(folder: Path) -> dict[str, np.ndarray]:
    """All arrays of the files of a folder, by path and name: images in [0, 1], tensors, values that were measured."""
    found = {}
    for path in sorted(folder.rglob("*")):
        name = str(path.relative_to(folder))
        if path.suffix == ".png" and path.parent.name not in ("maps", "targets"):
            found[name] = read_rgb(path) / 255
        elif path.suffix == ".safetensors":
            found |= {f"{name} {key}": array for key, array in safetensors.numpy.load_file(path).items()}
    return found


def differences(gpu: Path, cpu: Path) -> pd.DataFrame:
    """The largest and the root mean square difference of each kind of file that both folders have."""
    ours, theirs, rows = tensors_below(gpu), tensors_below(cpu), {}
    for name in ours.keys() & theirs.keys():
        kind = "/".join(name.split("/")[:-1]) + (f" {name.split()[-1]}" if " " in name else "")
        difference = np.nan_to_num(np.float64(ours[name]) - theirs[name])
        rows.setdefault(kind, []).append((np.abs(difference).max(), (difference**2).mean(), np.abs(theirs[name]).max()))
    table = {
        kind: {
            "files": len(each), "largest difference": max(e[0] for e in each),
            "root mean square": np.sqrt(np.mean([e[1] for e in each])), "largest value": max(e[2] for e in each),
        }
        for kind, each in sorted(rows.items())
    }  # fmt: skip
    return pd.DataFrame.from_dict(table, orient="index").rename_axis("what").reset_index()


@app.command()
def table(gpu: Path, cpu: Path) -> None:
    """Print both folders' seconds an item side by side, and the differences of what both have."""
    took = {name: json.loads((folder / "took.json").read_text()) for name, folder in (("GPU", gpu), ("CPU", cpu))}
    for name, each in took.items():
        print(f"{name}: {each['device']}, torch {each['torch']}, {each['stages'][0]['items']} faces and pairs")
    rows = [
        {
            "stage": ours["stage"],
            "GPU, s an item": round(ours["seconds"] / ours["items"], 3),
            "CPU, s an item": round(theirs["seconds"] / theirs["items"], 3),
            "GPU memory, MiB": "" if ours["gpu_mib"] is None else round(ours["gpu_mib"]),
        }
        for ours, theirs in zip(took["GPU"]["stages"], took["CPU"]["stages"], strict=True)
    ]
    print(pd.DataFrame(rows).to_string(index=False))
    print(differences(gpu / "data", cpu / "data").to_string(index=False, float_format="{:.3g}".format))
    failed = [
        f"{record.parent}: {item['item']}: {item['reason']}"
        for folder in (gpu, cpu)
        for record in (folder / "data" / "records").glob("*.json")
        for item in read_record(record)["items"]
        if item["status"] == "failed"
    ]
    print("\n".join(failed) or "no item failed")


if __name__ == "__main__":
    app()
