"""What the run log says of a job that ended badly, from what Snakemake's logger is given."""

import inspect
import json
import logging
from pathlib import Path
from types import SimpleNamespace

import pytest

from stages.engine import slurm, watching
from stages.engine.display import REFUSED
from stages.engine.run_log import RUN


def test_a_job_that_slurm_refused_is_named_with_the_reason(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    job = SimpleNamespace(log=["logs/codes/000.log"], rule=SimpleNamespace(name="make_codes"))
    dag = SimpleNamespace(needrun_jobs=lambda exclude_finished: [job])
    watch = watching.Watch(SimpleNamespace(rules=[], dag=dag, dryrun=False, touch=False), lambda job: 1, None)
    said = f"{REFUSED}. The error message was 'sbatch: error: invalid partition'."
    failed = {
        "rule_name": "make_codes",
        "log": job.log,
        "rule_msg": f"{said}\n    sbatch call:\n        sbatch -p g",
    }
    for event in ({"event": "run_info"}, {"event": "job_error"} | failed):
        watch.emit(logging.makeLogRecord(event))
    watch.close()
    lines = [json.loads(line) for line in Path(RUN).read_text().splitlines()]
    assert [line["reason"] for line in lines if line["state"] == "failed"] == [said]


def test_the_installed_plugin_says_it_in_these_words():
    assert REFUSED in inspect.getsource(pytest.importorskip(slurm.PLUGIN))
