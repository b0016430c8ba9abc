rule make_aligned:
    input:
        pairs=pairs_of_chunk,
        digests=digests_of_chunk,
        targets=rules.make_targets.output.record,
        generator=weights_of("generator"),
        parser=weights_of("parser"),
        perceptual=weights_of("perceptual"),
    output:
        record="data/records/aligned/{method}/{chunk}.json",
    log:
        "logs/aligned-{method}/{chunk}.log",
    wildcard_constraints:
        method=one_of(ALIGNED),
    resources:
        gpu=1,
    params:
        code=code("align", *networks("generator", "parser", "perceptual")),
        folders="data/aligned",
        reads=["data/maps", "data/codes"],
        section=section("align"),
        scheme=SCHEME,
        method=method_section,
        doubts=doubts_option(),
        precision=config["networks"]["precision"],
        tf32=TF32,
    shell:
        "python -m stages.align --params {params.section:q} --method {params.method:q} --scheme {params.scheme}"
        " --pairs {input.pairs} --maps data/maps --targets data/targets --codes data/codes"
        " --generator {input.generator} --parser {input.parser} --perceptual {input.perceptual}"
        " --precision {params.precision} {params.doubts}"
        " --out data/aligned/{wildcards.method} --record {output.record} --log {log} {params.tf32}"
