"""Run in a checkout: what both engines would do after each of some edits, by their own dry modes.

`python plans.py EDITS OUT`: EDITS is JSON, a list of edits `{path: new text}`; OUT gets JSON,
`{plans: [{snakemake: [files it would make], dvc: [stages that changed]}, …], downstream: {stage: [stages after it]}}`.
The folder is as before afterwards. One process for all edits: starting an engine costs more than its plan.
"""

import json
import os
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import networkx
import yaml
from dvc.repo import Repo
from snakemake.api import SnakemakeApi
from snakemake.settings.types import DAGSettings, OutputSettings, Quietness, ResourceSettings

sys.path.insert(0, os.getcwd())
from stages.dvc import write
from stages.engine.stage_records import FOLDER, write_record
from stages.settings import dvc_pipeline as dvc


def snakemake(executor: str = "dryrun") -> list[str]:
    """Files that Snakemake would make (`dryrun`), or that it takes for made from now on (`touch`)."""
    files: list[str] = []
    with SnakemakeApi(OutputSettings(quiet={Quietness.ALL})) as api:
        workflow = api.workflow(resource_settings=ResourceSettings(cores=1), snakefile=Path("Snakefile"))
        settings = DAGSettings(max_checksum_file_size=100_000_000, forceall=executor == "touch")  # as in the profile
        dag = workflow.dag(settings)
        dag.execute_workflow(executor=executor, updated_files=files)
    return files


@contextmanager
def edited(edit: dict[str, str]) -> Iterator[None]:
    """Files with other content for a while; their times come back too."""
    before = {path: (Path(path).read_bytes(), os.stat(path)) for path in edit}
    for path, text in edit.items():
        Path(path).write_text(text)
    try:
        yield
    finally:
        for path, (content, stat) in before.items():
            Path(path).write_bytes(content)
            os.utime(path, ns=(stat.st_atime_ns, stat.st_mtime_ns))


def changed_stages(repo: Repo) -> list[str]:
    """Stages that DVC finds changed themselves; what comes after them would run if their outputs change."""
    with repo.lock:
        return [stage.addressing for stage in repo.index.stages if stage.status()]


def supplied() -> dict[str, list[str]]:
    return dvc.supplied(yaml.safe_load(Path("params.yaml").read_text()))


def plan(edit: dict[str, str], repo: Repo) -> dict[str, list[str]]:
    """What both engines would do after an edit."""
    named = supplied()
    with edited(edit | {"dvc.yaml": Path("dvc.yaml").read_text()}):
        if supplied() != named:
            write(check=False)  # as a user is told to who names photos, a list of pairs or checkpoints
            repo = Repo()
        return {"snakemake": snakemake(), "dvc": changed_stages(repo)}


def downstream(repo: Repo) -> dict[str, list[str]]:
    """The stages that come after each in DVC's graph, where an edge goes from a stage to what it needs."""
    graph = repo.index.graph
    return {stage.addressing: [after.addressing for after in networkx.ancestors(graph, stage)] for stage in graph}


def finish() -> None:
    """Make the folder look finished to both engines: every output is there, with a line of text in it."""
    write(check=False)
    for path in snakemake():
        made = [Path(path, f"000.{kind}") for kind in ("csv", "json")] if path == "data/chunks" else [Path(path)]
        for file in made:
            file.parent.mkdir(parents=True, exist_ok=True)
            file.write_text(path)
        if path.startswith(f"{FOLDER}/"):
            write_record(Path(path), "made up", [])
    for stage in yaml.safe_load(Path("dvc.yaml").read_text())["stages"].values():
        for folder in (Path(out) for out in stage["outs"] if isinstance(out, str)):
            if not folder.exists():  # of files that Snakemake knows by their records only
                folder.mkdir(parents=True)
                Path(folder, "file").write_text(str(folder))
    snakemake("touch")
    with Repo() as repo:
        repo.commit(force=True)


if __name__ == "__main__":
    finish()
    edits = json.loads(Path(sys.argv[1]).read_text())
    with Repo() as repo:
        found = {"downstream": downstream(repo), "plans": [plan(edit, repo) for edit in edits]}
    Path(sys.argv[2]).write_text(json.dumps(found))
