"""HairPort: its pipeline takes pairs.csv with target_id (hair) and source_id (face), and makes a folder a result."""

from stages.settings.manifests import csv_bytes
from stages.systems import Content, Export, Given, System
from stages.systems._shared import faces, hair_only, images_of, options

MADE = "view_aligned/shape_hi3dgen__texture_mvadapter/{}_to_{}/w_seg/3d_aware/transferred_klein/hair_restored.png"


def layout(given: Given) -> Export:
    pairs, left_out = hair_only(given.pairs, colour_of="HairPort")
    rows = [[pair.regions["hair"], pair.identity] for pair in pairs]
    results = {pair.pair: MADE.format(*row) for pair, row in zip(pairs, rows, strict=True)}
    files = faces(given, images_of(pairs), "image")
    files["pairs.csv"] = Content(lambda: csv_bytes(["target_id", "source_id"], rows))
    chosen = "--shape_provider hi3dgen --texture_provider mvadapter --bald_version w_seg"
    command = f"python -m hairport.pipeline {options(given.folder, {'data_dir': ''})} {chosen}"
    return Export(files, [command], results, left_out)


ENTRY = System(
    title="HairPort",
    paper="Heidari et al., SIGGRAPH 2026, arXiv 2606.12562",
    repository="deepmancer/HairPort",
    licence="MIT",
    takes={
        "images": "image/: the faces, PNG, 1024 px",
        "list": "pairs.csv: target_id gives the hair, source_id the face",
        "matted images": "matted_image/: not written; its README says how they are made",
        "head meshes": "mvadapter/hi3dgen/IMAGE/shape_mesh.glb: not written; made by a tool of your choice",
    },
    gives="hair_restored.png in a folder TARGET_to_SOURCE; its size is not stated, and brought to 1024 px here",
    facts={
        "folders, columns, command, place of the result, licence": "deepmancer/HairPort: README.md",
        "24 GB of GPU memory or more": "deepmancer/HairPort: README.md",
    },
    layout=layout,
)
