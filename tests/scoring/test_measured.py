"""Items are measured one by one and merged: the table is that of one process, whatever was killed, added or split."""

import math
import shutil
from pathlib import Path

import numpy as np
import pytest
import torch
from drawn_run import DRAWN, MAPS, PAIRS, SIZE, TARGETS, image_of
from one_process import table as table_of_one_process
from PIL import Image
from support import DAMAGES, run_module
from torch import nn

from stages.engine.items import in_turn
from stages.engine.stage_records import read_chunks, write_record
from stages.formats.label_maps import label_map_bytes
from stages.measure import composite_jobs, embedding_job, image_job, job_steps, pair_job
from stages.nets.sliced_network import SlicedNetwork
from stages.regions.labels import CELEBAMASK_19
from stages.regions.pair import Pair
from stages.score import rows_of
from stages.scoring.merging import measure_sets
from stages.scoring.metric_names import entries_for
from stages.scoring.sheets import Sheet, Value, read_sheet, sheet_bytes

DATA = Path("data")
NAMES = [*MAPS, "d"]
ALL = [*PAIRS, Pair("s", "a", {"hair": "d"}), Pair("t", "b", {}, {"hair": "a"})]
METHODS = {"one": {"kind": "latent", "code": "fs", "align": False}, "two": {"kind": "results", "images": "mine"}}
REASONS = {"two": {"p": ("missing", "mine: no image named so"), "q": ("unreadable", "x.png: not an image")}}


class Project:
    """Four images, one of which failed, and the results of two methods, some of which are failures.

    `calls`: what was measured, as (folder, item). `killed_at`: the item at which the process dies. `batch`: items at
    once.
    """

    def __init__(self, judges):
        self.judges, self.calls, self.killed_at, self.batch = judges, [], None, "auto"
        for k, (name, labels) in enumerate(MAPS.items()):
            self.save(f"faces/{name}.png", image_of(labels, k))
            self.save(f"reconstructions/fs/{name}.png", image_of(labels, 10 + k))
            self.write(f"maps/{name}.png", label_map_bytes(labels, CELEBAMASK_19))
        for path in ("faces/d.png", "reconstructions/fs/d.png", "maps/d.png", "targets/s.png"):
            self.write(path, b"")
        targets = TARGETS | {"t": TARGETS["r"]}
        for k, (name, labels) in enumerate(targets.items()):
            self.write(f"targets/{name}.png", label_map_bytes(labels, CELEBAMASK_19))
            for method in METHODS:
                self.save(f"composites/{method}/{name}.png", image_of(labels, 20 + k))
        for method in METHODS:
            self.write(f"composites/{method}/s.png", b"")
        self.save("composites/one/q.png", np.array(Image.open(DATA / "faces" / "c.png")))  # the identity
        self.save("composites/one/t.png", np.full((SIZE, SIZE, 3), 7, np.uint8))
        for name in REASONS["two"]:
            self.write(f"composites/two/{name}.png", b"")
        for method in METHODS:
            self.record(method)

    def write(self, path, content):
        (DATA / path).parent.mkdir(parents=True, exist_ok=True)
        (DATA / path).write_bytes(content)

    def save(self, path, image):
        (DATA / path).parent.mkdir(parents=True, exist_ok=True)
        Image.fromarray(image).save(DATA / path)

    def reasons(self, method):
        return REASONS.get(method, {}) | {"s": ("missing", "data/faces/d.png is empty, it failed before")}

    def record(self, method):
        items = [{"item": pair.pair, "status": "ok"} for pair in ALL]
        for item in items:
            if found := self.reasons(method).get(item["item"]):
                mark = {"unreadable": True} if found[0] == "unreadable" else {}
                item |= {"status": "failed", "reason": found[1]} | mark
        folder = DATA / "composites" / method
        files = [folder / f"{pair.pair}.png" for pair in ALL]
        write_record(
            DATA / "records" / "composites" / method / "000.json",
            f"composites-{method}",
            files,
            weights={},
            items=items,
        )

    def measure(self, what, name="", only=NAMES, pairs=ALL, part=""):
        """Measure some items; a `part` has a record of its own."""
        kind = f"{what}/{name}" if name else what
        out, listed, judges = DATA / "measured" / kind, {pair.pair: pair for pair in pairs}, lambda: self.judges
        entries = entries_for(what, self.judges.setup) if what in ("reconstructions", "composites") else []
        job = {
            "images": lambda: image_job(only, DATA, out, judges),
            "reconstructions": lambda: embedding_job(only, name, DATA, out, judges, entries),
            "pairs": lambda: pair_job(listed, DATA, out, CELEBAMASK_19),
            "composites": lambda: composite_jobs(listed, [name], DATA, out.parent, judges, entries)[name],
        }[what]()

        def measure(item):
            if item.name == self.killed_at:
                raise KeyboardInterrupt
            self.calls.append((kind, item.name))
            return job.measure(item)

        record = DATA / "records" / "measured" / kind / f"00{part or 0}.json"
        in_turn(job_steps(f"measured-{kind.replace('/', '-')}", job._replace(measure=measure), [], record, self.batch))

    def measure_all(self, methods=METHODS):
        self.measure("images")
        self.measure("reconstructions", "fs")
        self.measure("pairs")
        for method in methods:
            self.measure("composites", method)

    def rows(self, methods=METHODS):
        """The rows of the table by key."""
        rows = rows_of(DATA, NAMES, ALL, methods, ["one"], CELEBAMASK_19, self.judges.setup, DRAWN)
        return keyed((row.protocol, row.method, row.value, row.images) for row in rows)

    def expected(self):
        """The same rows by one process."""
        reasons = {method: self.reasons(method) for method in METHODS}
        rows = table_of_one_process(DATA, self.judges, NAMES, ALL, ["fs"], METHODS, reasons, DRAWN._asdict())
        return keyed((protocol, "one" if method == "fs" else method, *rest) for protocol, method, *rest in rows)


