"""`dvc repro` for real on the smallest job: after Snakemake, before it, after edits, in a clone."""

import re
import shutil
from pathlib import Path

import pytest
import yaml
from faults import pipeline
from support import commit, must, repository, snakemake

pytestmark = [pytest.mark.faults, pytest.mark.dag, pytest.mark.weights]

SMALLEST = {
    "faces": {"source": ["drawn"], "drawn": {"count": 2}},
    "pairs": {"count": 1},
    "embed": {"w": {"preview_steps": 0, "steps": 1}, "fs": {"steps": 1}},
    "align": {"steps": 1, "reference_steps": 1},
    "blend": {"steps": 1},
    "score": {"size": 64},
    "report": {"against": "copy_paste"},
}


def put_back(folder: Path) -> None:
    """Undo the edits of params.yaml."""
    must(folder, "git", "checkout", "--quiet", "params.yaml")


def repro(folder: Path) -> set[str]:
    """`dvc repro`; returns the stages whose command ran."""
    return set(re.findall(r"^Running stage '(\w+)'", must(folder, "dvc", "repro"), re.MULTILINE))


@pytest.fixture(scope="module")
def finished(tmp_path_factory, weights) -> Path:
    """A git repository in which Snakemake has run, and DVC after it."""
    folder = repository(tmp_path_factory.mktemp("dvc") / "main", weights)
    shutil.rmtree(folder / "data" / "weights")  # made here, by both
    pipeline.shrink(folder, SMALLEST)
    commit(folder)
    done = snakemake(folder, scale=None)
    assert done.returncode == 0, done.stderr
    items = pipeline.stored(folder)
    assert len(items) > 8
    stages = set(yaml.safe_load((folder / "dvc.yaml").read_text())["stages"])
    assert repro(folder) == stages, "DVC knows nothing of it, so every stage runs"
    assert pipeline.stored(folder) == items, "Snakemake, then DVC: no item is computed again"
    commit(folder)
    return folder


def test_an_edit_by_dvc_is_known_to_snakemake_and_put_back_it_costs_nothing(finished):
    before = pipeline.stored(finished)
    pipeline.change(finished, {"blend": {"steps": 2}})
    assert repro(finished) == {"composites", "examples", "measured", "pictures", "score", "report", "gallery"}
    assert len(pipeline.stored(finished).keys() - before.keys()) == 2, "a composite, and what is measured of it"
    done = snakemake(finished, scale=None)
    assert "Nothing to be done" in done.stderr + done.stdout
    assert "transfer.barbershop" in must(finished, "dvc", "metrics", "diff")

    put_back(finished)
    items = pipeline.stored(finished)
    assert repro(finished) == {"report"}, "DVC's run cache has the rest; it has nothing of what it leaves in place"
    assert must(finished, "dvc", "metrics", "diff") == ""
    done = snakemake(finished, scale=None)  # knows nothing of what DVC put back: it copies from the store
    assert done.returncode == 0, done.stderr
    assert pipeline.stored(finished) == items
    changed = set(re.findall(r"modified: +(\S+)", must(finished, "dvc", "status")))
    named = {f"reports/{name}" for name in ("report.md", "report.html", "record.json")}
    assert changed <= named, "the report names the commit that is checked out, nothing else does"


def test_a_fresh_clone_pulls_all_and_goes_on_from_there(finished, tmp_path):
    put_back(finished)
    repro(finished)
    commit(finished)
    must(finished, "dvc", "remote", "add", "--default", "--local", "--force", "store", str(tmp_path / "store"))
    must(finished, "dvc", "push")
    must(tmp_path, "git", "clone", "--quiet", str(finished), "clone")
    clone = tmp_path / "clone"
    must(clone, "dvc", "remote", "add", "--default", "--local", "store", str(tmp_path / "store"))
    must(clone, "dvc", "pull")
    assert repro(clone) == set()
    pipeline.change(clone, {"score": {"permutations": 200}})
    assert repro(clone) == {"score", "report", "gallery"}
    assert pipeline.stored(clone) == {}, "what was pulled is not made again, though this clone has no store"
