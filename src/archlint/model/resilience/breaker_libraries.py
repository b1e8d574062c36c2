"""What circuit breaker libraries mean: which callables make a breaker, when it opens, and when it lets a call through
again; with the defaults of each, the version that they hold for and where they are written.
"""

from __future__ import annotations

from archlint.core.record import dataclass
from archlint.model.resilience.retry_libraries import Given


@dataclass(frozen=True)
class BreakerLibrary:
    """One callable. ``threshold`` is the number of failures that opens the breaker, ``recovery`` the seconds until it
    is half open; a default of None: the library says it in another way (a ratio)."""

    name: str
    source: str
    threshold: Given = Given()
    recovery: Given = Given()
    shared: tuple[str, ...] = ()
    """Arguments that keep the state outside the object: making it anew loses nothing."""


_PYBREAKER = BreakerLibrary(
    "pybreaker",
    "https://github.com/danielfm/pybreaker#readme (1.4: opens after 5 failures, half open after 60 s)",
    Given(("fail_max",), 0, 5),
    Given(("reset_timeout",), 1, 60),
    ("state_storage",),
)
_CIRCUIT = BreakerLibrary(
    "circuitbreaker",
    "https://github.com/fabfuel/circuitbreaker#readme (2.1: opens after 5 failures, half open after 30 s)",
    Given(("failure_threshold",), 0, 5),
    Given(("recovery_timeout",), 1, 30),
)
_AIOBREAKER = BreakerLibrary(
    "aiobreaker",
    "https://aiobreaker.netlify.app/ (1.2: opens after 5 failures, half open after 60 s)",
    Given(("fail_max",), 0, 5),
    Given(("timeout_duration",), 1, 60),
    ("state_storage",),
)
_PURGATORY = BreakerLibrary(
    "purgatory",
    "https://mardiros.github.io/purgatory/ (3.0: opens after 5 failures, half open after 30 s)",
    Given(("default_threshold",), 0, 5),
    Given(("default_ttl",), 1, 30),
    ("uow",),
)
_HYX = BreakerLibrary(
    "hyx",
    "https://hyx.readthedocs.io/en/latest/components/circuit_breakers/ (0.0.2: 5 failures, 30 s)",
    Given(("failure_threshold",), 1, 5),
    Given(("recovery_time_secs",), 2, 30),
)
_AIOMISC = BreakerLibrary(
    "aiomisc", "https://aiomisc.readthedocs.io/en/latest/circuit_breaker.html (18: opens at a ratio of errors)"
)
_FAILSAFE = BreakerLibrary(
    "pyfailsafe",
    "https://github.com/Skyscanner/pyfailsafe#readme (0.6: opens after 2 failures, half open after 60 s)",
    Given(("maximum_failures",), 0, 2),
    Given(("reset_timeout_seconds",), 1, 60),
)
_LASIER = BreakerLibrary("lasier", "https://github.com/luizalabs/lasier#readme (0.3: the rule says when it opens)")

BREAKERS: dict[str, BreakerLibrary] = {
    "pybreaker.CircuitBreaker": _PYBREAKER,
    "circuitbreaker.circuit": _CIRCUIT,
    "circuitbreaker.CircuitBreaker": _CIRCUIT,
    "aiobreaker.CircuitBreaker": _AIOBREAKER,
    "aiobreaker.circuitbreaker.CircuitBreaker": _AIOBREAKER,
    "purgatory.AsyncCircuitBreakerFactory": _PURGATORY,
    "purgatory.SyncCircuitBreakerFactory": _PURGATORY,
    "hyx.circuitbreaker.consecutive_breaker": _HYX,
    "hyx.circuitbreaker.api.consecutive_breaker": _HYX,
    "aiomisc.CircuitBreaker": _AIOMISC,
    "aiomisc.cutout": _AIOMISC,
    "aiomisc.circuit_breaker.CircuitBreaker": _AIOMISC,
    "failsafe.CircuitBreaker": _FAILSAFE,
    "lasier.circuit_breaker.sync.circuit_breaker": _LASIER,
    "lasier.circuit_breaker.asyncio.circuit_breaker": _LASIER,
    "lasier.circuit_breaker.async.circuit_breaker": _LASIER,
}
BREAKER_NAMES = frozenset(name.rpartition(".")[2] for name in BREAKERS)
CALLING = frozenset(
    {"call", "call_async", "__call__", "run", "execute", "calling", "context", "get_breaker", "call_with"}
)
"""Methods by which a breaker runs what it is given, or is entered."""
MOST_FAILURES = 100
"""A breaker that takes more failures than that never opens in time to help."""
LONGEST_RECOVERY = 3600.0
"""One that stays open longer than that does not recover by itself in any useful time."""
