"""The encoder of e4e (Tov et al. 2021) for FFHQ: W+ of a face in one pass, with rows near each other, to be edited."""

from stages.networks._encoder import entry

ENTRY = entry("e4e", "e4e_ffhq_encode.pt", "Encoder4Editing")
