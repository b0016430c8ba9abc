"""dlib's faces: detection (HOG), 68 landmarks (Kazemi and Sullivan 2014), 128-d identity (dlib's ResNet-29).

Weight files hold dlib's own format as one tensor of bytes, so that their origin and digest stand in the metadata as
those of every network do.
"""

import hashlib
import tempfile
from collections.abc import Callable, Sequence
from functools import cache
from pathlib import Path
from typing import NamedTuple, TypeVar

import dlib
import numpy as np
import torch
from torch import Tensor

from stages.errors import UserError
from stages.formats.weight_files import read_metadata, read_weights
from stages.nets.alone import alone

CONTENT = "dat"
SIZES = {"dlib_landmarks": 99_693_937, "dlib_identity": 22_466_066}  # bytes
CERTAIN = 0.5  # of the most certain face's score
Loaded = TypeVar("Loaded")

_found: dict[tuple[bytes, tuple[int, ...], int], list["Box"]] = {}  # a few bytes an image

SAME_PERSON = 0.6  # dlib's own threshold of the distance between two identities, 99.38 % right on LFW


class Box(NamedTuple):
    """A detected face in pixels, borders included; it may reach beyond the image. `score` grows with certainty."""

    left: int
    top: int
    right: int
    bottom: int
    score: float

    @property
    def width(self) -> int:
        """Side of the box, which is a square."""
        return self.right - self.left + 1


def as_tensors(content: bytes) -> dict[str, Tensor]:
    """The tensors of a weight file that holds a file of dlib's."""
    return {CONTENT: torch.frombuffer(bytearray(content), dtype=torch.uint8)}


@cache
def load_landmarks(weights: Path) -> dlib.shape_predictor:
    """Load the predictor of 68 landmarks; raises UserError if the file is damaged or holds something else."""
    return _load("dlib_landmarks", dlib.shape_predictor, weights)


@cache
def load_identity(weights: Path) -> dlib.face_recognition_model_v1:
    """Load the identity network; errors as `load_landmarks`."""
    return _load("dlib_identity", dlib.face_recognition_model_v1, weights)


@alone
def detect_faces(image: np.ndarray, upsample: int = 0) -> list[Box]:
    """Upright faces in an RGB image, uint8 (H, W, 3), the most certain first.

    Faces of about 80 px and more are found; each `upsample` doubles the image first and halves that. What was found is
    remembered: several metrics and a rule ask for the faces of the same image, and a search takes a third of a second.
    """
    key = (hashlib.sha256(image.tobytes()).digest(), image.shape, upsample)
    if key not in _found:
        boxes, scores, _ = _detector().run(image, upsample, 0.0)
        found = zip(boxes, scores, strict=True)
        _found[key] = [Box(b.left(), b.top(), b.right(), b.bottom(), score) for b, score in found]
    return list(_found[key])


def main_face(faces: Sequence[Box]) -> Box | None:
    """The largest of the faces that are at least half as certain as the most certain one; None of none.

    A detection much less certain than another is no face as a rule: the patch on an astronaut's sleeve, say.
    """
    best = max((face.score for face in faces), default=0.0)
    return max((face for face in faces if face.score >= CERTAIN * best), key=lambda face: face.width, default=None)


@alone
def find_landmarks(predictor: dlib.shape_predictor, image: np.ndarray, box: Box) -> np.ndarray:
    """The 68 landmarks (x, y) of a face in an RGB image, uint8 (H, W, 3): float64 (68, 2), whole pixels.

    The order is iBUG's: 0-16 jaw, 17-26 brows, 27-35 nose, 36-41 and 42-47 eyes, 48-59 outer and 60-67 inner lips;
    what is left in the image comes first.
    """
    shape = predictor(image, _rectangle(box))
    return np.array([(point.x, point.y) for point in shape.parts()], np.float64)


@alone
def identity(net: dlib.face_recognition_model_v1, image: np.ndarray, box: Box, landmarks: np.ndarray) -> np.ndarray:
    """The identity of a face in an RGB image, uint8 (H, W, 3), by its landmarks (68, 2): float64 (128,).

    The Euclidean distance of two identities is below SAME_PERSON for the same person.
    """
    points = [dlib.point(round(x), round(y)) for x, y in landmarks]
    return np.array(net.compute_face_descriptor(image, dlib.full_object_detection(_rectangle(box), points)))


def identifier(landmarks: Path, network: Path) -> Callable[[np.ndarray], np.ndarray | None]:
    """A function from an image, uint8 (H, W, 3), to the identity (128,) of its main face, or None without a face."""
    predictor, net = load_landmarks(landmarks), load_identity(network)

    def identify(image: np.ndarray) -> np.ndarray | None:
        box = main_face(detect_faces(image))
        return None if box is None else identity(net, image, box, find_landmarks(predictor, image, box))

    return identify


def _rectangle(box: Box) -> dlib.rectangle:
    return dlib.rectangle(box.left, box.top, box.right, box.bottom)


@cache
def _detector() -> dlib.fhog_object_detector:
    return dlib.get_frontal_face_detector()


def _load(name: str, load: Callable[[str], Loaded], weights: Path) -> Loaded:
    if (found := read_metadata(weights).get("network")) != name:
        raise UserError(f"{weights}: holds the network {found}; expected {name}")
    tensors = read_weights(weights, {CONTENT: torch.empty(SIZES[name], device="meta")})
    with tempfile.NamedTemporaryFile(suffix=".dat") as file:  # dlib reads nothing but files
        file.write(tensors[CONTENT].numpy().data)
        file.flush()
        return load(file.name)
