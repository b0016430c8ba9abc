rule make_measured_images:
    input:
        faces=rules.make_faces.output.record,
        renders=expand("data/records/codes/{code}/{{chunk}}.json", code=EMBEDDED),
        weights=weights_named(networks_measuring("reconstructions")),
        supplied=supplied_to_score({**config["score"], "arcface": None}),
    output:
        images="data/records/measured/images/{chunk}.json",
        renders=expand("data/records/measured/reconstructions/{folder}/{{chunk}}.json", folder=sorted(EMBEDDINGS)),
    log:
        "logs/measured-images/{chunk}.log",
    resources:
        gpu=1,
    params:
        code=measured_code("reconstructions"),
        folders=["data/measured/images", "data/measured/reconstructions"],
        names=of_chunk,
        measuring=measuring("size", "inception", "clip"),
        scheme=SCHEME,
        in_folders=" ".join(f"--folder {folder}" for folder in sorted(EMBEDDINGS)),
        judges=JUDGES,
        tf32=TF32,
    shell:
        "python -m stages.measure images --params {params.measuring:q} --scheme {params.scheme} --data data"
        " --chunk {wildcards.chunk} --names {params.names} {params.in_folders} --log {log} {params.tf32}"
        " {params.judges} {input.weights}"


rule make_measured_pairs:
    input:
        pairs=pairs_of_chunk,
        digests=digests_of_chunk,
        targets=rules.make_targets.output.record,
        composites=expand("data/records/composites/{method}/{{chunk}}.json", method=METHODS),
        weights=weights_named(networks_measuring("composites")),
        supplied=supplied_to_score(config["score"]),
    output:
        pairs="data/records/measured/pairs/{chunk}.json",
        composites=expand("data/records/measured/composites/{method}/{{chunk}}.json", method=sorted(METHODS)),
    log:
        "logs/measured-pairs/{chunk}.log",
    resources:
        gpu=1,
    params:
        code=measured_code("composites"),
        folders=["data/measured/pairs", "data/measured/composites"],
        reads=["data/faces", "data/maps"],
        measuring=measuring("size", "inception", "clip", "identity", "arcface"),
        scheme=SCHEME,
        of_methods=" ".join(f"--method {method}" for method in sorted(METHODS)),
        judges=JUDGES,
        tf32=TF32,
    shell:
        "python -m stages.measure pairs --params {params.measuring:q} --scheme {params.scheme} --data data"
        " --chunk {wildcards.chunk} --pairs {input.pairs} {params.of_methods} --log {log} {params.tf32}"
        " {params.judges} {input.weights}"


# The records of all that was measured.
MEASURED = [
    *all_chunks(rules.make_measured_images.output, IMAGE_CHUNKS),
    *all_chunks(rules.make_measured_pairs.output, PAIR_CHUNKS),
]


rule make_score:
    input:
        manifest=rules.make_images.output.manifest,
        pairs=rules.make_pairs.output.pairs,
        measured=MEASURED,
        composites=all_chunks(rules.make_composites.output.record, PAIR_CHUNKS, method=METHODS),
    output:
        "reports/metrics.parquet",
    log:
        "logs/score.log",
    params:
        code=code(
            "score", *entries_of("metrics"), *(registry.module("networks", n) for n in config["networks"]["judges"])
        ),
        section=section("score"),
        methods=section("methods"),
        scheme=SCHEME,
        parser=config["networks"]["parser"],
        in_place=" ".join(f"--in-place {method}" for method in sorted(methods.in_place(config))),
        judges=JUDGES,
    shell:
        "python -m stages.score --params {params.section:q} --methods {params.methods:q} --scheme {params.scheme}"
        " --images {input.manifest} --pairs {input.pairs} --data data --out {output} --log {log}"
        " --parser {params.parser} {params.in_place} {params.judges}"
