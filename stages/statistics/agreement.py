"""How far persons agree who answered the same questions."""

import math
from collections import Counter
from collections.abc import Callable, Sequence
from typing import NamedTuple


class Agreement(NamedTuple):
    """`share`: of two answers to the same question, the share that are alike. `alpha`: Krippendorff's, of names.

    `questions`: those with two answers or more; of none, share and alpha are nan.
    """

    share: float
    alpha: float
    questions: int


def agreement(answers: Sequence[tuple[object, object]], group: Callable[[object], object] = lambda _: "") -> Agreement:
    """The agreement of answers.

    Args:
        answers: of each the question and what was said.
        group: the group of a question. What is said by chance is taken from the answers of each group, because other
            groups may have other things to say. With one group alpha is Krippendorff's own.

    Returns:
        alpha is 1 if all agree, 0 if they agree as chance would, below if less. It is nan where only one thing was ever
        said: then chance would agree too. A question counts by its answers.

    Source: Krippendorff, "Computing Krippendorff's alpha-reliability", 2011, of nominal data. Questions may have
    different numbers of answers.
    """
    of_questions: dict[object, Counter[object]] = {}
    for question, said in answers:
        of_questions.setdefault(question, Counter())[said] += 1
    several = {question: counts for question, counts in of_questions.items() if counts.total() > 1}
    if not several:
        return Agreement(math.nan, math.nan, 0)
    groups: dict[object, Counter[object]] = {}
    for question, counts in several.items():
        groups.setdefault(group(question), Counter()).update(counts)
    alike = sum(_alike(counts) / (counts.total() - 1) for counts in several.values())
    by_chance = sum(_alike(counts) / (counts.total() - 1) for counts in groups.values())
    total = sum(counts.total() for counts in several.values())
    alpha = (alike - by_chance) / (total - by_chance) if by_chance < total else math.nan
    return Agreement(alike / total, alpha, len(several))


def _alike(counts: Counter[object]) -> int:
    """Ordered pairs of answers that are alike."""
    return sum(count * (count - 1) for count in counts.values())
