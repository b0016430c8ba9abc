rule make_codes:
    input:
        code=code("embed", *networks("generator", "perceptual")),
        manifest=rules.make_faces.output.manifest,
        faces=rules.make_faces.output.faces,
        generator=weights_of("generator"),
        perceptual=weights_of("perceptual"),
    output:
        codes=expand("data/codes/{image}.safetensors", image=FACES),
        renders=expand("data/reconstructions/{code}/{image}.png", code=settings.ONE_FILE, image=FACES),
        record="data/records/codes/fs.json",
    log:
        "logs/codes.log",
    resources:
        gpu=1,
    params:
        section=section("embed"),
        precision=config["networks"]["precision"],
        tf32=TF32,
    shell:
        "python -m stages.embed --params {params.section:q} --images {input.manifest} --faces data/faces"
        " --generator {input.generator} --perceptual {input.perceptual}"
        " --precision {params.precision} --out data/codes"
        " --reconstructions data/reconstructions --record {output.record} --log {log} {params.tf32}"


rule make_other_codes:
    input:
        code=code("embed", *networks("generator", "perceptual")),
        manifest=rules.make_faces.output.manifest,
        faces=rules.make_faces.output.faces,
        generator=weights_of("generator"),
        perceptual=weights_of("perceptual"),
    output:
        codes=expand("data/codes/{{kind}}/{image}.safetensors", image=FACES),
        renders=expand("data/reconstructions/{{kind}}/{image}.png", image=FACES),
        record="data/records/codes/{kind}.json",
    log:
        "logs/codes-{kind}.log",
    wildcard_constraints:
        kind=one_of(OTHER_CODES),
    resources:
        gpu=1,
    params:
        section=section("embed"),
        precision=config["networks"]["precision"],
        tf32=TF32,
    shell:
        "python -m stages.embed --params {params.section:q} --kind {wildcards.kind} --images {input.manifest}"
        " --faces data/faces --generator {input.generator} --perceptual {input.perceptual}"
        " --precision {params.precision} --out data/codes/{wildcards.kind}"
        " --reconstructions data/reconstructions --record {output.record} --log {log} {params.tf32}"


rule ingest_reconstructions:
    input:
        code=code("ingest"),
        manifest=rules.make_faces.output.manifest,
        results=lambda wildcards: REBUILT[wildcards.method],
    output:
        images=expand("data/reconstructions/external-{{method}}/{image}.png", image=FACES),
        record="data/records/codes/external-{method}.json",
    log:
        "logs/codes-external-{method}.log",
    wildcard_constraints:
        method=one_of(REBUILT),
    params:
        folder=lambda wildcards: config["methods"][wildcards.method]["reconstructions"],
    shell:
        "python -m stages.ingest --name {wildcards.method} --dir {params.folder:q}"
        " --images {input.manifest} --out data/reconstructions/external-{wildcards.method}"
        " --record {output.record} --log {log}"
