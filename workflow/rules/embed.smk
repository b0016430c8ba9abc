rule make_codes:
    input:
        faces=rules.make_faces.output.record,
        generator=weights_of("generator"),
        perceptual=weights_of("perceptual"),
        starts=[f"data/records/codes/{START}/{{chunk}}.json"] if START != methods.MEAN else [],
    output:
        record="data/records/codes/fs/{chunk}.json",
    log:
        "logs/codes/{chunk}.log",
    resources:
        gpu=1,
    params:
        code=code("embed", *networks("generator", "perceptual")),
        folders=["data/codes", "data/reconstructions"],
        section=section("embed"),
        names=of_chunk,
        starts=f"--starts data/codes/{START}" if START != methods.MEAN else "",
        precision=config["networks"]["precision"],
        tf32=TF32,
    shell:
        "python -m stages.embed --params {params.section:q} --kind fs {params.starts} --faces data/faces"
        " --generator {input.generator} --perceptual {input.perceptual} --precision {params.precision} --out data/codes"
        " --reconstructions data/reconstructions --record {output.record} --names {params.names} --log {log} {params.tf32}"


rule make_other_codes:
    input:
        faces=rules.make_faces.output.record,
        generator=weights_of("generator"),
        perceptual=weights_of("perceptual"),
        starts=start_of_kind,
    output:
        record="data/records/codes/{kind}/{chunk}.json",
    log:
        "logs/codes-{kind}/{chunk}.log",
    wildcard_constraints:
        kind=one_of([kind for kind in OTHER_CODES if kind not in ENCODERS]),
    resources:
        gpu=1,
    params:
        code=code("embed", *networks("generator", "perceptual")),
        folders=["data/codes", "data/reconstructions"],
        section=section("embed"),
        names=of_chunk,
        starts=lambda wildcards, input: f"--starts data/codes/{START}" if input.starts else "",
        precision=config["networks"]["precision"],
        tf32=TF32,
    shell:
        "python -m stages.embed --params {params.section:q} --kind {wildcards.kind} {params.starts}"
        " --faces data/faces --generator {input.generator} --perceptual {input.perceptual}"
        " --precision {params.precision} --out data/codes/{wildcards.kind} --reconstructions data/reconstructions"
        " --record {output.record} --names {params.names} --log {log} {params.tf32}"


rule make_encoded:
    input:
        faces=rules.make_faces.output.record,
        generator=weights_of("generator"),
        encoder="data/weights/{encoder}.safetensors",
        backbone=backbone_of_encoder,
    output:
        record="data/records/codes/{encoder}/{chunk}.json",
    log:
        "logs/codes-{encoder}/{chunk}.log",
    wildcard_constraints:
        encoder=one_of(ENCODERS),
    resources:
        gpu=1,
    params:
        code=encoder_code,
        folders=["data/codes", "data/reconstructions"],
        names=of_chunk,
        backbone=lambda wildcards, input: f"--backbone {input.backbone}" if input.backbone else "",
        tf32=TF32,
    shell:
        "python -m stages.encode --faces data/faces --generator {input.generator} --encoder {input.encoder}"
        " {params.backbone}"
        " --out data/codes/{wildcards.encoder} --reconstructions data/reconstructions/{wildcards.encoder}"
        " --record {output.record} --names {params.names} --log {log} {params.tf32}"


rule ingest_reconstructions:
    input:
        results=method_rebuilt,
    output:
        record="data/records/codes/external-{method}/{chunk}.json",
    log:
        "logs/codes-external-{method}/{chunk}.log",
    wildcard_constraints:
        method=one_of(REBUILT),
    params:
        code=code("ingest"),
        folders="data/reconstructions",
        names=of_chunk,
        folder=lambda wildcards: config["methods"][wildcards.method]["reconstructions"],
    shell:
        "python -m stages.ingest --name {wildcards.method} --dir {params.folder:q}"
        " --out data/reconstructions/external-{wildcards.method}"
        " --record {output.record} --names {params.names} --log {log}"
