"""Networks that measure and that no package has: the published files that a user may supply. No torch here.

Each is known by the name and the sha256 of the file that its authors publish. Nothing is fetched, and nothing takes the
place of a file that is not there.
"""

from pathlib import Path
from typing import NamedTuple

from stages.errors import UserError
from stages.formats.files import sha256_file
from stages.params.outputs import ScoreParams

HELP = "docs/protocols.md says where it is published"


class Published(NamedTuple):
    """A published file: what its network is called in names of metrics, its usual name, and the sha256 or its begin."""

    title: str
    file: str
    sha256: str

    def check(self, path: Path) -> None:
        """Check that a path holds this file; raises UserError in one line if it does not."""
        if not path.is_file():
            raise UserError(f"{path}: no such file; it should be a copy of {self.file}, {HELP}")
        if not sha256_file(path).startswith(self.sha256):
            raise UserError(f"{path}: is not {self.file} as published; its sha256 must begin with {self.sha256[:16]}")


# pytorch-fid's release: the beginning of the digest is part of the file's name.
INCEPTION = Published("Inception", "pt_inception-2015-12-05-6726825d.pth", "6726825d")
# The list of models of openai/CLIP, clip/clip.py: the digests are part of the addresses there.
CLIPS = (
    Published("ViT-B/32", "ViT-B-32.pt", "40d365715913c9da98579312b702a82c18be219cc2a73407c4526f58eba950af"),
    Published("ViT-L/14@336", "ViT-L-14-336px.pt", "3035c92b350959924f9f00213499208652fc7ea050643e8b385c2dac08641f02"),
)
# InsightFace's pack buffalo_l, release 0.7. Its authors publish no digest: this is the one that many projects pin.
ARCFACE = Published(
    "ArcFace w600k_r50", "w600k_r50.onnx", "4c06341c33c2ca1f86781dab0e829f88ad5b64be9fba56e56bc9ebdefc619e43"
)


def clip_of(path: str) -> Published:
    """Which CLIP a path is of, by the file's name: names of metrics are known before any file is read.

    Raises:
        UserError: the name is none that is published.
    """
    for published in CLIPS:
        if Path(path).name == published.file:
            return published
    raise UserError(f"score.clip: {path} is not named as published: {' or '.join(each.file for each in CLIPS)}")


def clip_titles(score: ScoreParams) -> tuple[str, ...]:
    """What the CLIPs in use are called, in their order; raises UserError as `clip_of`."""
    return tuple(clip_of(path).title for path in score["clip"])


def digests_of(score: ScoreParams) -> dict[str, object]:
    """The sha256 of all such files in use, by their key of section `score`; raises UserError if one is not there."""
    check_score_files(score)
    found: dict[str, object] = {"clip": [sha256_file(Path(path)) for path in score["clip"]]}
    named = [("inception", score["inception"]), ("arcface", score["arcface"])]
    return found | {key: path and sha256_file(Path(path)) for key, path in named}


def supplied_to_score(score: ScoreParams) -> list[str]:
    """The paths of all such files that are in use."""
    one_file = [path for path in (score["inception"], score["arcface"]) if path is not None]
    return [*one_file, *score["clip"]]


def check_score_files(score: ScoreParams) -> None:
    """Check that all such files are there, before anything runs; their digests are compared when they are loaded.

    Raises:
        UserError: one is not, in one line that names the key and the file.
    """
    named = [("score.inception", score["inception"], INCEPTION), ("score.arcface", score["arcface"], ARCFACE)]
    named += [("score.clip", path, clip_of(path)) for path in score["clip"]]
    for key, path, published in named:
        if path is not None and not Path(path).is_file():
            raise UserError(f"{key}: {path}: no such file; it should be a copy of {published.file}, {HELP}")
