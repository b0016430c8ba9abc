"""StyleCLIP, by latent optimisation: a code and a text to an image. No reference image: the user describes the hair."""

import io
from functools import partial
from pathlib import Path

from stages.errors import UserError
from stages.systems import Content, Cut, Export, Given, System
from stages.systems._shared import hair_of, hair_only, run, script

ROWS = (18, 512)  # of W+ of StyleGAN2 at 1024 px
EDGE, BORDER = 1024, 2  # px of an image, and around each in a grid of torchvision's save_image
# Beside each other: the code's render, then the result.
SECOND = Cut(
    (2 * (EDGE + BORDER) + BORDER, EDGE + 2 * BORDER),
    (EDGE + 2 * BORDER, BORDER, 2 * (EDGE + BORDER), EDGE + BORDER),
)
BODY = """
  [ -f "$here/output/$1/final_result.jpg" ] && return
  (cd optimization && PYTHONPATH=.. python run_optimization.py --mode edit --description "$3" \\
    --latent_path "$here/latents/$2.pt" --results_dir "$here/output/$1" --save_intermediate_image_every 0)
"""


def layout(given: Given) -> Export:
    pairs, left_out = hair_only(given.pairs, colour_of="a text of one image")
    for pair in pairs:
        if (image := hair_of(pair)[0]) not in given.texts:
            left_out[pair.pair] = f"there is no text for {image}"
    pairs = [pair for pair in pairs if pair.pair not in left_out]
    codes = {pair.identity: given.codes / f"{pair.identity}.safetensors" for pair in pairs}
    files = {f"latents/{image}.pt": Content(partial(latent, path), [path]) for image, path in codes.items()}
    calls = [(pair.pair, pair.identity, given.texts[hair_of(pair)[0]]) for pair in pairs]
    files["run.sh"] = script("In StyleCLIP's folder. A pair a line: name, code, text.", BODY, calls)
    results = {pair.pair: f"output/{pair.pair}/final_result.jpg" for pair in pairs}
    return Export(files, [run(given.folder)], results, left_out, [
        "It changes the whole image, and knows the reference by your text alone.",
        "What is done is not done again: type the command again after a stop.",
    ], SECOND)  # fmt: skip


def latent(path: Path) -> bytes:
    """W+ of a code file as the tensor (1, 18, 512) that the script loads; raises UserError if it is another one's."""
    import torch

    from stages.formats.tensors import read_tensors

    w = read_tensors(path)["W"]
    if tuple(w.shape) != ROWS:
        rows = " × ".join(map(str, w.shape))
        raise UserError(
            f"{path}: is a code of {rows}; StyleCLIP starts from StyleGAN2's, 18 × 512: run with "
            "networks.generator: stylegan2, or name e4e's codes, --codes data/codes/e4e"
        )
    buffer = io.BytesIO()
    torch.save(w[None].clone(), buffer)
    return buffer.getvalue()


SCRIPT = "orpatashnik/StyleCLIP: optimization/run_optimization.py"

ENTRY = System(
    title="StyleCLIP",
    paper="Patashnik et al., ICCV 2021, arXiv 2103.17249",
    repository="orpatashnik/StyleCLIP",
    licence="MIT",
    takes={
        "codes": "latents/IMAGE.pt: W+ of the identity, (1, 18, 512); its authors took e4e's",
        "text": "in run.sh: what you wrote with --texts of the image that gives the hair",
    },
    gives="output/PAIR/final_result.jpg, 2054 × 1028 px: the code's render and the result, which is cut out, 1024 px",
    facts={
        "options, tensor of the code, grid of two images": f"{SCRIPT}; another version saves steps below ./results",
        "real images are inverted by e4e; its mapper is trained for one text": "orpatashnik/StyleCLIP: README.md",
        "licence": "orpatashnik/StyleCLIP: LICENSE",
    },
    layout=layout,
    reads=("codes",),
    needs_text=True,
)
