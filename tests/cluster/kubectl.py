#!/usr/bin/env python3
"""A stand-in for kubectl and a cluster: a Job's command runs here. What it was asked for is in $KUBECTL_FOLDER."""

import os
import subprocess
import sys
import uuid
from pathlib import Path

import yaml

FOLDER = Path(os.environ["KUBECTL_FOLDER"])


def create() -> str:
    """Start the Job that is on standard input; returns its name."""
    job = yaml.safe_load(sys.stdin)
    assert (job["apiVersion"], job["kind"]) == ("batch/v1", "Job")
    name = job["metadata"]["generateName"] + uuid.uuid4().hex[:5]
    (FOLDER / f"{name}.yaml").write_text(yaml.safe_dump(job))
    [container] = job["spec"]["template"]["spec"]["containers"]
    with (FOLDER / f"{name}.log").open("w") as log:
        command = 'cd "$1"; shift; state=$1; shift; if "$@"; then echo Complete > $state; else echo Failed > $state; fi'
        arguments = [container["workingDir"], str(FOLDER / f"{name}.state"), *container["command"]]
        subprocess.Popen(["sh", "-c", command, "sh", *arguments], stdout=log, stderr=log, start_new_session=True)
    return f"job.batch/{name}"


def main() -> None:
    match sys.argv[1:]:
        case ["create", "-f", "-", "-o", "name"]:
            print(create())
        case ["get", job, "--ignore-not-found", "-o", _]:
            name = job.removeprefix("job.batch/")
            state = FOLDER / f"{name}.state"
            if (FOLDER / f"{name}.yaml").exists():
                print(name, state.read_text().strip() if state.exists() else "")
        case other:
            sys.exit(f"unknown: {other}")


if __name__ == "__main__":
    main()
