"""The report: its verdict, what it names, and that its numbers are those of the table."""

import copy
import io
import re
from typing import get_args, get_type_hints

import numpy as np
import pandas as pd
import pytest
import torch
import yaml
from support import ROOT

from stages import registry
from stages.formats.weight_files import weights_bytes
from stages.params.faces_to_targets import PairsParams
from stages.regions.pair import Pair
from stages.reporting.flat import flat_metrics, items_csv, summaries_csv
from stages.reporting.published import elsewhere, published
from stages.reporting.tables import renamed_table
from stages.reporting.text import render_report
from stages.settings.manifests import Face
from stages.statistics import table
from stages.statistics.comparison import MIN_ITEMS

PARAMS = yaml.safe_load((ROOT / "params.yaml").read_text())
PARAMS["methods"] = {
    "barbershop": {"kind": "latent", "code": "fs", "align": True},
    "baseline": {"kind": "latent", "code": "w", "align": False},
}
PARAMS["report"]["rank"]["transfer"] = "taken IoU"
PARAMS["score"]["self_transfer"] = False  # a test of its own has it
METHODS = {"barbershop": "Barbershop", "baseline": "Baseline"}
IMAGES = [f"drawn-{k}" for k in range(4)]
PAIRS = [Pair("pair-0", "drawn-0", {"hair": "drawn-1"}), Pair("pair-1", "drawn-2", {"hair": "drawn-3", "eyes": "zoe"})]
PAIRS += [Pair("pair-2", "zoe", {"eyes": "drawn-1"})]
METRICS = {
    "reconstruction": {"RMSE@256": "lower", "PSNR@256": "higher", "ST-LPIPS-VGG@256": "lower"},
    "transfer": {"kept PSNR@256": "higher", "taken IoU@512": "higher"},
}


def measured(images=IMAGES, pairs=PAIRS):
    """A table of seeded values with its summaries, and a set metric."""
    random = np.random.default_rng(0)
    items = {"reconstruction": images, "transfer": [pair.pair for pair in pairs]}
    rows = [
        (protocol, method, item, metric, random.random() * (40 if "PSNR" in metric else 1), direction)
        for protocol, metrics in METRICS.items()
        for metric, direction in metrics.items()
        for method in METHODS
        for item in items[protocol]
    ]
    columns = ["protocol", "method", "item", "metric", "value", "direction"]
    frame = table.summarise(pd.DataFrame(rows, columns=columns), level=0.95)
    fid = pd.concat([frame.iloc[-1:].assign(method=method) for method in METHODS])
    fid = fid.assign(protocol="reconstruction", metric="FID", direction="lower", value=43.218, n=len(images))
    return pd.concat([frame, fid.assign(low=np.nan, high=np.nan)], ignore_index=True)


def records(**failed):
    """Records of three stages; `failed` gives the reasons of failed items by stage."""
    done = {"status": "ok", "seconds": 2.0, "peak_mib": 1500}
    names = {"codes": IMAGES, "targets": ["pair-0", "pair-1"], "composites-barbershop": ["pair-0", "pair-1"]}
    return [
        {
            "stage": stage,
            "items": [
                {"item": name, "status": "failed", "reason": failed[stage][name]}
                if name in failed.get(stage, {})
                else {"item": name, **done}
                for name in items
            ],
        }
        for stage, items in names.items()
    ]


@pytest.fixture
def render(tmp_path):
    def report(frame=None, stages=None, images=4, params=PARAMS, pairs=PAIRS):
        frame = measured() if frame is None else frame
        return render_report(
            frame,
            stages or records(),
            [Face(f"face-{k}", "drawn") for k in range(images)],
            pairs,
            params,
            [weights],
            "0123abcd",
        )

    origin = {"network": "mobilestylegan", "package": "random_face", "version": "1", "licence": "Apache-2.0"}
    content = weights_bytes({"w": torch.zeros(1)}, origin | {"sha256": "e5d1" * 16})
    weights = tmp_path / "mobilestylegan.safetensors"
    weights.write_bytes(content)
    return report


def section(report, title):
    """The tables of a section: for each its rows as lists of cells, the header first."""
    text = report.split(f"## {title}\n")[1].split("\n## ")[0]
    tables = [[]]
    for line in text.splitlines():
        if line.startswith("|"):
            tables[-1].append([cell.strip() for cell in line.strip("|").split("|")])
        elif tables[-1]:
            tables.append([])
    tables = [[rows[0], *rows[2:]] for rows in tables if rows]
    assert all(len(row) == len(rows[0]) for rows in tables for row in rows)
    return tables


