"""HairFusion: images and a list of pairs; its own scripts make masks, DensePose and images without hair of them."""

import shlex

from stages.systems import Content, Export, Given, System
from stages.systems._shared import face, hair_only, images_of, run, script, text

NAME = "evaluated"  # of its folder of data, and of its results
CHECKPOINT = "logs/hairfusion/models/[Train]_[epoch=599]_[train_loss_epoch=0.3666].ckpt"
WHOLE = 8  # times the width of the face: more than the image has, so the crop is all of it
PREPARE = f"""
  [ -f "data/{NAME}/images/$1_01.png" ] ||
    python preprocess.py --img_path "$here/inputs/$1.png" --save_dir_name {NAME} --crop_scale {WHOLE}
"""
INFER = f"""
  python make_agnostic.py --dir_name {NAME} && cp "$here/test_pairs.txt" data/{NAME}/test_pairs.txt &&
    python inference.py --data_root_dir data/{NAME}/ --save_root_dir "$here" --save_name {NAME} --config_name config \\
      --batch_size 1 --last_n_blend 10 --model_load_path {shlex.quote(CHECKPOINT)}
"""


def layout(given: Given) -> Export:
    pairs, left_out = hair_only(given.pairs, colour_of="HairFusion")
    # Its loader cuts a name at the first dot.
    names = {image: f"{k:04d}-{image.replace('.', '-')}" for k, image in enumerate(images_of(pairs))}
    files: dict[str, Content] = {}
    for image, name in names.items():
        path = face(given, image)
        files[f"inputs/{name}.png"] = Content(path.read_bytes, [path])
    lines = [f"{names[pair.identity]}_01.png {names[pair.regions['hair']]}_01.png\n" for pair in pairs]
    files["test_pairs.txt"] = text("".join(lines))
    files["prepare.sh"] = script(
        "In HairFusion's folder: landmarks and masks of an image.", PREPARE, [[n] for n in names.values()]
    )
    files["infer.sh"] = script("In HairFusion's folder: images without hair, then every pair.", INFER, [[]])
    results = {pair.pair: f"output/{NAME}/{k:04d}.png" for k, pair in enumerate(pairs)}
    runs = [
        run(given.folder, "prepare.sh"),
        f"(step 2 of its README, DensePose, with dir_name={NAME})",
        run(given.folder, "infer.sh"),
    ]
    return Export(files, runs, results, left_out, [
        f"It crops by the face's landmarks. At --crop_scale {WHOLE} that is the whole of an image here, so results",
        "have its frame. If it finds two faces in an image, the first is taken.",
    ])  # fmt: skip


ENTRY = System(
    title="HairFusion",
    paper="Chung et al. 2024, arXiv 2408.16450",
    repository="cychungg/HairFusion",
    licence=None,
    takes={
        "images": "inputs/: the faces, PNG, 1024 px; it makes them 512 px",
        "list": "test_pairs.txt: a line a pair, face, hair, as its preprocess.py names the images",
        "masks, landmarks, DensePose, images without hair": "not written: its own scripts make them",
    },
    gives="512 px, output/NAME/0000.png and on, in the order of the list; it takes no text",
    facts={
        "steps and their commands": "deepmancer/HairFusion, a copy of the official repository, of which only the first "
        "README could be read: README.md, scripts/test.sh",
        "list, folders, 512 px, names cut at a dot; its prompt is empty": "the same copy: dataset.py, inference.py",
        "names NAME_01.png, how it crops": "the same copy: preprocess.py (there it takes a folder, --img_dir; by the "
        "README an image, --img_path)",
    },
    layout=layout,
)
