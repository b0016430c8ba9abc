"""All of params.yaml, as the code reads it that needs more than one section."""

from collections.abc import Mapping
from typing import NotRequired

from typing_extensions import TypedDict

from stages.params.align_section import AlignParams
from stages.params.completer_section import CompleterParams
from stages.params.embed_section import EmbedParams
from stages.params.encoder_section import EncoderParams
from stages.params.faces_to_targets import FacesParams, MapsParams, PairsParams, TargetParams
from stages.params.jobs import JobsParams
from stages.params.networks import NetworksParams
from stages.params.outputs import ExamplesParams, GalleryParams, ReportParams, ScoreParams


class Choice(TypedDict):
    """What the pipeline reads of an entry of `methods`; its kind may know more keys."""

    kind: str
    code: NotRequired[str]
    align: NotRequired[bool]
    images: NotRequired[str]
    reconstructions: NotRequired[str]
    system: NotRequired[str]
    of: NotRequired[str]


Methods = Mapping[str, Choice]


class Params(TypedDict):
    """The sections of params.yaml but those of single methods, which the methods themselves read."""

    networks: NetworksParams
    checkpoints: Mapping[str, str | None]
    faces: FacesParams
    maps: MapsParams
    pairs: PairsParams
    target: TargetParams
    embed: EmbedParams
    methods: Methods
    align: AlignParams
    examples: ExamplesParams
    score: ScoreParams
    report: ReportParams
    gallery: GalleryParams
    jobs: JobsParams
    encoder: EncoderParams
    completer: CompleterParams
