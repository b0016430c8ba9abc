rule make_composites:
    input:
        code=code("blend"),
        manifest=rules.make_faces.output.manifest,
        pairs=rules.make_pairs.output.pairs,
        faces=rules.make_faces.output.faces,
        maps=rules.make_maps.output.maps,
        targets=rules.make_targets.output.targets,
        aligned=rules.make_aligned.output.aligned,
        generator=weights_of("generator"),
        parser=weights_of("parser"),
        perceptual=weights_of("perceptual"),
    output:
        images=expand("data/composites/{{method}}/{pair}.png", pair=PAIRS),
        codes=expand("data/composites/{{method}}/{pair}.safetensors", pair=PAIRS),
        record="data/records/composites/{method}.json",
    log:
        "logs/composites-{method}.log",
    wildcard_constraints:
        method=one_of(LATENT),
    resources:
        gpu=1,
    params:
        section=section("blend"),
        scheme=SCHEME,
        precision=config["networks"]["precision"],
    shell:
        "python -m stages.blend --params {params.section:q} --method {wildcards.method} --scheme {params.scheme}"
        " --images {input.manifest} --pairs {input.pairs} --faces data/faces --maps data/maps --targets data/targets"
        " --aligned data/aligned/{wildcards.method} --generator {input.generator} --parser {input.parser}"
        " --perceptual {input.perceptual} --precision {params.precision}"
        " --out data/composites/{wildcards.method} --record {output.record} --log {log}"


rule paste_composites:
    input:
        code=code("paste"),
        manifest=rules.make_faces.output.manifest,
        pairs=rules.make_pairs.output.pairs,
        faces=rules.make_faces.output.faces,
        maps=rules.make_maps.output.maps,
        targets=rules.make_targets.output.targets,
    output:
        images=expand("data/composites/{{method}}/{pair}.png", pair=PAIRS),
        record="data/records/composites/{method}.json",
    log:
        "logs/composites-{method}.log",
    wildcard_constraints:
        method=one_of(PASTED),
    params:
        scheme=SCHEME,
        method=method_section,
    shell:
        "python -m stages.paste --method {params.method:q} --scheme {params.scheme} --images {input.manifest}"
        " --pairs {input.pairs} --faces data/faces --maps data/maps --targets data/targets"
        " --out data/composites/{wildcards.method} --record {output.record} --log {log}"


rule ingest_composites:
    input:
        code=code("ingest"),
        manifest=rules.make_faces.output.manifest,
        pairs=rules.make_pairs.output.pairs,
        results=lambda wildcards: RESULTS[wildcards.method],
    output:
        images=expand("data/composites/{{method}}/{pair}.png", pair=PAIRS),
        record="data/records/composites/{method}.json",
    log:
        "logs/composites-{method}.log",
    wildcard_constraints:
        method=one_of(EXTERNAL),
    params:
        folder=lambda wildcards: config["methods"][wildcards.method]["images"],
    shell:
        "python -m stages.ingest --name {wildcards.method} --dir {params.folder:q}"
        " --images {input.manifest} --pairs {input.pairs}"
        " --out data/composites/{wildcards.method} --record {output.record} --log {log}"
