# The records of all items that are measured and shown.
ALL_RECORDS = [
    *all_chunks(rules.make_faces.output.record, IMAGE_CHUNKS),
    *all_chunks(rules.make_maps.output.record, IMAGE_CHUNKS),
    *all_chunks("data/records/codes/{code}/{chunk}.json", IMAGE_CHUNKS, code=EMBEDDED),
    *all_chunks(rules.make_targets.output.record, PAIR_CHUNKS),
    *all_chunks(rules.make_aligned.output.record, PAIR_CHUNKS, method=ALIGNED),
    *all_chunks(rules.make_composites.output.record, PAIR_CHUNKS, method=METHODS),
]


rule make_report:
    input:
        template="stages/reporting/report.md.j2",
        published=["stages/reporting/published.csv", "stages/reporting/elsewhere.csv"],
        metrics=rules.make_score.output,
        manifest=rules.make_images.output.manifest,
        pairs=rules.make_pairs.output.pairs,
        strata=[rules.make_image_strata.output.table, rules.make_pair_strata.output.table],
        examples=rules.make_examples.output,
        records=ALL_RECORDS,
        weights=weights_named(dict.fromkeys([*USED, *OTHER_SCORERS])),
        votes=config["report"]["votes"] or [],
    output:
        # `update`: Snakemake leaves the last report where it is, and puts it back if this one fails.
        text=update("reports/report.md"),
        page=update("reports/report.html"),
        json=update("reports/metrics.json"),
        pictures=[
            update(shown("reports/figures/transfer.png", "Pictures", "pairs, every method")),
            update(shown("reports/figures/errors.png", "Pictures", "pairs, error maps")),
            update(shown("reports/figures/reconstruction.png", "Pictures", "embeddings")),
            *([update(shown("reports/figures/examples.png", "Pictures", "other transfers"))] if EXAMPLE_KINDS else []),
        ],
        plots=[
            *(
                update(shown(f"reports/figures/distributions-{p}.png", "Plots", f"distributions, {p}"))
                for p in PROTOCOLS
            ),
            update(shown("reports/figures/scatter.png", "Plots", "method against method")),
            update(shown("reports/figures/seconds.png", "Plots", "metric against seconds")),
            *(
                [update(shown("reports/figures/strengths.png", "Plots", "preference study"))]
                if config["report"]["votes"]
                else []
            ),
        ],
        tables=[
            update(shown("reports/plots/summaries.csv", "Tables", "means and intervals")),
            *(update(shown(f"reports/plots/items-{p}.csv", "Tables", f"every value, {p}")) for p in PROTOCOLS),
        ],
        # Not so the record. Without it Snakemake knows that the report has to be made again.
        record="reports/record.json",
    log:
        "logs/report.log",
    priority: 1  # before the gallery: what is wrong with the table is told by the report
    params:
        code=code("report", *entries_of("systems")),
        everything=canonical(config),
        scheme=SCHEME,
        given=given_settings(),
    shell:
        "python -m stages.report --params {params.everything:q} --scheme {params.scheme} --metrics {input.metrics} --images {input.manifest}"
        " --pairs {input.pairs} --data data --out reports --log {log} {params.given} {input.weights}"
