"""The loop of the per-item stages: what is computed when, and what is left behind, whatever happens."""

import itertools
import json
import math
import shutil
from pathlib import Path

import numpy as np
import pytest
import torch
from dvc_objects.fs.system import reflink
from support import DAMAGES

from stages.codes.optimise import Variable, optimise
from stages.engine.items import Item, Result, run_items
from stages.engine.stage_records import write_record
from stages.errors import ItemError
from stages.formats.files import sha256
from stages.formats.weight_files import weights_bytes

NAMES = ["a", "b", "c", "d", "e"]
RECORD = Path("records/codes.json")


class Stage:
    """A stage of five items in the current folder; what it computes is a digest of all it was given."""

    def __init__(self):
        self.params = {"steps": 10}
        self.facts = dict.fromkeys(NAMES)
        self.weights = {}
        self.broken = set()
        self.killed_at = None
        self.fits = len(NAMES)
        self.too_large = set()
        self.given = False
        self.kind = "png"
        for name in NAMES:
            self.input(name).parent.mkdir(parents=True, exist_ok=True)
            self.input(name).write_text(f"face of {name}")

    def input(self, name):
        return Path("data/faces", f"{name}.txt")

    def output(self, name):
        return Path(f"out/{name}.{self.kind}")

    def compute(self, batch):
        names = [item.name for item in batch]
        if self.killed_at in names:
            raise KeyboardInterrupt
        self.batches.append(names)
        self.events.append(("compute", names))
        if len(batch) > self.fits or self.too_large & set(names):
            self.allocate()
        results = []
        for item in batch:
            text = f"{item.inputs['face'].read_text()} {self.params} {item.facts}"
            result = Result({"code": sha256(text.encode()).encode()}, {"loss": 0.5})
            results.append(ItemError(f"{item.name} has no face") if item.name in self.broken else result)
        return results

    def allocate(self):
        return torch.empty(2**50)

    def run(self, batch=1):
        """Run the stage; returns the batches that were computed."""
        self.batches, self.events = [], []
        items = [
            Item(name, {"face": self.input(name)}, {"code": self.output(name)}, self.facts[name], self.given)
            for name in NAMES
        ]
        run_items(
            "codes", ["stages.target"], items, self.params, self.weights, self.compute, RECORD, batch,
            read_ahead=lambda batch: self.events.append(("read", [item.name for item in batch])),
        )  # fmt: skip
        return self.batches

    def forget(self):
        """Remove all that was made."""
        for folder in (".cache", "out"):
            shutil.rmtree(folder, ignore_errors=True)

    def outputs(self):
        return {name: self.output(name).read_bytes() for name in NAMES}


