"""LOHO: hair by optimising W+ and noise maps."""

from stages.systems import System

ENTRY = System(
    title="LOHO", paper="Saha et al., CVPR 2021, arXiv 2103.03891", repository="dukebw/LOHO", kinds=("loho",)
)