def verdict(report):
    return report.splitlines()[0].split()[-1]


def assert_shows(cell, row):
    """A cell shows a summary's value and interval to at least three digits of the largest."""
    shown = [float(number) for number in re.findall(r"-?\d+\.\d+", cell)]
    values = [value for value in (row.value, row.low, row.high) if not np.isnan(value)]
    np.testing.assert_allclose(shown, values, rtol=0, atol=0.005 * np.abs(values).max())


def test_complete_run_is_valid(render):
    report = render()
    assert verdict(report) == "VALID"
    assert "4 images, 3 pairs, 0 failed items." in report


def test_it_says_of_every_system_whether_it_is_measured(render):
    params = copy.deepcopy(PARAMS)
    params["methods"]["theirs"] = {"kind": "results", "images": "x", "system": "spade"}
    (rows,) = section(render(params=params), "Systems")
    states = {title: (state, names) for title, state, names, *_ in rows[1:]}
    assert len(states) == len(registry.names("systems"))
    assert states["SPADE"] == ("by results", "theirs")
    assert states["II2S"] == ("measured here", "Barbershop, Baseline")
    assert states["MichiGAN"][0] == "published only" and states["StyleFlow"][0] == "not run"


def test_it_links_to_the_gallery_and_to_the_worst_pair(render):
    report = render()
    assert "[gallery.html](gallery.html)" in report
    worst = re.search(r"In the gallery: worst \[(pair-\d)\]\(gallery.html#pair=(pair-\d)\), ", report)
    assert worst is not None and worst[1] == worst[2]


def test_failed_items_make_it_invalid_and_are_named(render):
    failed = {"codes": {"drawn-1": "no face found", "drawn-3": "loss is nan"}, "targets": {"pair-1": "failed before"}}
    report = render(stages=records(**failed))
    assert verdict(report) == "INVALID"
    assert "3 failed items" in report
    for stage, items in failed.items():
        for item, reason in items.items():
            (line,) = [line for line in report.splitlines() if stage in line and item in line]
            assert reason in line


def test_warnings_are_named_and_leave_it_valid(render):
    stages = records()
    stages[0]["items"][1]["warnings"] = ["shows 2 faces; the largest was taken", "lies on its side"]
    report = render(stages=stages)
    assert verdict(report) == "VALID"
    assert "2 warnings" in report
    assert f"- codes: **{IMAGES[1]}** shows 2 faces; the largest was taken\n" in report
    assert "warnings" not in render()


def test_short_summaries_make_it_invalid_and_are_named(render):
    assert verdict(render(images=5)) == "INVALID"
    report = render(measured(pairs=PAIRS[:2]))
    assert verdict(report) == "INVALID"
    lines = [line for line in report.splitlines() if line.startswith("- transfer")]
    assert len(lines) == len(METHODS) * len(METRICS["transfer"])
    assert all("2 of 3" in line for line in lines)
    assert not [line for line in report.splitlines() if line.startswith("- reconstruction")]


def test_values_that_are_not_finite_make_it_invalid(render):
    frame = measured()
    frame.loc[(frame["item"] == "*") & (frame["metric"] == "RMSE@256"), ["n", "excluded"]] = [3, 1]
    report = render(frame)
    assert verdict(report) == "INVALID"
    assert "RMSE@256: 3 of 4, 1 not finite" in report


def test_values_with_a_note_are_named_and_make_nothing_invalid(render):
    frame = measured()
    of_metric = (frame["metric"] == "taken IoU@512") & (frame["method"] == "baseline")
    frame.loc[of_metric & (frame["item"] == "pair-1"), ["value", "note"]] = [np.nan, "no hair in either map"]
    frame.loc[of_metric & (frame["item"] == "*"), ["n", "excluded"]] = [2, 1]
    report = render(frame)
    assert verdict(report) == "VALID"
    assert "- transfer, no hair in either map: pair-1 (baseline); 1 values of taken IoU@512" in report
    frame.loc[of_metric & (frame["item"] == "*"), ["n", "excluded"]] = [1, 2]
    assert verdict(render(frame)) == "INVALID", "one of the two that are left out has no note"


