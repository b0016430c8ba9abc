"""The report's section on failures: which results of which method are failures, and how many that is.

They are the method's own, and the report is valid all the same: the pipeline found and counted them. An item of a
method of ours that could not be computed is the pipeline's failure too (`stages.reporting.verdict`).
"""

from collections import Counter
from collections.abc import Sequence

import pandas as pd

from stages.engine.stage_records import Record
from stages.params.whole import Methods
from stages.reporting.names import method_name, pair_link
from stages.reporting.tables import markdown_table, number
from stages.scoring.failures import RULES
from stages.settings.methods import folders_supplied, from_elsewhere
from stages.statistics.names import FAILURE
from stages.statistics.table import SUMMARY, rows


def supplied_stages(methods: Methods) -> dict[str, str]:
    """The method by stage of all stages that take over another system's images."""
    composites = {f"composites-{method}": method for method in from_elsewhere(methods)}
    return composites | {f"reconstructions-{m}": m for m in folders_supplied(methods, "reconstructions")}


def of_pipeline(records: Sequence[Record], methods: Methods) -> list[Record]:
    """The records without those of another system's images: what these lack is no failure of the pipeline."""
    supplied = supplied_stages(methods)
    return [record for record in records if record["stage"] not in supplied]


def without_result(frame: pd.DataFrame, records: Sequence[Record], methods: Methods) -> dict[tuple[str, str], int]:
    """How many items of a protocol and method are failures, so that nothing else is measured of them."""
    failures = frame[(frame["metric"] == FAILURE) & (frame["item"] != SUMMARY) & (frame["value"] == 1)]
    counts = {
        (str(protocol), str(method)): len(g) for (protocol, method), g in failures.groupby(["protocol", "method"])
    }
    for method, lines in _reconstructions(records, methods).items():
        counts["reconstruction", method] = len(lines)
    return counts


def failure_table(frame: pd.DataFrame, methods: Sequence[str]) -> str:
    """A row a method: failures of N, their rate with its interval, and how many by each rule; empty without values."""
    of_metric = frame[frame["metric"] == FAILURE]
    counts = {method: _by_rule(of_metric[of_metric["method"] == method]) for method in methods}
    found = [rule for rule in RULES if any(rule in count for count in counts.values())]
    lines = []
    for row in rows(of_metric[of_metric["item"] == SUMMARY]):
        count = counts[row.method]
        rate = number(row.value, row.low, row.high)
        lines.append(
            [method_name(row.method), f"{count.total()} of {row.n}", rate, *(str(count[rule]) for rule in found)]
        )
    order = {method_name(method): k for k, method in enumerate(methods)}
    lines.sort(key=lambda line: order[line[0]])
    return markdown_table(["method", "failures", "rate", *found], lines) if lines else ""


def failure_lines(frame: pd.DataFrame, records: Sequence[Record], methods: Methods) -> list[str]:
    """A line for every failure, and for every result that could not be judged: method, pair, rule and what was found.

    Images of another system that stand for reconstructions follow: they are missing or unreadable.
    """
    items = frame[(frame["metric"] == FAILURE) & (frame["item"] != SUMMARY) & (frame["note"] != "")]
    lines = [
        f"{method_name(method)}, **{pair_link(row.item)}**: {row.note}"
        for method in methods
        for row in rows(items[items["method"] == method])
    ]
    for method, missing in _reconstructions(records, methods).items():
        lines += [f"{method_name(method)}, reconstruction, {line}" for line in missing]
    return lines


def _by_rule(items: pd.DataFrame) -> Counter[str]:
    """How many items failed by each rule."""
    return Counter(row.note.partition(":")[0] for row in rows(items) if row.item != SUMMARY and row.value == 1)


def _reconstructions(records: Sequence[Record], methods: Methods) -> dict[str, list[str]]:
    """By method the faces of which another system has no usable image, with the reason."""
    supplied = supplied_stages(methods)
    return {
        supplied[record["stage"]]: [
            f"**{item['item']}**: {item['reason']}" for item in record["items"] if item["status"] != "ok"
        ]
        for record in records
        if record["stage"] in supplied and record["stage"].startswith("reconstructions-")
    }
