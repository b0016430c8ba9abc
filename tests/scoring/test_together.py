"""Items at once: their questions to a network are one batch, their answers and errors are their own."""

import threading
import time
from functools import partial

import pytest
import torch
from torch import nn

from stages.nets.alone import alone
from stages.scoring.together import ask, at_once


class Network:
    """A small convolution, which notes the sizes of its batches."""

    def __init__(self):
        torch.manual_seed(0)
        self.layer, self.batches = nn.Conv2d(3, 4, 3), []

    def features(self, image):
        """Two tensors."""
        self.batches.append(len(image))
        found = self.layer(image)
        return [found, found.mean((2, 3))]

    def logits(self, image, offset):
        """One tensor, of two."""
        self.batches.append(len(image))
        return self.layer(image) + offset


def images(count, size=8):
    return torch.rand(count, 1, 3, size, size, generator=torch.Generator().manual_seed(1))


@pytest.fixture
def net():
    return Network()


@pytest.mark.parametrize("count", [1, 2, 7])
def test_answers_are_those_of_single_images_from_one_pass(net, count):
    given = images(count)
    with torch.no_grad():
        expected = [net.features(image) for image in given]
    net.batches.clear()
    found = at_once([partial(ask, net.features, image) for image in given])
    assert net.batches == [count]
    for ours, theirs in zip(found, expected, strict=True):
        assert not ours[0].requires_grad or count == 1
        torch.testing.assert_close(ours, theirs, rtol=1e-5, atol=1e-6)


def test_several_tensors_are_given_and_one_comes_back(net):
    given, offsets = images(3), torch.rand(3, 1, 4, 6, 6)
    with torch.no_grad():
        expected = [net.logits(*each) for each in zip(given, offsets, strict=True)]
    found = at_once([partial(ask, net.logits, *each) for each in zip(given, offsets, strict=True)])
    torch.testing.assert_close(found, expected, rtol=1e-5, atol=1e-6)


def test_each_network_and_size_is_a_batch_of_its_own(net):
    other = Network()
    at_once(
        [partial(ask, net.features, image) for image in images(2)]
        + [partial(ask, net.features, image) for image in images(3, 16)]
        + [partial(ask, other.features, image) for image in images(4)]
    )
    assert sorted(net.batches) == [2, 3] and other.batches == [4]


def test_items_may_ask_more_or_less_often(net):
    """Who is done is not waited for."""

    def item(number):
        time.sleep(0.01 * (number % 3))  # threads come in any order
        return sum(ask(net.features, image)[1].sum().item() for image in images(number))

    found = at_once([partial(item, number) for number in range(5)])
    assert net.batches == [4, 3, 2, 1]
    assert found == pytest.approx([item(number) for number in range(5)], rel=1e-5)


def test_an_item_that_fails_holds_nobody_up(net):
    def item(number):
        if number == 1:
            raise ValueError("item 1")
        return ask(net.features, images(1)[0])

    with pytest.raises(ValueError, match="item 1"):
        at_once([partial(item, number) for number in range(4)])
    assert net.batches == [3]


def test_what_the_network_raises_is_raised_for_all_that_asked():
    told = []

    def network(image):
        raise RuntimeError(f"no memory for {len(image)}")

    def item(image):
        try:
            return ask(network, image)
        except RuntimeError as error:
            told.append(str(error))
            raise

    with pytest.raises(RuntimeError, match="no memory for 3"):
        at_once([partial(item, image) for image in images(3)])
    assert told == ["no memory for 3"] * 3


def test_within_no_batch_a_network_is_asked_at_once(net):
    ask(net.features, images(1)[0])
    assert net.batches == [1]
    at_once([partial(ask, net.features, image) for image in images(2)])
    ask(net.features, images(1)[0])
    assert net.batches == [1, 2, 1]


def test_what_must_be_alone_is_never_called_twice_at_a_time():
    inside, most = [], []

    @alone
    def delicate(number):
        inside.append(number)
        most.append(len(inside))
        time.sleep(0.005)
        inside.remove(number)
        return number, threading.current_thread().name

    found = at_once([partial(delicate, number) for number in range(6)])
    assert [number for number, _ in found] == list(range(6)) and max(most) == 1
    assert len({name for _, name in found}) > 1
