"""Where things are, and how small test networks are filled."""

import os
import pty
import shutil
import subprocess
import sys
import termios
import threading
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path

import numpy as np
import pytest
import torch
from PIL import Image

from stages import registry
from stages.engine.code import files
from stages.metrics import SetMetric
from stages.settings.dvc_pipeline import ROOMS

ROOT = Path(__file__).parent.parent
SHARED = ROOT.parent / "shared"
PHOTOS = [SHARED / "photos" / f"{name}.jpg" for name in ("00018", "00761", "02602", "46826", "52364", "67172")]
needs_photos = pytest.mark.skipif(
    not PHOTOS[0].exists(), reason="the six FFHQ photos are not in the repository: their licences differ"
)
SMOKE = "workflow/scales/smoke.yaml"
ENVIRONMENT = os.environ | {"PATH": f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}"}

# The modules whose commands the rules of each target run.
MODULES = {
    "weights": ["weights", "convert"], "faces": ["images", "faces"], "maps": ["parse"], "strata": ["strata.__main__"],
    "codes": ["embed", "encode", "ingest"], "targets": ["pairs", "chunks", "strata.__main__", "target"],
    "aligned": ["align"], "composites": ["compose"],
    "examples": ["examples"], "measured": ["measure"],
    "pictures": ["previews", "pictures"], "score": ["score"], "report": ["report"], "gallery": ["gallery"],
}  # fmt: skip

# The rooms of which these load entries by name (`stages.registry`).
LOADED = {
    "weights": ["networks"], "faces": ["networks"], "maps": ["networks"], "strata": ["networks"],
    "targets": ["fills", "networks"],
    "codes": ["networks"], "aligned": ["networks"], "composites": ["methods", "networks"],
    "examples": ["fills", "methods", "networks"], "measured": ["metrics", "networks"],
    "score": ["metrics", "networks"], "report": ["systems"],
    "pictures": ["networks"], "gallery": [],
}  # fmt: skip


def sources_of(target: str) -> set[str]:
    """The files and rooms that DVC should know of a target's code: all that it may import, whatever is chosen."""
    entries = [registry.module(room, name) for room in LOADED[target] for name in registry.names(room)]
    if target == "measured":  # of single items: sets of them are measured with the table
        sets = {name for name, entry in registry.entries("metrics").items() if isinstance(entry, SetMetric)}
        entries = [entry for entry in entries if entry not in {registry.module("metrics", name) for name in sets}]
    paths = [path.relative_to(ROOT) for path in files(*(f"stages.{module}" for module in MODULES[target]), *entries)]
    return {"/".join(path.parts[:2]) if path.parts[1] in ROOMS else str(path) for path in paths}


def seeded(net: torch.nn.Module, seed: int = 0, scale: float = 1.0) -> torch.nn.Module:
    """Fill every tensor of a network with seeded noise of a sane size."""
    gaussian = torch.Generator().manual_seed(seed)
    for name, tensor in net.state_dict().items():
        fan_in = tensor[0].numel() if tensor.dim() > 1 else 1
        noise = torch.randn(tensor.shape, generator=gaussian) * scale / fan_in**0.5
        tensor.copy_(noise + 1 if name.endswith(("modulation.bias", "stdev", "scale")) else noise)
    return net.eval().requires_grad_(False)


def drawn_maps() -> dict[str, np.ndarray]:
    """Label maps of 512 px of six drawn faces, by name; `tests/data/maps/README.md` tells how they were made."""
    return {path.stem: np.array(Image.open(path)) for path in sorted((ROOT / "tests" / "data" / "maps").glob("*.png"))}


