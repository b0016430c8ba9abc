rule make_faces:
    input:
        code=code("faces", *networks("generator"), "stages.networks.dlib_landmarks"),
        generator=weights_of("generator"),
        landmarks="data/weights/dlib_landmarks.safetensors",
        photos=photo_files,
    output:
        faces=expand("data/faces/{image}.png", image=FACES),
        manifest="data/images.csv",
        record="data/records/faces.json",
    log:
        "logs/faces.log",
    resources:
        gpu=1,
    params:
        section=section("faces"),
        tf32=TF32,
    shell:
        "python -m stages.faces --params {params.section:q} --generator {input.generator}"
        " --landmarks {input.landmarks} --out data/faces --manifest {output.manifest} --record {output.record} --log {log} {params.tf32}"


rule make_maps:
    input:
        code=code("parse", *networks("parser")),
        manifest=rules.make_faces.output.manifest,
        faces=rules.make_faces.output.faces,
        parser=weights_of("parser"),
    output:
        maps=expand("data/maps/{image}.png", image=FACES),
        record="data/records/maps.json",
    log:
        "logs/maps.log",
    resources:
        gpu=1,
    params:
        section=section("maps"),
        tf32=TF32,
    shell:
        "python -m stages.parse --params {params.section:q} --images {input.manifest} --faces data/faces"
        " --parser {input.parser} --out data/maps --record {output.record} --log {log} {params.tf32}"
