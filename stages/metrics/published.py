"""The numbers of the paper, to be shown beside ours."""

from pathlib import Path

import pandas as pd

PATH = Path(__file__).with_name("published.csv")


def published() -> pd.DataFrame:
    """The paper's Table 1 in long form: columns method, metric, value (float64), source; a row a number.

    Source: Zhu, Abdal, Femiani and Wonka, "Barbershop: GAN-based image compositing using segmentation masks",
    ACM TOG 40(6), 2021. A reconstruction table: input images against their embeddings.
    """
    return pd.read_csv(PATH)
