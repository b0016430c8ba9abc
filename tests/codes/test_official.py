"""The official code's alignment and blending, step by step, against its golden vectors."""

import pytest
import torch
from golden import vectors

from stages.codes.official_steps import mix_in_three_steps
from stages.codes.official_target import cross_entropy, realistic_loss
from stages.codes.optimise import Variable, optimise


@pytest.mark.parametrize(("smooth", "name"), [(5, ""), (3, "_smooth3"), (0, "_smooth0")])
def test_structure_is_mixed_as_by_the_official_code(smooth, name):
    """1e-6; with `smooth` 0 the first mask grows to everything and the others vanish."""
    golden = vectors("f_mixing")
    hair = torch.stack([golden["hair_mask1"], golden["hair_mask2"]], 1).float()
    mixed = mix_in_three_steps(
        golden["intermediate_align"], golden["latent_F_1"], golden["latent_F_out_new"], golden["latent_F_2"],
        hair, golden["hair_mask_target"].float(), smooth,
    )  # fmt: skip
    torch.testing.assert_close(mixed, golden[f"latent_F_mixed{name}"], rtol=0, atol=1e-6)


def test_cross_entropies_equal_the_official_codes():
    """1e-5, and the gradient of the `realistic` loss."""
    golden = vectors("align_ce")
    logits, target = golden["logits"].requires_grad_(), golden["target"].long()
    torch.testing.assert_close(cross_entropy(logits, target)[0], golden["ce"], rtol=1e-5, atol=0)
    both = realistic_loss(logits, target, golden["ggg"] > 0, 0)
    expected = golden["ce_wo_background"] + golden["ce_only_background"]
    torch.testing.assert_close(both[0], expected, rtol=1e-5, atol=0)
    both.sum().backward()
    torch.testing.assert_close(logits.grad, golden["grad_realistic_sum"], rtol=0, atol=1e-5)


def test_no_background_to_fit_adds_nothing():
    """The official code gives NaN."""
    golden = vectors("align_ce")
    everything = torch.ones_like(golden["ggg"], dtype=torch.bool)
    assert realistic_loss(golden["logits"], golden["target"].long(), everything, 0).isfinite().all()


@pytest.mark.parametrize("start", ["zeros", "ramp"])
def test_clamped_steps_equal_the_official_codes(start):
    """Three Adam steps of a constant rate, each followed by clamping; 1e-5."""
    golden = vectors("clamp_blend")
    p = golden[f"{start}_start"].clone().requires_grad_()
    seen: list[torch.Tensor] = []

    def losses() -> dict[str, torch.Tensor]:
        return {"loss": (golden["weight"] * (p - golden["target"]).square()).sum(1)}

    def clamp() -> None:
        p.clamp_(0, 1)
        seen.append(p.detach().clone())

    optimise([Variable(p, 0.01)], losses, 3, project=clamp, schedule="constant")
    torch.testing.assert_close(torch.stack(seen), golden[f"{start}_params"], rtol=0, atol=1e-5)
