rule make_score:
    input:
        code=code("score"),
        manifest=rules.make_faces.output.manifest,
        pairs=rules.make_pairs.output.pairs,
        faces=rules.make_faces.output.faces,
        maps=rules.make_maps.output.maps,
        targets=rules.make_targets.output.targets,
        renders=RENDERS,
        composites=expand("data/composites/{method}/{pair}.png", method=METHODS, pair=PAIRS),
        parser=weights_of("parser"),
        judges=weights_named(config["networks"]["judges"]),
        identity=weights_named(IDENTITY),
        inception=config["score"]["inception"] or [],
    output:
        "reports/metrics.parquet",
    log:
        "logs/score.log",
    resources:
        gpu=1,
    params:
        section=section("score"),
        methods=section("methods"),
        in_place=" ".join(f"--in-place {method}" for method in sorted(settings.in_place(config))),
        identity=" ".join(f"--identity {path}" for path in weights_named(IDENTITY)),
    shell:
        "python -m stages.score --params {params.section:q} --methods {params.methods:q} --images {input.manifest}"
        " --pairs {input.pairs} --data data --parser {input.parser} --out {output} --log {log}"
        " {params.in_place} {params.identity} {input.judges}"


rule make_report:
    input:
        code=code("report"),
        template="stages/reporting/report.md.j2",
        published=["stages/reporting/published.csv", "stages/reporting/elsewhere.csv"],
        metrics=rules.make_score.output,
        manifest=rules.make_faces.output.manifest,
        pairs=rules.make_pairs.output.pairs,
        faces=rules.make_faces.output.faces,
        maps=rules.make_maps.output.maps,
        targets=rules.make_targets.output.targets,
        renders=RENDERS,
        composites=expand("data/composites/{method}/{pair}.png", method=METHODS, pair=PAIRS),
        gallery=rules.make_gallery.output,
        records=[
            rules.make_faces.output.record,
            rules.make_maps.output.record,
            rules.make_targets.output.record,
            rules.make_codes.output.record,
            *expand(rules.make_other_codes.output.record, kind=OTHER_CODES),
            *expand(rules.ingest_reconstructions.output.record, method=REBUILT),
            *expand(rules.make_aligned.output.record, method=LATENT),
            *expand("data/records/composites/{method}.json", method=METHODS),
        ],
        weights=weights_named(dict.fromkeys([*USED, *IDENTITY])),
    output:
        text=shown("reports/report.md", "Report", "the report"),
        json="reports/metrics.json",
        pictures=[
            shown("reports/figures/transfer.png", "Pictures", "pairs, every method"),
            shown("reports/figures/errors.png", "Pictures", "pairs, error maps"),
            shown("reports/figures/reconstruction.png", "Pictures", "embeddings"),
            *([shown("reports/figures/gallery.png", "Pictures", "other transfers")] if GALLERY_KINDS else []),
        ],
        plots=[
            *(shown(f"reports/figures/distributions-{p}.png", "Plots", f"distributions, {p}") for p in PROTOCOLS),
            shown("reports/figures/scatter.png", "Plots", "method against method"),
            shown("reports/figures/seconds.png", "Plots", "metric against seconds"),
        ],
        tables=[
            shown("reports/plots/summaries.csv", "Tables", "means and intervals"),
            *(shown(f"reports/plots/items-{p}.csv", "Tables", f"every value, {p}") for p in PROTOCOLS),
        ],
    log:
        "logs/report.log",
    params:
        everything=settings.canonical(config),
        scheme=SCHEME,
    shell:
        "python -m stages.report --params {params.everything:q} --scheme {params.scheme} --metrics {input.metrics} --images {input.manifest}"
        " --pairs {input.pairs} --data data --out reports --log {log} {input.weights}"
