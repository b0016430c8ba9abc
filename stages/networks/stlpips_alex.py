"""Shift-tolerant LPIPS on AlexNet (Ghildyal and Liu, ECCV 2022)."""

from stages.networks._stlpips import entry

ENTRY = entry("alex", "ST-LPIPS-Alex")
