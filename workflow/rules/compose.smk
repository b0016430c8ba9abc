rule make_composites:
    input:
        code=method_code,
        manifest=rules.make_faces.output.manifest,
        pairs=rules.make_pairs.output.pairs,
        artifacts=method_reads,
        weights=method_weight_files,
        results=method_results,
    output:
        images=expand("data/composites/{{method}}/{pair}.png", pair=PAIRS),
        record="data/records/composites/{method}.json",
    log:
        "logs/composites-{method}.log",
    resources:
        gpu=lambda wildcards: int(bool(kind_of(wildcards).networks)),
    params:
        method=composed_section,
        own=method_params,
        scheme=SCHEME,
        precision=method_precision,
        weights=lambda wildcards: canonical(method_weights(wildcards)),
        tf32=TF32,
    shell:
        "python -m stages.compose --method {params.method:q} --params {params.own:q} --scheme {params.scheme}"
        " --images {input.manifest} --pairs {input.pairs} --data data --weights {params.weights:q}"
        " --precision {params.precision} --out data/composites/{wildcards.method} --record {output.record} --log {log} {params.tf32}"
