"""S3 as DVC's remote, on a server of this machine: push, fresh clone, pull; and a server that is gone."""

import re
import subprocess
import sys
from pathlib import Path

import boto3
import pytest
import yaml
from moto.server import ThreadedMotoServer
from support import ENVIRONMENT, commit, must, repository

pytestmark = pytest.mark.dag

SETTINGS = {
    "AWS_ACCESS_KEY_ID": "test", "AWS_SECRET_ACCESS_KEY": "test", "AWS_DEFAULT_REGION": "us-east-1",
    "AWS_MAX_ATTEMPTS": "1",
}  # fmt: skip


@pytest.fixture(scope="module")
def finished(tmp_path_factory) -> Path:
    """A repository that looks finished to both engines."""
    folder = repository(tmp_path_factory.mktemp("remote") / "main", None)
    edits = folder.parent / "edits.json"
    edits.write_text("[]")
    must(
        folder, sys.executable, str(Path(__file__).with_name("plans.py")), str(edits), str(folder.parent / "none.json")
    )
    commit(folder)
    return folder


class Server:
    """S3 on loopback, with one bucket; what is in it outlives `stop`."""

    def start(self, port: int = 0) -> None:
        self.server = ThreadedMotoServer("127.0.0.1", port, verbose=False)
        self.server.start()
        self.port = self.server.get_host_and_port()[1]

    def stop(self) -> None:
        self.server.stop()


@pytest.fixture
def server(monkeypatch):
    for name, value in SETTINGS.items():
        monkeypatch.setitem(ENVIRONMENT, name, value)
    server = Server()
    server.start()
    boto3.client(
        "s3", endpoint_url=f"http://127.0.0.1:{server.port}", aws_access_key_id="test", aws_secret_access_key="test",
        region_name="us-east-1",
    ).create_bucket(Bucket="results")  # fmt: skip
    yield server
    server.stop()


def add_remote(folder: Path, server: Server) -> None:
    must(folder, "dvc", "remote", "add", "--local", "--default", "--force", "s3", "s3://results/evaluation")
    must(folder, "dvc", "remote", "modify", "--local", "s3", "endpointurl", f"http://127.0.0.1:{server.port}")


def clone_of(folder: Path, place: Path, server: Server) -> Path:
    must(place, "git", "clone", "--quiet", str(folder), "clone")
    add_remote(place / "clone", server)
    return place / "clone"


def test_push_clone_pull(finished, server, tmp_path):
    add_remote(finished, server)
    must(finished, "dvc", "push")
    clone = clone_of(finished, tmp_path, server)
    must(clone, "dvc", "pull")
    assert "Running" not in must(clone, "dvc", "repro")
    made = sorted(path.relative_to(clone) for path in (clone / "data").rglob("*") if path.is_file())
    assert made and all((finished / path).read_bytes() == (clone / path).read_bytes() for path in made)

    # Snakemake knows nothing of what was pulled, and by their times these files are stale: a stage makes its own alone.
    score = yaml.safe_load((clone / "dvc.yaml").read_text())["stages"]["score"]
    (clone / "reports" / "metrics.parquet").unlink()
    command = score["cmd"].replace("--quiet all", "--dry-run").split()
    done = subprocess.run(
        command, cwd=clone, env=ENVIRONMENT | {"DVC_STAGE": "score"}, capture_output=True, text=True, check=True
    )
    planned = set(re.findall(r"^rule (make_\w+):", done.stdout + done.stderr, re.MULTILINE))
    assert planned == {"make_score"}


def test_a_server_that_is_gone_is_one_error_and_loses_nothing(finished, server, tmp_path):
    add_remote(finished, server)
    clone = clone_of(finished, tmp_path, server)
    server.stop()
    for folder, command in ((finished, "push"), (clone, "pull")):
        done = subprocess.run(["dvc", command], cwd=folder, env=ENVIRONMENT, capture_output=True, text=True)
        assert done.returncode != 0
        said = re.findall(r"^ERROR: .*", done.stderr, re.MULTILINE)
        assert "onnect to the endpoint URL" in said[0] and str(server.port) in said[0]
        assert len(said) <= 2, "and `pull` counts the files that it lacks"
        assert "Traceback" not in done.stderr
    assert "up to date" in must(finished, "dvc", "status")
    server.start(server.port)
    must(finished, "dvc", "push")
    must(clone, "dvc", "pull")
    assert "Running" not in must(clone, "dvc", "repro")
