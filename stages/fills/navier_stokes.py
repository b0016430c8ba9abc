"""The paper's layers, inpainted by Navier–Stokes."""

from functools import partial

import cv2

from stages.fills import Fill
from stages.regions.layers import fill_layers

ENTRY = Fill(
    source="layers: Zhu et al. 2021, supplement; inpainting: Bertalmio, Bertozzi and Sapiro 2001, through OpenCV",
    fill=partial(fill_layers, method=cv2.INPAINT_NS),
)