def keyed(rows):
    """Rows by protocol, method, item and metric; a nan is text, so that it equals itself."""
    found = {}
    for protocol, method, value, images in rows:
        numbers = tuple(
            str(number) if math.isnan(number) else number for number in (value.value, value.low, value.high)
        )
        key = (protocol, method, value.item, value.metric)
        assert key not in found
        found[key] = (*numbers, value.n, value.direction, value.note, images)
    return found


@pytest.fixture
def project(tmp_path, monkeypatch, judges):
    monkeypatch.chdir(tmp_path)
    return Project(judges)


def test_the_table_is_that_of_one_process(project):
    project.measure_all()
    rows, expected = project.rows(), project.expected()
    assert {key: row for key, row in rows.items() if key[0] != "self-transfer"} == expected
    own = {key[2:]: row for key, row in rows.items() if key[0] == "self-transfer"}
    assert own and all(rows["reconstruction", "one", *key] == row for key, row in own.items())
    assert {metric for _, metric in own} == {f"{name}@{SIZE}" for name in ("PSNR", "difference")}


def test_failures_are_named_as_before_and_have_no_other_row(project):
    project.measure_all()
    rows = project.rows()
    notes = {key[1:3]: row[5] for key, row in rows.items() if key[3] == "failure"}
    assert notes["two", "p"] == "missing: mine: no image named so"
    assert notes["two", "q"] == "unreadable: x.png: not an image"
    assert notes["one", "q"].startswith("unchanged: it is the identity's own image, c")
    assert notes["one", "t"] == "constant: it has one colour, RGB [7, 7, 7]" or "black" in notes["one", "t"]
    failed = {key for key, note in notes.items() if note}
    assert {"p", "s"} <= {pair for _, pair in failed} and ("one", "p") not in failed
    assert not [key for key in rows if key[0] == "transfer" and key[1:3] in failed and key[3] != "failure"]


def test_a_pair_whose_face_failed_is_not_judged(project):
    """Its composite is there all the same, made elsewhere."""
    project.save("composites/two/s.png", image_of(TARGETS["p"], 9))
    items = [{"item": pair.pair, "status": "ok"} for pair in ALL]
    write_record(DATA / "records" / "composites" / "two" / "000.json", "composites-two", [], weights={}, items=items)
    project.measure_all()
    row = project.rows()["transfer", "two", "s", "failure"]
    assert row[0] == 0.0 and row[5] == "not judged: data/faces/d.png is empty, it failed before"


