"""FID's Inception is pytorch-fid's own network, from a file at hand and never from the net."""

import warnings

import pytest
import torch
from pytorch_fid import inception

from stages.scoring import inception as fid


def seeded(key: str, tensor: torch.Tensor) -> torch.Tensor:
    if tensor.dim() < 2:
        return torch.ones_like(tensor) if key.endswith(("weight", "var")) else torch.zeros_like(tensor)
    return torch.randn_like(tensor) * (2 / tensor[0].numel()) ** 0.5


@pytest.fixture
def weights(tmp_path):
    """A file in the published layout with seeded weights, taken for the published one."""
    torch.manual_seed(0)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        state = inception._inception_v3(num_classes=1008, aux_logits=False, weights=None).state_dict()
    path = tmp_path / "inception.pth"
    torch.save({key: seeded(key, tensor) for key, tensor in state.items()}, path)
    return path


@pytest.mark.filterwarnings("ignore::UserWarning", "ignore::FutureWarning")
@torch.no_grad()
def test_features_are_those_of_the_package(weights, monkeypatch):
    """1e-5 relative, from images in [-1, 1]; the package takes [0, 1]."""
    network = fid.load_inception(weights, torch.device("cpu"), verify=False)
    image = torch.rand(1, 3, 299, 299, generator=torch.Generator().manual_seed(0))
    ours = fid.pool_features(network, image * 2 - 1)
    state = torch.load(weights, weights_only=True)
    monkeypatch.setattr(inception, "load_state_dict_from_url", lambda *_, **__: state)
    package = inception.InceptionV3().eval()
    assert ours.shape == (1, 2048)
    torch.testing.assert_close(ours, package(image)[0][:, :, 0, 0], rtol=1e-5, atol=1e-6)


@pytest.mark.parametrize("content", [None, b"another file"])
def test_another_file_is_refused(refused, tmp_path, content):
    path = tmp_path / "other.pth"
    if content is not None:
        path.write_bytes(content)
    refused("other.pth: .*pt_inception-2015-12-05-6726825d.pth", fid.load_inception, path, torch.device("cpu"))
