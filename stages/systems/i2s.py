"""I2S, Image2StyleGAN: W+ by optimisation, without II2S's P-norm."""

from stages.systems import System

ENTRY = System(title="I2S", paper="Abdal et al., ICCV 2019, arXiv 1904.03189", repository=None, codes=("i2s",))
