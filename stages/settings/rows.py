"""Rows of images.csv and pairs.csv, checked against their schemas. No torch here."""

import math
from functools import cache
from pathlib import Path
from typing import Any

import jsonschema
import yaml

SCHEMAS = Path(__file__).parent.parent.parent / "workflow" / "schemas"


@cache
def schema_of(name: str) -> dict[str, Any]:
    """The schema of a file that users write: `params`, or a row of `images` or `pairs`."""
    return yaml.safe_load((SCHEMAS / f"{name}.schema.yaml").read_text())


def first_error(schema: dict[str, Any], value: Any) -> str | None:
    """The most telling violation as `key.key: what is wrong`, or None."""
    error = jsonschema.exceptions.best_match(jsonschema.Draft202012Validator(schema).iter_errors(value))
    if error is None:
        return _non_finite(value)
    where = ".".join(str(part) for part in error.absolute_path)
    return f"{where}: {error.message}" if where else error.message


def _non_finite(value: Any, where: str = "") -> str | None:
    """JSON schema lets YAML's `.inf` and `.nan` pass for numbers."""
    if isinstance(value, dict):
        found = (_non_finite(item, f"{where}.{key}".strip(".")) for key, item in value.items())
        return next(filter(None, found), None)
    return f"{where}: {value} is not a finite number" if isinstance(value, float) and not math.isfinite(value) else None
