rule make_pairs:
    input:
        code=code("pairs"),
        manifest=rules.make_faces.output.manifest,
        maps=rules.make_maps.output.maps,
        listed=config["pairs"]["file"] or [],
    output:
        "data/pairs.csv",
    log:
        "logs/pairs.log",
    params:
        section=section("pairs"),
    shell:
        "python -m stages.pairs --params {params.section:q} --images {input.manifest} --maps data/maps"
        " --out {output} --log {log}"


rule make_targets:
    input:
        code=code("target"),
        manifest=rules.make_faces.output.manifest,
        pairs=rules.make_pairs.output,
        maps=rules.make_maps.output.maps,
    output:
        targets=expand("data/targets/{pair}.png", pair=PAIRS),
        record="data/records/targets.json",
    log:
        "logs/targets.log",
    params:
        section=section("target"),
    shell:
        "python -m stages.target --params {params.section:q} --images {input.manifest} --pairs {input.pairs}"
        " --maps data/maps --out data/targets --record {output.record} --log {log}"
