"""What the rules ask of the method, or of the encoder, that a wildcard names."""


def kind_of(wildcards):
    """The registered kind of the wildcard's method."""
    return methods.kind_of(config["methods"][wildcards.method])


def method_code(wildcards):
    """As `code`, of the stage that makes the composites of the wildcard's method."""
    kind, name = kind_of(wildcards), config["methods"][wildcards.method]["kind"]
    own = [registry.module("networks", network) for network in kind.own_networks]
    return code("compose", registry.module("methods", name), *networks(*kind.networks), *own)


# DVC is told what each of these may be, whatever params.yaml chooses (see `stages.settings.dvc_pipeline`).
method_code.every = code("compose", *entries_of("methods"), *networks(*settings.ROLES))


# The records of earlier stages, chunk by chunk, of what a method's composites may be made of. Those of images are in the
# digests beside the pairs.
OF_PAIRS = {
    "targets": "data/records/targets/{chunk}.json",
    "aligned": "data/records/aligned/{method}/{chunk}.json",
    "composites": "data/records/composites/{of}/{chunk}.json",
}


def method_reads(wildcards):
    """The records of the artifacts that the composites of the wildcard's method are made of; with `of`, another's."""
    reads = [OF_PAIRS[each] for each in kind_of(wildcards).reads if each in OF_PAIRS]
    of = config["methods"][wildcards.method].get("of")
    return [path.format(method=of or wildcards.method, chunk=wildcards.chunk, of=of) for path in reads]


method_reads.every = list(OF_PAIRS.values())


def method_weights(wildcards):
    """The weight files of the networks that the wildcard's method needs, by role, or by name if they are its own."""
    kind = kind_of(wildcards)
    by_role = {role: weights_of(role) for role in kind.networks}
    return by_role | dict(zip(kind.own_networks, weights_named(kind.own_networks), strict=True))


def method_weight_files(wildcards):
    """The same files as a list."""
    return list(method_weights(wildcards).values())


method_weight_files.every = [weights_of(role) for role in settings.ROLES]


def method_params(wildcards):
    """The wildcard's method's own section of the parameters, empty without one, as canonical JSON."""
    own = kind_of(wildcards).section
    return section(own) if own else canonical({})


def composed_section(wildcards):
    """As `method_section`, without the folder of rebuilt images, which go into no composite."""
    own = config["methods"][wildcards.method]
    return canonical({wildcards.method: {key: own[key] for key in own if key != "reconstructions"}})


def method_precision(wildcards):
    """What the wildcard's method is told of precision; without networks it has none."""
    return config["networks"]["precision"] if kind_of(wildcards).networks else "float32"


def method_results(wildcards):
    """The files of the wildcard's method and chunk if it was run elsewhere."""
    found = RESULTS.get(wildcards.method, {})
    return [found[name] for name in PAIR_CHUNKS[wildcards.chunk] if name in found]


def method_rebuilt(wildcards):
    """The images of the wildcard's chunk as the wildcard's method rebuilt them elsewhere."""
    found = REBUILT[wildcards.method]
    return [found[name] for name in IMAGE_CHUNKS[wildcards.chunk] if name in found]


def encoder_code(wildcards):
    """As `code`, of the stage that embeds by the wildcard's encoder."""
    return code("encode", *networks("generator"), registry.module("networks", wildcards.encoder))


encoder_code.every = code(
    "encode",
    *networks("generator"),
    *(registry.module("networks", name) for name in methods.known_encoders()),
)


def backbone_of_encoder(wildcards):
    """The weights of the perceptual network that the wildcard's encoder reads, if it reads one."""
    reads = registry.load("networks", wildcards.encoder).reads
    return weights_named([reads] if reads else [])
