"""One text for equal values: what fingerprints are made of."""

import json
from collections.abc import Mapping


def canonical(value: object) -> str:
    """JSON in one canonical form: sorted keys, no spaces, 10.0 as 10. Equal parameters have equal texts."""
    return json.dumps(plain(value), sort_keys=True, separators=(",", ":"), ensure_ascii=False)


def plain(value: object) -> object:
    """The same value with 10 for 10.0, plain dictionaries and lists."""
    if isinstance(value, Mapping):
        return {key: plain(item) for key, item in value.items()}
    if isinstance(value, list | tuple):
        return [plain(item) for item in value]
    if isinstance(value, float) and value.is_integer():
        return int(value)
    return value
