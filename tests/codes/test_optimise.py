"""The optimisation loop: independent items, failures that stay alone, the schedule."""

import pytest
import torch

from stages.codes.optimise import Variable, learning_rate_factor, optimise

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
    assert torch.equal(together, alone)


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
