"""How often something may happen: a bucket of permits for each key that fills up again with time."""

import time
from collections.abc import Callable

MOST_KEYS = 20_000  # buckets that are kept; full ones are forgotten first, as they say nothing


class Limit:
    """At most `burst` at once and `rate` a second after that, for each key."""

    def __init__(self, rate: float, burst: float, clock: Callable[[], float] = time.monotonic) -> None:
        self.rate, self.burst, self.clock = rate, burst, clock
        self.buckets: dict[str, tuple[float, float]] = {}

    def take(self, key: str) -> bool:
        """Take a permit of a key; False if there is none now."""
        now = self.clock()
        if len(self.buckets) >= MOST_KEYS:
            self._forget(now)
        left, since = self.buckets.get(key, (self.burst, now))
        left = min(self.burst, left + (now - since) * self.rate)
        allowed = left >= 1
        self.buckets[key] = (left - 1 if allowed else left, now)
        return allowed

    def _forget(self, now: float) -> None:
        full = [key for key, (left, since) in self.buckets.items() if left + (now - since) * self.rate >= self.burst]
        for key in full or list(self.buckets)[: MOST_KEYS // 2]:
            del self.buckets[key]
