"""Stage `faces`: draw faces from the generator and bring photos to one form, RGB 1024×1024, aligned as FFHQ does."""

import json
from collections.abc import Callable, Mapping, Sequence
from functools import cache
from pathlib import Path
from typing import Annotated

import dlib
import numpy as np
import torch
import typer
from PIL import Image

from stages.engine.command import TF32, Log, as_json, log_to, run_stage
from stages.engine.items import Item, Result, run_items
from stages.errors import ItemError
from stages.formats.images import FACE_SIZE, at_face_size, png_bytes, read_image, read_square
from stages.formats.tensors import to_image
from stages.nets.device import choose_device
from stages.nets.dlib_faces import load_landmarks
from stages.nets.interfaces import Generator
from stages.nets.loading import load_generator
from stages.params.faces_to_targets import FaceParams
from stages.photos.crop import Crop, aligned, ffhq_crop, is_whole, share_beyond
from stages.photos.search import SURE, find_face
from stages.settings.photos import DRAWN, SAMPLED, drawn_index, sample_photo

MADE_UP = 0.05  # share of the square beyond the photo's border from which on the report warns


def prepare_photo(path: Path, params: FaceParams, predictor: Callable[[], dlib.shape_predictor]) -> Result:
    """A photo as PNG of 1024 px, its face where FFHQ has it, and what is worth knowing of it.

    Args:
        path: the photo.
        params: `align`, `min_size` and `sharp_size` of section `faces`.
        predictor: loads dlib's predictor of landmarks.

    Raises:
        ItemError: not an image, no face in it, or a face that is too small; with `align: never` not square.
    """
    minimum = f"{params['min_size']} px (faces.min_size)"
    if params["align"] == "never":
        image = read_square(path, minimum, params["min_size"], "faces.align: auto crops it as FFHQ does")
        return _result(at_face_size(image), image.width, params["sharp_size"], [], _square(Crop.whole(image.width)))
    image = read_image(path)
    if min(image.size) < params["min_size"]:
        raise ItemError(f"{path}: {image.width}×{image.height} px are below the minimum of {minimum}")
    photo = np.array(image)
    face = find_face(photo, predictor())
    if face is None:
        raise ItemError(f"{path}: no face found; remove it, or crop it as FFHQ does and set faces.align to never")
    crop = ffhq_crop(face.landmarks)
    as_it_is = params["align"] == "auto" and is_whole(crop, image.width, image.height)
    size = image.width if as_it_is else round(crop.size)
    if size < params["min_size"]:
        raise ItemError(f"{path}: the square around the face has {size} px, below the minimum of {minimum}")
    facts: dict[str, object] = {
        "aligned": not as_it_is, "faces": face.faces, "score": round(face.score, 3), "degrees": round(crop.angle, 1),
    }  # fmt: skip
    if as_it_is:
        whole = _square(Crop.whole(image.width))
        return _result(at_face_size(image), size, params["sharp_size"], [], facts | whole)
    made_up = share_beyond(crop, image.width, image.height)
    warnings = []
    if face.faces > 1:
        warnings.append(f"shows {face.faces} faces; the largest was taken")
    if face.score < SURE:
        warnings.append(f"its face is not certain (score {face.score:.2f})")
    if face.turn:
        warnings.append(f"is not upright; it was turned by {90 * face.turn}° anticlockwise")
    if made_up > MADE_UP:
        warnings.append(f"ends within the square around the face; {made_up:.0%} of it are made up")
    content = Image.fromarray(aligned(photo, crop))
    facts |= {"made_up": round(made_up, 3), **_square(crop)}
    return _result(content, size, params["sharp_size"], warnings, facts)


def _square(crop: Crop) -> dict[str, object]:
    """The square as the record has it: all digits of it, since `stages.restore` goes back by it."""
    return {"square": {"centre": crop.centre.tolist(), "right": crop.right.tolist()}}


def _result(image: Image.Image, size: int, sharp: int, warnings: list[str], facts: Mapping[str, object]) -> Result:
    """A face made of a square of `size` px; one below `sharp` gets a warning."""
    if size < sharp:
        warnings = [*warnings, f"its square of {size} px was enlarged {FACE_SIZE / size:.1f} times"]
    return Result({"face": png_bytes(image)}, {**facts, "px": size, "warnings": warnings})


def draw_face(net: Generator, index: int, seed: int, truncation: float, device: torch.device) -> bytes:
    """The PNG of the `index`-th seeded sample of a generator, its w pulled towards the mean by `truncation`."""
    z = np.random.default_rng([seed, index]).standard_normal((1, 512), dtype=np.float32)
    w = net.map(torch.from_numpy(z).to(device))
    ws = torch.lerp(net.mean_w, w, truncation)[:, None].repeat(1, net.n_styles, 1)
    return png_bytes(to_image(net.render(net.features(ws), ws)[0]))


def _of_a_face(text: str) -> dict[str, object]:
    """What the section `faces` says of each face, checked as a section."""
    params = as_json()(text)
    drawn = params.get("drawn")
    whole = {"source": ["drawn"], "photos": None, **params}
    as_json("faces")(json.dumps(whole | ({"drawn": {"count": 1, **drawn}} if isinstance(drawn, dict) else {})))
    return params


@torch.no_grad()
def main(
    params: Annotated[
        FaceParams, typer.Option(parser=_of_a_face, help="what section `faces` of params.yaml says of each, as JSON")
    ],
    sources: Annotated[
        dict[str, str],
        typer.Option(parser=as_json(), help="by name, where each comes from, as in images.csv; JSON"),
    ],
    generator: Annotated[Path, typer.Option(help="weights of the generator")],
    landmarks: Annotated[Path, typer.Option(help="weights of dlib's predictor of landmarks")],
    out: Annotated[Path, typer.Option(help="folder of the faces")],
    record: Annotated[Path, typer.Option(help="record of the stage to write")],
    tf32: TF32 = False,
    log: Log = None,
) -> None:
    """Make data/faces/{image}.png from samples of the generator and from photos, cropped and turned as FFHQ does."""
    log_to(log)
    of_photo = {key: params[key] for key in ("align", "min_size", "sharp_size")}

    def item_of(name: str, source: str) -> Item:
        files = {"face": out / f"{name}.png"}
        if source == DRAWN:
            return Item(name, {}, files, params["drawn"] | {"count": None, "index": drawn_index(name)})
        photo = sample_photo() if source == SAMPLED else Path(source)
        return Item(name, {"photo": photo}, files, of_photo, given=True)

    items = [item_of(name, source) for name, source in sources.items()]
    device = choose_device(tf32)
    net = cache(lambda: load_generator(generator, device))
    predictor = cache(lambda: load_landmarks(landmarks))

    def compute(batch: Sequence[Item]) -> list[Result | ItemError]:
        (item,) = batch
        if "photo" not in item.inputs:
            index, sample = drawn_index(item.name), params["drawn"]
            content = draw_face(net(), index, sample["seed"], sample["truncation"], device)
            return [Result({"face": content}, {})]
        try:
            return [prepare_photo(item.inputs["photo"], params, predictor)]
        except ItemError as error:
            return [error]

    weights = {"generator": generator, "landmarks": landmarks}
    run_items("faces", ["stages.faces"], items, {}, weights, compute, record)


if __name__ == "__main__":
    run_stage(main)
