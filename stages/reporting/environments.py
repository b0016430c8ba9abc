"""On what machine and with which packages the items were computed, from the records; and whether that was all one."""

from collections.abc import Iterator, Mapping, Sequence

from stages.engine.stage_records import Record
from stages.formats.words import counted

# These may differ by design. Precision is chosen for a stage. The device is that of PyTorch where it is used.
WITHIN_A_STAGE = {"precision"}
WITH_TORCH = {"device"}
NOTHING = "–"


def environments_table(records: Sequence[Record]) -> str:
    """A Markdown table, a row an environment: what it was, which stages it computed, and how many items.

    Empty if no record says. A stage that does not use something has no value for it.
    """
    counted: dict[tuple[tuple[str, str], ...], dict[str, int]] = {}
    for stage, environment in _items(records):
        stages = counted.setdefault(tuple(sorted(environment.items())), {})
        stages[_kind(stage)] = stages.get(_kind(stage), 0) + 1
    keys = list(dict.fromkeys(key for _, environment in _items(records) for key in environment))
    rows = [
        [*(dict(environment).get(key, NOTHING) for key in keys), ", ".join(stages), str(sum(stages.values()))]
        for environment, stages in counted.items()
    ]
    header = [*keys, "stages", "items"]
    lines = [header, ["---"] * len(header), *rows] if rows else []
    return "\n".join("| " + " | ".join(line) + " |" for line in lines)


def mixed(records: Sequence[Record]) -> list[str]:
    """A line for every key of the environments that has more than one value: each value, its stages, its items.

    A key of `WITHIN_A_STAGE` gets a line for every stage in which it has more than one. A key of `WITH_TORCH` is
    compared among the items that were computed with PyTorch, and among the others.
    """
    values: dict[tuple[str, str], dict[str, dict[str, int]]] = {}
    for stage, environment in _items(records):
        for key, value in environment.items():
            alike = stage if key in WITHIN_A_STAGE else "torch" if key in WITH_TORCH and "torch" in environment else ""
            of_key = values.setdefault((key, alike), {})
            stages = of_key.setdefault(value, {})
            stages[_kind(stage)] = stages.get(_kind(stage), 0) + 1
    return [
        f"{key} " + " and ".join(_counted(value, stages) for value, stages in sorted(of_key.items()))
        for (key, _), of_key in values.items()
        if len(of_key) > 1
    ]


def _items(records: Sequence[Record]) -> Iterator[tuple[str, dict[str, str]]]:
    """Stage and environment of every item that was computed and says where.

    What a record says counts for all of its items; an item may say more, or otherwise.
    """
    for record in records:
        for item in record["items"]:
            environment = {**(record.get("environment") or {}), **(item.get("environment") or {})}
            if item["status"] == "ok" and environment:
                yield record["stage"], {key: _text(value) for key, value in environment.items() if value is not None}


def _text(value: object) -> str:
    """A value as it stands in a cell."""
    return str(value).replace("|", "\\|")


def _kind(stage: str) -> str:
    """The stage without its method or part: `aligned` for `aligned-barbershop`."""
    return stage.partition("-")[0]


def _counted(value: str, stages: Mapping[str, int]) -> str:
    return f"{value} ({', '.join(stages)}; {counted(sum(stages.values()), 'item')})"
