rule make_images:
    output:
        manifest="data/images.csv",
        record="data/records/images.json",
    log:
        "logs/images.log",
    params:
        code=code("images"),
        section=section("faces"),
        sources=canonical(SOURCES),
        chunks=",".join(IMAGE_CHUNKS),
    shell:
        "python -m stages.images --params {params.section:q} --out {output.manifest} --record {output.record}"
        " --chunks {params.chunks} --log {log}"


rule make_faces:
    input:
        generator=weights_of("generator"),
        landmarks="data/weights/dlib_landmarks.safetensors",
        photos=photo_files,
    output:
        record="data/records/faces/{chunk}.json",
    log:
        "logs/faces/{chunk}.log",
    resources:
        gpu=1,
    params:
        code=code("faces", *networks("generator"), "stages.networks.dlib_landmarks"),
        folders="data/faces",
        face=of_a_face(),
        sources=sources_of_chunk,
        tf32=TF32,
    shell:
        "python -m stages.faces --params {params.face:q} --sources {params.sources:q} --generator {input.generator}"
        " --landmarks {input.landmarks} --out data/faces --record {output.record} --log {log} {params.tf32}"


rule make_maps:
    input:
        faces=rules.make_faces.output.record,
        parser=weights_of("parser"),
    output:
        record="data/records/maps/{chunk}.json",
    log:
        "logs/maps/{chunk}.log",
    resources:
        gpu=1,
    params:
        code=code("parse", *networks("parser")),
        folders="data/maps",
        section=section("maps"),
        names=of_chunk,
        tf32=TF32,
    shell:
        "python -m stages.parse --params {params.section:q} --faces data/faces"
        " --parser {input.parser} --out data/maps --record {output.record} --names {params.names} --log {log} {params.tf32}"
