rule make_gallery:
    input:
        manifest=rules.make_images.output.manifest,
        faces=all_chunks(rules.make_faces.output.record, IMAGE_CHUNKS),
        maps=all_chunks(rules.make_maps.output.record, IMAGE_CHUNKS),
        codes=all_chunks(rules.make_codes.output.record, IMAGE_CHUNKS),
        generator=weights_of("generator"),
        parser=weights_of("parser"),
        perceptual=weights_of("perceptual"),
    output:
        pairs="data/gallery/pairs.csv",
        targets=expand("data/gallery/targets/{kind}.png", kind=GALLERY_KINDS),
        images=expand("data/gallery/composites/{kind}.png", kind=GALLERY_KINDS),
        records=expand("data/records/gallery/{part}.json", part=GALLERY_RECORDS),
    log:
        "logs/gallery.log",
    resources:
        gpu=1,
    params:
        code=gallery_code,
        section=section("gallery"),
        target=section("target"),
        align=section("align"),
        own=gallery_method()["section"],
        method=gallery_method()["method"],
        scheme=SCHEME,
        precision=config["networks"]["precision"],
        tf32=TF32,
    shell:
        "python -m stages.gallery --params {params.section:q} --target-params {params.target:q}"
        " --align-params {params.align:q} --own-params {params.own:q} --method {params.method:q}"
        " --scheme {params.scheme} --images {input.manifest} --data data --generator {input.generator}"
        " --parser {input.parser} --perceptual {input.perceptual} --precision {params.precision} --log {log} {params.tf32}"
