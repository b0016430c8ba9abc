"""Sections `faces`, `maps`, `pairs` and `target` of params.yaml."""

from typing import Annotated, Literal

from pydantic import Field
from typing_extensions import TypedDict

from stages.params.fields import Count, Path, Rate, Seed, Share, Steps, doc, section


@section("Samples of the generator.")
class DrawnParams(TypedDict):
    count: Count
    seed: Seed
    truncation: Annotated[Share, doc("1: the generator's whole variety, artefacts included; 0: always the mean face")]


@section("The faces: drawn by the generator, your photos, or a sample photo.")
class FacesParams(TypedDict):
    source: Annotated[
        list[Literal["drawn", "photos", "sample"]],
        Field(
            min_length=1,
            description="Any of: drawn, samples of the generator; photos, a folder of yours; sample, NASA's portrait "
            "of an astronaut.",
        ),
    ]
    drawn: DrawnParams
    photos: Annotated[Path | None, doc("folder with your photos, .png, .jpg, .webp or .heic")]
    align: Annotated[
        Literal["auto", "always", "never"],
        doc("auto: crop and turn photos as FFHQ does unless they are so already; always; never: they must be square"),
    ]
    min_size: Annotated[
        int, Field(ge=64, le=1024, description="px of the square around the face; a smaller face is refused")
    ]
    sharp_size: Annotated[int, Field(ge=0, le=1024, description="px; below it the report warns")]


class DrawnFace(TypedDict):
    """What a drawn face depends on, beside its number."""

    seed: int
    truncation: float


class FaceParams(TypedDict):
    """What a face depends on: the section `faces` without what says which faces there are."""

    drawn: DrawnFace
    align: Literal["auto", "always", "never"]
    min_size: int
    sharp_size: int


@section("Label maps of the faces.")
class MapsParams(TypedDict):
    reduce: Annotated[
        Literal["area", "bicubic"],
        doc("how a face is brought to the parser's size; bicubic: as in the official code"),
    ]
    min_face: Annotated[
        Share,
        doc("share of the image that the face must cover; with less, or without nose or mouth, there is none. 0: any"),
    ]


Take = Literal["both", "full", "colour", "shape"]


@section("Which faces are combined.")
class PairsParams(TypedDict):
    file: Annotated[Path | None, doc("your own list of pairs, or another project's; null: chosen from the faces")]
    strategy: Annotated[
        Literal["variety", "random", "pose", "hard"],
        doc(
            "how: for variety of hair; by chance; so that gaps of yaw to 15°, to 30° and beyond are equally many; what "
            "is hard: wide gaps, long to short hair, fringes that go, dark and light skin, hats, glasses, cut hair"
        ),
    ]
    take: Annotated[
        Take,
        doc(
            "what of the hair, in HairFastGAN's words. both: shape and colour of one image; full: the colour of a "
            "third image; colour, shape: that alone"
        ),
    ]
    count: Count
    seed: Seed


@section(
    "What the official fill does after its holes are filled: a face is fitted to the target map and shows the rest."
)
class CompletionParams(TypedDict):
    sign: Annotated[
        Literal["realistic", "fidelity"],
        doc("fidelity keeps background where the target map has it; realistic does not"),
    ]
    steps: Annotated[Steps, doc("of each of the two fits")]
    rate: Rate


@section("The label map that the composite of a pair should have.")
class TargetParams(TypedDict):
    fill: Annotated[
        str,
        doc(
            "of holes, a file of stages/fills: telea (paper), navier_stokes, centre, nearest, learned (a network that "
            "`snakemake completer` trains), official (two fitted faces)"
        ),
    ]
    islands: Annotated[
        Share,
        doc("of the map: what is filled and smaller goes to what lies beside it, so no checkers; 0 in the paper"),
    ]
    completion: CompletionParams
