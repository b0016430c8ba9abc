"""Sections `faces`, `maps`, `pairs` and `target` of params.yaml."""

from typing import Annotated, Literal

from pydantic import Field
from typing_extensions import TypedDict

from stages.params.fields import Count, Path, Rate, Seed, Share, Steps, doc, section


@section("Samples of the generator.")
class DrawnParams(TypedDict):
    count: Count
    seed: Seed
    truncation: Annotated[Share, doc("1: the generator's whole variety, with its artefacts; 0: always the mean face")]


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
        doc("auto: crop and turn a photo as FFHQ does, unless it is cropped so; always; never: photos must be square"),
    ]
    min_size: Annotated[
        int, Field(ge=64, le=1024, description="px of the square around the face; a smaller face is refused")
    ]
    sharp_size: Annotated[
        int, Field(ge=0, le=1024, description="px of that square; the report warns of a smaller face")
    ]


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
        doc("how a face is reduced to the parser's size; bicubic: as in the official code"),
    ]
    min_face: Annotated[
        Share,
        doc("share of the image that a face must cover; with less, or without nose or mouth, no face is found. 0: any"),
    ]


Take = Literal["both", "full", "colour", "shape"]


@section("Which faces are combined.")
class PairsParams(TypedDict):
    file: Annotated[Path | None, doc("your own list of pairs, or another project's; null: chosen from the faces")]
    strategy: Annotated[
        Literal["variety", "random", "pose", "hard"],
        doc(
            "How pairs are chosen. variety: hair that differs much; random: by chance; pose: equally many with gaps of "
            "yaw up to 15°, up to 30° and over 30°; hard: wide gaps, long to short hair, a fringe that goes, dark and "
            "light skin, hats, glasses, hair cut by the frame."
        ),
    ]
    take: Annotated[
        Take,
        doc(
            "What is taken of the hair. both: shape and colour of one image; full: the colour of a third image; "
            "colour: only the colour; shape: only the shape. The words are HairFastGAN's."
        ),
    ]
    count: Count
    seed: Seed


@section(
    "Only for fill: official. After the holes are filled, a face is fitted to the target map; it shows what is missing."
)
class CompletionParams(TypedDict):
    sign: Annotated[
        Literal["realistic", "fidelity"],
        doc("fidelity: background of the target map stays; realistic: it may change"),
    ]
    steps: Annotated[Steps, doc("of each of the two fits")]
    rate: Rate


@section("The label map that the composite of a pair should have.")
class TargetParams(TypedDict):
    fill: Annotated[
        str,
        doc(
            "How holes are filled, a file of stages/fills: telea (paper), navier_stokes, centre, nearest, learned (a "
            "network that `snakemake completer` trains), official (two fitted faces)."
        ),
    ]
    islands: Annotated[
        Share,
        doc("share of the map: a smaller filled part gets the label beside it, so no checkered patch; 0 in the paper"),
    ]
    completion: CompletionParams
