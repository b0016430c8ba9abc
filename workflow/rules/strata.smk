rule make_strata:
    input:
        code=code("strata.__main__", "stages.networks.dlib_landmarks"),
        manifest=rules.make_faces.output.manifest,
        faces=rules.make_faces.output.faces,
        faces_record=rules.make_faces.output.record,
        maps=rules.make_maps.output.maps,
        landmarks="data/weights/dlib_landmarks.safetensors",
    output:
        faces=expand("data/strata/faces/{image}.json", image=FACES),
        table="data/strata/images.csv",
        record="data/records/strata.json",
    log:
        "logs/strata.log",
    params:
        scheme=SCHEME,
    shell:
        "python -m stages.strata --scheme {params.scheme} --images {input.manifest} --faces data/faces"
        " --faces-record {input.faces_record} --maps data/maps --landmarks {input.landmarks}"
        " --out data/strata/faces --table {output.table} --record {output.record} --log {log}"
