"""The report's section on a preference study: who answered, which method was chosen, and what predicts that."""

import math
from collections.abc import Sequence
from pathlib import Path

import pandas as pd

from stages.engine.stage_records import Record
from stages.formats.words import counted
from stages.params.outputs import ReportParams
from stages.reporting.names import method_name
from stages.reporting.plots import with_intervals
from stages.reporting.published import elsewhere
from stages.reporting.strata_tables import kinds_of
from stages.reporting.tables import NOTHING, markdown_table, number
from stages.statistics.bradley_terry import Strengths
from stages.statistics.comparison import MIN_ITEMS
from stages.statistics.intervals import MIN_VALUES, Interval, exact_share
from stages.statistics.preferences import (
    Duel,
    agreement_of,
    attention,
    chose_left,
    duels,
    places,
    predictions,
    ranking,
    shown_elsewhere,
    that_count,
)
from stages.statistics.votes import COMPARISON, Votes
from stages.strata.classes import ORDER, UNKNOWN, strata_of

MOST = 20  # names on a line
MARKUP = frozenset("\\`*_[]<>|&~#")  # what Markdown or HTML may read as more than text


def votes_section(
    votes: Votes | None, frame: pd.DataFrame, records: Sequence[Record], report: ReportParams, level: float,
    strata: tuple[pd.DataFrame, pd.DataFrame] | None,
) -> str:  # fmt: skip
    """The section Preference study; empty without votes.

    Args:
        votes: the answers.
        frame: the table of metrics.
        records: of all stages: they say which composites this run has.
        report: the section of the parameters.
        level: confidence of the intervals.
        strata: the tables of the images' and the pairs' strata, or None.
    """
    if votes is None:
        return ""
    answers = that_count(votes)
    changed = shown_elsewhere(votes.facts, composite_digests(records))
    parts = ["## Preference study", *_who(votes, answers)]
    if not len(answers):
        return "\n\n".join([*parts, "No answer counts, so nothing follows from them.", *_not_shown(votes)])
    methods = _compared(votes, answers)
    found = duels(answers, {method: k for k, method in enumerate(methods)}, level=level)
    parts += [duel_table(found, level), _duels_said(found, level), _strengths(answers, methods, level)]
    body = [_habits(votes, answers, level), "**The paper's study.** " + published_table(level)]
    body += [_by_stratum(answers, methods, report, level, strata), _predicted(answers, frame, changed, level)]
    body += _changed(changed) + _not_shown(votes)
    inside = "\n\n".join(part for part in body if part)
    summary = "Agreement, habits, the paper's counts, strata, metrics that predict the votes"
    return "\n\n".join([*parts, f"<details><summary>{summary}</summary>\n\n{inside}\n\n</details>"])


def strengths_figure(votes: Votes, methods: Sequence[str], level: float) -> bytes:
    """PNG of the ranking: each method's strength with its interval; `methods`: those of the run, for their colours."""
    answers = that_count(votes)
    compared = _compared(votes, answers)
    found = ranking(answers, compared) if len(answers) else []
    if not isinstance(found, Strengths):
        return with_intervals({}, methods, "")
    rows = {method: found.against_mean(k, level)[:3] for k, method in enumerate(compared)}
    return with_intervals(
        rows, methods, f"strength in log-odds, with its {level:.0%} interval; chosen more often: right"
    )


def _compared(votes: Votes, answers: pd.DataFrame) -> list[str]:
    """The methods of which answers count, in the study's order."""
    return [method for method in votes.facts.methods if method in {*answers["first"], *answers["second"]}]


def composite_digests(records: Sequence[Record]) -> dict[str, dict[str, str]]:
    """By method and pair the sha256 of the run's composites."""
    found: dict[str, dict[str, str]] = {}
    for record in records:
        for file, digest in record.get("files", {}).items():
            path = Path(file)
            if path.suffix == ".png" and path.parent.parent.name == "composites":
                found.setdefault(path.parent.name, {})[path.stem] = digest
    return found


def _who(votes: Votes, answers: pd.DataFrame) -> list[str]:
    """Who answered, what was asked, and whose answers count."""
    facts = votes.facts
    persons = attention(votes)
    out = [each for each in persons if each.left_out]
    asked = votes.answers[votes.answers["kind"] == COMPARISON]
    lines = [
        f"People were shown two composites of a pair, without names, in random order. The question was: "
        f"*{_text(facts.question)}*",
        f"{counted(facts.began, 'person')} began, {len(persons)} answered. Of {counted(len(asked), 'comparison')}, "
        f"{len(answers)} count, by {counted(answers['rater'].nunique(), 'person')} on "
        f"{counted(answers['pair'].nunique(), 'pair')}.",
    ]
    if facts.withdrawn:
        lines.append(
            f"{counted(facts.withdrawn, 'person')} took the answers back. No number here contains these answers."
        )
    if not facts.attention:
        lines.append("The study had no attention trials, so all answers count.")
        return lines
    rule = (
        f"The rule was set before the first answer: a person who gets more than {facts.allowed_wrong} of "
        f"{counted(facts.attention, 'attention trial')} wrong is left out."
    )
    named = [f"`{each.rater}` ({each.wrong} of {each.asked} wrong)" for each in out]
    lines.append(f"{rule} {'Left out: ' + _some(named) if named else 'Nobody was left out'}.")
    return lines


