"""The table of measurements and the published numbers beside it."""

import math
from pathlib import Path

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from pandas.testing import assert_frame_equal

from stages.errors import UserError
from stages.reporting.published import SOURCES, elsewhere, published
from stages.statistics.intervals import mean_interval, wilson
from stages.statistics.table import KEY, SCHEMA, read, summarise, write

OPTIONS = {"level": 0.9}


@pytest.fixture
def items() -> pd.DataFrame:
    rng = np.random.default_rng(0)
    rows = [
        ("reconstruction", method, item, metric, rng.random(), direction)
        for method in ("ours", "baseline")
        for metric, direction in (("SSIM@256", "higher"), ("RMSE@256", "lower"))
        for item in ("b", "a", "c", "é")
    ]
    return pd.DataFrame(rows, columns=["protocol", "method", "item", "metric", "value", "direction"])


@pytest.fixture
def table(items: pd.DataFrame) -> pd.DataFrame:
    return summarise(items, **OPTIONS)


def summaries(table: pd.DataFrame) -> pd.DataFrame:
    return table[table["item"] == "*"]


class TestSummarise:
    def test_appends_a_row_for_each_protocol_method_and_metric(self, items: pd.DataFrame, table: pd.DataFrame) -> None:
        assert list(table.columns) == SCHEMA.names
        assert_frame_equal(table.iloc[: len(items)][items.columns], items)
        assert len(table) == len(items) + 4
        assert (table.iloc[len(items) :]["item"] == "*").all()
        of_items = table.iloc[: len(items)]
        assert (of_items["n"] == 1).all()
        assert (of_items["excluded"] == 0).all()
        assert of_items[["low", "high"]].isna().all(axis=None)

    def test_summary_is_the_mean_interval_of_its_items(self, items: pd.DataFrame, table: pd.DataFrame) -> None:
        for row in summaries(table).itertuples():
            group = items[(items["method"] == row.method) & (items["metric"] == row.metric)]
            expected = mean_interval(group["value"], group["item"].to_list(), **OPTIONS)
            assert (row.value, row.low, row.high, row.n, row.excluded) == expected[:5]
            assert row.direction == group["direction"].iloc[0]

    def test_items_that_share_images_have_a_wider_interval(self, items: pd.DataFrame) -> None:
        shared = summarise(items.assign(images=["me/b", "me/a", "you/c", "you/é"] * 4), **OPTIONS)
        apart = summarise(items.assign(images=items["item"]), **OPTIONS)
        assert_frame_equal(summaries(summarise(items, **OPTIONS)), summaries(apart))
        width = [summaries(each)["high"] - summaries(each)["low"] for each in (apart, shared)]
        assert (width[1] > width[0]).all()
        assert set(summaries(shared)["images"]) == {""}

    def test_the_share_of_failures_has_wilsons_interval(self, items: pd.DataFrame) -> None:
        failures = items.iloc[:4].assign(metric="failure", value=[0.0, 1.0, 0.0, 0.0], direction="lower")
        row = summaries(summarise(failures, **OPTIONS)).iloc[0]
        assert row[["value", "low", "high", "n"]].tolist() == [0.25, *wilson(1, 4, level=0.9)[1:3], 4]

    def test_items_that_are_not_finite_are_kept_and_counted(self, items: pd.DataFrame) -> None:
        items.loc[0, "value"], items.loc[1, "value"] = math.inf, math.nan
        table = summarise(items, **OPTIONS)
        assert table.loc[0, "value"] == math.inf
        assert math.isnan(table.loc[1, "value"])
        row = summaries(table).query("method == 'ours' and metric == 'SSIM@256'").iloc[0]
        assert (row["n"], row["excluded"]) == (2, 2)
        assert row["value"] == pytest.approx(items["value"][2:4].mean())
        assert math.isnan(row["low"])

    def test_order_of_items_does_not_matter(self, items: pd.DataFrame, table: pd.DataFrame) -> None:
        shuffled = summarise(items.sample(frac=1, random_state=0), **OPTIONS)
        assert_frame_equal(summaries(shuffled).reset_index(drop=True), summaries(table).reset_index(drop=True))

    def test_does_not_change_its_argument(self, items: pd.DataFrame) -> None:
        before = items.copy()
        summarise(items, **OPTIONS)
        assert_frame_equal(items, before)

    def test_no_items_make_an_empty_table(self, items: pd.DataFrame) -> None:
        table = summarise(items.iloc[:0], **OPTIONS)
        assert list(table.columns) == SCHEMA.names
        assert table.empty

    def test_summaries_are_not_summarised_again(self, table: pd.DataFrame) -> None:
        with pytest.raises(ValueError, match=r"'\*'"):
            summarise(table, **OPTIONS)

    def test_directions_must_agree(self, items: pd.DataFrame) -> None:
        items.loc[0, "direction"] = "lower"
        with pytest.raises(ValueError, match="reconstruction / ours / SSIM@256: the direction"):
            summarise(items, **OPTIONS)

    def test_item_measured_twice_is_refused(self, items: pd.DataFrame) -> None:
        with pytest.raises(ValueError, match="reconstruction / ours / SSIM@256 / b: measured twice"):
            summarise(pd.concat([items, items.iloc[:1]]), **OPTIONS)


