"""The text of the report: `report.md.j2`, filled in. Every number comes from the table, the records or the weights."""

import re
import subprocess
from collections.abc import Mapping, Sequence
from functools import partial
from pathlib import Path

import jinja2
import pandas as pd
import yaml

from stages.engine.stage_records import Record
from stages.formats.words import counted
from stages.params.faces_to_targets import PairsParams
from stages.params.outputs import Protocol, ReportParams
from stages.params.whole import Params
from stages.regions.pair import Pair
from stages.reporting import tables
from stages.reporting.circular import Losses, losses_of
from stages.reporting.cost import seconds_a_pair
from stages.reporting.environments import environments_table, mixed
from stages.reporting.failed_results import failure_lines, failure_table, of_pipeline, without_result
from stages.reporting.headline import Part, over_common, sentences
from stages.reporting.names import GALLERY, method_name, pair_link
from stages.reporting.published_tables import paper_table, published_tables
from stages.reporting.ranking import full_names, ranked
from stages.reporting.strata_tables import strata_section
from stages.reporting.systems import systems_table
from stages.reporting.verdict import failures, incomplete, unmeasured, warnings
from stages.reporting.votes import votes_section
from stages.settings.manifests import Face
from stages.settings.methods import SELF_TRANSFER, from_elsewhere, notes, protocols, reconstruction_folders
from stages.settings.origin import differences, sources
from stages.statistics.comparison import MIN_ITEMS, compare, leaders, metrics_of
from stages.statistics.votes import Votes
from stages.strata.classes import ORDER, strata_of

TEMPLATE = Path(__file__).with_name("report.md.j2")
MANY = 20  # failed items: beyond, their list is folded


def commit() -> str:
    """The commit that is checked out, marked if files differ from it."""
    try:
        described = subprocess.run(
            ["git", "describe", "--always", "--dirty", "--abbrev=12"], capture_output=True, text=True
        )
    except FileNotFoundError:  # slim containers, such as that of Containerfile, lack it
        return "unknown: there is no git here"
    return described.stdout.strip() or "not in a git repository"


def render_report(
    frame: pd.DataFrame, records: Sequence[Record], faces: Sequence[Face], pairs: list[Pair],
    params: Params, weights: list[Path], metrics_sha256: str, written: Mapping[str, object] | None = None,
    given: Sequence[str] = (), strata: tuple[pd.DataFrame, pd.DataFrame] | None = None,
    votes: Votes | None = None,
) -> str:  # fmt: skip
    """The report as Markdown.

    Args:
        frame: the table of metrics.
        records: the records of all stages.
        faces, pairs: all images and all pairs.
        params: all parameters.
        weights: files of the networks in use.
        metrics_sha256: of the file of the table.
        written: what params.yaml says; None: the same as `params`.
        given: what else settings came from, as `sources` takes it.
        strata: the tables of the images' and the pairs' strata; without them the section *By stratum* is left out.
        votes: of a preference study; without them its section is left out.
    """
    methods, report, images = params["methods"], params["report"], len(faces)
    embedding = list(reconstruction_folders(methods))
    level = params["score"]["level"]
    leading = leaders(metrics_of(frame), level=level)
    losses = losses_of(params)
    headline = full_names(frame, "transfer", report["metrics"])  # those that were measured
    of_protocol = {protocol: frame[frame["protocol"] == protocol] for protocol in dict.fromkeys(frame["protocol"])}
    measured = {p: [method for method in methods if method in set(rows["method"])] for p, rows in of_protocol.items()}
    environment = jinja2.Environment(undefined=jinja2.StrictUndefined, trim_blocks=True, keep_trailing_newline=True)
    text = environment.from_string(TEMPLATE.read_text()).render(
        params=params,
        params_yaml=yaml.safe_dump(params, sort_keys=False, allow_unicode=True).strip(),
        images=images,
        renamed=tables.renamed_table(faces),
        pairs=pairs,
        source_of_pairs=_source(params["pairs"]),
        failed=failures(of_pipeline(records, methods)),
        failure_table=failure_table(frame, list(methods)),
        failure_lines=failure_lines(frame, records, methods),
        warned=warnings(records),
        noted=unmeasured(frame),
        missing=incomplete(frame, protocols(params), images, len(pairs), without_result(frame, records, methods)),
        mixed=mixed(records),
        environments=environments_table(records),
        settings_from=sources(given),
        different=[] if written is None else differences(params, written),
        listed=_listed,
        count=counted,
        method=method_name(report["method"]),
        against=method_name(report["against"]),
        examples_method=method_name(params["examples"]["method"]),
        level=f"{level:.0%}",
        unsure=f"{1 - level:.0%}",
        rows_of=partial(_rows, frame, report),
        links=_links(frame, report),
        gallery=GALLERY,
        choice=partial(_choice, frame, report, losses),
        groups=partial(tables.groups, frame),
        headline=headline,
        verdict=sentences(frame, report["method"], headline, _parts(strata), level=level),
        notes={method_name(name): note for name, note in notes(methods).items()},
        common=over_common(frame, "transfer", level=level),
        common_table=partial(tables.measured_table, leaders=set(), losses=losses),
        item_tables=list(protocols(params)),
        measured=measured,
        set_table=partial(tables.set_table, frame, losses=losses),
        measured_table=partial(tables.measured_table, frame, leaders=leading, losses=losses),
        reconstruction_table=tables.reconstruction_table(frame, embedding, leading, losses),
        paper_table=paper_table(),
        published_tables=published_tables(),
        systems_table=systems_table(params),
        sets={protocol: metrics for protocol in measured if (metrics := tables.set_metrics(frame, protocol))},
        compared=compare(frame[frame["protocol"] != SELF_TRANSFER], report["against"], level=level),
        comparison_table=partial(tables.comparison_table, losses=losses),
        least_items=MIN_ITEMS,
        by_stratum=strata_section(
            frame, strata, measured, report, level, partial(tables.measured_table, leaders=set(), losses=losses)
        ),
        preferences=votes_section(votes, frame, records, report, level, strata),
        seconds_table=tables.seconds_table(seconds_a_pair(records, pairs, methods, params["embed"]["start"])),
        elsewhere=[method_name(method) for method in from_elsewhere(methods)],
        cost_table=tables.cost_table(records),
        commit=commit(),
        metrics_sha256=metrics_sha256,
        weights_table=tables.weights_table(weights),
        pair_table=tables.pair_table(pairs),
    )
    return re.sub("\n{3,}", "\n\n", text)