def test_a_composite_that_cannot_be_decoded_is_recorded_and_named(project):
    project.write("composites/one/p.png", b"no image")
    project.record("one")
    project.measure_all()
    (item,) = (
        i for i in read_chunks(DATA / "records" / "measured" / "composites" / "one")["items"] if i["item"] == "p"
    )
    assert item["status"] == "failed" and "not an image" in item["reason"]
    assert project.rows()["transfer", "one", "p", "failure"][5].startswith("not judged: data/composites/one/p.png: not")


def test_killed_it_goes_on_where_it_was(project):
    project.killed_at = "r"
    with pytest.raises(KeyboardInterrupt):
        project.measure("composites", "one")
    assert project.calls == [("composites/one", "p"), ("composites/one", "q")]
    project.calls.clear()
    project.killed_at = None
    project.measure("composites", "one")
    assert project.calls == [("composites/one", "r"), ("composites/one", "t")]


def test_another_method_measures_itself_alone(project):
    project.measure_all(["one"])
    before = project.rows({"one": METHODS["one"]})
    project.calls.clear()
    project.measure_all()
    assert {kind for kind, _ in project.calls} == {"composites/two"}
    rows = project.rows()
    assert {key: row for key, row in rows.items() if key[1] == "one"} == before


def test_methods_take_turns_and_a_pairs_sources_are_prepared_once(project):
    """The values are those of each method by itself (the tests above)."""
    prepared = []

    class Noting(type(project.judges)):
        def prepare(self, pixels):
            prepared.append(pixels)
            return super().prepare(pixels)

    judges = Noting(*project.judges)
    pairs = [pair for pair in ALL if pair.pair not in project.reasons("one")]
    entries = entries_for("composites", judges.setup)
    out = DATA / "measured" / "composites"
    jobs = composite_jobs({pair.pair: pair for pair in pairs}, METHODS, DATA, out, lambda: judges, entries)
    records = DATA / "records" / "measured" / "composites"
    in_turn(*(job_steps(f"measured-{name}", job, [], records / name / "000.json") for name, job in jobs.items()))
    of_method = {
        name: [i["item"] for i in read_chunks(records / name)["items"] if i["status"] == "ok"] for name in METHODS
    }
    measured = {item for items in of_method.values() for item in items}
    composites = sum(len(items) for items in of_method.values())
    sources = sum(len(pair.images) for pair in pairs if pair.pair in measured)
    assert len(METHODS) > 1 and composites <= len(prepared) <= composites + sources


class Seeded(SlicedNetwork):
    """A perceptual network of two layers with seeded weights, which notes the sizes of its batches."""

    name, blocks = "seeded", 2

    def __init__(self):
        super().__init__()
        torch.manual_seed(0)
        self.scaling_layer, self.net, self.batches = nn.Identity(), nn.Module(), []
        self.net.slice1 = nn.Sequential(nn.Conv2d(3, 8, 3), nn.ReLU())
        self.net.slice2 = nn.Sequential(nn.Conv2d(8, 8, 3, 2), nn.ReLU())

    def head(self, i):
        return torch.linspace(0, 1, 8)

    def features(self, image, blocks=None):
        self.batches.append(len(image))
        return super().features(image, blocks)


def test_values_do_not_depend_on_the_batch(project):
    """Pairs of different kinds share a batch, and the networks see several images at once."""
    net = Seeded()
    project.judges = project.judges._replace(perceptuals={"seeded": net})
    project.measure_all()
    assert set(net.batches) == {1}
    alone = project.rows()
    for name in ("data/measured", "data/records/measured", ".cache"):
        shutil.rmtree(name)
    project.batch = 3
    project.measure_all()
    assert max(net.batches) == 3
    rows = project.rows()
    assert rows.keys() == alone.keys()
    assert any(key[3] == f"kept seeded@{SIZE}" for key in rows)
    for key, (value, *rest) in rows.items():
        other, *others = alone[key]
        assert rest[2:] == others[2:], key
        assert value == other if isinstance(value, str) else value == pytest.approx(other, rel=1e-5, abs=1e-7), key


def test_parts_are_as_the_whole(project, tmp_path):
    """Two halves, in the other order, with records of their own; a store of their own too."""
    project.measure_all()
    whole = {path: path.read_bytes() for path in (DATA / "measured").rglob("*.safetensors")}
    rows = project.rows()
    for name in ("data/measured", "data/records/measured", ".cache"):
        Path(name).rename(tmp_path / f"aside-{name.replace('/', '-')}")
    for part, only, pairs in (("1", NAMES[2:], ALL[2:]), ("0", NAMES[:2], ALL[:2])):
        project.measure("images", only=only, part=part)
        project.measure("reconstructions", "fs", only=only, part=part)
        project.measure("pairs", pairs=pairs, part=part)
        for method in METHODS:
            project.measure("composites", method, pairs=pairs, part=part)
    assert {path: path.read_bytes() for path in (DATA / "measured").rglob("*.safetensors")} == whole
    assert project.rows() == rows


