"""All answers of a study as the table of votes."""

from collections.abc import Sequence

import pandas as pd

from stages.statistics.votes import SCHEMA, StudyFacts, Votes
from stages.voting.store import Answer
from stages.voting.study_file import Opened


def facts_of(opened: Opened, began: int, withdrawn: int, refused: Sequence[str]) -> StudyFacts:
    """What the table says of the study: persons who `began`, those `withdrawn`, files that were `refused`."""
    study = opened.study
    composites: dict[str, dict[str, str]] = {method: {} for method in study.methods}
    for pair in study.pairs:
        for method, composite in pair.composites.items():
            composites[method][pair.pair] = composite.sha256
    return StudyFacts(
        study=opened.digest,
        question=study.words.question,
        methods=study.methods,
        pairs=len({comparison.pair for comparison in study.comparisons}),
        comparisons=len(study.comparisons),
        share=min(study.share, len(study.comparisons)),
        attention=len(study.attention),
        allowed_wrong=study.allowed_wrong,
        began=began,
        withdrawn=withdrawn,
        composites=composites,
        left_out=study.left_out,
        refused=list(refused),
    )


def votes_of(opened: Opened, stored: Sequence[Answer], sent: Sequence[Answer], facts: StudyFacts) -> Votes:
    """The table of the answers that were `stored` by the server and `sent` as files."""
    pairs = opened.study.pairs
    rows = [
        (
            a.rater, a.number, a.trial.kind, pairs[a.trial.pair].pair, a.trial.left.method, a.trial.right.method,
            a.choice, a.trial.expected, a.ms, pd.Timestamp(round(1000 * a.at), unit="ms", tz="UTC"), source,
        )
        for source, answers in (("server", stored), ("file", sent))
        for a in answers
    ]  # fmt: skip
    table = pd.DataFrame(rows, columns=SCHEMA.names)
    return Votes(table.astype({"number": "int32", "ms": "int32", "time": "datetime64[ms, UTC]"}), facts)
