"""LPIPS, version 0.1, on AlexNet (Zhang et al. 2018)."""

from stages.networks._lpips import entry

ENTRY = entry("alex", "LPIPS-Alex-v0.1", "alexnet-owt-7be5be79.pth", "7be5be79")
