"""Self-transfer is the reconstruction: an image given its own hair, through alignment and blending."""

import pytest
import torch

from stages import registry
from stages.align import Nets, Reference, align_paper
from stages.codes.blending import blend
from stages.codes.embedding import FSCode, render_code, w_to_code
from stages.codes.optimise import BETAS
from stages.regions.labels import CELEBAMASK_19
from stages.regions.masks import region_mask
from stages.regions.target_map import compose
from stages.settings.methods import in_place

HAIR = frozenset(CELEBAMASK_19.indices("hair"))
REST = frozenset(range(len(CELEBAMASK_19))) - HAIR
PAPER, OFFICIAL = {"variant": "paper"}, {"variant": "official"}


class Parser:
    scheme = CELEBAMASK_19


@pytest.mark.parametrize("align", [True, False])
def test_composite_of_an_image_with_its_own_hair_is_its_embedding(
    small_generator, small_perceptual, monkeypatch, align
):
    monkeypatch.setattr("stages.codes.blending.LOSS_SIZE", 128)
    gaussian = torch.Generator().manual_seed(0)
    ws = 0.5 * torch.randn(1, small_generator.n_styles, 512, generator=gaussian)
    code = w_to_code(small_generator, ws)
    code = FSCode(code.f + 0.1 * torch.randn(code.f.shape, generator=gaussian), code.s)  # no W+ makes this F
    own = torch.randint(0, len(CELEBAMASK_19), (1, 128, 128), generator=gaussian)
    target = compose([own[0].numpy()] * 2, [REST, HAIR], CELEBAMASK_19, registry.load("fills", "telea").fill)
    assert not target.holes.any()
    assert (target.labels == own[0].numpy()).all(), "its own map is the target"
    structures = [code.f, code.f]
    if align:
        references = [Reference(ws, code, taken, own, "") for taken in (REST, HAIR)]
        nets = Nets(small_generator, Parser(), small_perceptual, small_generator)
        structures, _ = align_paper(nets, references, own, {"steps": 2, "reference_steps": 2, "clear": 12})
    masks = torch.cat([region_mask(own, taken) for taken in (REST, HAIR)], 1)
    f, s = torch.stack(structures, 1), torch.stack([code.s, code.s], 1)
    params = {"steps": 2, "rate": 0.1, "betas": BETAS, "blocks": 3, "look_mse": 10.0, "look_rate": 0.1}
    composite, u, _ = blend(small_generator, small_perceptual, f, s, masks, params)
    torch.testing.assert_close(u.sum(1), torch.ones_like(u[:, 0]))
    with torch.no_grad():  # weights that sum to 1 round
        shown, embedded = (render_code(small_generator, each, 128) for each in (composite, code))
    torch.testing.assert_close(shown, embedded, rtol=0, atol=1e-4)
    assert embedded.std() > 0.05


def test_only_methods_that_leave_alone_what_is_in_place_have_it():
    methods = {
        "ours": {"code": "fs", "align": True},
        "plain": {"code": "w", "align": False},
        "paste": {"paste": "copy"},
    }
    params = {"methods": methods, "align": PAPER, "score": {"self_transfer": True}}
    assert in_place(params) == ["ours", "plain"]
    assert in_place(params | {"align": OFFICIAL}) == ["plain"]
    assert in_place(params | {"score": {"self_transfer": False}}) == []
