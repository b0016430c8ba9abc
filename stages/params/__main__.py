"""`python -m stages.params`: params.yaml with comments made of the types, its JSON schema, and what a key may be."""

import json
from pathlib import Path
from typing import Annotated, Any

import typer

from stages.engine.command import run_stage
from stages.errors import UserError
from stages.formats.files import write_atomic
from stages.settings.comments import commented
from stages.settings.config import check_params
from stages.settings.problems import safe
from stages.settings.schema import at, whole
from stages.settings.words import meant, rule, written
from stages.settings.yaml_files import read_text, read_yaml

COMMAND = "python -m stages.params"


def schema_text() -> str:
    """The JSON schema of params.yaml, for editors."""
    return json.dumps(whole(), indent=1, ensure_ascii=False) + "\n"


def explained(key: str, params: Any) -> str:
    """What a key means, what it must be and what it is.

    Raises:
        UserError: there is no such key; names the nearest.
    """
    parts, value = key.split("."), params
    for k, part in enumerate(parts):
        if at(parts[: k + 1], params) is None:
            known = list(value if parts[0] == "methods" and k == 1 else _keys(parts[:k], params))
            told = meant(part, known)[0] if known else f"; {'.'.join(parts[:k])} has no keys"
            raise UserError(f"{key}: there is no such key{told}")
        value = value.get(part)
    schema = at(parts, params)
    assert schema is not None
    lines = [key, *([f"  {schema['description']}"] if "description" in schema else [])]
    if isinstance(value, dict):
        return "\n".join([*lines, f"  Its keys: {', '.join(value)}."])
    return "\n".join([*lines, f"  It must be {rule(schema)}.", f"  It is {written(value)}."])


def _keys(parts: list[str], params: Any) -> list[str]:
    schema = at(parts, params) if parts else whole()
    return list((schema or {}).get("properties", {}))


def main(
    params: Annotated[Path, typer.Option(help="the file")] = Path("params.yaml"),
    write: Annotated[bool, typer.Option("--write", help="write the comments into the file")] = False,
    check: Annotated[bool, typer.Option("--check", help="write nothing; fail if the comments are old")] = False,
    schema: Annotated[bool, typer.Option("--schema", help="print the JSON schema instead")] = False,
    explain: Annotated[
        str | None, typer.Option(help="say what a key, align.start for instance, means and may be")
    ] = None,
) -> None:
    """Print params.yaml with comments made of the types; its values stay as they are."""
    if schema:
        typer.echo(schema_text(), nl=False)
        return
    if explain is not None:
        values = read_yaml(params)
        check_params(values, safe(params))
        typer.echo(explained(explain, values))
        return
    text = commented(params)
    if check and text != read_text(params):
        raise UserError(f"{safe(params)}: its comments are not what the types say; `{COMMAND} --write` makes them so")
    if write:
        write_atomic(params.resolve(), text.encode())  # a link stays one
    elif not check:
        typer.echo(text, nl=False)


if __name__ == "__main__":
    run_stage(main)
