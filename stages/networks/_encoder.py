"""What the encoders of pSp and e4e share: one layout of checkpoints, and StyleGAN2 as the generator of their codes."""

from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING

from stages.errors import UserError
from stages.networks import HELP, Checkpoint, Network, Tensors

if TYPE_CHECKING:
    from stages.nets.psp_net import GradualStyleEncoder

MEAN_W = "latent_avg"
PARTS = ("state_dict", MEAN_W, "opts")
PREFIX = "encoder."  # of the encoder's tensors in `state_dict`
LICENCE = "MIT (code), none stated for the weights; trained on FFHQ with NVIDIA's StyleGAN2, both non-commercial"


def entry(title: str, file: str, kind: str) -> Network:
    """The encoder in a checkpoint of the official code, which calls it `kind`, one of `ENCODERS` of `psp_net`."""

    def read(path: Path) -> tuple[Tensors, dict[str, str]]:
        """The encoder's tensors and the mean w. The decoder is left out: `networks.generator` renders the codes."""
        import torch

        from stages.formats.weight_files import check_layout
        from stages.nets.checkpoint_files import read_checkpoint, state_dict
        from stages.nets.psp_net import rows_of_state

        content = read_checkpoint(path)
        if not isinstance(content, Mapping) or not set(PARTS) <= content.keys():
            raise UserError(f"{path}: has no {', '.join(PARTS)}, the layout of {file}; {HELP}")
        opts = content["opts"]
        # The two kinds have the same tensors: nothing else would tell a file of the other.
        if not isinstance(opts, Mapping) or str(opts.get("encoder_type", kind)) != kind:
            raise UserError(f"{path}: its opts name another encoder_type than {title}'s, {kind}; {HELP}")
        tensors = state_dict(path, content["state_dict"])
        encoder = {key: tensor for key, tensor in tensors.items() if key.startswith(PREFIX)}
        state = {key.removeprefix(PREFIX): tensor for key, tensor in encoder.items()}
        if not (rows := rows_of_state(state)):
            raise UserError(f"{path}: its state_dict has no {PREFIX}styles, the heads of {title}; {HELP}")
        mean_w = state_dict(path, {MEAN_W: content[MEAN_W]})
        expected = {key if key == MEAN_W else PREFIX + key: tensor for key, tensor in empty(rows).state_dict().items()}
        check_layout(path, encoder | mean_w, expected, HELP)
        if opts.get("start_from_latent_avg") is False:  # then its codes are no differences from the mean w
            mean_w = {MEAN_W: torch.zeros_like(mean_w[MEAN_W])}
        return state | mean_w, {"rows": str(rows)}

    def empty(rows: int) -> "GradualStyleEncoder":
        """The encoder without values: to fill a gigabyte with noise that is then replaced takes seconds."""
        import torch

        from stages.nets.psp_net import ENCODERS

        with torch.device("meta"):
            return ENCODERS[kind](rows)

    def build(facts: Mapping[str, str]) -> "GradualStyleEncoder":
        return empty(int(facts.get("rows", "18"))).to_empty(device="cpu")

    return Network("encoder", title, Checkpoint(file, None, LICENCE), read, build, generator="stylegan2")
