rule make_loho:
    input:
        code=code("loho"),
        manifest=rules.make_faces.output.manifest,
        pairs=rules.make_pairs.output.pairs,
        faces=rules.make_faces.output.faces,
        maps=rules.make_maps.output.maps,
        targets=rules.make_targets.output.targets,
        generator=weights_of("generator"),
        parser=weights_of("parser"),
        perceptual=weights_of("perceptual"),
    output:
        images=expand("data/composites/{{method}}/{pair}.png", pair=PAIRS),
        record="data/records/composites/{method}.json",
    log:
        "logs/composites-{method}.log",
    wildcard_constraints:
        method=one_of(OPTIMISED),
    resources:
        gpu=1,
    params:
        section=section("loho"),
        scheme=SCHEME,
        precision=config["networks"]["precision"],
    shell:
        "python -m stages.loho --params {params.section:q} --method {wildcards.method} --scheme {params.scheme}"
        " --images {input.manifest} --pairs {input.pairs} --faces data/faces --maps data/maps --targets data/targets"
        " --generator {input.generator} --parser {input.parser} --perceptual {input.perceptual}"
        " --precision {params.precision}"
        " --out data/composites/{wildcards.method} --record {output.record} --log {log}"
