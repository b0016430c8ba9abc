"""SEAN against arrays of the official code, on weights of the recipe."""

import numpy as np
import pytest
import torch
from golden import checked, normal, relative, vectors
from golden_translators import (
    CODES,
    PICTURE,
    keys_of,
    load_recipe,
    picture,
    recorded,
    sean_value,
    shapes,
    sizes,
    thinned,
)

from stages.nets.sean_layers import ACE
from stages.nets.sean_net import SEAN, masks_of
from stages.regions.labels import CELEBAMASK_19, CELEBAMASK_HQ, to_celebamask_hq

HAIR = 13
GOLDEN = vectors("sean")


@pytest.fixture(scope="module")
def net() -> SEAN:
    with torch.device("meta"):
        empty = SEAN()
    return load_recipe(empty, sean_value, "sean_generator")


@pytest.fixture(scope="module")
def inputs() -> tuple[torch.Tensor, torch.Tensor]:
    """Pictures and label maps of A and B, 256 px."""
    images = torch.cat([picture(f"sean_img{name}", f"input/sean/img{name}", 1) for name in "AB"])
    return images, torch.stack([GOLDEN["labA"], GOLDEN["labB"]])


def official_noise(net: SEAN, size: int, batch: int) -> list[torch.Tensor]:
    """The noise of the recipe, whose width comes before its height."""
    found = []
    for block, ace, px in net.layers(size):
        array = normal(f"noise/{block}_{ace.replace('ace', 'ACE')}", (batch, px, px, 1))
        if (block, ace, px) == ("up_2", "ace_0", 64) and batch == 2:
            checked("sean_noise_up_2_ACE_0_r128", array)
        found.append(torch.from_numpy(array)[..., 0].transpose(1, 2)[:, None])
    return found


@pytest.fixture(scope="module")
@torch.no_grad()
def computed(net, inputs) -> dict[str, torch.Tensor]:
    """What the golden file has, by its names."""
    images, labels = inputs
    found = {f"codes_{name}": net.codes(images[i : i + 1], labels[i : i + 1]) for i, name in enumerate("AB")}
    found |= at_256(net, labels, found["codes_A"], found["codes_B"])
    small, maps = images[:, :, ::2, ::2], labels[:, ::2, ::2]
    found["r128_codes"] = codes = net.codes(small, maps)
    with recorded(net, {name: name for name in (*SEAN.BLOCKS, "up_1.ace_s")}) as outputs:
        found["r128_image"] = net.synthesis(maps, codes, official_noise(net, 128, 2))
    features = net.Zencoder.model(small)
    found |= {"r128_zmap_sub": features[:, ::32, ::4, ::4]} | sizes("r128_zmap", features)
    for name, output in outputs.items():
        styled = name == "up_1.ace_s"
        part = output[:, ::32, ::2, ::2] if styled else thinned(output, 16, 16)
        name = f"r128_{name.replace('.', '_')}"
        found |= {f"{name}_sub": part} | sizes(name, output)
    found |= modulation(net.up_1.ace_0, masks_of(maps[:, ::4, ::4]), codes)
    own, half = codes[:1].clone(), codes[:1].clone()
    own[:, HAIR] = codes[1, HAIR]
    half[:, HAIR] = (codes[0, HAIR] + codes[1, HAIR]) / 2
    noise = official_noise(net, 128, 1)
    found["r128_image_zero_noise"] = net.synthesis(maps[:1], codes[:1], None)
    found["r128_hair_image"] = net.synthesis(maps[:1], own, noise)
    found["r128_hair_half_image"] = net.synthesis(maps[:1], half, noise)
    return found


def at_256(net: SEAN, labels: torch.Tensor, a: torch.Tensor, b: torch.Tensor) -> dict[str, torch.Tensor]:
    """The image of A, and with the hair of B."""
    found, hair = {}, a.clone()
    hair[:, HAIR] = b[:, HAIR]
    for name, codes in {"r256_image": a, "r256_hair_image": hair}.items():
        image = net.synthesis(labels[:1], codes, official_noise(net, 256, 1))
        found |= {f"{name}_sub2": image[:, :, ::2, ::2], f"{name}_crop": image[:, :, 96:160, 96:160]}
        found |= sizes(name, image)
    return found


def modulation(ace: ACE, onehot: torch.Tensor, codes: torch.Tensor) -> dict[str, torch.Tensor]:
    """The map that is painted with styles, which the network itself never makes, and both kinds of γ."""
    spade, style = ace.Spade(onehot)[0], ace.modulation(onehot, codes)[0]
    found = {"r128_mu_map_sub": torch.einsum("blc,blyx->bcyx", ace.styles(codes), onehot)[:, ::32, ::2, ::2]}
    for name, gamma in {"r128_gamma_avg": style, "r128_gamma_spade": spade}.items():
        found |= {f"{name}_sub": gamma[:, ::32, ::2, ::2]} | sizes(name, gamma)
    return found


def test_state_dict_is_the_official_codes():
    with torch.device("meta"):
        assert shapes(SEAN()) == keys_of("sean", "generator")


def test_every_array_is_the_official_codes(computed):
    assert computed.keys() == GOLDEN.keys() - {"labA", "labB"}
    errors = {name: relative(tensor, GOLDEN[name]) for name, tensor in computed.items()}
    allowed = {name: CODES if "codes" in name or "zmap" in name else PICTURE for name in errors}
    assert {name: error for name, error in errors.items() if not error < allowed[name]} == {}


def test_a_region_that_is_absent_or_vanishes_has_no_code(net, computed):
    """A lacks glasses and hats, and its earring is one pixel, which half the size leaves out."""
    absent = [label for label in range(19) if not (GOLDEN["labA"] == label).any()]
    assert absent == [3, 14] and (GOLDEN["labA"] == 15).sum() == 1
    empty = [label for label in range(19) if not computed["codes_A"][0, label].any()]
    assert empty == [3, 14, 15]


@torch.no_grad()
def test_noise_is_that_of_its_seed_and_decides_the_image(net, inputs):
    labels, codes = inputs[1][:1, ::4, ::4], torch.zeros(1, 19, 512)
    noise = net.draw_noise(0, 64)
    assert len(noise) == 18 and noise[0].shape == (1, 1, 2, 2) and noise[-1].shape == (1, 1, 64, 64)
    image = net.synthesis(labels, codes, noise)
    assert torch.equal(net.synthesis(labels, codes, net.draw_noise(0, 64)), image)
    assert relative(net.synthesis(labels, codes, net.draw_noise(1, 64)), image) > 1e-3
    with pytest.raises(ValueError, match="zip"):
        net.synthesis(labels, codes, noise[:-1])


def test_label_maps_keep_their_names():
    """The data set's numbers, which the network learned, are others than the parser's: hair is 13, not 17."""
    renumbered = to_celebamask_hq(np.arange(19))
    assert [CELEBAMASK_HQ[number] for number in renumbered] == list(CELEBAMASK_19.labels)
    assert CELEBAMASK_HQ[HAIR] == "hair" and CELEBAMASK_19["hair"] == 17
