"""pSp: W+ by an encoder."""

from stages.systems import System

ENTRY = System(
    title="pSp",
    paper="Richardson et al., CVPR 2021, arXiv 2008.00951",
    repository="eladrich/pixel2style2pixel",
    codes=("psp",),
    network="psp",
)
