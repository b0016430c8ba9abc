"""The loop that every per-item stage shares: what is stored is copied, the rest is computed in batches."""

import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from itertools import groupby
from pathlib import Path
from typing import Any, NamedTuple

from stages.command import log, peak_memory_mib
from stages.config import canonical
from stages.deps import code_digest
from stages.errors import ItemError
from stages.files import is_failed, sha256_file, write_atomic, write_json
from stages.nets.weights import weights_digest
from stages.store import Store, fingerprint


class Item(NamedTuple):
    """One unit of work: the files it reads, the files it makes (by role), and facts that it depends on."""

    name: str
    inputs: dict[str, Path]
    outputs: dict[str, Path]
    facts: Any = None


class Result(NamedTuple):
    """What was computed: file contents by role, and what is worth remembering in the record."""

    contents: dict[str, bytes]
    facts: dict[str, Any]


Compute = Callable[[Sequence[Item]], Sequence[Result | ItemError]]


def run_items(
    stage: str,
    module: str,
    items: Sequence[Item],
    params: Mapping[str, Any],
    weights: Mapping[str, Path],
    compute: Compute,
    record: Path,
    batch: int = 1,
) -> None:
    """Make the outputs of all items and the stage's record.

    An item that fails, or whose input failed, gets empty output files and a record that says why; the others
    go on. `compute` is called with batches of items and only for what is not in the store.

    Args:
        stage: names the stage in the store and the record.
        module: the module whose code, with all it imports, decides the result.
        items: the items, with unique names.
        params: parameters that the result depends on.
        weights: network files that the result depends on, by role.
        compute: computes a batch; returns a result or an error for each item.
        record: where the JSON record of the stage goes.
        batch: largest number of items in a batch; its items have equal facts.
    """
    store = Store(stage)
    digests = {role: weights_digest(path) for role, path in weights.items()}
    records: dict[str, dict[str, Any]] = {}
    todo: list[tuple[Item, str]] = []
    for item in items:
        failed = [path for path in item.inputs.values() if is_failed(path)]
        if failed:
            records[item.name] = _fail(item, f"{failed[0]} is empty: it failed before")
            continue
        key = fingerprint(
            stage=stage, params=params, weights=digests, code=code_digest(module), facts=item.facts,
            inputs={role: sha256_file(path) for role, path in item.inputs.items()},
        )  # fmt: skip
        stored = store.get(key)
        if stored is None:
            todo.append((item, key))
        else:
            records[item.name] = stored.record | {"item": item.name}
            _place(item, stored.contents)
    log.info("%s: %d items, %d stored, %d to compute", stage, len(items), len(records), len(todo))
    done = 0
    for chunk in _batches(todo, batch):
        began = time.monotonic()
        results = compute([item for item, _ in chunk])
        seconds = (time.monotonic() - began) / len(chunk)
        for (item, key), result in zip(chunk, results, strict=True):
            if isinstance(result, ItemError):
                log.error("%s: %s failed: %s", stage, item.name, result)
                records[item.name] = _fail(item, str(result))
                continue
            entry = {
                "item": item.name, "status": "ok", "seconds": round(seconds, 3),
                "peak_mib": round(peak_memory_mib()), **result.facts,
            }  # fmt: skip
            store.put(key, result.contents, entry)
            _place(item, result.contents)
            records[item.name] = entry
        done += len(chunk)
        log.info("%s: %d of %d done", stage, done, len(todo))
    write_json(record, {"stage": stage, "weights": digests, "items": [records[item.name] for item in items]})


def _batches(todo: Sequence[tuple[Item, str]], batch: int) -> Iterator[list[tuple[Item, str]]]:
    """Batches of items in order; only items with equal facts, pairs of one kind, say, share one."""
    for _, group in groupby(todo, key=lambda entry: canonical(entry[0].facts)):
        entries = list(group)
        yield from (entries[start : start + batch] for start in range(0, len(entries), batch))


def _place(item: Item, contents: Mapping[str, bytes]) -> None:
    for role, path in item.outputs.items():
        write_atomic(path, contents[role])


def _fail(item: Item, reason: str) -> dict[str, Any]:
    _place(item, dict.fromkeys(item.outputs, b""))
    return {"item": item.name, "status": "failed", "reason": reason}
