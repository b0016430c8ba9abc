"""SEAN: a target map and a style code for each region to an image."""

from stages.systems import System

ENTRY = System(
    title="SEAN",
    paper="Zhu et al., CVPR 2020, arXiv 1911.12861",
    repository="ZPdesu/SEAN",
    kinds=("sean",),
    network="sean",
)
