"""The mean landmarks' file: its table becomes a weight file and is read back; anything else is refused in one line."""

import pickle

import numpy as np
import pytest
import torch
from make_checkpoints import mean_landmarks

from stages.convert import convert
from stages.nets.loading import load_translator

NAME = "celeba_lm_mean.npz"


def test_the_official_layout_becomes_a_table(tmp_path):
    np.savez(tmp_path / NAME, mean=mean_landmarks())
    (tmp_path / "net.safetensors").write_bytes(convert("starganv2_landmarks", tmp_path / NAME))
    table = load_translator(tmp_path / "net.safetensors", torch.device("cpu"))
    np.testing.assert_array_equal(table.mean, mean_landmarks().astype(np.float32))


class Trap:
    """What would run if the file were unpickled."""

    def __reduce__(self):
        return (pytest.fail, ("code of the file ran",))


@pytest.mark.parametrize(
    ("content", "fault"),
    [
        ({"means": np.zeros((98, 2))}, "no .npz file with numbers named mean"),
        ({"mean": np.array([Trap()], object)}, "no .npz file with numbers named mean .*allow_pickle"),
        ({"mean": np.array(["a", "b"])}, "no .npz file with numbers named mean"),
        ({"mean": np.zeros((68, 2))}, r"the first is mean, which is \(68, 2\), not \(98, 2\);"),
        ({"mean": np.full((98, 2), np.nan)}, "not all landmarks are finite;"),
        (pickle.dumps({"mean": Trap()}), "no .npz file with numbers named mean"),
        (b"", "no .npz file with numbers named mean"),
    ],
    ids=["name", "object", "text", "shape", "nan", "pickle", "empty"],
)
def test_the_first_fault_is_named(refused, tmp_path, content, fault):
    if isinstance(content, bytes):
        (tmp_path / NAME).write_bytes(content)
    else:
        np.savez(tmp_path / NAME, **content)
    refused(
        rf"celeba_lm_mean\.npz: .*{fault}.* docs/paper-networks\.md", convert, "starganv2_landmarks", tmp_path / NAME
    )
