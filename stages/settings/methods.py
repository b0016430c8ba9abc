"""What the section `methods` of params.yaml asks of the pipeline. No torch here."""

from pathlib import Path
from typing import Literal

from stages import registry
from stages.methods import Method
from stages.networks import Role
from stages.params.whole import Choice, Methods, Params
from stages.settings.words import meant, written

ALWAYS = "fs"  # the kind of code that every face has
FREED = (ALWAYS, "fs_faces")  # the kinds of code whose F and S are freed, from `embed.start` on
MEAN = "mean"  # what `embed.start` is where F and S begin at the mean face, without another code
SELF_TRANSFER = "self-transfer"


def kind_of(choice: Choice) -> Method:
    """The registered kind of a method's entry."""
    method: Method = registry.load("methods", choice["kind"])
    return method


def notes(methods: Methods) -> dict[str, str]:
    """For each method that changes more than the pairs ask for, what that is."""
    return {name: note for name, choice in methods.items() if (note := kind_of(choice).note)}


def sources(methods: Methods) -> dict[str, str]:
    """For each method that reads the composites or the aligned codes of another one, that one."""
    return {name: choice["of"] for name, choice in methods.items() if "of" in choice}


def source_problems(methods: Methods) -> list[str]:
    """A line for each method that reads what a method makes that is not there, or makes none, or in the end its own."""
    of, lines, with_codes = sources(methods), [], aligned(methods)
    for name, source in of.items():
        way = [name]
        while of.get(way[-1], name) not in way:
            way.append(of[way[-1]])
        if source not in methods:
            others = [other for other in methods if other != name]
            lines.append(f"methods.{name}.of: there is no method {written(source)}{meant(source, others)[0]}")
        elif of.get(way[-1]) == name:
            circle = " of ".join([*way, name])
            lines.append(f"methods.{name}.of: it would be made of its own composites ({circle}); name another method")
        elif "aligned" in kind_of(methods[name]).reads and source not in with_codes:
            known = ", ".join(with_codes) or "none of the methods"
            lines.append(f"methods.{name}.of: {source} aligns no codes; these do: {known}")
    return lines


def chain(methods: Methods, name: str) -> list[str]:
    """A method and those whose composites or codes its own are made of, the first of all at the end."""
    of, found = sources(methods), [name]
    while found[-1] in of:
        found.append(of[found[-1]])
    return found


def minimised(methods: Methods, name: str) -> tuple[Role, ...]:
    """The roles of the networks that a method minimises, or the one does whose composites or codes it changes."""
    choice = methods[chain(methods, name)[-1]]
    return kind_of(choice).minimises(choice)


def from_elsewhere(methods: Methods) -> list[str]:
    """Names of the methods whose composites another system made, or are made of such."""
    return [name for name in methods if "images" in kind_of(methods[chain(methods, name)[-1]]).supplied]


def aligned(methods: Methods) -> list[str]:
    """Names of the methods that have aligned codes of their own."""
    return [name for name, choice in methods.items() if "aligned" in kind_of(choice).reads and "of" not in choice]


def composed(methods: Methods, name: str) -> list[str]:
    """A method and those whose composites, not only codes, its own are made of: the beginning of `chain`."""
    found = [name]
    while "composites" in kind_of(methods[found[-1]]).reads:
        found.append(methods[found[-1]]["of"])
    return found


def previewed(methods: Methods) -> list[str]:
    """Names of the methods that align codes: what their aligned codes render to is shown in the gallery."""
    return [name for name in aligned(methods) if methods[name].get("align")]


def embedding(methods: Methods) -> dict[str, str]:
    """For each method that embeds the faces, the kind of its code."""
    return {name: choice["code"] for name, choice in methods.items() if "code" in choice}


def folders_supplied(methods: Methods, key: Literal["images", "reconstructions"]) -> dict[str, str]:
    """For each method that names such a folder of the user's (`images` or `reconstructions`), that folder."""
    return {name: choice[key] for name, choice in methods.items() if key in kind_of(choice).supplied and key in choice}


def sections_of(methods: Methods) -> list[str]:
    """Names of the sections of params.yaml that belong to the kinds in use, each once."""
    return list(dict.fromkeys(own for choice in methods.values() if (own := kind_of(choice).section) is not None))


def own_networks(methods: Methods, start: str) -> list[str]:
    """Names of the networks that are needed beside those of section `networks`, each once: methods' own, encoders."""
    of_kinds = [name for choice in methods.values() for name in kind_of(choice).own_networks]
    used = encoders(methods, start)
    read = [name for encoder in used if (name := registry.load("networks", encoder).reads) is not None]
    return list(dict.fromkeys([*of_kinds, *used, *read]))


def reconstruction_folders(methods: Methods) -> dict[str, str]:
    """For each method that reconstructs faces, the folder of its renders below data/reconstructions.

    That is the name of its kind of code; another system's images have a folder of their own.
    """
    return embedding(methods) | {name: f"external-{name}" for name in folders_supplied(methods, "reconstructions")}


def other_codes(methods: Methods, start: str) -> list[str]:
    """The kinds of code that are computed beside FS: those that some method uses, and where FS begins."""
    return [code for code in dict.fromkeys([start, *embedding(methods).values()]) if code not in (ALWAYS, MEAN)]


def recorded_codes(methods: Methods, start: str) -> list[str]:
    """Folders of records of codes: FS, the kinds beside it, and what other systems rebuilt."""
    return list(dict.fromkeys([ALWAYS, *other_codes(methods, start), *reconstruction_folders(methods).values()]))


def known_encoders() -> list[str]:
    """Names of all networks that give the code of a face in one pass."""
    return [name for name, network in registry.entries("networks").items() if network.role == "encoder"]


def encoders(methods: Methods, start: str) -> list[str]:
    """Of the kinds of code that are computed, those that an encoder of that name gives."""
    known = known_encoders()
    return [code for code in other_codes(methods, start) if code in known]


def fill_networks(fill: str) -> list[str]:
    """The network that a fill asks, if it asks one: it says so itself, so no fill has to be loaded."""
    return [name for name, network in registry.entries("networks").items() if network.fill == fill]


def code_folder(codes: Path, code: str) -> Path:
    """Where a kind of code lies: FS above the others, which have folders of their own."""
    return codes if code == ALWAYS else codes / code


def protocols(params: Params) -> dict[str, list[str]]:
    """What is measured, and the methods that must have it: not all embed something."""
    methods, own = params["methods"], in_place(params)
    always = {"reconstruction": list(reconstruction_folders(methods)), "transfer": list(methods)}
    return always | ({SELF_TRANSFER: own} if own else {})


def in_place(params: Params) -> list[str]:
    """Names of the methods whose composite of an image with its own hair is its embedding: `stages.score` says why."""
    if not params["score"]["self_transfer"]:
        return []
    latent, official = embedding(params["methods"]), params["align"]["variant"] == "official"
    return [name for name in latent if not (official and params["methods"][name]["align"])]