def duel_table(found: Sequence[Duel], level: float) -> str:
    """A row for every two methods."""
    rows = [
        [
            method_name(duel.method),
            method_name(duel.other),
            f"{duel.wins} : {duel.losses}",
            percent(duel.share),
            "–".join(map(str, duel.pairs)),
            f"{duel.p:.2g}",
        ]
        for duel in found
    ]
    header = ["method", "against", "chosen", f"share [{level:.0%}]", "pairs won–even–lost", "p"]
    return markdown_table(header, rows)


def _duels_said(found: Sequence[Duel], level: float) -> str:
    few = min(sum(duel.pairs) for duel in found)
    caution = (
        f" Fewer than {MIN_ITEMS} pairs are compared, so they show no order of methods." if few < MIN_ITEMS else ""
    )
    return (
        f"*chosen*: answers for and against the method. *share*: the exact {level:.0%} interval (Clopper–Pearson). It "
        f"treats all answers as independent, as the paper's counts do. *p*: the exact sign test on pairs, where most "
        f"of a pair's answers decide it, corrected by Holm for {counted(len(found), 'test')}.{caution}"
    )


def _strengths(answers: pd.DataFrame, methods: list[str], level: float) -> str:
    """The ranking of Bradley and Terry."""
    found = ranking(answers, methods)
    if not isinstance(found, Strengths):
        if not found:
            return "There is no ranking: it needs at least two persons and two pairs."
        names = ", ".join(map(method_name, found))
        what = "was" if len(found) == 1 else "were"
        return f"There is no ranking: {names} {what} never beaten by the rest, so no finite strength fits the answers."
    few = min(answers["rater"].nunique(), answers["pair"].nunique()) < MIN_ITEMS
    caution = f" With fewer than {MIN_ITEMS} persons or pairs they may be too narrow." if few else ""
    rows = []
    for k, (best, worst) in enumerate(places(found, level)):
        value, low, high, _ = found.against_mean(k, level)
        place = str(best) if best == worst else f"{best} to {worst}"
        rows.append((-value, [method_name(methods[k]), number(value, low, high), place]))
    table = markdown_table(["method", f"strength [{level:.0%}]", "place"], [row for _, row in sorted(rows)])
    return (
        f"{table}\n\n![Strength of every method with its interval](figures/strengths.png)\n\n"
        f"*strength*: by the model of Bradley and Terry, in log-odds; the mean of all methods is 0. The "
        f"intervals take into account that answers of one person, and answers on one pair, are not "
        f"independent.{caution} *place*: the places that are possible, given the differences that are "
        "significant after Holm's correction."
    )


def _habits(votes: Votes, answers: pd.DataFrame, level: float) -> str:
    """Agreement between persons, the habit of a side, and how long an answer took."""
    agree, left = agreement_of(answers), chose_left(votes, level)
    asked = votes.answers[votes.answers["kind"] == COMPARISON]["ms"] / 1000
    lines = []
    if agree.questions:
        alpha = "not defined, because one method was always chosen" if math.isnan(agree.alpha) else f"{agree.alpha:.2f}"
        lines.append(
            f"- Agreement: on {counted(agree.questions, 'comparison')} with two answers or more, two persons gave the "
            f"same answer in {agree.share:.0%} of cases. Krippendorff's alpha (nominal) is {alpha}: 1 is full "
            "agreement, 0 is the agreement by chance, given the shares in the first table."
        )
    else:
        lines.append("- Agreement: no comparison was answered by two persons.")
    if left.n:
        lines.append(
            f"- Of two identical pictures, the left one was chosen in {percent(left)} of {counted(left.n, 'case')}."
        )
    low, middle, high = (asked.quantile(share) for share in (0.25, 0.5, 0.75))
    lines.append(f"- Seconds an answer took: median {middle:.1f}, half of them between {low:.1f} and {high:.1f}.")
    return "\n".join(lines)


def published_table(level: float) -> str:
    """The paper's own counts, with the same exact interval."""
    numbers = elsewhere()
    study = numbers[numbers["source"] == "Barbershop"]
    rows = []
    for other, of_other in study.groupby("method", sort=False):
        counts = {str(row.metric): int(str(row.value)) for row in of_other.itertuples()}
        wins, losses = counts["for Barbershop"], counts["votes for it"]
        share = exact_share(wins, wins + losses, level=level)
        rows.append(["Barbershop", str(other), f"{wins} : {losses}", percent(share)])
    table = markdown_table(["method", "against", "chosen", f"share [{level:.0%}]"], rows)
    return (
        "Published, and not measured here (Zhu et al. 2021): with other pictures, other people and other "
        f"methods. The intervals are computed here from the published counts.\n\n{table}"
    )


