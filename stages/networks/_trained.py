"""What the networks that the project trains itself share: the layout of the files that training writes."""

from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from stages.errors import UserError
from stages.networks import Tensors

if TYPE_CHECKING:
    from torch import nn


def reader(
    target: str, sizes: Sequence[str], build: "Callable[[Mapping[str, str]], nn.Module]"
) -> Callable[[Path], tuple[Tensors, dict[str, str]]]:
    """A network's `read`: of a file that `snakemake TARGET` has made, whose metadata has the network's `sizes`.

    It raises UserError where the file is of something else, or is not as it was written.
    """
    remedy = f"take the repository's file, or make one with `snakemake {target}` (docs/paper-networks.md)"

    def read(path: Path) -> tuple[Tensors, dict[str, str]]:
        """The weights, which the file has in half precision; the sizes of the network, and who made it."""
        from safetensors.torch import load_file

        from stages.formats.weight_files import DIGEST, check_layout, content_digest, read_metadata

        try:
            facts, state = read_metadata(path), load_file(path)
        except UserError as error:
            raise UserError(f"{path}: is damaged, or no file that `snakemake {target}` has made; {remedy}") from error
        if facts.get("network") != target:
            holds = facts.get("network", "a network that it does not name")
            raise UserError(f"{path}: holds {holds} and not {target}; {remedy}")
        try:
            expected = build(facts).state_dict()
        except (KeyError, ValueError, RuntimeError) as error:
            raise UserError(f"{path}: does not say {', '.join(sizes)} as numbers and names; {remedy}") from error
        check_layout(path, state, expected, remedy)
        if content_digest(state) != facts.get(DIGEST):
            raise UserError(f"{path}: the content does not match its own digest, so it is damaged; {remedy}")
        of_file = {name: facts[name] for name in sizes} | {"version": f"made by `snakemake {target}`"}
        return {name: tensor.float() for name, tensor in state.items()}, of_file

    return read
