rule make_examples:
    input:
        manifest=rules.make_images.output.manifest,
        faces=all_chunks(rules.make_faces.output.record, IMAGE_CHUNKS),
        maps=all_chunks(rules.make_maps.output.record, IMAGE_CHUNKS),
        codes=all_chunks("data/records/codes/{code}/{chunk}.json", IMAGE_CHUNKS, code=examples_method()["code"]),
        generator=weights_of("generator"),
        parser=weights_of("parser"),
        perceptual=weights_of("perceptual"),
        completer=completer_weights,
    output:
        pairs="data/examples/pairs.csv",
        targets=expand("data/examples/targets/{kind}.png", kind=EXAMPLE_KINDS),
        images=expand("data/examples/composites/{kind}.png", kind=EXAMPLE_KINDS),
        records=expand("data/records/examples/{part}.json", part=EXAMPLE_RECORDS),
    log:
        "logs/examples.log",
    resources:
        gpu=1,
    params:
        code=examples_code,
        section=section("examples"),
        target=section("target"),
        align=section("align"),
        own=examples_method()["section"],
        method=examples_method()["method"],
        scheme=SCHEME,
        completer=completer_option,
        precision=config["networks"]["precision"],
        tf32=TF32,
    shell:
        "python -m stages.examples --params {params.section:q} --target-params {params.target:q}"
        " --align-params {params.align:q} --own-params {params.own:q} --method {params.method:q}"
        " --scheme {params.scheme} --images {input.manifest} --data data --generator {input.generator}"
        " --parser {input.parser} --perceptual {input.perceptual} --precision {params.precision} --log {log}"
        " {params.completer} {params.tf32}"