def test_reconstruction_is_measured_in_the_papers_columns(render):
    """What was measured stands by itself; the published table follows, with its protocol in every row."""
    frame = measured()
    (header, *rows), (paper_header, *paper) = section(render(frame), "Reconstruction")
    columns = {re.split("[@ ]", title)[0]: k for k, title in enumerate(header)}
    summary = frame[(frame["item"] == "*") & (frame["protocol"] == "reconstruction")]
    assert set(columns) >= {"FID", "ST-LPIPS-VGG"}
    for row in summary.itertuples():
        (cells,) = [cells for cells in rows if cells[0] == METHODS[row.method]]
        assert cells[header.index("N")] == "4"
        assert_shows(cells[columns[row.metric.split("@")[0]]], row)
    assert [cells[0] for cells in rows] == ["Baseline", "Barbershop"]
    assert paper_header[:5] == ["metric", "data", "N", "reference set", "mask rule"]
    for row in published().itertuples():
        (cells,) = [cells for cells in paper if cells[0] == row.metric]
        assert cells[1:5] == [row.data, row.n, row.reference, row.mask]
        assert float(cells[paper_header.index(row.method)]) == pytest.approx(row.value)


def test_numbers_published_elsewhere_are_all_shown_with_their_protocols(render):
    shown = section(render(measured()), "Published elsewhere")
    for (_, numbers), (header, *rows) in zip(elsewhere().groupby("source", sort=False), shown, strict=True):
        assert header[:5] == ["metric", "data", "N", "reference set", "mask rule"]
        cells = {(*row[:5], method): cell for row in rows for method, cell in zip(header[5:], row[5:], strict=True)}
        keys = ["metric", "data", "n", "reference", "mask", "method"]
        expected = numbers.set_index(keys)["value"].to_dict()
        assert {key: cell for key, cell in cells.items() if cell != "–"} == expected


def test_method_beyond_the_papers_has_a_row(render):
    frame = measured().replace({"method": {"baseline": "mine"}})
    methods = {
        "barbershop": {"kind": "latent", "code": "fs", "align": True},
        "mine": {"kind": "latent", "code": "w", "align": True},
    }
    options = PARAMS["report"] | {"against": "mine"}
    text = render(frame, params=PARAMS | {"methods": methods, "report": options})
    (_, *rows), _ = section(text, "Reconstruction")
    assert [cells[0] for cells in rows] == ["Barbershop", "mine"]


def test_a_method_that_changes_more_than_asked_says_so_below_the_result(render):
    methods = PARAMS["methods"] | {"mine": {"kind": "starganv2", "domain": "auto"}}
    result = render(params=PARAMS | {"methods": methods}).split("## Result\n")[1].split("\n## ")[0]
    assert "\n- mine takes the reference's whole style, not its hair alone:" in result
    assert "whole style" not in render()


def test_what_is_pasted_embeds_nothing(render):
    """It needs no reconstruction and gets no row there, but must have its transfer."""
    frame, pasted = measured(), {"methods": PARAMS["methods"] | {"copy_paste": {"kind": "copy"}}}
    twin = frame[(frame["method"] == "baseline") & (frame["protocol"] == "transfer")].assign(method="copy_paste")
    report = render(pd.concat([frame, twin]), params=PARAMS | pasted)
    assert verdict(report) == "VALID"
    assert all("Copy-paste" in [cells[0] for cells in rows] for rows in section(report, "Transfer"))
    assert "Copy-paste" not in [cells[0] for cells in section(report, "Reconstruction")[0]]
    report = render(frame, params=PARAMS | pasted)
    assert verdict(report) == "INVALID"
    assert "transfer, copy_paste:" in report
    assert "reconstruction, copy_paste" not in report


def test_transfer_shows_the_table(render):
    """A row a method, a column a metric; every number is in one cell."""
    frame = measured()
    tables = section(render(frame), "Transfer")
    summary = frame[(frame["item"] == "*") & (frame["protocol"] == "transfer")]
    assert sum(len(rows[0]) - 2 for rows in tables) == summary["metric"].nunique()
    for row in summary.itertuples():
        arrow = {"higher": "↑", "lower": "↓"}[row.direction]
        (rows,) = [rows for rows in tables if f"{row.metric} {arrow}" in rows[0]]
        (cells,) = [cells for cells in rows if cells[0] == METHODS[row.method]]
        assert_shows(cells[rows[0].index(f"{row.metric} {arrow}")], row)
        assert cells[1] == "3"


def test_a_value_of_fewer_items_says_so(render):
    frame = measured()
    short = (frame["item"] == "*") & (frame["metric"] == "taken IoU@512") & (frame["method"] == "baseline")
    frame.loc[short, ["n", "excluded"]] = [2, 1]
    ((_, *rows),) = section(render(frame), "Transfer")
    (cells,) = [cells for cells in rows if cells[0] == "Baseline"]
    assert cells[1] == "3"
    assert [("(N\u00a02)" in cell) for cell in cells[2:]] == [False, True]