def _parts(strata: tuple[pd.DataFrame, pd.DataFrame] | None) -> list[Part]:
    """The pairs of which the verdict is said apart: those whose faces look in different directions."""
    if strata is None:
        return []
    of_pairs = strata_of(*strata)
    wide = ORDER["yaw_gap"][-1]
    items = of_pairs[(of_pairs["kind"] == "yaw_gap") & (of_pairs["stratum"] == wide)]["item"].to_list()
    return [Part(f"{counted(len(items), 'pair')} with a gap of yaw {wide}", items)] if items else []


def _source(pairs: PairsParams) -> str:
    if pairs["file"]:
        return f"the list `{pairs['file']}`"
    how = {
        "variety": "for variety of hair", "random": "at random", "pose": "for equal numbers of each gap of yaw",
        "hard": "by what makes them hard",
    }  # fmt: skip
    what = {"both": "", "full": ", the colour from a third image", "colour": ", colour only", "shape": ", shape only"}
    chosen = f"{how[pairs['strategy']]}{what[pairs['take']]}"
    return f"chosen {chosen}, by seed {pairs['seed']}. The paper's list of pairs is not published"


def _listed(what: str, lines: Sequence[str]) -> str:
    """All lines as a list, folded if it is long; empty if there are none."""
    items = "".join(f"- {line}\n" for line in lines)
    if len(lines) > MANY:
        return f"\n<details><summary>{what}</summary>\n\n{items}\n</details>\n"
    return f"\n{what}\n\n{items}" if lines else ""


def _rows(frame: pd.DataFrame, report: ReportParams, protocol: Protocol) -> str:
    return ", ".join(f"{row.kind} {row.item}" for row in ranked(frame, protocol, report)) or "none"


def _links(frame: pd.DataFrame, report: ReportParams) -> str:
    """The pairs of the figures as links, the worst first."""
    found = sorted(ranked(frame, "transfer", report), key=lambda row: -row.rank)
    return ", ".join(f"{row.kind} {pair_link(row.item)}" for row in found)


def _choice(
    frame: pd.DataFrame, report: ReportParams, losses: Losses, protocol: Protocol, count: int, what: str
) -> str:
    """How the rows of a figure came about."""
    rows, method = ranked(frame, protocol, report), method_name(report["method"])
    if not rows:
        return f"The {what} cannot be ranked: {method} has no values here."
    of = rows[0].of
    each = report["rows"]
    some = f"the best, the median and the worst {each}, and {each} of the rest by seed {report['seed']}"
    shown = "all of them" if len(rows) == of else some
    unranked = f" {count - of} have no value and so no rank." if of < count else ""
    metric = losses.marked(rows[0].metric, report["rank"][protocol])
    ranking = f"{of} of {count} {what} are ranked by {metric} of {method}"
    return f"{ranking}. The rows show {shown}. None was chosen by hand.{unranked}"
