"""e4e: W+ by an encoder, made to be edited."""

from stages.systems import System

ENTRY = System(
    title="e4e",
    paper="Tov et al., SIGGRAPH 2021, arXiv 2102.02766",
    repository="omertov/encoder4editing",
    codes=("e4e",),
    network="e4e",
)
