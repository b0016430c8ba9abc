"""Previews with small networks: what they equal, and that steps on them lead down."""

import pytest
import torch
from support import seeded

from stages.codes.preview import Preview
from stages.nets.stylegan2_net import StyleGAN2


@pytest.fixture(params=["mobilestylegan", "stylegan2"])
def generator(request, small_generator):
    return small_generator if request.param == "mobilestylegan" else seeded(StyleGAN2(64, channel_multiplier=1))


def codes(generator, seed: int = 0, count: int = 2) -> torch.Tensor:
    return 0.5 * torch.randn(count, generator.n_styles, 512, generator=torch.Generator().manual_seed(seed))


def test_a_preview_is_the_render_where_it_is_fitted(generator, small_generator):
    """Equal up to rounding: 1e-5 of the image's range."""
    preview = Preview(generator, generator.size, every=2)
    for k in range(3):
        ws = codes(generator, k)
        image, exact = preview(ws), generator.synthesis(ws)
        assert image.shape == exact.shape
        error = (image - exact).abs().max() / (exact.max() - exact.min())
        if k % 2 == 0:
            assert error < 1e-5
        elif generator is small_generator:  # StyleGAN2 of 64 px hands over the image itself: its fit is right anywhere
            assert error > 1e-3


def test_its_gradient_points_down(generator):
    """A step along it lowers the error of the exact render."""
    goal = generator.synthesis(codes(generator, 1))
    ws = codes(generator, 2).requires_grad_()
    (Preview(generator, generator.size, every=1)(ws) - goal).square().sum().backward()

    def error(at: torch.Tensor) -> torch.Tensor:
        return (generator.synthesis(at) - goal).square().mean()

    moved = ws.detach() - 0.01 * ws.grad / ws.grad.square().mean().sqrt()
    assert error(moved) < error(ws.detach())


def test_a_batch_previews_as_its_items_alone(generator):
    """1e-4 of the image: the fit solves a system of equations for every item."""
    previews = [Preview(generator, generator.size, every=3) for _ in range(3)]
    for k in range(2):
        ws = codes(generator, k)
        together = previews[0](ws)
        alone = torch.cat([previews[1](ws[:1]), previews[2](ws[1:])])
    assert ((together - alone).norm() / alone.norm()).item() < 1e-4


class Wide:
    """Stands in for a generator whose features are as many as the embedded networks' (256), of which few are seen."""

    def hidden(self, ws: torch.Tensor) -> torch.Tensor:
        noise = torch.randn(1, 256, 32, 32, generator=torch.Generator().manual_seed(0))
        return noise * (1 + ws.mean((1, 2)))[:, None, None, None]

    def synthesis(self, ws: torch.Tensor, size: int) -> torch.Tensor:
        return self.hidden(ws)[:, :3] + self.hidden(ws)[:, 3:6].square()


def test_the_fit_of_a_batch_is_that_of_its_items_with_as_many_features_as_the_networks_have():
    """A batch of so many equations goes wrong in torch.linalg.solve (pytorch#142815)."""
    ws = torch.randn(3, 14, 512, generator=torch.Generator().manual_seed(0))
    together = Preview(Wide(), 32, every=1)
    together(ws)
    for i in range(3):
        alone = Preview(Wide(), 32, every=1)
        alone(ws[i : i + 1])
        torch.testing.assert_close(together.slope[i], alone.slope[0], rtol=1e-3, atol=1e-5)


def test_an_item_that_is_not_a_number_harms_no_other(generator):
    ws = codes(generator)
    clean = Preview(generator, generator.size, every=2)
    poisoned = Preview(generator, generator.size, every=2)
    clean(ws), poisoned(torch.stack([ws[0], ws[1] * torch.nan]))
    moved = codes(generator, 1)
    torch.testing.assert_close(poisoned(moved)[0], clean(moved)[0], rtol=1e-4, atol=1e-4)


def test_hidden_features_are_what_the_image_is_made_from(generator):
    ws = codes(generator)
    hidden, image = generator.hidden(ws), generator.synthesis(ws)
    if isinstance(generator, StyleGAN2):  # 64 px: the last layer is below 128
        torch.testing.assert_close(hidden[:, -3:], image)
    else:
        torch.testing.assert_close(generator.to_image(hidden.permute(0, 2, 3, 1), ws[:, -1], generator.size), image)
