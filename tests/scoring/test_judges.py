"""How two images are compared: what counts under a mask, and that no image depends on another."""

import math

import numpy as np
import pytest
import torch
from support import seeded
from torchvision.models import vgg16

from stages.metrics.vgg import WEIGHTS, first_activations, vgg_distance
from stages.nets.dlib_faces import identifier
from stages.nets.lpips_net import LPIPS
from stages.regions.labels import CELEBAMASK_19
from stages.scoring.bench import Bench
from stages.scoring.features import unit_features
from stages.scoring.judges import Judges


class MeanSquare:
    """A perceptual network whose only feature is the image itself."""

    name = "mean square"

    def features(self, image, blocks=None):
        return [image]

    def distance(self, a, b, mask=None):
        mask = torch.ones_like(a[0][:, :1]) if mask is None else mask
        return ((a[0] - b[0]).square() * mask).sum((1, 2, 3)) / mask.sum((1, 2, 3)) / 3


class Parser:
    """A face parser that nobody asks."""

    scheme, size = CELEBAMASK_19, 64


JUDGES = Judges({"net": MeanSquare()}, Parser(), [], {}, 32, torch.device("cpu"))
BLACK = np.zeros((64, 64, 3), np.uint8)
HALF = BLACK.copy()
HALF[:, :32] = 255  # differs at the left only


def compare(a, b, mask=None, judges=JUDGES, view="kept"):
    """Values by name of two images, uint8."""
    values = Bench(judges, []).compare(view, judges.prepare(a), judges.prepare(b), mask)
    return {name: measured.value for name, measured, _ in values}


