"""The encoder of pSp (Richardson et al. 2021) for FFHQ: W+ of a face in one pass."""

from stages.networks._encoder import entry

ENTRY = entry("pSp", "psp_ffhq_encode.pt", "GradualStyleEncoder")
