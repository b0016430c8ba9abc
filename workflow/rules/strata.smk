rule make_strata:
    input:
        faces=rules.make_faces.output.record,
        maps=rules.make_maps.output.record,
        landmarks="data/weights/dlib_landmarks.safetensors",
    output:
        record="data/records/strata/{chunk}.json",
    log:
        "logs/strata/{chunk}.log",
    params:
        code=code("strata.__main__", "stages.networks.dlib_landmarks"),
        folders="data/strata/faces",
        scheme=SCHEME,
        names=of_chunk,
    shell:
        "python -m stages.strata --scheme {params.scheme} --faces data/faces"
        " --maps data/maps --landmarks {input.landmarks}"
        " --out data/strata/faces --record {output.record} --names {params.names} --log {log}"


rule make_image_strata:
    input:
        manifest=rules.make_images.output.manifest,
        faces=all_chunks(rules.make_faces.output.record, IMAGE_CHUNKS),
        strata=all_chunks(rules.make_strata.output.record, IMAGE_CHUNKS),
    output:
        table="data/strata/images.csv",
        record="data/records/strata_images.json",
    log:
        "logs/strata_images.log",
    params:
        code=code("strata.__main__", "stages.networks.dlib_landmarks"),
    shell:
        "python -m stages.strata --images {input.manifest} --faces data/strata/faces --face-records data/records/faces"
        " --table {output.table} --record {output.record} --log {log}"
