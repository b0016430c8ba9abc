"""What lies on the disk is no longer what was written: it is found before anything is made of it."""

import json
import os
import shutil
import subprocess
from pathlib import Path

import pytest
from faults import pipeline
from support import DAMAGES, ENVIRONMENT, run_module

from stages.engine.display import GO_ON, MEND
from stages.engine.stage_records import AGAIN

pytestmark = [pytest.mark.faults, pytest.mark.dag, pytest.mark.weights]


def rot(path: Path, damage: str) -> None:
    """Damage a file of a run as a disk does: nobody wrote to it, so nothing of it changes but its content.

    The system's own time of change cannot be put back, so what is noted of it is changed instead.
    """
    times = path.stat()
    DAMAGES[damage](path)
    os.utime(path, ns=(times.st_atime_ns, times.st_mtime_ns))
    for folder in path.parents:
        for notes in (folder / ".cache" / "unchanged").rglob("*.json"):
            seen = json.loads(notes.read_text())
            if (name := str(path.relative_to(folder))) in seen:
                now = path.stat()
                seen[name][1] = [now.st_ino, now.st_size, now.st_mtime_ns, now.st_ctime_ns]
                notes.write_text(json.dumps(seen))


def damaged(error: str) -> list[str]:
    """The files that the error names."""
    names, _, rest = error.partition(": not as the stage wrote it, ")
    assert rest == f"damaged or edited; {AGAIN}"
    return names.split(", ")


def test_damaged_artifacts(reference, folder):
    """Image, codes, map and list of pairs rot after they were used. Nothing notices while nothing is read; then the
    stages that read them name them, and the same command again brings everything back from the store."""
    rotten = {
        "data/faces/drawn-0000.png": "bit flipped",
        "data/codes/drawn-0001.safetensors": "truncated",
        "data/maps/drawn-0001.png": "zeroed",
        "data/pairs.csv": "bit flipped",
    }
    before = pipeline.stored(folder)
    for name, damage in rotten.items():
        rot(folder / name, damage)
    assert "Nothing to be done" in pipeline.run(folder).stderr
    found: list[str] = []
    while (done := pipeline.run(folder, "--forcerun", "make_aligned")).returncode:
        assert GO_ON in done.stderr
        found += damaged(pipeline.error_of(done))
        assert len(set(found)) == len(found), "what was named once is made anew"
    # What was not named lay beside what was: it was put there again by the same job.
    assert len(found) > 1 and set(found) <= set(rotten)
    assert pipeline.stored(folder) == before, "nothing was computed"
    stages = ("faces", "maps", "targets", "codes", "aligned", "composites", "pairs.csv")
    assert pipeline.artifacts(folder, *stages) == pipeline.artifacts(reference, *stages)
    pipeline.assert_same_result(folder, reference)
    assert run_module(folder, "stages.records").returncode == 0
    rot(folder / "data" / "maps" / "drawn-0000.png", "bit flipped")
    checked = run_module(folder, "stages.records")
    assert checked.returncode == 1 and "damaged: data/maps/drawn-0000.png\n" in checked.stdout
    assert pipeline.run_well(folder) == {} and run_module(folder, "stages.records").returncode == 0


def test_edited_and_deleted_artifacts_are_noticed_and_come_back_from_the_store(reference, folder):
    """Snakemake knows the records of the chunks only: they are not there for it once a file is not as they say."""
    before = pipeline.stored(folder)
    (folder / "data" / "faces" / "drawn-0000.png").unlink()
    said = pipeline.run(folder).stderr
    assert "codes: 2 items, 2 stored" in said and "aligned-barbershop:" not in said, "no job on pairs runs"
    (folder / "data" / "faces" / "drawn-0000.png").unlink()
    DAMAGES["bit flipped"](folder / "data" / "codes" / "drawn-0001.safetensors")
    DAMAGES["zeroed"](folder / "data" / "maps" / "drawn-0001.png")
    (folder / "data" / "composites" / "copy_paste" / "a.png").unlink()
    DAMAGES["empty"](folder / "data" / "measured" / "composites" / "barbershop" / "b.safetensors")
    assert pipeline.run_well(folder) == {}, "nothing is computed"
    assert pipeline.stored(folder) == before
    stages = ("faces", "maps", "targets", "codes", "aligned", "composites", "measured", "pairs.csv")
    assert pipeline.artifacts(folder, *stages) == pipeline.artifacts(reference, *stages)
    pipeline.assert_same_result(folder, reference)
    assert "Nothing to be done" in pipeline.run(folder).stderr


def test_without_the_store_only_what_is_gone_or_damaged_is_computed(reference, folder):
    """Neighbours stay by the last record of their chunk, and so does all that is made of them."""
    shutil.rmtree(folder / ".cache")
    assert pipeline.run_well(folder) == {}, "all is as it was"
    (folder / "data" / "codes" / "drawn-0000.safetensors").unlink()
    assert pipeline.run_well(folder) == {"codes": 1}
    (folder / "data" / "faces" / "drawn-0001.png").unlink()
    DAMAGES["bit flipped"](folder / "data" / "targets" / "a.png")
    DAMAGES["truncated"](folder / "data" / "composites" / "copy_paste" / "b.png")
    assert pipeline.run_well(folder) == {"faces": 1, "targets": 1, "composites-copy_paste": 1}
    stages = ("faces", "maps", "targets", "codes", "aligned", "composites", "measured", "pairs.csv")
    assert pipeline.artifacts(folder, *stages) == pipeline.artifacts(reference, *stages)
    pipeline.assert_same_result(folder, reference)
    assert "Nothing to be done" in pipeline.run(folder).stderr
    assert not list((folder / "data" / "records").rglob("*.last"))


