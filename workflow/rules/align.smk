rule make_aligned:
    input:
        code=code("align", *networks("generator", "parser", "perceptual")),
        manifest=rules.make_faces.output.manifest,
        pairs=rules.make_pairs.output.pairs,
        maps=rules.make_maps.output.maps,
        targets=rules.make_targets.output.targets,
        codes=rules.make_codes.output.codes,
        other=other_codes,
        generator=weights_of("generator"),
        parser=weights_of("parser"),
        perceptual=weights_of("perceptual"),
    output:
        aligned=expand("data/aligned/{{method}}/{pair}.safetensors", pair=PAIRS),
        record="data/records/aligned/{method}.json",
    log:
        "logs/aligned-{method}.log",
    wildcard_constraints:
        method=one_of(ALIGNED),
    resources:
        gpu=1,
    params:
        section=section("align"),
        scheme=SCHEME,
        method=method_section,
        precision=config["networks"]["precision"],
        tf32=TF32,
    shell:
        "python -m stages.align --params {params.section:q} --method {params.method:q} --scheme {params.scheme}"
        " --images {input.manifest} --pairs {input.pairs} --maps data/maps --targets data/targets --codes data/codes"
        " --generator {input.generator} --parser {input.parser} --perceptual {input.perceptual}"
        " --precision {params.precision}"
        " --out data/aligned/{wildcards.method} --record {output.record} --log {log} {params.tf32}"