def test_self_transfer_has_its_section_and_must_be_whole(render):
    frame = measured()
    own = frame[(frame["protocol"] == "reconstruction") & (frame["metric"] == "PSNR@256")]
    frame = pd.concat([frame, own.assign(protocol="self-transfer")])
    params = PARAMS | {"score": PARAMS["score"] | {"self_transfer": True}}
    report = render(frame, params=params)
    assert verdict(report) == "VALID"
    ((header, *rows),) = section(report, "Self-transfer")
    assert header == ["method", "N", "PSNR@256 ↑"]
    assert [cells[0] for cells in rows] == list(METHODS.values())
    assert "### Self-transfer" not in report, "it is not tested again: its values are the reconstruction's"
    report = render(measured(), params=params)
    assert verdict(report) == "INVALID"
    assert "self-transfer, baseline: everything is missing" in report


def test_distances_of_sets_stand_beside_what_they_are_by_chance_and_their_errors(render):
    frame = measured()
    fid = frame[frame["metric"] == "FID"]
    frame = pd.concat(
        [
            frame,
            fid.assign(metric="FID null", value=40.25, low=30.5, high=50.75),
            fid.assign(metric="KID", value=0.0123),
            fid.assign(metric="KID SE", value=0.0045),
        ]
    )
    report = render(frame)
    assert verdict(report) == "VALID"
    ((header, *rows),) = section(report, "Sets of images")
    assert header == ["method", "N", "FID ↓", "by chance", "KID × 10³ ± SE ↓"]
    for cells in rows:
        assert cells[1:] == ["4", "43.22", "40.25 [30.50,\u00a050.75]", "12.30 ± 4.500"]


def test_sets_have_their_own_table(render):
    """One number a method and no interval; two protocols, two tables."""
    ((header, *rows),) = section(render(), "Sets of images")
    assert header == ["method", "N", "FID ↓"]
    assert rows == [["Barbershop", "4", "43.22"], ["Baseline", "4", "43.22"]]


def test_the_best_is_bold_only_beyond_doubt(render):
    """Baseline is better on each of twelve pairs by 0.1 and a little; then one pair turns and nobody leads."""
    pairs = [Pair(f"pair-{k}", f"drawn-{k}", {"hair": f"zoe-{k}"}) for k in range(MIN_ITEMS)]
    for last, bold in ((0.1, True), (-5.0, False)):
        frame = measured(pairs=pairs)
        of_metric = (frame["metric"] == "taken IoU@512") & (frame["item"] != "*")
        frame.loc[of_metric & (frame["method"] == "barbershop"), "value"] = 0.5
        better = [0.6 + k / 100 for k in range(MIN_ITEMS - 1)]
        frame.loc[of_metric & (frame["method"] == "baseline"), "value"] = [*better, 0.5 + last]
        ((header, *rows),) = section(render(frame, pairs=pairs), "Transfer")
        column = header.index("taken IoU@512 ↑")
        assert {cells[0]: cells[column].startswith("**") for cells in rows} == {"Barbershop": False, "Baseline": bold}


def test_a_method_that_failed_everywhere_leaves_no_common_pairs(render):
    """The report says so; where some pairs are left it gives the means over these."""
    frame = measured()
    rows = [("transfer", "barbershop", pair.pair, "failure", 1.0, "lower") for pair in PAIRS]
    failures = pd.DataFrame(rows, columns=["protocol", "method", "item", "metric", "value", "direction"])
    of_method = (frame["method"] == "barbershop") & (frame["protocol"] == "transfer")
    report = render(pd.concat([frame[~of_method], table.summarise(failures, level=0.95)]))
    assert "On every pair some method failed." in report
    assert "3 of 3 [44%,\u00a0100%]" in report
    rest = frame[~(of_method & (frame["item"] == "pair-0"))]
    report = render(pd.concat([rest, table.summarise(failures[:1], level=0.95)]))
    assert "The same over the pairs on which no method failed:" in report


