"""II2S: W+ by optimisation, held near the generator's own latents by the P-norm. FS codes begin with it."""

from stages.systems import System

ENTRY = System(title="II2S", paper="Zhu et al. 2020, arXiv 2012.09036", repository=None, codes=("w", "fs"))
