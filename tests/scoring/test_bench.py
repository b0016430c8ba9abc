"""A metric that does not give what it says is refused in one line; one that gives nan is not excused."""

import math

import numpy as np
import pytest
import torch
import yaml
from support import ROOT

from stages import registry
from stages.errors import UserError
from stages.metrics import Case, CaseMetric, ImageMetric, Measured, SetMetric
from stages.metrics.psnr import ENTRY as PSNR
from stages.regions.labels import CELEBAMASK_19
from stages.regions.pair import Pair
from stages.scoring.bench import Bench
from stages.scoring.judges import Judges
from stages.scoring.metric_names import metrics_of
from stages.scoring.protocols import score_case

SKIN, HAIR = (CELEBAMASK_19[name] for name in ("skin", "hair"))
SIZE = 32
IMAGES = [np.full((SIZE, SIZE, 3), grey, np.uint8) for grey in (50, 100, 200)]


class Parser:
    """A face parser that sees hair above and skin below."""

    scheme, size = CELEBAMASK_19, SIZE

    def logits(self, image):
        logits = torch.zeros(1, len(CELEBAMASK_19), SIZE, SIZE)
        logits[:, HAIR, : SIZE // 2], logits[:, SKIN, SIZE // 2 :] = 1, 1
        return logits


JUDGES = Judges({}, Parser(), [], {}, SIZE, torch.device("cpu"))


def of_images(value, direction="lower") -> ImageMetric:
    return ImageMetric(
        direction=direction, range=(0, 10), views=("whole", "kept", "taken"), source="", names=lambda _: ["M"],
        prepare=lambda _: lambda pair: value,
    )  # fmt: skip


def of_cases(value) -> CaseMetric:
    return CaseMetric(
        direction="lower", range=(0, 10), source="", names=lambda _: ["M"], prepare=lambda _: lambda case: value
    )


@pytest.fixture
def scored(monkeypatch):
    """The values of one composite by one metric, called `mine`, by the names of its rows."""

    def scored(metric, composite=IMAGES[2]):
        monkeypatch.setattr(registry, "entries", lambda room: {"mine": metric})
        own = Parser().logits(None).argmax(1)[0].numpy().astype(np.uint8)
        pair = Pair("p", "a", {"hair": "b"})
        images = [JUDGES.prepare(pixels) for pixels in (composite, *IMAGES[:2])]
        case = Case(pair, images[0], images[1:], [own, own], own)
        return {value.metric: value for value in score_case(Bench(JUDGES, [pair]), case, [])}

    return scored


@pytest.mark.parametrize("value", [math.nan, -math.nan])
def test_a_nan_of_what_is_there_has_no_excuse(scored, value):
    """A note would say that nothing is kept: the report would be VALID."""
    values = scored(of_images([value]))
    assert set(values) == {"kept M", "taken M"}
    assert all(math.isnan(each.value) and each.note == "" for each in values.values())


def test_only_equal_images_excuse_what_is_infinite(scored):
    assert scored(PSNR, IMAGES[0])[f"kept PSNR@{SIZE}"].note == "the images are identical"
    endless = ImageMetric(
        direction="lower", range=(0, math.inf), views=("kept",), source="", names=lambda _: ["M"],
        prepare=lambda _: lambda pair: [math.inf],
    )  # fmt: skip
    assert scored(endless)["kept M"].note == ""


@pytest.mark.parametrize(
    ("metric", "message"),
    [
        (of_images(0.5), r"gives 0\.5; it must give a list of numbers, one for each of its names"),
        (of_images(["0.5"]), r"gives \['0\.5'\]; it must give a list of numbers"),
        (of_images([torch.tensor(0.5)]), "it must give a list of numbers"),
        (of_images([]), "gives 0 values; it must give one for each of its names, M"),
        (of_images([1, 2]), "gives 2 values; it must give one for each of its names, M"),
        (of_images([255]), "M is 255, out of its range 0 to 10; mend one of the two"),
        (of_images([-0.1]), r"M is -0\.1, out of its range 0 to 10"),
        (of_cases([0.5]), r"gives \[0\.5\]; it must give a list of Measured"),
        (of_cases(Measured(0.5)), "gives Measured.*; it must give a list of Measured"),
        (of_cases([Measured(1), Measured(1)]), "gives 2 values"),
        (of_cases([Measured(11)]), "M is 11, out of its range 0 to 10"),
    ],
)
def test_what_is_not_as_said_is_refused(scored, metric, message):
    with pytest.raises(UserError, match=rf"^stages/metrics/mine\.py: .*{message}"):
        scored(metric)


@pytest.mark.parametrize("value", [0.5, np.float32(0.5), np.float64(0.5), 0, -1e-7, 10 + 1e-7])
def test_numbers_of_any_kind_are_taken(scored, value):
    assert scored(of_images([value]))["kept M"].value == pytest.approx(float(value))


def sets(title: str) -> SetMetric:
    return SetMetric(direction="lower", range=(0, 1), source="", title=lambda f: f"{title} {f}", measure=lambda *_: [])


@pytest.mark.parametrize(
    ("one", "two", "name"), [(of_images([1]), of_images([2]), "M"), (sets("Mean"), sets("Mean"), "Mean …")]
)
def test_two_metrics_of_one_name_are_refused_before_anything_runs(monkeypatch, one, two, name):
    params = yaml.safe_load((ROOT / "params.yaml").read_text())
    monkeypatch.setattr(registry, "entries", lambda room: {"one": one, "two": two})
    with pytest.raises(UserError, match=rf"^stages/metrics/two\.py: the name {name} is not unique: .*one\.py gives it"):
        metrics_of(params)
