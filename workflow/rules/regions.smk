rule make_pairs:
    input:
        code=code("pairs"),
        manifest=rules.make_faces.output.manifest,
        faces=rules.make_faces.output.faces,
        maps=rules.make_maps.output.maps,
        strata=strata_of_images,
        listed=config["pairs"]["file"] or [],
    output:
        pairs="data/pairs.csv",
        manifest="data/pairs.json",
        record="data/records/pairs.json",
    log:
        "logs/pairs.log",
    params:
        section=section("pairs"),
        scheme=SCHEME,
        strata=lambda wildcards, input: f"--strata {input.strata}" if input.strata else "",
    shell:
        "python -m stages.pairs --params {params.section:q} --scheme {params.scheme} --images {input.manifest}"
        " --faces data/faces --maps data/maps --out {output.pairs} --manifest {output.manifest}"
        " --record {output.record} --log {log} {params.strata}"


rule make_pair_strata:
    input:
        code=code("strata.__main__", "stages.networks.dlib_landmarks"),
        manifest=rules.make_faces.output.manifest,
        pairs=rules.make_pairs.output.pairs,
        faces=rules.make_strata.output.faces,
        strata=rules.make_strata.output.table,
    output:
        table="data/strata/pairs.csv",
        record="data/records/pair_strata.json",
    log:
        "logs/pair_strata.log",
    shell:
        "python -m stages.strata --pairs {input.pairs} --images {input.manifest} --faces data/strata/faces"
        " --strata {input.strata} --table {output.table} --record {output.record} --log {log}"


rule make_targets:
    input:
        code=target_code,
        manifest=rules.make_faces.output.manifest,
        pairs=rules.make_pairs.output.pairs,
        maps=rules.make_maps.output.maps,
        generator=weights_of("generator"),
        parser=weights_of("parser"),
    output:
        targets=expand("data/targets/{pair}.png", pair=PAIRS),
        record="data/records/targets.json",
    log:
        "logs/targets.log",
    resources:
        gpu=1,
    params:
        section=section("target"),
        scheme=SCHEME,
        tf32=TF32,
    shell:
        "python -m stages.target --params {params.section:q} --scheme {params.scheme} --images {input.manifest}"
        " --pairs {input.pairs} --maps data/maps --generator {input.generator} --parser {input.parser}"
        " --out data/targets --record {output.record} --log {log} {params.tf32}"