class TestFile:
    def test_comes_back_sorted_and_equal(self, table: pd.DataFrame, tmp_path: Path) -> None:
        table.loc[0, "value"], table.loc[1, "value"] = math.inf, math.nan
        write(table, tmp_path / "metrics.parquet")
        back = read(tmp_path / "metrics.parquet")
        assert_frame_equal(back, table.sort_values(KEY, ignore_index=True))
        assert back["item"].iloc[:5].tolist() == ["*", "a", "b", "c", "é"]

    def test_schema_and_metadata_are_in_the_file(self, table: pd.DataFrame, tmp_path: Path) -> None:
        write(table, str(tmp_path / "metrics.parquet"))
        schema = pq.read_schema(tmp_path / "metrics.parquet")
        assert schema.equals(SCHEMA)
        assert schema.metadata == {b"format": b"3"}

    def test_nan_is_stored_as_missing_and_infinity_as_itself(self, table: pd.DataFrame, tmp_path: Path) -> None:
        table.loc[0, "value"], table.loc[1, "value"] = math.inf, math.nan
        write(table, tmp_path / "metrics.parquet")
        values = pq.read_table(tmp_path / "metrics.parquet")["value"].to_pylist()
        assert values.count(None) == 1
        assert values.count(math.inf) == 1

    def test_bytes_do_not_depend_on_the_order_of_rows_or_columns(self, table: pd.DataFrame, tmp_path: Path) -> None:
        write(table, tmp_path / "a")
        write(table.sample(frac=1, random_state=0)[SCHEMA.names[::-1]], tmp_path / "b")
        assert (tmp_path / "a").read_bytes() == (tmp_path / "b").read_bytes()

    def test_empty_table(self, table: pd.DataFrame, tmp_path: Path) -> None:
        write(table.iloc[:0], tmp_path / "metrics.parquet")
        back = read(tmp_path / "metrics.parquet")
        assert back.empty
        assert list(back.columns) == SCHEMA.names

    def test_folder_names_do_not_become_columns(self, table: pd.DataFrame, tmp_path: Path) -> None:
        path = tmp_path / "metric=PSNR" / "metrics.parquet"
        path.parent.mkdir()
        write(table, path)
        assert_frame_equal(read(path), table.sort_values(KEY, ignore_index=True))

    def test_replaces_an_older_file_and_leaves_nothing_else(self, table: pd.DataFrame, tmp_path: Path) -> None:
        path = tmp_path / "metrics.parquet"
        path.write_text("old")
        write(table, path)
        assert len(read(path)) == len(table)
        assert list(tmp_path.iterdir()) == [path]

    def test_failed_replacement_keeps_the_older_file(
        self, table: pd.DataFrame, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        def full(descriptor: int) -> None:
            raise OSError(28, "No space left on device")

        path = tmp_path / "metrics.parquet"
        write(table, path)
        before = path.read_bytes()
        monkeypatch.setattr("os.fsync", full)
        with pytest.raises(UserError, match="No space left"):
            write(table.iloc[:3], path)
        assert path.read_bytes() == before
        assert list(tmp_path.iterdir()) == [path]

    @pytest.mark.parametrize(
        ("column", "value", "message"),
        [
            ("item", None, "item"),
            ("item", 7, "item"),
            ("value", "high", "value"),
            ("n", 1.5, "column n"),
            ("n", 2**31, "not in range"),
            ("excluded", None, "excluded"),
            ("direction", "up", "'up'"),
        ],
    )
    def test_wrong_values_are_refused(
        self, table: pd.DataFrame, tmp_path: Path, column: str, value: object, message: str
    ) -> None:
        table[column] = [value, *table[column].tolist()[1:]]
        with pytest.raises(ValueError, match=message):
            write(table, tmp_path / "metrics.parquet")
        assert not list(tmp_path.iterdir())

    def test_wrong_columns_are_refused(self, table: pd.DataFrame, tmp_path: Path) -> None:
        with pytest.raises(ValueError, match=r"missing: \['value'\]"):
            write(table.drop(columns="value"), tmp_path / "metrics.parquet")
        with pytest.raises(ValueError, match=r"unknown: \['seed'\]"):
            write(table.assign(seed=1), tmp_path / "metrics.parquet")
        with pytest.raises(ValueError, match="columns"):
            write(pd.concat([table, table["value"]], axis=1), tmp_path / "metrics.parquet")

    def test_repeated_key_is_refused(self, table: pd.DataFrame, tmp_path: Path) -> None:
        with pytest.raises(ValueError, match="measured twice"):
            write(pd.concat([table, table.tail(1)]), tmp_path / "metrics.parquet")


class TestOtherFiles:
    def assert_refused(self, path: Path, message: str = "not a table of metrics") -> None:
        with pytest.raises(ValueError, match=message) as caught:
            read(path)
        assert str(path) in str(caught.value)

    @pytest.mark.parametrize("content", [b"", b"PAR1", b"protocol,method\n", b"PAR1" + bytes(100) + b"PAR1"])
    def test_file_of_another_kind(self, tmp_path: Path, content: bytes) -> None:
        path = tmp_path / "metrics.parquet"
        path.write_bytes(content)
        self.assert_refused(path)

    def test_truncated_file(self, table: pd.DataFrame, tmp_path: Path) -> None:
        path = tmp_path / "metrics.parquet"
        write(table, path)
        path.write_bytes(path.read_bytes()[:-100])
        self.assert_refused(path)

    def test_changed_byte_in_the_values(self, table: pd.DataFrame, tmp_path: Path) -> None:
        path = tmp_path / "metrics.parquet"
        write(table, path)
        content = bytearray(path.read_bytes())
        column = pq.read_metadata(path).row_group(0).column(SCHEMA.get_field_index("value"))
        content[column.data_page_offset - 1] ^= 1  # the last byte of the column's dictionary of numbers
        path.write_bytes(content)
        self.assert_refused(path)

    def test_table_of_other_columns(self, table: pd.DataFrame, tmp_path: Path) -> None:
        path = tmp_path / "metrics.parquet"
        other = pa.Table.from_pandas(table.drop(columns="low"), preserve_index=False)
        pq.write_table(other.replace_schema_metadata({"format": "3"}), path)
        self.assert_refused(path, "its columns: protocol, method")

    @pytest.mark.parametrize(("metadata", "found"), [(None, "missing"), ({"format": "1"}, "1")])
    def test_table_of_another_format(
        self, table: pd.DataFrame, tmp_path: Path, metadata: dict[str, str] | None, found: str
    ) -> None:
        path = tmp_path / "metrics.parquet"
        other = pa.Table.from_pandas(table, schema=SCHEMA, preserve_index=False)
        pq.write_table(other.replace_schema_metadata(metadata), path)
        self.assert_refused(path, f"its format: {found}")

    def test_missing_file(self, tmp_path: Path) -> None:
        with pytest.raises(FileNotFoundError):
            read(tmp_path / "metrics.parquet")


class TestPublished:
    def test_is_the_whole_table_of_the_paper(self) -> None:
        frame = published()
        assert list(frame.columns) == ["method", "metric", "value", "source", "data", "n", "reference", "mask"]
        assert frame["value"].dtype == np.float64
        assert set(frame["source"]) == {"Zhu et al. 2021, Table 1"}
        values = frame.pivot(index="method", columns="metric", values="value")
        assert set(values.index) == {"Baseline", "LOHO", "MichiGAN", "Barbershop"}
        assert set(values.columns) == {"RMSE", "PSNR", "SSIM", "VGG", "LPIPS", "FID"}
        assert values.notna().all(axis=None)

    def test_numbers_fit_together(self) -> None:
        values = published().pivot(index="method", columns="metric", values="value")
        # The mean PSNR is at least that of the mean RMSE (Jensen); the RMSE is printed to 0.005.
        assert (values["PSNR"] >= -20 * np.log10(values["RMSE"] + 0.005)).all()
        for metric in ("RMSE", "LPIPS", "VGG", "FID"):
            assert values[metric].idxmin() == "Barbershop"
        for metric in ("PSNR", "SSIM"):
            assert values[metric].idxmax() == "Barbershop"

    def test_other_sources(self) -> None:
        """Every number has a source and is one; Barbershop's agree with those that docs/paper.md notes of them."""
        frame = elsewhere()
        assert set(frame["source"]) == set(SOURCES)
        assert frame[["data", "n", "reference", "mask"]].map(bool).all(axis=None), "unknown is not stated, not empty"
        assert not frame.duplicated(["source", "method", "metric"]).any()
        values = frame.astype({"value": float}).set_index(["source", "method", "metric"])["value"].sort_index()
        of_barbershop = values["Stable-Hair", "Barbershop"].to_dict()
        assert of_barbershop == pytest.approx(
            {"CLIP-I ↑": 0.431, "FID ↓": 46.2, "PSNR ↑": 30.4, "SSIM ↑": 0.63, "identity ↑": 0.76}, rel=0.005
        )
        assert values["Barbershop", "LOHO"].sum() == 396 and values["Barbershop", "MichiGAN"].sum() == 395
