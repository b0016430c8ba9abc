"""HairFastGAN: main.py takes a line a pair, face, shape and colour, and names its results after the three."""

from stages.errors import UserError
from stages.systems import Export, Given, System
from stages.systems._shared import faces, hair_of, hair_only, images_of, options, text


def layout(given: Given) -> Export:
    """Raises UserError if it would give two pairs' results the same name."""
    pairs, left_out = hair_only(given.pairs)
    lines, results = [], {}
    owner: dict[str, str] = {}
    for pair in pairs:
        images = (pair.identity, *hair_of(pair))
        name = f"output/{'_'.join(images)}.png"
        if name in owner:
            raise UserError(
                f"HairFastGAN would write the results of {owner[name]} and {pair.pair} into one file, {name}: it joins "
                "names with _; rename the photos of one of the two"
            )
        owner[name], results[pair.pair] = pair.pair, name
        lines.append(" ".join(f"{image}.png" for image in images))
    files = faces(given, images_of(pairs), "inputs")
    files["pairs.txt"] = text("".join(f"{line}\n" for line in lines))
    paths = {"input_dir": "inputs", "file_path": "pairs.txt", "output_dir": "output"}
    return Export(files, [f"python main.py {options(given.folder, paths)}"], results, left_out)


ENTRY = System(
    title="HairFastGAN",
    paper="Nikolaev et al., NeurIPS 2024, arXiv 2404.01094",
    repository="AIRI-Institute/HairFastGAN",
    licence="of its LICENSE file, which its README links and which was not read here",
    takes={
        "images": "inputs/: the faces, PNG, 1024 px. Its script aligns nothing itself; they are aligned already",
        "list": "pairs.txt: a line a pair, face, shape, colour",
    },
    gives="1024 px, output/FACE_SHAPE_COLOUR.png",
    facts={
        "options, list of three names a line, names of results": "AIRI-Institute/HairFastGAN: main.py",
        "images are read as they are, not aligned, unless it is called with align; 1024 px": "AIRI-Institute/"
        "HairFastGAN: hair_swap.py",
        "NVIDIA GPU needed": "AIRI-Institute/HairFastGAN: README.md",
    },
    layout=layout,
)
