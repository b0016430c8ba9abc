rule train_encoder:
    input:
        generator="data/weights/mobilestylegan.safetensors",
        perceptual="data/weights/stlpips_vgg.safetensors",
    output:
        weights="data/trained/encoder.safetensors",
        card="data/trained/encoder.md",
    log:
        "logs/train_encoder.log",
    resources:
        gpu=1,
    params:
        code=code(
            "train_encoder", registry.module("networks", "mobilestylegan"), registry.module("networks", "stlpips_vgg")
        ),
        section=section("encoder"),
        precision=config["networks"]["precision"],
        tf32=TF32,
    shell:
        "python -m stages.train_encoder --params {params.section:q} --generator {input.generator}"
        " --perceptual {input.perceptual} --out {output.weights} --card {output.card} --precision {params.precision}"
        " --log {log} {params.tf32}"


rule train_completer:
    input:
        generator=weights_of("generator"),
        parser=weights_of("parser"),
    output:
        weights="data/trained/completer.safetensors",
        card="data/trained/completer.md",
    log:
        "logs/train_completer.log",
    resources:
        gpu=1,
    params:
        code=code("train_completer", *networks("generator", "parser")),
        section=section("completer"),
        islands=config["target"]["islands"],
        precision=config["networks"]["precision"],
        tf32=TF32,
    shell:
        "python -m stages.train_completer --params {params.section:q} --generator {input.generator}"
        " --parser {input.parser} --islands {params.islands} --out {output.weights} --card {output.card}"
        " --precision {params.precision} --log {log} {params.tf32}"
