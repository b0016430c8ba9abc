"""How numbers of things are told."""


def counted(count: int, noun: str, plural: str | None = None) -> str:
    """A number with its noun, as `1 pair` and `3 pairs`."""
    return f"{count} {noun if count == 1 else plural or f'{noun}s'}"
