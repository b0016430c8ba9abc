"""Which references the alignment moves, and what of theirs is kept."""

import pytest
import torch

from stages.align import Nets, Reference, align_paper
from stages.codes.embedding import w_to_code
from stages.codes.optimise import Outcome
from stages.regions.labels import CELEBAMASK_19

SKIN, HAIR = CELEBAMASK_19["skin"], CELEBAMASK_19["hair"]
PARAMS = {"steps": 100, "reference_steps": 50, "clear": 0, "doubt": 0.5}


class Parser:
    scheme = CELEBAMASK_19


def label_maps(*hair_columns: int) -> torch.Tensor:
    """Maps (B, 64, 64) of skin with hair in the first columns."""
    return torch.stack([torch.where(torch.arange(64) < n, HAIR, SKIN).repeat(64, 1) for n in hair_columns])


@pytest.fixture
def moved(small_generator, monkeypatch):
    """Stands for the optimisation: W+ moves by 1; what it was asked for is noted."""
    calls = []

    def align(generator, parser, perceptual, ws, own, target, guesses, known, style, params, on_step):
        calls.append((params["steps"], style.labels, guesses, known))
        return ws + 1, Outcome({}, [None] * len(ws))

    monkeypatch.setattr("stages.align.align", align)
    return calls


def reference(generator, taken, labels, seed) -> Reference:
    ws = torch.randn(len(labels), generator.n_styles, 512, generator=torch.Generator().manual_seed(seed))
    return Reference(ws, w_to_code(generator, ws), frozenset(taken), labels, f"reference {seed}")


def test_only_what_is_out_of_place_is_moved(small_generator, moved):
    """Item 0: the new hair is wider than the old. Item 1: it is the same, so nothing changes."""
    target = label_maps(32, 16)
    identity = reference(small_generator, set(range(19)) - {HAIR}, label_maps(16, 16), 0)
    hair = reference(small_generator, {HAIR}, label_maps(32, 16), 1)
    (f_identity, f_hair), outcomes = align_paper(
        Nets(small_generator, Parser(), None, small_generator), [identity, hair], target, PARAMS
    )
    ((steps, labels, open_labels, known),) = moved
    assert (steps, labels) == (100, CELEBAMASK_19.spread_indices)
    assert not open_labels.any(), "no hair is taken off"
    assert torch.equal(known.mask[:, 0].bool(), target == SKIN)
    assert torch.equal(f_hair, hair.code.f)
    assert torch.equal(f_identity[1], identity.code.f[1])
    aligned = small_generator.features(identity.ws + 1)
    torch.testing.assert_close(f_identity[0, :, :, 17:], identity.code.f[0, :, :, 17:])  # skin before and after
    torch.testing.assert_close(f_identity[0, :, :, :15], aligned[0, :, :, :15])
    assert [outcome.failures for outcome in outcomes] == [[None, None], [None, None]]


def test_a_reference_that_must_change_keeps_the_look_of_what_is_taken(small_generator, moved):
    target = label_maps(32)
    identity = reference(small_generator, set(range(19)) - {HAIR}, label_maps(32), 0)
    hair = reference(small_generator, {HAIR}, label_maps(48), 1)
    align_paper(Nets(small_generator, Parser(), None, small_generator), [identity, hair], target, PARAMS)
    assert [call[:2] for call in moved] == [(50, (HAIR,))]


def test_beside_hair_that_goes_nothing_is_kept(small_generator, moved):
    """Hair of 32 columns becomes one of 16: skin that it covered is a guess, and 8 more columns are not trusted."""
    identity = reference(small_generator, set(range(19)) - {HAIR}, label_maps(32), 0)
    hair = reference(small_generator, {HAIR}, label_maps(16), 1)
    (f, _), _ = align_paper(
        Nets(small_generator, Parser(), None, small_generator), [identity, hair], label_maps(16), PARAMS | {"clear": 8}
    )  # fmt: skip
    ((_, _, open_labels, known),) = moved
    assert open_labels[0, 0].nonzero().flatten().tolist() == list(range(16, 32))
    assert known.mask[0, 0, 0].nonzero().flatten().tolist() == list(range(40, 64))
    aligned = small_generator.features(identity.ws + 1)
    torch.testing.assert_close(f[..., :20], aligned[..., :20])
    torch.testing.assert_close(f[..., 20:], identity.code.f[..., 20:])


def test_where_the_fill_is_in_doubt_all_that_hair_may_hide_will_do(small_generator, moved):
    """Hair goes from columns 16 to 32. There skin is a guess, of 1; in half of the rows the fill doubts."""
    target = label_maps(16)
    identity = reference(small_generator, set(range(19)) - {HAIR}, label_maps(32), 0)
    hair = reference(small_generator, {HAIR}, label_maps(16), 1)
    doubt = torch.zeros(1, 64, 64)
    doubt[:, :32, 16:32] = 0.6
    doubt[:, 32:, 16:32] = 0.5
    nets = Nets(small_generator, Parser(), None, small_generator)
    align_paper(nets, [identity, hair], target, PARAMS, doubt)
    ((_, _, guesses, *_),) = moved
    expected = torch.zeros(1, 64, 64, dtype=torch.int)
    expected[:, :, 16:32] = 1
    expected[:, :32, 16:32] = 2
    assert torch.equal(guesses, expected)