def half_mask(size, left):
    mask = np.zeros((size, size), bool)
    mask[:, : size // 2] = left
    mask[:, size // 2 :] = not left
    return mask


def test_measurements_without_a_mask():
    values = compare(BLACK, HALF)
    assert set(values) == {"RMSE@32", "PSNR@32", "SSIM@32", "net@32"}
    assert values["RMSE@32"] == pytest.approx(math.sqrt(0.5))
    assert values["PSNR@32"] == pytest.approx(10 * math.log10(2))
    assert values["net@32"] == pytest.approx(2)  # networks see [-1, 1]


@pytest.mark.parametrize("size", [16, 32, 64, 128])
@pytest.mark.parametrize(("left", "error"), [(True, 1), (False, 0)])
def test_only_what_is_under_the_mask_counts(size, left, error):
    values = compare(BLACK, HALF, half_mask(size, left))
    assert values["RMSE@32"] == pytest.approx(error)
    assert values["PSNR@32"] == (pytest.approx(0) if error else math.inf)
    assert values["net@32"] == pytest.approx(4 * error)


def test_pixels_partly_under_the_mask_count_partly():
    mask = half_mask(64, True)
    mask[:, 31] = False  # half of the last column at 32 px
    mask[:, 32:34] = True
    values = compare(BLACK, HALF, mask)
    assert values["RMSE@32"] == pytest.approx(math.sqrt(15.5 / 16.5))
    assert values["net@32"] == pytest.approx(4 * 15.5 / 16.5)


def test_full_mask_is_no_mask_and_an_empty_one_gives_no_number():
    full = compare(BLACK, HALF, np.ones((64, 64), bool))
    assert full == pytest.approx(compare(BLACK, HALF), abs=0.1)  # SSIM differs at the border
    assert full["RMSE@32"] == pytest.approx(math.sqrt(0.5))
    empty = compare(BLACK, HALF, np.zeros((64, 64), bool))
    assert empty.keys() == full.keys()
    assert all(map(math.isnan, empty.values()))


def test_what_lies_outside_the_mask_has_no_influence(small_perceptual):
    """Though the network's features and the windows of SSIM see beyond the mask's border."""
    judges = JUDGES._replace(perceptuals={"net": small_perceptual}, size=64)
    a, b, other = photos(3)
    mask = half_mask(64, True)
    changed = np.where(mask[..., None], a, other)
    assert compare(changed, b, mask, judges) == compare(a, b, mask, judges)
    assert compare(np.where(mask[..., None], b, other), b, mask, judges)["net@64"] == 0


def photos(count, size=64):
    random = np.random.default_rng(0)
    smooth = random.integers(0, 256, (count, size // 8, size // 8, 3), dtype=np.uint8)
    return list(np.kron(smooth, np.ones((1, 8, 8, 1), np.uint8)))


def test_no_image_depends_on_others_or_on_the_order(small_perceptual):
    """One at a time, as the judges look, against a batch: 1e-5, float32 sums in another order."""
    judges = JUDGES._replace(perceptuals={"net": small_perceptual}, size=64)
    images = photos(3)
    value = compare(*images[:2], judges=judges)["net@64"]
    assert compare(*images[1::-1], judges=judges)["net@64"] == pytest.approx(value, rel=1e-5)
    assert compare(images[0], images[0], judges=judges)["net@64"] == 0
    a, b, c = map(judges.prepare, images)
    batch = small_perceptual.features(torch.cat([c.tensor, a.tensor]))
    other = small_perceptual.features(torch.cat([c.tensor, b.tensor]))
    assert small_perceptual.distance(batch, other)[1].item() == pytest.approx(value, rel=1e-5)


def test_vgg_distance_against_torchvision():
    """Σ w_i L1 of relu1_1 … relu5_1, taken from torchvision's own VGG16 by its layers' numbers."""
    net = LPIPS("vgg")
    published = {name: getattr(net.scaling_layer, name).clone() for name in ("shift", "scale")}
    seeded(net, scale=1.4).scaling_layer.load_state_dict(published)
    with torch.device("meta"):
        reference = vgg16(weights=None).features
    state = {key.split(".", 2)[2]: tensor for key, tensor in net.net.state_dict(prefix="net.").items()}
    reference.load_state_dict(state, assign=True)
    gaussian = torch.Generator().manual_seed(0)
    a, b = torch.rand(2, 2, 3, 64, 64, generator=gaussian) * 2 - 1
    mean, deviation = (torch.tensor(v).view(3, 1, 1) for v in ((0.485, 0.456, 0.406), (0.229, 0.224, 0.225)))

    def activations(image):
        x, found = ((image + 1) / 2 - mean) / deviation, []
        for number, layer in enumerate(reference[:26]):
            x = layer(x.clone())
            if number in (1, 6, 11, 18, 25):
                found.append(x)
        return found

    with torch.no_grad():
        expected = sum(
            weight * (x - y).abs().flatten(1).mean(1)
            for weight, x, y in zip(WEIGHTS, activations(a), activations(b), strict=True)
        )
        one, other = (first_activations(net, image[1:], net.features(image[1:])) for image in (a, b))
        a, b = (first_activations(net, image, net.features(image)) for image in (a, b))
        torch.testing.assert_close(vgg_distance(one, other), vgg_distance(a, b)[1:], rtol=1e-5, atol=0)
        torch.testing.assert_close(vgg_distance(a, b), expected, rtol=1e-5, atol=0)
        torch.testing.assert_close(vgg_distance(b, a), vgg_distance(a, b), rtol=1e-5, atol=0)
        assert (vgg_distance(a, a) == 0).all()


def test_vgg_metric_is_named_after_its_weights(small_perceptual):
    a, b = photos(2)
    name = "VGG16-L1 ({} weights)@32"
    for judge, weights in (("ST-LPIPS-VGG", "ST-LPIPS"), ("LPIPS-VGG-v0.1", "torchvision")):
        ours = JUDGES._replace(perceptuals={judge: small_perceptual})
        assert name.format(weights) in compare(a, b, judges=ours, view="whole")
        assert compare(a, a, judges=ours, view="whole")[name.format(weights)] == 0
        assert name.format(weights) not in compare(a, b, judges=ours, view="kept")
    assert not any(metric.startswith("VGG16") for metric in compare(a, b, view="whole"))


def test_unit_features_know_no_strength():
    gaussian = torch.Generator().manual_seed(0)
    features = torch.rand(1, 16, 5, 5, generator=gaussian)
    features[..., 2] = 0
    unit = unit_features(features)
    plain = np.zeros(16)
    for pixel in features[0].flatten(1).T.double().numpy():
        plain += pixel / max(np.linalg.norm(pixel), 1e-10) / 25
    np.testing.assert_allclose(unit, 4 * plain, rtol=1e-5)
    stronger = features * torch.rand(1, 1, 5, 5, generator=gaussian).add(0.5)
    np.testing.assert_allclose(unit_features(stronger), unit, rtol=1e-5)


@pytest.mark.weights
def test_identity_of_an_image_without_a_face_is_none(weights):
    identify = identifier(weights / "dlib_landmarks.safetensors", weights / "dlib_identity.safetensors")
    assert identify(np.full((256, 256, 3), 128, np.uint8)) is None
