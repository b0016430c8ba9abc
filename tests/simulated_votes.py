"""Simulated answers of a preference study, from planted strengths. Nobody gave them: they are for tests alone."""

from itertools import combinations

import numpy as np
import pandas as pd

from stages.statistics.preferences import ranking
from stages.statistics.votes import StudyFacts, Votes


def simulated_answers(
    random, true, methods, *, raters=20, pairs=20, share=24, rater_spread=0.0, pair_spread=0.0
) -> pd.DataFrame:
    """Comparisons as `that_count` gives them; strengths differ by person and by pair with some spread."""
    two = np.array(list(combinations(range(len(methods)), 2)))
    of_rater = random.normal(size=(raters, len(methods))) * rater_spread
    of_pair = random.normal(size=(pairs, len(methods))) * pair_spread
    questions = np.concatenate([random.permutation(pairs * len(two))[:share] for _ in range(raters)])
    rater = np.repeat(np.arange(raters), min(share, pairs * len(two)))
    pair, which = questions // len(two), questions % len(two)
    strength = np.asarray(true) + of_rater[rater] + of_pair[pair]
    first, second = two[which].T
    rows = np.arange(len(rater))
    chance = 1 / (1 + np.exp(strength[rows, second] - strength[rows, first]))
    names = np.array(methods)
    return pd.DataFrame(
        {
            "rater": [f"r{k:03d}" for k in rater],
            "pair": [f"pair-{k:04d}" for k in pair],
            "first": names[first],
            "second": names[second],
            "won": random.random(len(rater)) < chance,
        }
    )


def facts(methods, **changes) -> StudyFacts:
    """The facts of a simulated study."""
    known = {
        "study": "0" * 64, "question": "Which one?", "methods": list(methods), "pairs": 20, "comparisons": 120,
        "share": 24, "attention": 5, "allowed_wrong": 1, "began": 20, "withdrawn": 0,
        "composites": {}, "left_out": [], "refused": [],
    }  # fmt: skip
    return StudyFacts(**(known | changes))


def simulated_votes(random, true, methods, *, raters=12, pairs=20, careless=0, **changes) -> Votes:
    """A whole simulated table; the last `careless` persons always choose the left picture."""
    answers = simulated_answers(random, true, methods, raters=raters, pairs=pairs)
    turned = random.random(len(answers)) < 0.5
    left = np.where(turned, answers["second"], answers["first"])
    right = np.where(turned, answers["first"], answers["second"])
    choice = np.where(answers["won"].to_numpy() ^ turned, "left", "right")
    table = pd.DataFrame(
        {"rater": answers["rater"], "kind": "comparison", "pair": answers["pair"], "left": left, "right": right,
         "choice": choice, "expected": ""}
    )  # fmt: skip
    checks = []
    for rater in sorted(set(answers["rater"])):
        checks.append((rater, "identical", "pair-0000", methods[0], methods[0], random.choice(["left", "right"]), ""))
        for k in range(5):
            side = ("left", "right")[k % 2]
            checks.append((rater, "attention", f"pair-{k:04d}", methods[0], methods[0], side, side))
    table = pd.concat([table, pd.DataFrame(checks, columns=table.columns)], ignore_index=True)
    lazy = table["rater"].isin(sorted(set(answers["rater"]))[raters - careless :] if careless else [])
    table.loc[lazy, "choice"] = "left"
    table["number"] = table.groupby("rater").cumcount()
    table["ms"] = random.integers(500, 9000, len(table))
    start = pd.Timestamp("2026-01-01", tz="UTC")
    table["time"] = (start + pd.to_timedelta(np.arange(len(table)), unit="s")).astype("datetime64[ms, UTC]")
    table["source"] = "server"
    return Votes(table, facts(methods, **changes))


def coverage(studies: int = 400, methods: int = 4) -> None:
    """Print in how many simulated studies the 95 % intervals of differences hold the truth: docs/study.md has them."""
    names = [f"m{k}" for k in range(methods)]
    true = np.array([1.0, 0.3, -0.3, -1.0])
    print("| persons | pairs | comparisons a person | persons differ | pairs differ | held | right order |")
    for rater_spread, pair_spread in ((0.0, 0.0), (0.7, 0.0), (0.0, 0.7), (0.7, 0.7)):
        spread = {"rater_spread": rater_spread, "pair_spread": pair_spread}
        many = simulated_answers(np.random.default_rng(9), true, names, raters=400, pairs=400, share=400, **spread)
        known = ranking(many, names).values if rater_spread or pair_spread else true
        for raters, pairs, share in ((20, 20, 24), (40, 12, 24), (12, 40, 30), (12, 12, 24)):
            random, held, order = np.random.default_rng(1), [], 0
            for _ in range(studies):
                sizes = {"raters": raters, "pairs": pairs, "share": share}
                found = ranking(simulated_answers(random, true, names, **sizes, **spread), names)
                order += (np.argsort(-found.values) == np.arange(methods)).all()
                for i, j in combinations(range(methods), 2):
                    _, low, high, _ = found.difference(i, j, 0.95)
                    held.append(low <= known[i] - known[j] <= high)
            cells = (raters, pairs, share, rater_spread, pair_spread, f"{np.mean(held):.0%}", f"{order / studies:.0%}")
            print("|", " | ".join(map(str, cells)), "|", flush=True)


if __name__ == "__main__":
    coverage()