@pytest.fixture
def stage(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    return Stage()


def records():
    return {item["item"]: item for item in json.loads(RECORD.read_text())["items"]}


def blocks_can_be_shared(folder):
    (folder / "a").touch()
    try:
        reflink(str(folder / "a"), str(folder / "b"))
    except OSError:
        return False
    return True


@pytest.mark.parametrize("kind", ["png", "safetensors"])
def test_tensors_are_on_the_disk_once_and_an_edited_image_comes_back(stage, tmp_path, kind):
    stage.kind, once = kind, kind == "safetensors" and not blocks_can_be_shared(tmp_path)
    stage.run()
    outputs = stage.outputs()
    stored = {path.read_bytes(): path for path in Path(".cache").glob("codes/*/code")}
    assert all(stage.output(name).samefile(stored[content]) == once for name, content in outputs.items())
    stage.output("b").write_bytes(b"edited in place")
    assert stage.run() == ([["b"]] if once else []), "what was edited in the store too is computed again, alone"
    assert stage.outputs() == outputs


def test_items_are_computed_once(stage):
    assert stage.run() == [[name] for name in NAMES]
    outputs, record = stage.outputs(), RECORD.read_bytes()
    assert len(set(outputs.values())) == len(NAMES)
    assert list(records()) == NAMES
    assert all(item["status"] == "ok" and item["loss"] == 0.5 for item in records().values())
    for deleted in ([], ["b"], NAMES):
        for name in deleted:
            stage.output(name).unlink()
        assert stage.run() == []
        assert stage.outputs() == outputs
        assert RECORD.read_bytes() == record


def test_an_empty_input_failed_before_unless_a_user_gave_it(stage):
    stage.input("b").write_bytes(b"")
    assert ["b"] not in stage.run()
    assert records()["b"]["reason"] == "data/faces/b.txt is empty, it failed before"
    stage.given, stage.broken = True, {"b"}
    assert ["b"] in stage.run()
    assert records()["b"]["reason"] == "b has no face", "the stage says what is wrong"


def input_of_b(stage):
    stage.input("b").write_text("another face")


def fact_of_c(stage):
    stage.facts["c"] = {"hair": 1}


def parameter(stage):
    stage.params = {"steps": 11}


def notation(stage):
    stage.params = {"steps": 10.0}


def network(stage):
    Path("net.safetensors").write_bytes(weights_bytes({"w": torch.ones(2)}, {"network": "made-up"}))
    stage.weights = {"generator": Path("net.safetensors")}


def damage_in_store(stage):
    for path in Path(".cache").glob("codes/*/code"):
        if path.read_bytes() == stage.output("d").read_bytes():
            path.write_bytes(b"damaged")
    stage.output("d").unlink()


@pytest.mark.parametrize(
    ("change", "computed"),
    [
        (input_of_b, ["b"]),
        (fact_of_c, ["c"]),
        (parameter, NAMES),
        (notation, []),
        (network, NAMES),
        (damage_in_store, ["d"]),
    ],
)
def test_only_what_a_change_touches_is_computed(stage, change, computed):
    stage.run()
    outputs = stage.outputs()
    change(stage)
    assert stage.run() == [[name] for name in computed]
    kept = set(NAMES) - set(computed)
    assert {name: stage.outputs()[name] for name in kept} == {name: outputs[name] for name in kept}
    assert stage.run() == []


def test_reverted_parameter_costs_nothing(stage):
    stage.run()
    outputs = stage.outputs()
    stage.params = {"steps": 11}
    stage.run()
    assert stage.outputs() != outputs
    stage.params = {"steps": 10}
    assert stage.run() == []
    assert stage.outputs() == outputs


def without_files(stage):
    stage.output("b").unlink()
    stage.output("e").unlink()


def with_damage(stage):
    for damage, name in zip(DAMAGES.values(), NAMES, strict=False):
        damage(stage.output(name))


def with_a_dangling_link(stage):
    stage.output("d").unlink()
    stage.output("d").symlink_to("nowhere")


@pytest.mark.parametrize(
    ("change", "computed"),
    [
        (lambda stage: None, []),
        (without_files, ["b", "e"]),
        (with_damage, ["a", "b", "c", "d"]),
        (with_a_dangling_link, ["d"]),
        (input_of_b, ["b"]),
        (fact_of_c, ["c"]),
        (parameter, NAMES),
        (notation, []),
    ],
)
def test_without_the_store_what_is_in_its_place_stays(stage, change, computed):
    """As the last record says: with the same fingerprint and the same content."""
    stage.run()
    outputs, record = stage.outputs(), RECORD.read_bytes()
    shutil.rmtree(".cache")
    change(stage)
    assert stage.run() == [[name] for name in computed]
    if change in (input_of_b, fact_of_c, parameter):
        outputs |= {name: stage.output(name).read_bytes() for name in computed}
    assert stage.outputs() == outputs
    made = {item["item"]: item for item in json.loads(record)["items"]}
    assert {name: records()[name] for name in NAMES if name not in computed} == {
        name: made[name] for name in NAMES if name not in computed
    }
    assert [path.name for path in RECORD.parent.iterdir()] == [RECORD.name]


def test_without_the_store_a_killed_stage_goes_on_where_it_was(stage):
    stage.run()
    outputs = stage.outputs()
    shutil.rmtree(".cache")
    without_files(stage)
    stage.killed_at = "e"
    with pytest.raises(KeyboardInterrupt):
        stage.run()
    assert stage.batches == [["b"]] and not RECORD.exists()
    stage.killed_at = None
    assert stage.run() == [["e"]]
    assert stage.outputs() == outputs


def test_without_the_store_and_without_a_record_all_is_computed(stage):
    """Nobody knows then what the files were made of."""
    stage.run()
    for damage in (RECORD.unlink, lambda: DAMAGES["bit flipped"](RECORD)):
        shutil.rmtree(".cache")
        damage()
        assert stage.run() == [[name] for name in NAMES]


def test_failed_item_harms_no_other_and_is_tried_again(stage):
    stage.run()
    outputs = stage.outputs()
    stage.params = {"steps": 11}
    stage.broken = {"b"}
    for computed in ([[name] for name in NAMES], [["b"]]):
        assert stage.run() == computed
        assert records()["b"] == {"item": "b", "status": "failed", "reason": "b has no face"}
        assert [name for name, content in stage.outputs().items() if not content] == ["b"]
        assert [name for name, item in records().items() if item["status"] == "ok"] == ["a", "c", "d", "e"]
    stage.params = {"steps": 10}
    assert stage.run() == [] and stage.outputs() == outputs
    stage.params, stage.broken = {"steps": 11}, set()
    assert stage.run() == [["b"]]
    assert records()["b"]["status"] == "ok"


def test_item_with_a_failed_input_is_not_computed(stage):
    stage.input("c").write_text("")
    assert stage.run() == [["a"], ["b"], ["d"], ["e"]]
    assert stage.outputs()["c"] == b""
    assert records()["c"]["status"] == "failed"
    assert "c.txt" in records()["c"]["reason"]


@pytest.mark.parametrize("batch", [1, 2, 3, 10])
def test_batches_are_of_equal_facts_and_not_too_large(stage, batch):
    stage.facts |= {"a": {"hair": 1}, "b": {"hair": 1}, "e": {"hair": 1}}
    batches = stage.run(batch)
    assert sorted(name for names in batches for name in names) == NAMES
    for names in batches:
        assert len(names) <= batch
        assert len({str(stage.facts[name]) for name in names}) == 1
    assert len(batches) <= (5 if batch == 1 else 3)


def test_the_next_batch_is_read_before_this_one_is_computed(stage):
    stage.facts |= {"e": {"hair": 1}}
    stage.run(batch=2)
    assert stage.events == [
        ("read", ["a", "b"]), ("read", ["c", "d"]), ("compute", ["a", "b"]), ("read", ["e"]), ("compute", ["c", "d"]),
        ("read", []), ("compute", ["e"]),
    ]  # fmt: skip


class Card:
    """A GPU's memory that holds three items beside what must stay free."""

    def free(self):
        return 4.0

    def begin(self):
        pass

    def taken(self):
        return 1.0


def test_batches_by_memory_begin_with_one_item(stage, monkeypatch):
    monkeypatch.setattr("stages.engine.items.device_memory", Card)
    assert stage.run("auto") == [["a"], ["b", "c", "d"], ["e"]]
    assert all(item["status"] == "ok" for item in records().values())


def test_batches_on_a_cpu_are_of_one_item(stage, monkeypatch):
    monkeypatch.setattr("stages.engine.items.device_memory", lambda: None)
    assert stage.run("auto") == [[name] for name in NAMES]


def test_what_did_not_fit_once_is_not_tried_again(stage):
    stage.fits = 2
    assert stage.run(batch=4) == [["a", "b", "c", "d"], ["a", "b"], ["c", "d"], ["e"]]
    stage.params, stage.fits = {"steps": 11}, 1
    assert stage.run(batch=2) == [["a", "b"], ["a"], ["b"], ["c"], ["d"], ["e"]]


def test_stage_killed_at_the_third_item_computes_the_rest(stage):
    stage.killed_at = "c"
    with pytest.raises(KeyboardInterrupt):
        stage.run()
    assert stage.batches == [["a"], ["b"]]
    stage.killed_at = None
    assert stage.run() == [["c"], ["d"], ["e"]]
    assert all(stage.outputs().values())
    assert list(records()) == NAMES


def torch_allocator():
    return torch.empty(2**50)


def numpy_allocator():
    return np.empty(2**50)


def accelerator():
    raise torch.OutOfMemoryError("CUDA out of memory. Tried to allocate 8.00 GiB.\nMore lines")


@pytest.mark.parametrize("allocate", [torch_allocator, numpy_allocator, accelerator])
def test_batch_that_does_not_fit_is_halved(stage, allocate):
    stage.run()
    outputs = stage.outputs()
    stage.forget()
    stage.allocate, stage.fits = allocate, 2
    assert stage.run(batch=5) == [NAMES, ["a", "b"], ["c", "d", "e"], ["c"], ["d", "e"]]
    assert stage.outputs() == outputs
    assert all(item["status"] == "ok" for item in records().values())


@pytest.mark.parametrize("allocate", [torch_allocator, numpy_allocator, accelerator])
def test_item_that_does_not_fit_alone_fails_and_harms_no_other(stage, allocate):
    stage.allocate, stage.too_large = allocate, {"c"}
    stage.run(batch=5)
    assert [name for name, content in stage.outputs().items() if not content] == ["c"]
    reason = records()["c"]["reason"]
    assert reason.startswith("out of memory (") and "\n" not in reason
    stage.too_large = set()
    assert stage.run(batch=5) == [["c"]], "the others are in the store"


def test_other_errors_are_not_taken_for_lack_of_memory(stage):
    def broken():
        raise RuntimeError("shapes differ")

    stage.allocate, stage.fits = broken, 0
    with pytest.raises(RuntimeError, match="shapes differ"):
        stage.run()


def test_item_whose_loss_is_nan_is_recorded_with_step_and_term_and_harms_no_other(stage):
    """Through the loop of every optimisation, with a real tensor that turns NaN at its second step."""

    def run(poisoned):
        stage.forget()

        def compute(batch):
            x = torch.ones(len(batch), 3, requires_grad=True)
            bad = torch.tensor([item.name in poisoned for item in batch])
            step = itertools.count(1)

            def losses():
                square = x.square().sum(1)
                return {"mse": square, "style": square * torch.where(bad & (next(step) >= 2), math.nan, 1.0)}

            outcome = optimise([Variable(x, 0.1)], losses, 4)
            contents = [{"code": tensor.detach().numpy().tobytes()} for tensor in x]
            return [
                ItemError(failure) if failure else Result(content, outcome.of(i))
                for i, (failure, content) in enumerate(zip(outcome.failures, contents, strict=True))
            ]

        stage.compute = compute
        stage.run(batch=5)
        return stage.outputs()

    undisturbed = run(set())
    outputs = run({"b", "d"})
    assert {name for name, content in outputs.items() if not content} == {"b", "d"}
    assert all(outputs[name] == undisturbed[name] for name in "ace")
    for name in "bd":
        assert records()[name]["reason"] == "the style loss was not finite at step 2"


@pytest.mark.parametrize("damage", DAMAGES)
def test_damaged_input_stops_the_stage_before_it_computes(stage, damage, refused):
    """The next stage refuses what is not as this one wrote it; a file of zero bytes does not pass for a failed item."""
    write_record(Path("data/records/faces/000.json"), "faces", [stage.input(name) for name in NAMES])
    DAMAGES[damage](stage.input("c"))
    refused("c.txt: not as the stage wrote it, damaged or edited; run `snakemake` again", stage.run)
    assert stage.batches == [] and not RECORD.exists()


def test_files_that_are_there_already_keep_their_times(stage):
    stage.run()
    before = {name: stage.output(name).stat().st_mtime_ns for name in NAMES}
    stage.output("b").write_bytes(b"edited")
    stage.output("c").unlink()
    assert stage.run() == []
    assert {name for name in NAMES if stage.output(name).stat().st_mtime_ns != before[name]} == {"b", "c"}


def test_a_folder_in_an_items_place_is_named_before_anything_is_computed(stage, refused):
    stage.run()
    stage.output("d").unlink()
    stage.output("d").mkdir()
    stage.params = {"steps": 11}
    refused("out/d.png: is a folder, and a file belongs there; move the folder away and run again", stage.run)
    assert stage.batches == [] and stage.output("d").is_dir()
    stage.output("d").rmdir()
    assert len(stage.run()) == len(NAMES)


def test_a_folder_or_a_link_in_the_store(stage, refused):
    stage.run()
    outputs = stage.outputs()
    stored = [path for path in Path(".cache").glob("codes/*/code") if path.read_bytes() == outputs["b"]]
    stored[0].unlink()
    stored[0].symlink_to("nowhere")
    stage.output("b").unlink()
    assert stage.run() == [["b"]]
    stored[0].unlink()
    stored[0].mkdir()
    stage.output("b").unlink()
    refused(f"{stored[0]}: is a folder", stage.run)
    assert stored[0].is_dir()


def test_what_a_killed_run_was_writing_is_removed(stage):
    Path("out").mkdir()
    Path("out/.b.png.x7k2").write_bytes(b"half")
    Path("out/.other").write_bytes(b"not ours")
    stage.run()
    assert {path.name for path in Path("out").iterdir()} == {".other", *(f"{name}.png" for name in NAMES)}


@pytest.mark.parametrize(
    ("results", "message"),
    [
        ([], "compute gives 0 results for 1 items; one for each is needed"),
        ([None], "compute gives for a NoneType; it must give a Result or an ItemError"),
        ([Result({}, {})], "compute gives for a the contents nothing; needed are code, each as bytes"),
        ([Result({"image": b""}, {})], "compute gives for a the contents image; needed are code, each as bytes"),
        ([Result({"code": "text"}, {})], "compute gives for a the contents code; needed are code, each as bytes"),
    ],
)
def test_results_of_another_kind_are_refused_and_not_stored(stage, refused, results, message):
    stage.compute = lambda batch: results
    refused(f"codes: {message}", stage.run)
    assert not RECORD.exists() and not list(Path(".cache").glob("codes/*/code"))
