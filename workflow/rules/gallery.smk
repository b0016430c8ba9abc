PREVIEWED = methods.previewed(config["methods"])


rule make_previews:
    input:
        pairs=pairs_of_chunk,
        aligned="data/records/aligned/{method}/{chunk}.json",
        generator=weights_of("generator"),
    output:
        record="data/records/previews/{method}/{chunk}.json",
    log:
        "logs/previews-{method}/{chunk}.log",
    wildcard_constraints:
        method=one_of(PREVIEWED),
    resources:
        gpu=1,
    params:
        code=code("previews", *networks("generator")),
        folders="data/previews",
        tf32=TF32,
    shell:
        "python -m stages.previews --method {wildcards.method} --pairs {input.pairs}"
        " --aligned data/aligned/{wildcards.method} --generator {input.generator}"
        " --out data/previews/{wildcards.method} --record {output.record} --log {log} {params.tf32}"


rule make_pictures_of_images:
    input:
        faces=rules.make_faces.output.record,
        maps=rules.make_maps.output.record,
        renders=expand("data/records/codes/{code}/{{chunk}}.json", code=EMBEDDED),
    output:
        faces="data/records/pictures/faces/{chunk}.json",
        renders=expand("data/records/pictures/reconstructions/{folder}/{{chunk}}.json", folder=sorted(EMBEDDINGS)),
    log:
        "logs/pictures-images/{chunk}.log",
    params:
        code=code("pictures"),
        folders=["reports/gallery/images", "reports/gallery/thumbs"],
        names=of_chunk,
        encoding=encoding(),
        scheme=SCHEME,
        in_folders=" ".join(f"--folder {folder}" for folder in sorted(EMBEDDINGS)),
    shell:
        "python -m stages.pictures images --encoding {params.encoding:q} --scheme {params.scheme} --data data"
        " --out reports/gallery --chunk {wildcards.chunk} --names {params.names} {params.in_folders} --log {log}"


rule make_pictures_of_pairs:
    input:
        pairs=pairs_of_chunk,
        digests=digests_of_chunk,
        targets=rules.make_targets.output.record,
        composites=expand("data/records/composites/{method}/{{chunk}}.json", method=METHODS),
        previews=expand("data/records/previews/{method}/{{chunk}}.json", method=PREVIEWED),
    output:
        targets="data/records/pictures/targets/{chunk}.json",
        composites=expand("data/records/pictures/composites/{method}/{{chunk}}.json", method=sorted(METHODS)),
    log:
        "logs/pictures-pairs/{chunk}.log",
    params:
        code=code("pictures"),
        folders=["reports/gallery/images", "reports/gallery/thumbs"],
        reads=["data/faces", "data/maps"],
        encoding=encoding(),
        scheme=SCHEME,
        of_methods=" ".join(
            [f"--method {method}" for method in sorted(METHODS)] + [f"--preview {method}" for method in PREVIEWED]
        ),
    shell:
        "python -m stages.pictures pairs --encoding {params.encoding:q} --scheme {params.scheme} --data data"
        " --out reports/gallery --chunk {wildcards.chunk} --pairs {input.pairs} {params.of_methods} --log {log}"


# The records of all pictures.
PICTURES = [
    *all_chunks(rules.make_pictures_of_images.output, IMAGE_CHUNKS),
    *all_chunks(rules.make_pictures_of_pairs.output, PAIR_CHUNKS),
]


rule make_gallery:
    input:
        template="stages/pages/gallery.html.j2",
        assets=[f"stages/pages/assets/{name}" for name in ("gallery.js", "gallery.css", "THIRD-PARTY.txt")],
        metrics=rules.make_score.output,
        manifest=rules.make_images.output.manifest,
        pairs=rules.make_pairs.output.pairs,
        strata=[rules.make_image_strata.output.table, rules.make_pair_strata.output.table],
        records=ALL_RECORDS,
        pictures=PICTURES,
    output:
        page=update("reports/gallery.html"),
        mail=update(shown("reports/gallery-mail.html", "Pictures", "gallery, in one file")),
        record="data/records/gallery.json",
    log:
        "logs/gallery.log",
    params:
        code=code("gallery"),
        folders=["reports/gallery/data", "reports/gallery/page"],
        everything=canonical(config),
        scheme=SCHEME,
    shell:
        "python -m stages.gallery --params {params.everything:q} --scheme {params.scheme} --metrics {input.metrics}"
        " --images {input.manifest} --pairs {input.pairs} --data data --out reports --record {output.record} --log {log}"