def test_a_target_brings_back_all_that_it_was_made_of(reference, folder):
    """Whatever is asked for, and not only the report: what is gone on the way to it is made again."""
    of_score = ("faces/drawn-0000.png", "codes/drawn-0001.safetensors", "targets/a.png", "composites/copy_paste/b.png")
    lost = {"targets": ["maps/drawn-0001.png"], "score": of_score}
    before = pipeline.stored(folder)
    for target, names in lost.items():
        for name in names:
            (folder / "data" / name).unlink()
        pipeline.run(folder, target)
        for name in names:
            assert (folder / "data" / name).read_bytes() == (reference / "data" / name).read_bytes()
    assert pipeline.stored(folder) == before, "nothing is computed"


def test_damaged_table_and_record(reference, folder):
    """Snakemake sees that somebody wrote to the table, and makes the report anew: it refuses the table."""
    table, record = (
        folder / "reports" / "metrics.parquet",
        folder / "data" / "records" / "composites" / "copy_paste" / "000.json",
    )
    DAMAGES["zeroed"](table)
    error = pipeline.error_of(done := pipeline.run(folder))
    assert error.startswith("reports/metrics.parquet: not a table of metrics (")
    assert error.endswith("remove it and run again") and MEND in done.stderr
    table.unlink()
    for damage in ("bit flipped", "truncated"):
        rot(record, damage)
        done = pipeline.run(folder)
        assert done.returncode == 0, done.stderr
        assert done.stderr.count(f"{record.relative_to(folder)}: damaged, so it counts as missing") == 1
        assert " 0 computed" in done.stderr and " 1 computed" not in done.stderr
    pipeline.assert_same_result(folder, reference)


def test_a_folder_in_the_place_of_a_file_is_named_and_stays(reference, folder):
    for name in ("data/composites/copy_paste/a.png", "data/records/targets/000.json"):
        path = folder / name
        path.unlink()
        path.mkdir()
        done = pipeline.run(folder)
        assert (
            pipeline.error_of(done)
            == f"{name}: is a folder, and a file belongs there; move the folder away and run again"
        )
        assert GO_ON not in done.stderr and MEND in done.stderr
        path.rmdir()
    assert pipeline.run_well(folder) == {}
    pipeline.assert_same_result(folder, reference)


def test_damaged_items_in_the_store_are_computed_again_and_no_others(reference, folder):
    first, second = sorted(pipeline.stored(folder, "maps"))
    rot(first.parent / "map", "bit flipped")
    for path in (folder / "data" / "maps").iterdir():
        path.unlink()
    kept = pipeline.stored(folder, "maps")[second]
    assert pipeline.run_well(folder, "maps") == {"maps": 1}
    assert pipeline.stored(folder, "maps")[second] == kept
    assert pipeline.artifacts(folder, "maps") == pipeline.artifacts(reference, "maps")


def test_damaged_weights(reference, folder):
    """A network whose content is not that of its digest computes nothing; made again, it is the same."""
    weights = folder / "data" / "weights" / "bisenet16.safetensors"
    pipeline.forget(folder, "maps")
    rot(weights, "bit flipped")
    error = pipeline.one_error(folder, "maps")
    assert error.startswith("data/weights/bisenet16.safetensors: ")
    assert error.endswith("remove it and run `snakemake --cores 1 weights`")
    assert not list((folder / ".cache" / "maps").glob("*/record.json"))
    weights.unlink()
    pipeline.run_well(folder, "weights")
    assert pipeline.run_well(folder, "maps") == {"maps": 2}
    assert pipeline.artifacts(folder, "maps") == pipeline.artifacts(reference, "maps")


def test_damaged_object_in_dvcs_cache(reference, folder):
    """DVC restores a damaged object without a word; its content is not what the stage wrote, so it is made again."""

    def dvc(*arguments: str) -> subprocess.CompletedProcess:
        return subprocess.run(
            ["dvc", *arguments], cwd=folder, env=ENVIRONMENT, capture_output=True, text=True, check=True
        )

    (folder / "dvc.yaml").unlink()  # it has the maps for its own, as one
    dvc("init", "--no-scm", "--quiet")
    dvc("add", "--quiet", "data/maps/drawn-0000.png")
    (cached,) = (path for path in (folder / ".dvc" / "cache" / "files").rglob("*") if path.is_file())
    rot(cached, "bit flipped")
    image = folder / "data" / "maps" / "drawn-0000.png"
    image.unlink()
    dvc("checkout", "--quiet")
    assert image.exists(), "DVC has noticed by itself: this test and docs/faults.md are out of date"
    before = pipeline.stored(folder)
    assert pipeline.run_well(folder) == {}
    assert pipeline.stored(folder) == before
    cached.unlink()
    dvc("add", "--quiet", "data/maps/drawn-0000.png")
    image.unlink()
    dvc("checkout", "--quiet")
    assert image.read_bytes() == (reference / "data" / "maps" / "drawn-0000.png").read_bytes()
