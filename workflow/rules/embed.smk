rule make_codes:
    input:
        code=code("embed"),
        manifest=rules.make_faces.output.manifest,
        faces=rules.make_faces.output.faces,
        generator=weights_of("generator"),
        perceptual=weights_of("perceptual"),
    output:
        codes=expand("data/codes/{image}.safetensors", image=FACES),
        renders=expand("data/reconstructions/{code}/{image}.png", code=["w", "fs"], image=FACES),
        record="data/records/codes.json",
    log:
        "logs/codes.log",
    resources:
        gpu=1,
    params:
        section=section("embed"),
        precision=config["networks"]["precision"],
    shell:
        "python -m stages.embed --params {params.section:q} --images {input.manifest} --faces data/faces"
        " --generator {input.generator} --perceptual {input.perceptual}"
        " --precision {params.precision} --out data/codes"
        " --reconstructions data/reconstructions --record {output.record} --log {log}"
