"""The loop that every per-item stage shares: what is stored is copied, what is there already stays, the rest is
computed in batches."""

import gc
import logging
import time
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from functools import partial
from itertools import groupby
from pathlib import Path
from typing import Literal, NamedTuple, ParamSpec

from stages import registry
from stages.engine import intact, run_log
from stages.engine.batches import BatchSize, cuda, device_memory, device_peak_mib
from stages.engine.code import code_digests
from stages.engine.environment import environment
from stages.engine.item_store import Parts, Store, Stored, fingerprint
from stages.engine.machine import address_space_left, peak_memory_mib
from stages.engine.progress import take_curves
from stages.engine.stage_records import ItemRecord, check, last_record, withdraw, write_record
from stages.errors import ItemError, UnreadableError, UserError
from stages.formats.canonical import canonical
from stages.formats.files import digest_if_file, is_failed, refuse_folder, write_atomic, write_shared
from stages.formats.weight_files import network_of, weights_digest
from stages.regions.pair import Pair


class Item(NamedTuple):
    """One unit of work: the files it reads, the files it makes (by role), and facts that it depends on.

    `given`: the files are a user's, so an empty one is not what a stage left of a failed item.
    """

    name: str
    inputs: dict[str, Path]
    outputs: dict[str, Path]
    facts: Mapping[str, object] | None = None
    given: bool = False


class Result(NamedTuple):
    """What was computed: file contents by role, and what is worth remembering in the record."""

    contents: dict[str, bytes]
    facts: Mapping[str, object]


log = logging.getLogger("stages")
P = ParamSpec("P")

SCARCE = 512 * 2**20  # bytes of address space; with less left, an error of any kind is one of memory

Compute = Callable[[Sequence[Item]], Sequence[Result | ItemError]]


class Todo(NamedTuple):
    """An item that has to be computed, its fingerprint, and all that this is made of."""

    item: Item
    key: str
    parts: Parts


def items_of_pairs(pairs: Iterable[Pair], faces: Path, maps: Path, targets: Path, out: Path) -> list[Item]:
    """Items of pairs whose composite, the image `out`/PAIR.png, is made of all their images, label maps and the target.

    The roles are `target`, and `face0`, `map0`, … in the order of the pair's images.
    """
    items = []
    for pair in pairs:
        inputs = {"target": targets / f"{pair.pair}.png"}
        for k, image in enumerate(pair.images):
            inputs |= {f"face{k}": faces / f"{image}.png", f"map{k}": maps / f"{image}.png"}
        items.append(Item(pair.pair, inputs, {"image": out / f"{pair.pair}.png"}, pair.facts))
    return items


