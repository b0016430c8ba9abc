"""StarGAN v2: the whole style of a reference, hair among it."""

from stages.systems import System

ENTRY = System(
    title="StarGAN v2",
    paper="Choi et al., CVPR 2020, arXiv 1912.01865",
    repository="clovaai/stargan-v2",
    kinds=("starganv2",),
    network="starganv2",
)
