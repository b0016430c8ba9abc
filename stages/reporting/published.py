"""Published numbers, to be shown beside ours: the paper's, and what others measured by other protocols."""

from pathlib import Path

import pandas as pd

PATH = Path(__file__).with_name("published.csv")
ELSEWHERE = Path(__file__).with_name("elsewhere.csv")

# What the numbers of elsewhere.csv are, by source.
SOURCES = {
    "Stable-Hair": "Zhang et al., Stable-Hair (AAAI 2025, arXiv 2407.14078), Table 1. Transfer between 2,500 pairs of "
    "CelebA-HQ faces. PSNR and SSIM: outside the hair of both. FID: sources against results. Identity: by InsightFace. "
    "CLIP-I: against the reference.",
    "HairFastGAN": "Nikolaev et al., HairFastGAN (NeurIPS 2024, arXiv 2404.01094). Self-transfer: every image is given "
    "its own hair. FID both: shape and colour come from one image. FID full: they come from two.",
    "Barbershop": "Zhu et al., Barbershop (2021), user study (Table 1 of the paper is above). The question was: which "
    "of two composites shows the face of one image and the hair of the other with the highest quality?",
}


def published() -> pd.DataFrame:
    """The paper's Table 1 in long form: columns method, metric, value (float64), source; a row a number.

    Source: Zhu, Abdal, Femiani and Wonka, "Barbershop: GAN-based image compositing using segmentation masks",
    ACM TOG 40(6), 2021. A reconstruction table: input images against their embeddings.
    """
    return pd.read_csv(PATH)


def elsewhere() -> pd.DataFrame:
    """Numbers of other protocols in long form: columns source (a key of `SOURCES`), method, metric, value (as text)."""
    return pd.read_csv(ELSEWHERE, dtype=str)
