MEASURED_SETUP = metric_names.setup_of(config)
EMBEDDINGS = list(dict.fromkeys(methods.reconstruction_folders(config["methods"]).values()))


def measured_section(*keys):
    """Some keys of section `score`, as canonical JSON: those that decide what is measured of an item."""
    return canonical({key: config["score"][key] for key in keys})


def measured_code(what):
    """As `code`, of what measures items of a kind: with the metrics of these, and the networks in use."""
    nets = config["networks"]
    used = [*nets["judges"], nets["parser"], *nets["judge_parsers"], *metric_names.networks_for(what, MEASURED_SETUP)]
    metrics = [registry.module("metrics", name) for name in metric_names.entries_for(what, MEASURED_SETUP)]
    return code("measure", *metrics, *(registry.module("networks", name) for name in dict.fromkeys(used)))


def judge_options(names):
    """The options that name perceptual networks which measure."""
    return " ".join(f"--judge {name}" for name in names)


# Features of whole images are the first judge's, and those of files that the user supplies.
FEATURE_KEYS = ("size", "inception", "clip")
FEATURE_FILES = supplied_to_score({**config["score"], "arcface": None})
FIRST_JUDGE = config["networks"]["judges"][0]
JUDGES = judge_options(config["networks"]["judges"])
JUDGE_PARSERS = " ".join(f"--judge-parser {name}" for name in config["networks"]["judge_parsers"])


rule make_measured_images:
    input:
        code=code("measure", *networks("parser"), registry.module("networks", FIRST_JUDGE)),
        manifest=rules.make_faces.output.manifest,
        faces=rules.make_faces.output.faces,
        parser=weights_of("parser"),
        judges=weights_named([FIRST_JUDGE]),
        supplied=FEATURE_FILES,
    output:
        sheets=expand("data/measured/images/{image}.safetensors", image=FACES),
        record="data/records/measured/images.json",
    log:
        "logs/measured-images.log",
    resources:
        gpu=1,
    params:
        measured=measured_section(*FEATURE_KEYS),
        scheme=SCHEME,
        judges=judge_options([FIRST_JUDGE]),
        tf32=TF32,
    shell:
        "python -m stages.measure images --params {params.measured:q} --scheme {params.scheme} --images {input.manifest}"
        " --data data --out data/measured/images --record {output.record} --log {log} {params.tf32}"
        " {params.judges} {input.judges} {input.parser}"


rule make_measured_reconstructions:
    input:
        code=measured_code("reconstructions"),
        manifest=rules.make_faces.output.manifest,
        faces=rules.make_faces.output.faces,
        renders=expand("data/reconstructions/{{folder}}/{image}.png", image=FACES),
        parser=weights_of("parser"),
        judges=weights_named(config["networks"]["judges"]),
        others=weights_named(metric_names.networks_for("reconstructions", MEASURED_SETUP)),
        supplied=FEATURE_FILES,
    output:
        sheets=expand("data/measured/reconstructions/{{folder}}/{image}.safetensors", image=FACES),
        record="data/records/measured/reconstructions/{folder}.json",
    log:
        "logs/measured-reconstructions-{folder}.log",
    wildcard_constraints:
        folder=one_of(EMBEDDINGS),
    resources:
        gpu=1,
    params:
        measured=measured_section(*FEATURE_KEYS),
        scheme=SCHEME,
        judges=JUDGES,
        tf32=TF32,
    shell:
        "python -m stages.measure reconstructions --name {wildcards.folder} --params {params.measured:q}"
        " --scheme {params.scheme} --images {input.manifest} --data data"
        " --out data/measured/reconstructions/{wildcards.folder} --record {output.record} --log {log} {params.tf32}"
        " {params.judges} {input.judges} {input.parser} {input.others}"


rule make_measured_pairs:
    input:
        code=code("measure"),
        manifest=rules.make_faces.output.manifest,
        pairs=rules.make_pairs.output.pairs,
        faces=rules.make_faces.output.faces,
        maps=rules.make_maps.output.maps,
        targets=rules.make_targets.output.targets,
    output:
        sheets=expand("data/measured/pairs/{pair}.safetensors", pair=PAIRS),
        record="data/records/measured/pairs.json",
    log:
        "logs/measured-pairs.log",
    params:
        scheme=SCHEME,
    shell:
        "python -m stages.measure pairs --scheme {params.scheme} --images {input.manifest} --pairs {input.pairs}"
        " --data data --out data/measured/pairs --record {output.record} --log {log}"


rule make_measured_composites:
    input:
        code=measured_code("composites"),
        manifest=rules.make_faces.output.manifest,
        pairs=rules.make_pairs.output.pairs,
        faces=rules.make_faces.output.faces,
        maps=rules.make_maps.output.maps,
        targets=rules.make_targets.output.targets,
        composites=expand("data/composites/{{method}}/{pair}.png", pair=PAIRS),
        parser=weights_of("parser"),
        judges=weights_named([*config["networks"]["judges"], *config["networks"]["judge_parsers"]]),
        others=weights_named(metric_names.networks_for("composites", MEASURED_SETUP)),
        supplied=supplied_to_score(config["score"]),
    output:
        sheets=expand("data/measured/composites/{{method}}/{pair}.safetensors", pair=PAIRS),
        record="data/records/measured/composites/{method}.json",
    log:
        "logs/measured-composites-{method}.log",
    resources:
        gpu=1,
    params:
        measured=measured_section(*FEATURE_KEYS, "identity", "arcface"),
        scheme=SCHEME,
        judges=f"{JUDGES} {JUDGE_PARSERS}",
        tf32=TF32,
    shell:
        "python -m stages.measure composites --name {wildcards.method} --params {params.measured:q}"
        " --scheme {params.scheme} --images {input.manifest} --pairs {input.pairs} --data data"
        " --out data/measured/composites/{wildcards.method} --record {output.record} --log {log} {params.tf32}"
        " {params.judges} {input.judges} {input.parser} {input.others}"


rule make_score:
    input:
        code=code(
            "score", *entries_of("metrics"), *(registry.module("networks", n) for n in config["networks"]["judges"])
        ),
        manifest=rules.make_faces.output.manifest,
        pairs=rules.make_pairs.output.pairs,
        images=rules.make_measured_images.output,
        reconstructions=expand(rules.make_measured_reconstructions.output.sheets, folder=EMBEDDINGS),
        of_pairs=rules.make_measured_pairs.output,
        composites=expand(rules.make_measured_composites.output.sheets, method=METHODS),
        records=[
            *expand(rules.make_measured_reconstructions.output.record, folder=EMBEDDINGS),
            *expand(rules.make_measured_composites.output.record, method=METHODS),
            *expand("data/records/composites/{method}.json", method=METHODS),
        ],
    output:
        "reports/metrics.parquet",
    log:
        "logs/score.log",
    params:
        section=section("score"),
        methods=section("methods"),
        scheme=SCHEME,
        parser=config["networks"]["parser"],
        in_place=" ".join(f"--in-place {method}" for method in sorted(methods.in_place(config))),
        judges=f"{JUDGES} {JUDGE_PARSERS}",
    shell:
        "python -m stages.score --params {params.section:q} --methods {params.methods:q} --scheme {params.scheme}"
        " --images {input.manifest} --pairs {input.pairs} --data data --out {output} --log {log}"
        " --parser {params.parser} {params.in_place} {params.judges}"
