"""MichiGAN: hair by its mask, its orientation, a reference image and a background; an image a run of its script."""

from functools import partial
from pathlib import Path

from stages.systems import Content, Export, Given, System
from stages.systems._shared import face, grey_png, hair_of, hair_only, jpeg, read_labels, run, script

SIZE = 512  # px
# Read from its README: a single image by the public networks.
NETWORK = "--name MichiGAN --gpu_ids 0 --netG spadeb --which_epoch 50 --use_encoder --noise_background --expand_mask_be"
MORE = f"--expand_th 5 --use_ig --load_size {SIZE} --crop_size {SIZE} --add_feat_zeros"
BODY = f"""
  [ -f "$here/output/$1.jpg" ] && return
  for name in "tag-$1" "ref-$2" "ref-$3"; do
    made="$here/val_dense_orients/$name"
    [ -f "${{made}}_orient_dense.png" ] && continue
    python cal_orientation.py --image_path "$here/val_images/$name.jpg" --hairmask_path "$here/val_labels/$name.png" \\
      --orientation_root "$here/val_dense_orients" && mv "$made.png" "${{made}}_orient_dense.png"
  done
  mkdir -p "$here/output" inference_samples
  rm -f inference_samples/inpaint_fake_image.jpg
  python inference.py {NETWORK} {MORE} --data_dir "$here" \\
    --inference_tag_name "tag-$1" --inference_orient_name "ref-$2" --inference_ref_name "ref-$3" &&
    mv inference_samples/inpaint_fake_image.jpg "$here/output/$1.jpg"
"""


def layout(given: Given) -> Export:
    pairs, left_out = hair_only(given.pairs)
    files: dict[str, Content] = {}
    for pair in pairs:  # tag: where the new hair is to be; ref: an image with its own hair
        target = given.data / "targets" / f"{pair.pair}.png"
        files |= _sample(f"tag-{pair.pair}", face(given, pair.identity), target)
        for image in hair_of(pair):
            files |= _sample(f"ref-{image}", face(given, image), given.data / "maps" / f"{image}.png")
    calls = [(pair.pair, *hair_of(pair)) for pair in pairs]
    files["run.sh"] = script(
        "In MichiGAN's folder: orientation maps, then a pair a line: name, shape, colour.", BODY, calls
    )
    results = {pair.pair: f"output/{pair.pair}.jpg" for pair in pairs}
    return Export(files, [run(given.folder)], results, left_out, [
        "Outside the new hair it keeps the identity's image, so old hair stays where the target map has none.",
        "What is done is not done again: type the command again after a stop.",
    ])  # fmt: skip


def _sample(name: str, image: Path, labels: Path) -> dict[str, Content]:
    """An image and its hair mask under the names that its loader makes."""
    return {
        f"val_images/{name}.jpg": jpeg(image, SIZE),
        f"val_labels/{name}.png": Content(partial(hair_mask, labels), [labels]),
    }


def hair_mask(path: Path) -> bytes:
    """1 where a label map has hair, else 0, as grey PNG of its size, 512 px."""
    labels, scheme = read_labels(path)
    return grey_png(labels == scheme["hair"])


ENTRY = System(
    title="MichiGAN",
    paper="Tan et al., ACM TOG 39(4), 2020",
    repository="tzt101/MichiGAN",
    licence="MIT",
    takes={
        "images": "val_images/: the faces, JPEG, 512 px",
        "hair masks": "val_labels/: written. Of tag-PAIR the target map's hair, of ref-IMAGE its own; 0 and 1, 512 px",
        "orientation maps": "val_dense_orients/: not written. run.sh has MichiGAN's own cal_orientation.py make them",
    },
    gives="512 px, inference_samples/inpaint_fake_image.jpg, which run.sh takes to output/PAIR.jpg before the next run",
    facts={
        "folders, suffixes, a mask of 0 and 1, which input is which": "tzt101/MichiGAN: data/base_dataset.py",
        "options of the public networks; how orientation maps are made": "tzt101/MichiGAN: README.md",
        "names of orientation maps differ from what is read: _orient_dense is added here": "tzt101/MichiGAN: "
        "cal_orientation.py",
        "one result of one name, padding cut off again": "tzt101/MichiGAN: inference.py",
        "licence": "tzt101/MichiGAN: LICENSE",
    },
    layout=layout,
    reads=("faces", "maps", "targets"),
)
