"""Sections `examples`, `score`, `report` and `gallery` of params.yaml."""

from typing import Annotated, Literal

from pydantic import Field
from typing_extensions import TypedDict

from stages.params.fields import Count, MetricName, Path, Seed, doc, section

Protocol = Literal["transfer", "reconstruction"]  # of what a figure ranks
Stratum = Literal[
    "difficulty", "yaw_gap", "long_to_short", "fringe_to_bare", "dark_and_light", "hat_or_glasses", "cut_by_frame",
    "pose", "hair_length", "fringe", "tone", "sharpness", "face_size", "hat", "glasses", "hair_cut",
]  # fmt: skip
Kind = Literal["shape_and_colour", "colour", "face", "skin", "brows", "eyes", "nose", "mouth", "many"]


@section("Transfers of other regions than hair, shown in the report's appendix; they are not measured.")
class ExamplesParams(TypedDict):
    kinds: Annotated[
        list[Kind],
        doc(
            "Any of shape_and_colour and colour (of hair), face, skin (brows, eyes, nose, mouth stay the identity's), "
            "brows, eyes, nose, mouth, many (hair, eyes and mouth of three images). Each costs about as much as a pair."
        ),
    ]
    method: str
    seed: Seed


@section("What is measured, and how its intervals are made.")
class ScoreParams(TypedDict):
    size: Annotated[Literal[64, 128, 256, 512, 1024], doc("px at which images are compared")]
    level: Annotated[float, Field(gt=0, lt=1, description="of the confidence intervals")]
    permutations: Annotated[
        int,
        Field(
            ge=20,
            le=1_000_000,
            description="random divisions of images and results, for a Fréchet distance's value by chance at this N",
        ),
    ]
    identity: Annotated[
        bool, doc("true: measure the distance of identities by dlib; its files are downloaded with the other weights")
    ]
    self_transfer: Annotated[
        bool,
        doc("true: also report every image with its own hair; the embeddings are the results, so it takes no time"),
    ]
    inception: Annotated[
        Path | None,
        doc("path of pt_inception-2015-12-05-6726825d.pth, for FID; null: another Fréchet distance in its place"),
    ]
    clip: Annotated[
        list[Path],
        doc("paths of OpenAI's ViT-B-32.pt, for FID_CLIP, or ViT-L-14-336px.pt, for CMMD; each also for CLIP-I"),
    ]
    arcface: Annotated[
        Path | None, doc("path of InsightFace's w600k_r50.onnx, for identity by ArcFace; null: not measured")
    ]
    seed: Seed


@section(
    "The metrics that rank the items in the figures; names without the size. Not IoU or ST-LPIPS-VGG: methods minimise "
    "the networks of these, so they are no independent judges. No loss uses ST-LPIPS-Alex."
)
class RankParams(TypedDict):
    transfer: MetricName
    reconstruction: MetricName


@section("What the report shows.")
class ReportParams(TypedDict):
    method: Annotated[str, doc("the method whose best, median and worst items the figures show")]
    against: Annotated[str, doc("the method that the others are compared with, pair by pair")]
    rank: RankParams
    rows: Annotated[Count, doc("how many items each of: the best, the median, the worst, and others by seed")]
    seed: Seed
    metrics: Annotated[
        list[MetricName],
        Field(
            min_length=1,
            max_length=4,
            description="of the first table, and of the figures method against method and metric against seconds",
        ),
    ]
    strata: Annotated[
        list[Stratum],
        doc(
            "Kinds of strata in the section By stratum. Of pairs: difficulty, yaw_gap, long_to_short, fringe_to_bare, "
            "dark_and_light, hat_or_glasses, cut_by_frame. Of images: pose, hair_length, fringe, tone, sharpness, "
            "face_size, hat, glasses, hair_cut; a pair has those of its identity and of its reference"
        ),
    ]
    votes: Annotated[
        Path | None,
        doc("answers of a preference study, the table that `python -m stages.study export` writes; null: none"),
    ]


@section("The gallery, a page of every pair and method. A picture is encoded again only when its image has changed.")
class GalleryParams(TypedDict):
    size: Annotated[
        Literal[256, 512, 1024],
        doc("px of the large pictures. 1024: about 0.1 MB on the disk for each pair and method"),
    ]
    thumbnail: Annotated[Literal[128, 192, 256], doc("px of the small pictures in the list")]
    quality: Annotated[int, Field(ge=1, le=99, description="of the pictures, as WebP")]
    mail: Annotated[
        float,
        Field(
            gt=0,
            le=1000,
            description="MB of gallery-mail.html at most; if not all pairs fit, it has the worst and some others",
        ),
    ]
