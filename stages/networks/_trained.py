"""What the networks that the project trains itself share: the layout of the files that training writes."""

from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from stages.errors import UserError
from stages.networks import HELP, Tensors

if TYPE_CHECKING:
    from torch import nn


def reader(
    target: str, sizes: Sequence[str], build: "Callable[[Mapping[str, str]], nn.Module]"
) -> Callable[[Path], tuple[Tensors, dict[str, str]]]:
    """A network's `read`: of a file that `snakemake TARGET` has made, whose metadata has the network's `sizes`."""

    def read(path: Path) -> tuple[Tensors, dict[str, str]]:
        """The weights, which the file has in half precision; the sizes of the network, and who made it."""
        from safetensors.torch import load_file

        from stages.formats.weight_files import check_layout, read_metadata

        try:
            facts, state = read_metadata(path), load_file(path)
        except UserError as error:
            raise UserError(f"{path}: is no file that `snakemake {target}` has made; {HELP}") from error
        if not facts.keys() >= set(sizes):
            raise UserError(f"{path}: does not say {', '.join(sizes)}; make it with `snakemake {target}`")
        check_layout(path, state, build(facts).state_dict(), HELP)
        of_file = {name: facts[name] for name in sizes} | {"version": f"made by `snakemake {target}`"}
        return {name: tensor.float() for name, tensor in state.items()}, of_file

    return read