def item_steps(
    stage: str,
    modules: Sequence[str],
    items: Sequence[Item],
    params: Mapping[str, object],
    weights: Mapping[str, Path],
    compute: Compute,
    record: Path,
    batch: int | Literal["auto"] = 1,
    read_ahead: Callable[[Sequence[Item]], None] | None = None,
    mixed: bool = False,
) -> Iterator[int]:
    """Make the outputs of all items and the stage's record, and yield before each batch the place of its first item.

    The record is written when the iterator is at its end. `run_items` goes there at once. Several that share what they
    read go there together, by `in_turn`.

    An item that fails, or whose input failed, gets empty output files and a record that says why; the others
    go on. `compute` is called with batches of items and only for what is not in the store; a batch that does not fit
    into memory is halved.

    Args:
        stage: names the stage in the store and the record.
        modules: those whose code, with all it imports, decides the result, beside that of the networks.
        items: the items, with unique names.
        params: parameters that the result depends on, as they were resolved: no `auto`.
        weights: network files that the result depends on, by role.
        compute: computes a batch; returns a result or an error for each item.
        record: where the JSON record of the stage goes.
        batch: largest number of items in a batch, or `auto` (see `BatchSize`).
        read_ahead: called with the items of the next batch before `compute` is with those of this one.
        mixed: whether items of a batch may have different facts.

    Raises:
        UserError: an input is not what the stage that made it wrote, an output cannot be written, or `compute` does not
            give what it should.
    """
    store = Store(stage)
    inputs = check({path for item in items for path in item.inputs.values()})
    for path in (path for item in items for path in item.outputs.values()):
        refuse_folder(path)
    withdraw(record)
    before = _Before(record)
    _remove_leftovers(items)
    digests = {role: weights_digest(path) for role, path in weights.items()}
    code = [*modules, *(registry.module("networks", network_of(path)) for path in weights.values())]
    where = environment(*code)
    shared = {
        "stage": stage, "params": params, "weights": digests, "code": code_digests(*code),
        "environment": where,
    }  # fmt: skip
    noted = partial(run_log.note, stage=stage, chunk=record.stem if record.stem.isdigit() else None)
    made = where | ({"precision": params["precision"]} if "precision" in params else {})
    records: dict[str, dict[str, object]] = {}
    todo: list[Todo] = []
    for item in items:
        failed = [path for path in item.inputs.values() if is_failed(path)]
        if failed and not item.given:
            reason = f"{failed[0]} is empty, it failed before"
            records[item.name] = _fail(item, reason)
            noted("failed", item=item.name, reason=reason)
            continue
        parts: Parts = shared | {
            "facts": item.facts,
            "inputs": {role: inputs[path] for role, path in item.inputs.items()},
        }
        key = fingerprint(parts)
        if stored := store.get(key):
            records[item.name] = stored.record | {"item": item.name}
            _place(item, stored)
        elif there := before.get(item, key):
            records[item.name] = {**there, "item": item.name}
        else:
            todo.append(Todo(item, key, parts))
            continue
        noted("stored", item=item.name)
    log.info("%s: %d items, %d stored, %d to compute", stage, len(items), len(records), len(todo))
    noted("planned", items=len(items), to_compute=len(todo))
    done, size = 0, BatchSize(batch, device_memory())
    places = {item.name: place for place, item in enumerate(items)}
    for chunk, following in _batches(todo, size, mixed):
        yield places[chunk[0].item.name]
        if read_ahead is not None:
            if not done:
                read_ahead([todo.item for todo in chunk])
            read_ahead([todo.item for todo in following])
        began = time.monotonic()
        results = _computed(compute, [todo.item for todo in chunk], size)
        _check_results(stage, [todo.item for todo in chunk], results)
        seconds = (time.monotonic() - began) / len(chunk)
        for (item, key, parts), result, losses in zip(chunk, results, take_curves(len(chunk)), strict=True):
            if isinstance(result, ItemError):
                log.error("%s: %s failed: %s", stage, item.name, result)
                noted("failed", item=item.name, reason=str(result), seconds=round(seconds, 3), losses=losses or None)
                records[item.name] = _fail(item, str(result), unreadable=isinstance(result, UnreadableError))
                continue
            entry = {
                "item": item.name, "status": "ok", "key": key, "seconds": round(seconds, 3),
                "peak_mib": round(peak_memory_mib()), "environment": made, **result.facts,
            }  # fmt: skip
            _place(item, store.put(key, result.contents, entry, parts))
            records[item.name] = entry
            noted(
                "computed", item=item.name, seconds=entry["seconds"], peak_mib=entry["peak_mib"],
                device_peak_mib=device_peak_mib(), device=where["device"], losses=losses or None,
            )  # fmt: skip
        done += len(chunk)
        log.info("%s: %d of %d done", stage, done, len(todo))
    files = [path for item in items for path in item.outputs.values()]
    intact.note(record, write_record(record, stage, files, weights=digests, items=[records[i.name] for i in items]))


def in_turn(*runs: Iterator[int]) -> None:
    """Go to the end of all `item_steps`, of which the one goes on whose next batch comes first in its list of items."""
    waiting = {run: place for run in runs if (place := next(run, None)) is not None}
    while waiting:
        run = min(waiting, key=waiting.__getitem__)
        place = next(run, None)
        if place is None:
            del waiting[run]
        else:
            waiting[run] = place


def _at_once(steps: Callable[P, Iterator[int]]) -> Callable[P, None]:
    def run(*arguments: P.args, **more: P.kwargs) -> None:
        in_turn(steps(*arguments, **more))

    return run


run_items = _at_once(item_steps)


def _computed(compute: Compute, items: Sequence[Item], size: BatchSize) -> list[Result | ItemError]:
    """The results of a batch. What does not fit into memory is computed in halves; an item that does not fit fails."""
    failure = None
    try:
        with size.measured(len(items)):
            return list(compute(items))
    except (MemoryError, RuntimeError) as error:
        if not _out_of_memory(error):
            raise
        failure = str(error).strip().splitlines()[0]
    # Not in the handler: while the exception lives, so does all that the frames of its traceback hold.
    gc.collect()  # nor in a cycle that the failure left
    if cuda():
        cuda().empty_cache()
    if len(items) == 1:
        return [ItemError(f"out of memory ({failure}): free some, or run it on a larger machine")]
    log.warning("out of memory with a batch of %d (%s): in halves", len(items), failure)
    half = len(items) // 2
    size.limit(half)
    return _computed(compute, items[:half], size) + _computed(compute, items[half:], size)