def _by_stratum(
    answers: pd.DataFrame, methods: list[str], report: ReportParams, level: float,
    strata: tuple[pd.DataFrame, pd.DataFrame] | None,
) -> str:  # fmt: skip
    """One method against each other, by the strata of `report.strata`."""
    if strata is None or not report["strata"]:
        return ""
    main = report["method"] if report["method"] in methods else methods[0]
    known = strata_of(*strata)
    numbered = {method: k for k, method in enumerate([main, *(m for m in methods if m != main)])}
    rows = []
    for kind in kinds_of("transfer", report["strata"]):
        of_kind = known[known["kind"] == kind]
        order = [*ORDER[kind.partition(" ")[0]], UNKNOWN]
        for stratum in sorted(of_kind["stratum"].unique(), key=order.index):
            items = set(of_kind.loc[of_kind["stratum"] == stratum, "item"])
            part = answers[answers["pair"].isin(items)]
            found = {duel.other: duel for duel in duels(part, numbered, level=level) if duel.method == main}
            cells = [
                f"{found[other].wins} : {found[other].losses}<br>{percent(found[other].share)}"
                if other in found
                else NOTHING
                for other in numbered
                if other != main
            ]
            rows.append([kind.replace("_", " "), stratum, str(part["pair"].nunique()), *cells])
    header = ["kind", "stratum", "pairs", *(f"against {method_name(other)}" for other in numbered if other != main)]
    return (
        f"**By stratum.** Answers for and against {method_name(main)}, with exact intervals of the share. Nothing is "
        f"tested here.\n\n{markdown_table(header, rows)}"
    )


def _predicted(answers: pd.DataFrame, frame: pd.DataFrame, changed: Sequence[tuple[str, str]], level: float) -> str:
    """Which metrics agree with the votes."""
    gone = set(changed)
    same = [
        (pair, first) not in gone and (pair, second) not in gone
        for pair, first, second in zip(answers["pair"], answers["first"], answers["second"], strict=True)
    ]
    found = predictions(answers[same], frame, level=level, minimum=MIN_VALUES)
    if not found:
        needs = f"it needs {MIN_VALUES} pairs whose pictures are of this run"
        return f"**What predicts the votes.** Not measured: {needs}."
    rows = [
        [each.metric, str(each.agrees.n), str(each.answers), percent(each.agrees), f"{each.p:.2g}"] for each in found
    ]
    few = max(each.agrees.n for each in found) < MIN_ITEMS
    caution = f" These are fewer than {MIN_ITEMS} pairs, so they show no order of metrics." if few else ""
    table = markdown_table(["metric", "pairs", "answers", f"agrees [{level:.0%}]", "p"], rows)
    return (
        "**What predicts the votes.** *agrees*: how often people chose the picture with the better value. It is a mean "
        "over pairs; its interval takes shared images into account; 50 % is chance. *p*: of the test that it is "
        f"chance, corrected by Holm for {counted(len(found), 'metric')}.{caution}"
        f"\n\n{table}"
    )


def _changed(changed: Sequence[tuple[str, str]]) -> list[str]:
    if not changed:
        return []
    named = _some([f"{pair} by {method_name(method)}" for pair, method in changed])
    return [
        f"**Other pictures.** {counted(len(changed), 'picture')} that people saw "
        f"{'is' if len(changed) == 1 else 'are'} not this run's: {named}. Votes on them count above, but not under "
        "*What predicts the votes*."
    ]


def _not_shown(votes: Votes) -> list[str]:
    facts, lines = votes.facts, []
    if facts.left_out:
        named = _some([f"{each.pair} by {method_name(each.method)} ({_text(each.why)})" for each in facts.left_out])
        lines.append(f"**Not shown.** Results that failed were not shown: {named}.")
    if facts.refused:
        named = _some([_text(line) for line in facts.refused])
        lines.append(f"**Not read.** {counted(len(facts.refused), 'file')} of answers could not be used: {named}.")
    return lines


def _text(written: str) -> str:
    """What somebody wrote, as text on one line."""
    return "".join(f"&#{ord(c)};" if c in MARKUP else c for c in " ".join(written.split()))


def percent(share: Interval) -> str:
    """A share with its interval in percent; the interval does not break across lines."""
    if math.isnan(share.mean):
        return NOTHING
    if math.isnan(share.low):
        return f"{share.mean:.0%}"
    low, high = max(share.low, 0.0), min(share.high, 1.0)
    return f"{share.mean:.1%} [{low:.1%},\u00a0{high:.1%}]"


def _some(named: Sequence[str]) -> str:
    more = f" and {len(named) - MOST} more" if len(named) > MOST else ""
    return ", ".join(named[:MOST]) + more
