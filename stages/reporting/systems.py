"""The report's table of systems: which of those around the paper this run measured, and what the others need."""

from collections.abc import Callable

from stages import registry
from stages.params.whole import Params
from stages.reporting.names import method_name
from stages.reporting.published import elsewhere, published
from stages.reporting.tables import NOTHING, markdown_table
from stages.settings.methods import kind_of
from stages.systems import System

HERE, RESULTS, PUBLISHED, NOT_RUN = "measured here", "by results", "published only", "not run"
STATES = (HERE, RESULTS, PUBLISHED, NOT_RUN)


def systems_table(params: Params) -> str:
    """A row a system: its state in this run, the rows that are its, who published numbers of it, what it needs.

    Systems of one state stand together, by name.
    """
    rows = []
    for name, system in registry.entries("systems").items():
        ours, theirs, papers = measuring(system, params), by_results(name, params), published_by(system.title)
        state = HERE if ours else RESULTS if theirs else PUBLISHED if papers else NOT_RUN
        shown = ", ".join(method_name(method) for method in [*ours, *theirs]) or NOTHING
        needs = NOTHING if ours or theirs else missing(name, system, params)
        rows.append([system.title, state, shown, ", ".join(papers) or NOTHING, needs])
    rows.sort(key=lambda row: (STATES.index(row[1]), row[0].casefold()))
    return markdown_table(
        ["system", "state", "rows of this run", "numbers published in", "to measure it"], rows, words=True
    )


def measuring(system: System, params: Params) -> list[str]:
    """The methods of a run that are a system, or that work with its codes or on it as their generator."""
    in_use = system.generator and params["networks"]["generator"] == system.network
    fits: list[Callable[[str], bool]] = [
        lambda method: params["methods"][method]["kind"] in system.kinds,
        lambda method: params["methods"][method].get("code") in system.codes,
        lambda method: in_use and "generator" in kind_of(params["methods"][method]).networks,
    ]
    return [method for method in params["methods"] if any(fit(method) for fit in fits)]


def by_results(name: str, params: Params) -> list[str]:
    """The methods of a run whose images a system made elsewhere."""
    return [method for method, choice in params["methods"].items() if choice.get("system") == name]


def published_by(title: str) -> list[str]:
    """The papers of which the report shows a number of a system."""
    table, others = published(), elsewhere()
    own = ["Barbershop, Table 1"] if title in set(table["method"]) else []
    sources = dict.fromkeys(others[others["method"] == title]["source"])
    return own + ["Barbershop, user study" if source == "Barbershop" else source for source in sources]


def missing(name: str, system: System, params: Params) -> str:
    """What a user has to do or to have so that a system becomes a row."""
    if system.layout is not None:
        return f"its own code and a GPU: `python -m stages.export --layout {name}`"
    if system.why_not:
        return system.why_not
    if system.generator:
        method = f"`networks.generator: {system.network}`"
    else:
        method = f"a method `kind: {system.kinds[0]}`" if system.kinds else f"a method with `code: {system.codes[0]}`"
    return f"{method}, with its checkpoint as `{params['checkpoints'][system.network]}`" if system.network else method