def checkout(folder: Path, weights: Path | None) -> Path:
    """A copy of the code, with the real weights copied in as if they had been made there."""
    folder.mkdir()
    for name in ("Snakefile", "params.yaml", "dvc.yaml", "workflow", "profiles", "stages"):
        if (ROOT / name).is_dir():
            shutil.copytree(ROOT / name, folder / name, ignore=shutil.ignore_patterns("node_modules", "__pycache__"))
        else:
            shutil.copy2(ROOT / name, folder / name)
    if weights is not None:
        (folder / "data").mkdir()
        # Newer than the code, or Snakemake, which has made nothing here, would make them again.
        shutil.copytree(weights, folder / "data" / "weights", copy_function=shutil.copy)
        os.symlink(ROOT / "data" / "packages", folder / "data" / "packages")
    return folder


def repository(folder: Path, weights: Path | None) -> Path:
    """A checkout that git and DVC keep."""
    checkout(folder, weights)
    (folder / ".dvc").mkdir()
    for name in (".gitignore", ".dvcignore", ".dvc/config", ".dvc/.gitignore"):
        shutil.copy(ROOT / name, folder / name)
    must(folder, "git", "init", "--quiet")
    commit(folder)
    return folder


def commit(folder: Path) -> None:
    """Commit everything."""
    must(folder, "git", "add", "--all")
    must(
        folder,
        "git",
        "-c",
        "user.name=t",
        "-c",
        "user.email=t@example.org",
        "commit",
        "--quiet",
        "--allow-empty",
        "-m",
        "-",
    )


def must(folder: Path, *command: str) -> str:
    """Run a command that has to succeed; returns all that it printed."""
    done = subprocess.run(command, cwd=folder, env=ENVIRONMENT, capture_output=True, text=True)
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout + done.stderr


def snakemake(folder: Path, *arguments: str, scale: str | None = SMOKE) -> subprocess.CompletedProcess:
    return run(folder, *arguments, *(["--configfile", scale] if scale else []))


def run(folder: Path, *arguments: str) -> subprocess.CompletedProcess:
    command = ["snakemake", "--cores", "1", "--resources", "gpu=1", *arguments]
    return subprocess.run(command, cwd=folder, env=ENVIRONMENT, capture_output=True, text=True)


def seeded_pca(seed: int = 0) -> dict[str, torch.Tensor]:
    """A mean w and principal components for a generator whose weights are made up."""
    gaussian = torch.Generator().manual_seed(seed)
    return {
        "mean_w": torch.randn(512, generator=gaussian),
        "pca_mean": torch.randn(512, generator=gaussian),
        "pca_components": torch.linalg.qr(torch.randn(512, 512, generator=gaussian)).Q,
        "pca_stdev": 0.5 + torch.rand(512, generator=gaussian),
    }


def run_module(folder: Path, module: str, *arguments: str) -> subprocess.CompletedProcess:
    """Run a stage's command in a folder."""
    command = [sys.executable, "-m", module, *arguments]
    environment = ENVIRONMENT | {"PYTHONPATH": str(ROOT)}
    return subprocess.run(command, cwd=folder, env=environment, capture_output=True, text=True)


class Terminal:
    """An emulated terminal: programs write to `stream`, and `text()` is all that they wrote."""

    def __init__(self, columns: int = 100) -> None:
        master, self.stream = pty.openpty()
        termios.tcsetwinsize(self.stream, (40, columns))
        self.sent = b""
        self.reader = threading.Thread(target=self._read, args=(master,))
        self.reader.start()

    def _read(self, master: int) -> None:
        with suppress(OSError):  # the end of a terminal
            while chunk := os.read(master, 4096):
                self.sent += chunk
        os.close(master)

    def text(self) -> str:
        """All that was written, when nobody writes any more."""
        os.close(self.stream)
        self.reader.join()
        return self.sent.decode().replace("\r\n", "\n")


def _flip(path: Path) -> None:
    content = bytearray(path.read_bytes())
    content[len(content) // 2] ^= 1
    path.write_bytes(content)


DAMAGES: dict[str, Callable[[Path], object]] = {
    "bit flipped": _flip,
    "truncated": lambda path: path.write_bytes(path.read_bytes()[: path.stat().st_size // 2]),
    "zeroed": lambda path: path.write_bytes(bytes(path.stat().st_size)),
    "empty": lambda path: path.write_bytes(b""),
}
