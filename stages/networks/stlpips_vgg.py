"""Shift-tolerant LPIPS on VGG16 (Ghildyal and Liu, ECCV 2022)."""

from stages.networks._stlpips import entry

ENTRY = entry("vgg", "ST-LPIPS-VGG")
