"""Figures: the same bytes every time, no item dropped, of bounded size; what an error map shows."""

import io
import shutil

import numpy as np
import pandas as pd
import pytest
from matplotlib import pyplot
from PIL import Image

from stages.formats.images import png_bytes
from stages.formats.label_maps import label_map_bytes
from stages.regions.labels import CELEBAMASK_19 as SCHEME
from stages.regions.pair import Pair
from stages.reporting import plots
from stages.reporting.error_maps import LARGEST_ERROR, UNKNOWN, error_map
from stages.reporting.names import styles
from stages.reporting.pictures import (
    Cell,
    errors_figure,
    examples_figure,
    grid,
    reconstruction_figure,
    transfer_figure,
)
from stages.statistics import table

METHODS = ["ours", "theirs", "pasted"]
PAIRS = [Pair("a", "anna", {"hair": "ben"}), Pair("b", "ben", {"face": "anna", "hair": "cleo"})]


def size(png):
    with Image.open(io.BytesIO(png)) as image:
        return image.size


@pytest.fixture
def data(tmp_path):
    """Flat grey images of three faces and two pairs; the composite of pair b by theirs failed."""

    def write(path, content):
        (tmp_path / path).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / path).write_bytes(content)

    labels = np.full((512, 512), SCHEME["skin"], np.uint8)
    labels[:256] = SCHEME["hair"]
    for k, name in enumerate(["anna", "ben", "cleo"]):
        face = png_bytes(Image.new("RGB", (512, 512), (60 * k,) * 3))
        write(f"faces/{name}.png", face)
        write(f"reconstructions/fs/{name}.png", face)
        write(f"maps/{name}.png", label_map_bytes(labels, SCHEME))
    for pair in PAIRS:
        write(f"targets/{pair.pair}.png", label_map_bytes(labels, SCHEME))
        for method in METHODS:
            write(f"composites/{method}/{pair.pair}.png", png_bytes(Image.new("RGB", (512, 512), (90,) * 3)))
    write("composites/theirs/b.png", b"")
    return tmp_path


def drawn(monkeypatch, make):
    """What is on a figure's axes: rows of cells, each its image or the text in it."""
    kept = []
    monkeypatch.setattr(pyplot, "close", kept.append)
    make()
    (figure,) = kept
    cells = [
        axis.images[0].get_array().data if axis.images else "".join(text.get_text() for text in axis.texts)
        for axis in figure.axes
    ]
    titles = [axis.get_title() for axis in figure.axes if axis.get_title()]
    captions = [axis.get_xlabel() for axis in figure.axes if axis.get_xlabel()]
    monkeypatch.undo()
    pyplot.close(figure)
    return titles, captions, [cells[start : start + len(titles)] for start in range(0, len(cells), len(titles))]


def test_error_map_is_the_mean_difference_and_grey_where_nothing_is_known():
    image, source = np.full((2, 2, 3), 30, np.uint8), np.zeros((2, 2, 3), np.uint8)
    image[0, 0] = 255
    known = np.array([[True, True], [True, False]])
    colours = error_map(image, source, known)
    shade = pyplot.colormaps["inferno"]
    assert colours[1, 1].tolist() == [round(255 * UNKNOWN)] * 3
    np.testing.assert_allclose(colours[0, 1], 255 * np.array(shade(30 / 255 / LARGEST_ERROR)[:3]), atol=0.51)
    np.testing.assert_allclose(colours[0, 0], 255 * np.array(shade(1.0)[:3]), atol=0.51)


def test_transfer_rows_say_what_comes_from_where_and_what_failed(data, monkeypatch):
    rows = [(pair.pair, pair) for pair in PAIRS]
    titles, captions, cells = drawn(monkeypatch, lambda: transfer_figure(rows, METHODS, data, SCHEME))
    assert titles == ["identity", "reference 1", "reference 2", "target map", *METHODS]
    assert captions == ["hair", "face", "hair"]
    assert cells[1][5] == "failed"
    assert cells[0][0].mean() == 0 and cells[0][1].mean() == 60 and cells[0][4].mean() == 90
    titles, captions, _ = drawn(monkeypatch, lambda: transfer_figure(rows[:1], METHODS, data, SCHEME))
    assert titles[1] == "hair" and captions == []


def test_a_look_has_its_image_and_the_examples_their_folder(data, monkeypatch):
    shutil.copytree(data / "targets", data / "examples" / "targets")
    shutil.copytree(data / "composites" / "theirs", data / "examples" / "composites")
    pairs = [
        Pair("a", "anna", {"hair": "ben"}, {"hair": "cleo"}),
        Pair("b", "ben", {"face": "anna"}, {"face": "ben"}),
    ]
    titles, captions, cells = drawn(monkeypatch, lambda: examples_figure(pairs, "ours", data, SCHEME))
    assert titles == ["identity", "reference 1", "reference 2", "target map", "ours"]
    assert captions == ["hair", "hair appearance", "face appearance", "face"]
    assert [cell.mean() for cell in cells[0][:3]] == [0, 60, 120] and cells[0][4].mean() == 90
    assert cells[1][4] == "failed"


