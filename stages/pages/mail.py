"""Which pairs the single page has, which is to be small enough for a mail."""

from collections.abc import Mapping, Sequence


def ranking(values: Mapping[str, float], failed: Sequence[str], pairs: Sequence[str], *, higher: bool) -> list[str]:
    """Names of all pairs, the worst first: failed ones, then by their values, then those that have none.

    Args:
        values: of the metric that ranks, by pair; nan where there is none.
        failed: pairs whose result is a failure.
        pairs: all, in the order that decides where values are equal.
        higher: whether a higher value is better.
    """
    lost = set(failed)
    with_value = [pair for pair in pairs if pair not in lost and values.get(pair, float("nan")) == values.get(pair)]
    ordered = sorted(with_value, key=lambda pair: values[pair] if higher else -values[pair])
    known = {*lost, *ordered}
    return [*(pair for pair in pairs if pair in lost), *ordered, *(pair for pair in pairs if pair not in known)]


def chosen(ranked: Sequence[str], sizes: Mapping[str, int], room: int) -> list[str]:
    """The pairs that have room: all, or the worst in half of it and as many as fit of the rest, evenly by rank.

    Args:
        ranked: all pairs, the worst first.
        sizes: bytes that each takes; what several share counts for each of them.
        room: bytes.

    Returns:
        Some of them in the same order; at least the worst one.
    """
    if sum(sizes[pair] for pair in ranked) <= room:
        return list(ranked)
    worst, used = 1, sizes[ranked[0]]
    while worst < len(ranked) and used + sizes[ranked[worst]] <= room / 2:
        used += sizes[ranked[worst]]
        worst += 1
    rest = ranked[worst:]
    count = len(rest)
    while count:
        places = [round((k + 0.5) * len(rest) / count - 0.5) for k in range(count)]
        need = sum(sizes[rest[place]] for place in places)
        if used + need <= room:
            return [*ranked[:worst], *(rest[place] for place in places)]
        count = min(count - 1, int(count * max(0, room - used) / need))
    return list(ranked[:worst])
