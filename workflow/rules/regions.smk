rule make_pairs:
    input:
        manifest=rules.make_images.output.manifest,
        faces=all_chunks(rules.make_faces.output.record, IMAGE_CHUNKS),
        maps=all_chunks(rules.make_maps.output.record, IMAGE_CHUNKS),
        strata=strata_of_images,
        listed=config["pairs"]["file"] or [],
    output:
        pairs="data/pairs.csv",
        manifest="data/pairs.json",
        record="data/records/pairs.json",
    log:
        "logs/pairs.log",
    params:
        code=code("pairs"),
        section=section("pairs"),
        scheme=SCHEME,
        strata=lambda wildcards, input: f"--strata {input.strata}" if input.strata else "",
    shell:
        "python -m stages.pairs --params {params.section:q} --scheme {params.scheme} --images {input.manifest}"
        " --faces data/faces --maps data/maps --out {output.pairs} --manifest {output.manifest}"
        " --record {output.record} --log {log} {params.strata}"


checkpoint make_chunks:
    input:
        manifest=rules.make_images.output.manifest,
        pairs=rules.make_pairs.output.pairs,
        faces=all_chunks(rules.make_faces.output.record, IMAGE_CHUNKS),
        maps=all_chunks(rules.make_maps.output.record, IMAGE_CHUNKS),
        strata=all_chunks(rules.make_strata.output.record, IMAGE_CHUNKS),
        codes=all_chunks("data/records/codes/{code}/{chunk}.json", IMAGE_CHUNKS, code=["fs", *OTHER_CODES]),
    output:
        folder=directory("data/chunks"),
        record="data/records/chunks.json",
    log:
        "logs/chunks.log",
    params:
        code=code("chunks"),
        size=config["jobs"]["items"],
    shell:
        "python -m stages.chunks --items {params.size} --images {input.manifest} --pairs {input.pairs}"
        " --out {output.folder} --record {output.record} --log {log}"


rule make_pair_strata:
    input:
        manifest=rules.make_images.output.manifest,
        pairs=rules.make_pairs.output.pairs,
        faces=all_chunks(rules.make_strata.output.record, IMAGE_CHUNKS),
        strata=rules.make_image_strata.output.table,
    output:
        table="data/strata/pairs.csv",
        record="data/records/strata_pairs.json",
    log:
        "logs/strata_pairs.log",
    params:
        code=code("strata.__main__", "stages.networks.dlib_landmarks"),
    shell:
        "python -m stages.strata --pairs {input.pairs} --images {input.manifest} --faces data/strata/faces"
        " --strata {input.strata} --table {output.table} --record {output.record} --log {log}"


rule make_targets:
    input:
        pairs=pairs_of_chunk,
        digests=digests_of_chunk,
        generator=weights_of("generator"),
        parser=weights_of("parser"),
        completer=completer_weights,
    output:
        record="data/records/targets/{chunk}.json",
    log:
        "logs/targets/{chunk}.log",
    resources:
        gpu=1,
    params:
        code=target_code,
        folders="data/targets",
        reads="data/maps",
        section=section("target"),
        scheme=SCHEME,
        completer=completer_option,
        tf32=TF32,
    shell:
        "python -m stages.target --params {params.section:q} --scheme {params.scheme}"
        " --pairs {input.pairs} --maps data/maps --generator {input.generator} --parser {input.parser}"
        " --out data/targets --record {output.record} --log {log} {params.completer} {params.tf32}"