def test_errors_compare_with_the_image_that_a_pixel_comes_from(data, monkeypatch):
    """Pair a: hair, the upper half, is ben's (60), the rest anna's (0); the composite is 90 everywhere."""
    rows = [(pair.pair, pair) for pair in PAIRS]
    titles, _, cells = drawn(monkeypatch, lambda: errors_figure(rows, "ours", METHODS, data, SCHEME))
    assert titles[4:] == ["ours", "error of\nours", "error of\ntheirs", "error of\npasted"]
    flat = [np.full((1, 1, 3), value, np.uint8) for value in (90, 60, 0)]
    known = np.ones((1, 1), bool)
    upper, lower = (error_map(flat[0], source, known)[0, 0] for source in flat[1:])
    assert (cells[0][5][:128] == upper).all() and (cells[0][5][128:] == lower).all()
    assert cells[1][6] == "failed"


def test_pictures_are_the_same_bytes_every_time(data):
    rows = [(pair.pair, pair) for pair in PAIRS]
    for make in (
        lambda: transfer_figure(rows, METHODS, data, SCHEME),
        lambda: errors_figure(rows, "ours", METHODS, data, SCHEME),
        lambda: reconstruction_figure([("anna", "anna")], ["fs"], data),
    ):
        assert make() == make()
    assert transfer_figure([], METHODS, data, SCHEME), "no rows, still a figure"


def measured(items, methods):
    random = np.random.default_rng(0)
    rows = [
        ("transfer", method, f"pair-{k}", metric, random.random(), direction)
        for metric, direction in {"kept RMSE@256": "lower", "taken IoU@512": "higher"}.items()
        for method in methods
        for k in range(items)
    ]
    frame = pd.DataFrame(rows, columns=["protocol", "method", "item", "metric", "value", "direction"])
    return table.summarise(frame, level=0.95)


@pytest.mark.parametrize(("items", "count"), [(1, 2), (198, 9)])
def test_plots_are_the_same_bytes_and_of_bounded_size(items, count):
    methods = [f"method{k}" for k in range(count)]
    frame = measured(items, methods)
    frame.loc[0, "value"] = np.inf
    seconds = {method: 10.0**k for k, method in enumerate(methods[:2])}
    metrics = ["kept RMSE@256", "taken IoU@512"]
    for make in (
        lambda: plots.distributions(frame, "transfer", methods),
        lambda: plots.method_against_method(frame, "transfer", metrics, methods, "method1"),
        lambda: plots.metric_against_seconds(frame, "transfer", metrics, methods, seconds),
    ):
        png = make()
        assert png == make()
        assert max(size(png)) < 2500 and len(png) < 500_000


def test_a_histogram_counts_every_value(monkeypatch):
    """The areas of a method's steps are in the ratio of its bins' counts, and all values are in some bin."""
    frame = measured(198, ["ours"])
    kept = []
    monkeypatch.setattr(pyplot, "close", kept.append)
    plots.distributions(frame, "transfer", ["ours"])
    axis = kept[0].axes[0]
    heights = 0.4 - axis.patches[0].get_data().values
    values = frame[(frame["metric"] == axis.get_title()[:-2]) & (frame["item"] != "*")]["value"]
    counts, _ = np.histogram(values, axis.patches[0].get_data().edges)
    assert counts.sum() == 198
    np.testing.assert_allclose(heights / heights.max(), counts / counts.max(), atol=1e-12)
    monkeypatch.undo()
    pyplot.close(kept[0])


@pytest.mark.parametrize("columns", [4, 8, 14])
def test_the_label_of_a_row_stays_beside_its_row(columns):
    """Between two rows nothing is drawn, from edge to edge, however wide the figure is."""
    black = Cell(np.zeros((8, 8, 3), np.uint8))
    rows = [(f"pair-{k:04d}\nbetween: {k} of 198\ntaken ST-LPIPS-Alex 0.0451", [black] * columns) for k in range(3)]
    with Image.open(io.BytesIO(grid(rows, ["method"] * columns))) as image:
        pixels = np.asarray(image.convert("L")) < 128
    of_pictures = pixels[:, pixels.shape[1] // 2 :].mean(axis=1) > 0.5
    first, last = of_pictures.argmax(), of_pictures.size - of_pictures[::-1].argmax()
    between = ~of_pictures
    between[:first] = between[last:] = False
    assert between.any() and not pixels[between].any()


def test_nothing_measured_is_a_figure_that_says_so():
    frame = measured(3, ["ours"])
    assert plots.distributions(frame, "reconstruction", ["ours"])
    assert plots.method_against_method(frame, "transfer", ["kept RMSE@256"], ["ours"], "ours")
    assert plots.metric_against_seconds(frame, "transfer", ["kept RMSE@256"], ["ours"], {})


def test_a_method_keeps_its_style_when_others_follow():
    assert styles(["a", "b"]) == {name: styles(["a", "b", "c"])[name] for name in "ab"}
    assert len(set(styles(f"m{k}" for k in range(10)).values())) == 10
