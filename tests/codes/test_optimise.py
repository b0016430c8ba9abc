"""The optimisation loop: independent items, failures that stay alone, the schedule."""

import pytest
import torch

from stages.codes.optimise import Variable, learning_rate_factor, optimise, orthogonalised

GOALS = torch.tensor([[1.0, -2.0], [0.5, 3.0], [4.0, 0.0]])


def run(goals: torch.Tensor, steps: int = 200) -> tuple[torch.Tensor, list[str | None], list[int]]:
    x = torch.zeros_like(goals).requires_grad_()
    seen: list[int] = []
    outcome = optimise(
        [Variable(x, 0.1)],
        lambda: {"square": (x - goals).square().sum(1), "sqrt": 0 * (x - goals).abs().sum(1)},
        steps,
        on_step=lambda step, of, losses: seen.append(step),
    )
    return x.detach(), outcome.failures, seen


def test_finds_the_minimum_and_reports_every_step():
    x, failures, seen = run(GOALS)
    torch.testing.assert_close(x, GOALS, atol=0.05, rtol=0)
    assert failures == [None] * 3
    assert seen == list(range(1, 201))


def test_an_item_does_not_depend_on_its_batch():
    together, _, _ = run(GOALS, 20)
    alone = torch.cat([run(goal[None], 20)[0] for goal in GOALS])
    torch.testing.assert_close(together, alone)


def test_a_non_finite_item_is_named_and_harms_no_other():
    goals = GOALS.clone()
    goals[1, 0] = float("nan")
    x, failures, _ = run(goals)
    assert failures[0] is failures[2] is None
    assert failures[1] == "the square loss was not finite at step 1"
    torch.testing.assert_close(x[[0, 2]], GOALS[[0, 2]], atol=0.05, rtol=0)


def test_no_steps_change_nothing():
    x, failures, seen = run(GOALS, 0)
    assert torch.equal(x, torch.zeros(3, 2))
    assert failures == [None] * 3
    assert not seen


@pytest.mark.parametrize("steps", [1, 2, 10, 100, 1000])
def test_schedule_warms_up_and_decays(steps):
    factors = [learning_rate_factor(step, steps) for step in range(steps)]
    assert all(0 < factor <= 1 for factor in factors)
    peak = factors.index(max(factors))
    assert factors[: peak + 1] == sorted(factors[: peak + 1])
    assert factors[peak:] == sorted(factors[peak:], reverse=True)
    if steps >= 100:
        assert factors[0] <= 0.2 and factors[-1] < 0.01 and max(factors) > 0.95


def test_without_memory_a_step_is_the_sign_of_the_gradient():
    x = torch.tensor([[1.0, -3.0, 0.01]]).requires_grad_()
    optimise([Variable(x, 0.1)], lambda: {"square": x.square().sum(1)}, 1, schedule="constant", betas=(0.0, 0.0))
    torch.testing.assert_close(x.detach(), torch.tensor([[0.9, -2.9, -0.09]]))
    optimise([Variable(x, 0.1)], lambda: {"square": x.square().sum(1)}, 2, schedule="constant", betas=(0.0, 0.0))
    # The last one goes to and fro, where Adam's own betas slow it down.
    torch.testing.assert_close(x.detach(), torch.tensor([[0.7, -2.7, -0.09]]))


@pytest.mark.parametrize("shape", [(3, 8, 20), (3, 20, 8), (2, 1, 6)])
def test_an_orthogonalised_matrix_is_near_the_nearest_orthogonal_one(shape):
    x = (
        torch.randn(shape, generator=torch.Generator().manual_seed(0))
        * torch.tensor([1e-6, 1.0, 1e6])[: shape[0], None, None]
    )
    y = orthogonalised(x)
    u, _, v = torch.linalg.svd(x, full_matrices=False)
    nearest = u @ v
    nearest = nearest / nearest.square().mean((1, 2), keepdim=True).sqrt()
    torch.testing.assert_close(y.square().mean((1, 2)), torch.ones(shape[0]))
    assert ((y * nearest).mean((1, 2)) > 0.97).all()  # the cosine of their angle
    values = torch.linalg.svdvals(y)
    assert (values.amax(1) / values.amin(1) < 1.8).all()


def test_zero_stays_zero_and_no_matrix_harms_another():
    x = torch.randn(3, 4, 6, generator=torch.Generator().manual_seed(0))
    x[0], x[1, 0, 0] = 0.0, float("nan")
    y = orthogonalised(x)
    assert not y[0].any()
    torch.testing.assert_close(y[2:], orthogonalised(x[2:]))


def test_orthogonal_steps_have_the_length_of_the_rate():
    x = torch.zeros(2, 4, 3, 3).requires_grad_()
    goal = torch.randn(x.shape, generator=torch.Generator().manual_seed(0))
    losses = lambda: {"square": (x - goal).square().sum((1, 2, 3))}  # noqa: E731
    optimise([Variable(x, 0.1)], losses, 1, schedule="constant", orthogonal=True)
    torch.testing.assert_close(x.detach().square().mean((1, 2, 3)).sqrt(), torch.full((2,), 0.1))


def test_orthogonal_steps_reach_what_a_few_strong_directions_hide_from_adam():
    gaussian = torch.Generator().manual_seed(0)
    rotation, _ = torch.linalg.qr(torch.randn(16, 16, generator=gaussian))
    # The loss sees some mixtures of rows a hundred times as strongly as others.
    seen = torch.diag(torch.logspace(0, -2, 16)) @ rotation
    goal = torch.randn(1, 16, 40, generator=gaussian)

    def error(orthogonal: bool) -> float:
        x = torch.zeros_like(goal).requires_grad_()
        losses = lambda: {"square": (seen @ (x - goal)).square().sum((1, 2))}  # noqa: E731
        optimise([Variable(x, 0.2)], losses, 40, betas=(0.5, 0.8), orthogonal=orthogonal)
        return (x.detach() - goal).square().mean().item()

    assert error(True) < 0.8 * error(False)
