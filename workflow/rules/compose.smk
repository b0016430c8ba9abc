rule make_composites:
    input:
        pairs=pairs_of_chunk,
        digests=digests_of_chunk,
        artifacts=method_reads,
        weights=method_weight_files,
        results=method_results,
    output:
        record="data/records/composites/{method}/{chunk}.json",
    log:
        "logs/composites-{method}/{chunk}.log",
    resources:
        gpu=lambda wildcards: int(bool(method_weights(wildcards))),
    params:
        code=method_code,
        folders="data/composites",
        reads=["data/faces", "data/maps"],
        method=composed_section,
        own=method_params,
        scheme=SCHEME,
        precision=method_precision,
        weights=lambda wildcards: canonical(method_weights(wildcards)),
        tf32=TF32,
    shell:
        "python -m stages.compose --method {params.method:q} --params {params.own:q} --scheme {params.scheme}"
        " --pairs {input.pairs} --data data --weights {params.weights:q}"
        " --precision {params.precision} --out data/composites/{wildcards.method} --record {output.record} --log {log} {params.tf32}"
