"""What the rules that measure share: networks, code and parameters."""

MEASURED_SETUP = metric_names.setup_of(config)
EMBEDDINGS = list(dict.fromkeys(methods.reconstruction_folders(config["methods"]).values()))


SCORERS = [*config["networks"]["judges"], config["networks"]["parser"], *config["networks"]["judge_parsers"]]
JUDGES = " ".join(
    [f"--judge {name}" for name in config["networks"]["judges"]]
    + [f"--judge-parser {name}" for name in config["networks"]["judge_parsers"]]
)


def measuring(*keys):
    """Some keys of section `score`, as canonical JSON: those that decide what is measured of an item."""
    return canonical({key: config["score"][key] for key in keys})


def networks_measuring(kind):
    """The networks that measure items of a kind."""
    return [*dict.fromkeys([*SCORERS, *metric_names.networks_for(kind, MEASURED_SETUP)])]


def measured_code(kind):
    """As `code`, of what measures items of a kind: with the metrics of these, and the networks in use."""
    metrics = [registry.module("metrics", name) for name in metric_names.entries_for(kind, MEASURED_SETUP)]
    return code("measure", *metrics, *(registry.module("networks", name) for name in networks_measuring(kind)))
