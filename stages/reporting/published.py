"""Published numbers, to be shown beside ours: the paper's, and what others measured by other protocols."""

from pathlib import Path

import pandas as pd

PATH = Path(__file__).with_name("published.csv")
ELSEWHERE = Path(__file__).with_name("elsewhere.csv")

# The protocol of a number: the columns that both files have, and what they are called in the report. A fact that is
# not known is "not stated".
PROTOCOL = {"data": "data", "n": "N", "reference": "reference set", "mask": "mask rule"}

PAPER_METHODS = ["Baseline", "LOHO", "MichiGAN", "Barbershop"]
PAPER_METRICS = {"RMSE": "↓", "PSNR": "↑", "SSIM": "↑", "VGG": "↓", "LPIPS": "↓", "FID": "↓"}  # of Table 1

# What the numbers of elsewhere.csv are, by source.
SOURCES = {
    "Stable-Hair": "Zhang et al., Stable-Hair (AAAI 2025, arXiv 2407.14078), Table 1. Transfer; identity by "
    "InsightFace.",
    "HairFastGAN": "Nikolaev et al., HairFastGAN (NeurIPS 2024, arXiv 2404.01094). Self-transfer: every image is given "
    "its own hair. FID both: shape and colour come from one image. FID full: they come from two.",
    "HairFusion": "Chung et al., HairFusion (arXiv 2408.16450). Transfer; it measured HairFastGAN among others.",
    "H-Adapter": "H-Adapter (ECCV 2026, arXiv 2606.25578). Transfer; it measured HairFastGAN among others.",
    "Barbershop": "Zhu et al., Barbershop (2021), user study (Table 1 of the paper is above). The question was: which "
    "of two composites shows the face of one image and the hair of the other with the highest quality?",
}


def published() -> pd.DataFrame:
    """The paper's Table 1 in long form: columns method, metric, value (float64), source and `PROTOCOL`; a row a number.

    Source: Zhu, Abdal, Femiani and Wonka, "Barbershop: GAN-based image compositing using segmentation masks",
    ACM TOG 40(6), 2021. A reconstruction table: input images against their embeddings.
    """
    return pd.read_csv(PATH)


def elsewhere() -> pd.DataFrame:
    """Numbers of other protocols in long form, all as text.

    Columns: source (a key of `SOURCES`), method, metric, value and those of `PROTOCOL`.
    """
    return pd.read_csv(ELSEWHERE, dtype=str)
