"""The evaluation as a graph of cached artifacts: `snakemake --cores 1 --resources gpu=1`."""

from snakemake.utils import min_version

min_version("9.0")


include: "workflow/rules/params.smk"


configfile: "params.yaml"


report: "workflow/report/workflow.rst"


include: "workflow/rules/common.smk"
include: "workflow/rules/of_methods.smk"
include: "workflow/rules/weights.smk"
include: "workflow/rules/faces.smk"
include: "workflow/rules/strata.smk"
include: "workflow/rules/regions.smk"
include: "workflow/rules/embed.smk"
include: "workflow/rules/training.smk"
include: "workflow/rules/align.smk"
include: "workflow/rules/compose.smk"
include: "workflow/rules/examples.smk"
include: "workflow/rules/measuring.smk"
include: "workflow/rules/score.smk"
include: "workflow/rules/report.smk"
include: "workflow/rules/gallery.smk"


onerror:
    slurm.say_why()


# A cluster runs these where `snakemake` was typed: targets, what needs the internet, and lists that take seconds.
localrules:
    all,
    make_weights,
    make_images,
    make_image_strata,
    make_pairs,
    make_chunks,
    make_pair_strata,
    weights,
    faces,
    maps,
    strata,
    targets,
    codes,
    aligned,
    composites,
    examples,
    measured,
    pictures,
    score,
    report,
    gallery,


rule all:
    default_target: True
    input:
        rules.make_report.output,
        rules.make_gallery.output,
        # And all that it was made of: it is there as well, or it is made again.
        rules.make_images.output,
        rules.make_image_strata.output,
        rules.make_pairs.output,
        rules.make_pair_strata.output,
        rules.make_chunks.output,
        ALL_RECORDS,
        all_chunks(rules.make_strata.output, IMAGE_CHUNKS),
        MEASURED,
        PICTURES,


rule weights:
    input:
        weights_named(dict.fromkeys([*USED, *OTHER_SCORERS])),


rule faces:
    input:
        rules.make_images.output,
        all_chunks(rules.make_faces.output, IMAGE_CHUNKS),


rule maps:
    input:
        before(rules.faces.input),
        all_chunks(rules.make_maps.output, IMAGE_CHUNKS),


rule strata:
    input:
        before(rules.maps.input),
        all_chunks(rules.make_strata.output, IMAGE_CHUNKS),
        rules.make_image_strata.output,


rule encoder:
    input:
        rules.train_encoder.output,


rule completer:
    input:
        rules.train_completer.output,


rule codes:
    input:
        before(rules.faces.input),
        all_chunks("data/records/codes/{code}/{chunk}.json", IMAGE_CHUNKS, code=EMBEDDED),


rule targets:
    input:
        before(rules.maps.input),
        rules.make_pairs.output,
        rules.make_pair_strata.output,
        rules.make_chunks.output,
        all_chunks(rules.make_targets.output, PAIR_CHUNKS),


rule aligned:
    input:
        before(rules.codes.input, rules.targets.input),
        all_chunks(rules.make_aligned.output, PAIR_CHUNKS, method=ALIGNED),


rule composites:
    input:
        before(rules.aligned.input),
        all_chunks(rules.make_composites.output, PAIR_CHUNKS, method=METHODS),


rule examples:
    input:
        rules.make_examples.output,


rule measured:
    input:
        before(rules.composites.input),
        MEASURED,


rule pictures:
    input:
        before(rules.composites.input),
        all_chunks(rules.make_previews.output, PAIR_CHUNKS, method=PREVIEWED),
        PICTURES,


rule score:
    input:
        before(rules.measured.input),
        rules.make_score.output,


rule report:
    input:
        rules.make_report.output,


rule gallery:
    input:
        rules.make_gallery.output,


if "DVC_STAGE" in os.environ:
    # A DVC stage allows its own rules alone. `rules.….output` would bring in its maker all the same, and with files that
    # DVC has fetched that maker would run again by their times.
    for each in workflow.rules:
        each.dependencies.clear()