class _Before:
    """What the stage's last record said. Without the store it tells which items are in their places as they were."""

    def __init__(self, record: Path) -> None:
        last = last_record(record)
        self.files = last["files"] if last else {}
        self.items: dict[str | None, ItemRecord] = {item.get("key"): item for item in last["items"]} if last else {}

    def get(self, item: Item, key: str) -> ItemRecord | None:
        """The record of an item that was made with this fingerprint and whose files have not changed since, or None."""
        found, paths = self.items.get(key), item.outputs.values()
        is_there = found and all(digest_if_file(path) == self.files.get(str(path), "") for path in paths)
        return found if is_there else None


def _check_results(stage: str, items: Sequence[Item], results: Sequence[object]) -> None:
    """Raises UserError unless there is a result or an error for each item, and a result has all outputs, as bytes."""
    if len(results) != len(items):
        raise UserError(f"{stage}: compute gives {len(results)} results for {len(items)} items; one for each is needed")
    for item, result in zip(items, results, strict=True):
        where = f"{stage}: compute gives for {item.name}"
        if isinstance(result, ItemError):
            continue
        if not isinstance(result, Result):
            raise UserError(f"{where} {type(result).__name__}; it must give a Result or an ItemError")
        if result.contents.keys() != item.outputs.keys() or not all(
            isinstance(content, bytes) for content in result.contents.values()
        ):
            given, needed = (", ".join(sorted(roles)) or "nothing" for roles in (result.contents, item.outputs))
            raise UserError(f"{where} the contents {given}; needed are {needed}, each as bytes")


def _out_of_memory(error: Exception) -> bool:
    """The CPU's allocator has no exception of its own, only a message; oneDNN has not even that ("could not create a
    primitive"), so at the process's limit any error counts."""
    known = isinstance(error, MemoryError) or "DefaultCPUAllocator" in str(error)
    known |= type(error).__name__ == "OutOfMemoryError"  # PyTorch's, of a GPU
    return known or address_space_left() < SCARCE


def _batches(todo: Sequence[Todo], size: BatchSize, mixed: bool) -> Iterator[tuple[list[Todo], list[Todo]]]:
    """Batches of items in order, each with the one that follows as far as the size of that is known by now.

    Only items with equal facts, pairs of one kind, say, share a batch that is not `mixed`.
    """
    groups = [list(group) for _, group in groupby(todo, key=lambda each: None if mixed else canonical(each.item.facts))]
    while groups:
        count = size.next()
        chunk, rest = groups[0][:count], groups[0][count:]
        groups = [rest, *groups[1:]] if rest else groups[1:]
        yield chunk, groups[0][:count] if groups else []


def _remove_leftovers(items: Sequence[Item]) -> None:
    """Remove what an earlier run was writing when it was killed; DVC would take it for an output."""
    for folder, name in {(path.parent, path.name) for item in items for path in item.outputs.values()}:
        for leftover in folder.glob(f".{name}.*"):
            if not leftover.is_dir():
                leftover.unlink()


def _place(item: Item, stored: Stored) -> None:
    """Put an item's files where they belong; those that lie there already keep their times.

    Tensors are on the disk once, if that can be: most of what a run leaves is codes. An image has blocks of its own,
    so one that somebody edits comes back from the store.
    """
    for role, path in item.outputs.items():
        if not _holds(path, content := stored.contents[role]):
            write_shared(path, content, stored.folder / role, linked=path.suffix == ".safetensors")


def _holds(path: Path, content: bytes) -> bool:
    try:
        return path.stat().st_size == len(content) and path.read_bytes() == content
    except OSError:
        return False


def _fail(item: Item, reason: str, *, unreadable: bool = False) -> dict[str, object]:
    for path in item.outputs.values():
        if not _holds(path, b""):
            write_atomic(path, b"")
    mark = {"unreadable": True} if unreadable else {}
    return {"item": item.name, "status": "failed", "reason": reason, **mark}