def test_one_region_less_to_show_changes_the_rows_of_the_others(project):
    """A pair that takes hair alone has no rows of hair as a region, unless some other pair takes more."""
    project.measure_all()
    judges, hair = project.judges, ALL[:3]
    rows = rows_of(DATA, NAMES, hair, METHODS, [], CELEBAMASK_19, judges.setup, DRAWN)
    names = {row.value.metric for row in rows}
    assert not any(name.startswith(("hair ", "look ")) for name in names)
    assert {f"hair PSNR@{SIZE}", f"look CIEDE2000@{SIZE}"} <= {key[3] for key in project.rows()}


def test_sets_that_were_measured_are_not_measured_again(project, monkeypatch):
    """But other relabellings are, and what is damaged in the store."""
    project.measure_all()
    rows, calls = project.rows(), []

    def measured(entry, sets):
        calls.append(entry)
        return measure_sets(entry, sets)

    monkeypatch.setattr("stages.score.measure_sets", measured)
    assert project.rows() == rows and not calls
    stored = sorted(Path(".cache/sets").glob("*/parts"))
    DAMAGES["bit flipped"](stored[0])
    assert project.rows() == rows and len(calls) == 1
    drawn = DRAWN._replace(seed=1)
    rows_of(DATA, NAMES, ALL, METHODS, [], CELEBAMASK_19, project.judges.setup, drawn)
    assert len(calls) == 1 + len(stored)


@pytest.mark.parametrize("damage", DAMAGES)
def test_a_damaged_sheet_is_refused_in_one_line(project, refused, damage):
    project.measure_all()
    sheet = DATA / "measured" / "composites" / "one" / "p.safetensors"
    DAMAGES[damage](sheet)
    refused(f"^{sheet}: not as the stage wrote it, damaged or edited; run `snakemake` again", project.rows)


def test_a_sheet_that_is_not_there_is_named(project, refused):
    project.measure_all()
    sheet = DATA / "measured" / "pairs" / "r.safetensors"
    sheet.unlink()
    refused(f"^{sheet}: 1 sheets are missing, this one first; run again$", project.rows)


def test_a_sheet_keeps_what_is_not_finite(tmp_path):
    values = [Value("p", "PSNR@64", math.inf, "higher", note="equal"), Value("p", "IoU", math.nan, "higher", note="no")]
    values.append(Value("p", "RMSE@64", 0.1 + 0.2, "lower"))
    arrays = {"features colour": np.array([1.5, np.pi]), "pure": np.eye(2, dtype=bool)}
    (tmp_path / "p").write_bytes(sheet_bytes(Sheet(values, arrays, {"giver": 0})))
    back = read_sheet(tmp_path / "p", "p")
    assert str(back.values) == str(values) and back.facts == {"giver": 0}
    assert (back.features["colour"] == arrays["features colour"]).all() and back.arrays["pure"].dtype == bool
    empty = Sheet([], {}, {})
    (tmp_path / "p").write_bytes(sheet_bytes(empty))
    assert read_sheet(tmp_path / "p", "p") == empty


@pytest.mark.parametrize("content", [b"", b"\x10" + bytes(30), b"x" * 100], ids=["empty", "zeroed", "text"])
def test_what_is_no_sheet_is_refused(tmp_path, refused, content):
    (tmp_path / "p").write_bytes(content)
    refused("p: missing, or no sheet of what was measured; remove it and run again", read_sheet, tmp_path / "p", "p")


def test_the_command_asks_for_what_it_measures(tmp_path, weights):
    parser = weights / "bisenet19.safetensors"
    given = ["--scheme", "celebamask-19", "--params", "{}", "--judge", "a", "--data", "data", "--chunk", "000"]
    for what, option in (("images", "--names"), ("pairs", "--pairs")):
        done = run_module(tmp_path, "stages.measure", what, *given, str(parser))
        assert done.returncode == 1 and f"measure {what}: give {option}" in done.stderr
