"""Copy-paste with a soft edge: an alpha matte of what is taken, by a guided filter (He et al. 2013). No network."""

from typing import TYPE_CHECKING, Annotated, Literal

from pydantic import Field
from typing_extensions import TypedDict

from stages.methods import Job, Method, Work
from stages.methods._pasting import pasting
from stages.params.fields import section

if TYPE_CHECKING:
    import numpy as np


@section("Pixels laid over the identity under an alpha matte.")
class Choice(TypedDict):
    kind: Literal["matte"]


@section("The alpha matte of the method kind matte.")
class MatteParams(TypedDict):
    radius: Annotated[int, Field(ge=1, le=256, description="px at 1024 px of the guided filter's window")]
    smooth: Annotated[
        float, Field(gt=0, le=1, description="variance of [0, 1] colours below which the matte does not follow them")
    ]


def matte(guide: "np.ndarray", mask: "np.ndarray", radius: int, smooth: float) -> "np.ndarray":
    """The opacity of what a mask selects of an image, that follows the image's edges near the mask's border.

    Args:
        guide: uint8 (H, W, 3).
        mask: bool (h, w), brought to the guide's size.
        radius: of the window, in pixels of the guide.
        smooth: the filter's ε, a variance of grey levels in [0, 1].

    Returns:
        float32 (H, W) in [0, 1].

    Source: He, Sun and Tang, "Guided image filtering", TPAMI 35(6), 2013, with the grey image as guide.
    """
    import cv2
    import numpy as np

    grey = cv2.cvtColor(guide, cv2.COLOR_RGB2GRAY).astype(np.float32) / 255
    hard = cv2.resize(mask.astype(np.float32), guide.shape[1::-1], interpolation=cv2.INTER_LINEAR)

    def mean(image: np.ndarray) -> np.ndarray:
        return cv2.blur(image, (2 * radius + 1,) * 2, borderType=cv2.BORDER_REFLECT)

    mean_grey, mean_hard = mean(grey), mean(hard)
    slope = (mean(grey * hard) - mean_grey * mean_hard) / (mean(grey * grey) - mean_grey**2 + smooth)
    offset = mean_hard - slope * mean_grey
    alpha: np.ndarray = np.clip(mean(slope) * grey + mean(offset), 0, 1)
    return alpha


def prepare(job: Job) -> Work:
    import numpy as np

    radius, smooth = job.params["radius"], job.params["smooth"]

    def laid_over(image: np.ndarray, reference: np.ndarray, mask: np.ndarray) -> np.ndarray:
        alpha = matte(reference, mask, radius, smooth)[..., None]
        composite: np.ndarray = np.rint(alpha * reference + (1 - alpha) * image).astype(np.uint8)
        return composite

    work = pasting(job, laid_over, "matte")
    return work._replace(params={**work.params, **job.params})


ENTRY = Method(choice=Choice, prepare=prepare, reads=("faces", "maps", "targets"), section="matte", params=MatteParams)
