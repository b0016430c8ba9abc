rule make_pairs:
    input:
        code=code("pairs"),
        manifest=rules.make_faces.output.manifest,
        maps=rules.make_maps.output.maps,
        listed=config["pairs"]["file"] or [],
    output:
        pairs="data/pairs.csv",
        record="data/records/pairs.json",
    log:
        "logs/pairs.log",
    params:
        section=section("pairs"),
        scheme=SCHEME,
    shell:
        "python -m stages.pairs --params {params.section:q} --scheme {params.scheme} --images {input.manifest}"
        " --maps data/maps --out {output.pairs} --record {output.record} --log {log}"


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
