"""LPIPS, version 0.1, on VGG16 (Zhang et al. 2018)."""

from stages.networks._lpips import entry

ENTRY = entry("vgg", "LPIPS-VGG-v0.1", "vgg16-397923af.pth", "397923af")
