"""Weight files: safetensors with their origin in the metadata, checked before they are used."""

import hashlib
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING

import safetensors

from stages.errors import UserError

if TYPE_CHECKING:
    from torch import Tensor

DIGEST = "content_sha256"
REMEDY = "remove it and run `snakemake --cores 1 weights`"


def content_digest(tensors: "Mapping[str, Tensor]") -> str:
    """sha256 over names, shapes and little-endian bytes of the tensors, in the order of their names."""
    digest = hashlib.sha256()
    for name in sorted(tensors):
        digest.update(f"{name} {tuple(tensors[name].shape)} {tensors[name].dtype}".encode())
        digest.update(tensors[name].contiguous().numpy().tobytes())
    return digest.hexdigest()


def weights_bytes(tensors: "Mapping[str, Tensor]", origin: Mapping[str, str]) -> bytes:
    """Serialise weights with their origin (package, version, sha256, licence) and a digest of the content.

    Tensors that share memory, as a checkpoint's may, become independent: safetensors takes no others.
    """
    from safetensors.torch import save

    contiguous: dict[str, Tensor] = {}
    held: set[int] = set()
    for name, tensor in tensors.items():
        own = tensor.contiguous()
        shares = own.untyped_storage().data_ptr() in held
        contiguous[name] = own.clone() if shares else own
        held.add(contiguous[name].untyped_storage().data_ptr())
    return save(contiguous, {**origin, DIGEST: content_digest(contiguous)})


def read_metadata(path: Path) -> dict[str, str]:
    """Metadata of a weight file without its tensors; raises UserError if it is missing or damaged."""
    try:
        with safetensors.safe_open(path, "np") as file:
            return file.metadata() or {}
    except (OSError, safetensors.SafetensorError) as error:
        raise UserError(f"{path}: damaged or missing weights ({error}); {REMEDY}") from error


def network_of(path: Path) -> str:
    """Name of the network that a weight file holds; raises UserError if it does not say."""
    network = read_metadata(path).get("network")
    if network is None:
        raise UserError(f"{path}: is no weight file of ours, it does not say of which network; {REMEDY}")
    return network


def weights_digest(path: Path) -> str:
    """The digest that a weight file gives of its content; raises UserError if it has none."""
    digest = read_metadata(path).get(DIGEST)
    if digest is None:
        raise UserError(f"{path}: is no weight file of ours, it has no {DIGEST}; {REMEDY}")
    return digest


def read_weights(path: Path, expected: "Mapping[str, Tensor]") -> "dict[str, Tensor]":
    """Read the weights of a network, whose tensors must have the names and shapes of `expected`.

    Raises:
        UserError: the file is missing, truncated, altered, or of another network.
    """
    from safetensors.torch import load_file

    metadata = read_metadata(path)
    tensors = load_file(path)
    if content_digest(tensors) != metadata.get(DIGEST):
        raise UserError(f"{path}: the content does not match its own digest; {REMEDY}")
    check_layout(path, tensors, expected, REMEDY)
    return tensors


def check_layout(path: Path, tensors: "Mapping[str, Tensor]", expected: "Mapping[str, Tensor]", remedy: str) -> None:
    """Check that tensors have the names and shapes of `expected`; raises UserError naming the first that has not."""
    for key in sorted(expected.keys() | tensors.keys()):
        if key not in tensors:
            fault = "which is missing"
        elif key not in expected:
            fault = "which should not be there"
        elif tensors[key].shape != expected[key].shape:
            fault = f"which is {tuple(tensors[key].shape)}, not {tuple(expected[key].shape)}"
        else:
            continue
        raise UserError(f"{path}: tensors of another layout, the first is {key}, {fault}; {remedy}")
