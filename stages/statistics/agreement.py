"""How far persons agree who answered the same questions."""

import math
from collections.abc import Sequence
from typing import NamedTuple

import numpy as np


class Agreement(NamedTuple):
    """`share`: of two answers to the same question, the share that are alike. `alpha`: Krippendorff's, of names.

    `questions`: those with two answers or more; of none, share and alpha are nan.
    """

    share: float
    alpha: float
    questions: int


def agreement(answers: Sequence[tuple[object, object]]) -> Agreement:
    """The agreement of answers.

    Args:
        answers: of each the question and what was said.

    Returns:
        alpha is 1 if all agree, 0 if they agree as chance would, below if less. It is nan where only one thing was ever
        said: then chance would agree too.

    Source: Krippendorff, "Computing Krippendorff's alpha-reliability", 2011, of nominal data. Questions may have
    different numbers of answers.
    """
    of_questions: dict[object, dict[object, int]] = {}
    for question, said in answers:
        counts = of_questions.setdefault(question, {})
        counts[said] = counts.get(said, 0) + 1
    several = [counts for counts in of_questions.values() if sum(counts.values()) > 1]
    if not several:
        return Agreement(math.nan, math.nan, 0)
    said = sorted({each for counts in several for each in counts}, key=repr)
    table = np.array([[counts.get(each, 0) for each in said] for counts in several], dtype=float)
    n = table.sum(1)
    alike = (table * (table - 1)).sum(1) / (n - 1)  # each question counts by its answers
    total = n.sum()
    observed = float(alike.sum() / total)
    of_each = table.sum(0)
    by_chance = float((of_each * (of_each - 1)).sum() / (total * (total - 1)))
    alpha = (observed - by_chance) / (1 - by_chance) if by_chance < 1 else math.nan
    return Agreement(observed, alpha, len(several))