def test_differences_from_the_baseline(render):
    """Every number of the section against pandas on the item rows."""
    frame = measured()
    tables = section(render(frame), "Against Baseline")
    assert len(tables) == len(METRICS)
    for (protocol, metrics), (header, *rows) in zip(METRICS.items(), tables, strict=True):
        marked = [name for name in header if name.endswith(" ⟲")]
        assert marked == (["ST-LPIPS-VGG@256 ⟲"] if protocol == "reconstruction" else [])
        header = [name.removesuffix(" ⟲") for name in header]
        assert set(header) == {"method", *metrics}
        ((name, *cells),) = rows
        assert name == "Barbershop"
        for metric, cell in zip(header[1:], cells, strict=True):
            items = frame[(frame["protocol"] == protocol) & (frame["metric"] == metric) & (frame["item"] != "*")]
            values = items.pivot(index="item", columns="method", values="value")
            differences = values["barbershop"] - values["baseline"]
            wins, losses = (differences > 0).sum(), (differences < 0).sum()
            outcomes = (wins, 0, losses) if metrics[metric] == "higher" else (losses, 0, wins)
            assert float(cell.split()[0]) == pytest.approx(differences.mean(), abs=0.005 * differences.abs().max())
            assert f"<br>{'–'.join(map(str, outcomes))}, p" in cell


def test_without_common_items_the_section_is_empty(render):
    report = render(measured(), params=PARAMS | {"report": PARAMS["report"] | {"against": "poisson"}})
    assert "## Against Poisson" in report


def test_cost_and_provenance(render):
    report = render(stages=records(codes={"drawn-1": "no face"}))
    cost = {cells[0]: cells[1:] for cells in section(report, "Cost")[1]}
    assert cost["embedding"] == ["3 of 4", "6.0", "2.00", "1,500"]
    assert cost["composites, Barbershop"][0] == "2 of 2"
    assert "sha256 `0123abcd`" in report
    assert re.search(r"mobilestylegan .*random_face 1 .*Apache-2.0 .*e5d1", report)
    assert "| pair-1 | drawn-2 | drawn-3 | zoe |" in report
    assert "| pair-2 | zoe |  | drawn-1 |" in report


def test_the_examples_are_an_appendix_where_there_are_some(render):
    assert "examples.png" not in render()
    text = render(params=PARAMS | {"examples": PARAMS["examples"] | {"kinds": ["face"], "seed": 7}})
    assert verdict(text) == "VALID"
    assert "figures/examples.png" in text.split("## Appendix")[1] and "by seed 7" in text


def test_flat_metrics_are_the_summaries_that_have_a_value():
    frame = measured()
    frame.loc[frame["metric"] == "taken IoU@512", "value"] = np.nan
    flat = flat_metrics(frame)
    assert len(flat) == len(METHODS) * 5
    assert flat["reconstruction.baseline.FID"] == 43.218
    kept = frame[(frame["method"] == "barbershop") & (frame["metric"] == "kept PSNR@256") & (frame["item"] != "*")]
    assert flat["transfer.barbershop.kept PSNR@256"] == pytest.approx(kept["value"].mean())


def test_csv_files_are_the_table():
    frame = measured()
    summaries = pd.read_csv(io.BytesIO(summaries_csv(frame)))
    pd.testing.assert_frame_equal(
        summaries, frame[frame["item"] == "*"][summaries.columns].reset_index(drop=True), check_dtype=False
    )
    items = pd.read_csv(io.BytesIO(items_csv(frame, "transfer"))).melt(["method", "item"], var_name="metric")
    keys = ["method", "item", "metric"]
    expected = frame[(frame["item"] != "*") & (frame["protocol"] == "transfer")][[*keys, "value"]]
    pd.testing.assert_frame_equal(
        *(each.sort_values(keys, ignore_index=True) for each in (items, expected)), check_dtype=False
    )


def test_photos_whose_image_has_another_name_are_listed_as_they_are():
    faces = [Face("drawn-0000", "drawn"), Face("ben", "photos/ben.jpg"), Face("zoe-1a2b3c4d", "photos/zoë | *x*.png")]
    table = renamed_table(faces)
    assert "`ben`" not in table and "drawn" not in table
    assert "| `zoe-1a2b3c4d` | zoë &#124; &#42;x&#42;.png |" in table
    assert renamed_table(faces[:2]) == ""


@pytest.mark.parametrize("strategy", get_args(get_type_hints(PairsParams)["strategy"]))
def test_it_says_how_pairs_were_chosen_whatever_the_strategy(render, strategy):
    text = render(params=PARAMS | {"pairs": PARAMS["pairs"] | {"strategy": strategy, "seed": 7}})
    assert re.search(r"chosen (for|by|at) [^.]*, by seed 7\.", text)
