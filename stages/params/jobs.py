"""Section `jobs` of params.yaml: how the work is cut into jobs. No result and no fingerprint depends on it."""

from typing import Annotated

from pydantic import Field
from typing_extensions import TypedDict

from stages.params.fields import section


@section("How the work is cut into jobs. Nothing here changes a result.")
class JobsParams(TypedDict):
    items: Annotated[
        int,
        Field(
            ge=1,
            le=1_000_000,
            description="faces or pairs in one job, about; with fewer, more jobs can run at the same time",
        ),
    ]
