"""Names in the table that planning must know too; nothing slow is imported here."""

from collections.abc import Iterable

FAILURE = "failure"  # the metric that is 1 where a method's result of an item is a failure, else 0


def meant_by(short: str, kinds: Iterable[str]) -> list[str]:
    """The metrics, named without their size, that a name without network stands for: `taken IoU`, say."""
    return [kind for kind in kinds if kind == short or kind.startswith(f"{short} ")]
