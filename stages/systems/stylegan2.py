"""StyleGAN2, the generator of the paper: all methods of a run may use it."""

from stages.systems import System

ENTRY = System(
    title="StyleGAN2",
    paper="Karras et al., CVPR 2020, arXiv 1912.04958",
    repository="NVlabs/stylegan2",
    generator=True,
    network="stylegan2",
)
