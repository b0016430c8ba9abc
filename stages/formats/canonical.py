"""One text for equal values: what fingerprints are made of."""

import json
from collections.abc import Mapping
from typing import Any


def canonical(value: Any) -> str:
    """JSON in one canonical form: sorted keys, no spaces, 10.0 as 10. Equal parameters have equal texts."""
    return json.dumps(_plain(value), sort_keys=True, separators=(",", ":"), ensure_ascii=False)


def _plain(value: Any) -> Any:
    if isinstance(value, Mapping):
        return {key: _plain(item) for key, item in value.items()}
    if isinstance(value, list | tuple):
        return [_plain(item) for item in value]
    if isinstance(value, float) and value.is_integer():
        return int(value)
    return value
