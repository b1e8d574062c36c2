"""How services guard the calls that they make: retries and circuit breakers."""

from __future__ import annotations

from archlint.core.record import dataclass
from archlint.core.system.base import Subject
from archlint.core.system.calls import RemoteCall
from archlint.core.values import Place, Truth, Unknown


@dataclass(frozen=True, eq=False, kw_only=True)
class Retry(Subject):
    """A policy or loop that does a failed thing again. ``library`` is what gives it (``tenacity``, ``a loop``).

    ``attempts`` counts all tries, the first one too, ``seconds`` is its time limit; None is no limit. ``wait`` between
    two tries: ``none``, ``constant``, ``random`` (within fixed bounds), ``growing``. ``jitter``: whether chance has a
    part in it. ``what`` is the function or call that is tried.

    ``purpose``: ``call``; ``startup`` (a process waits until what it needs is there); ``wait`` (a program that does
    nothing else, as the shell's wait loops); ``consumer`` (a consumer or worker that goes on for ever); ``conflict``
    (others wrote at the same time). ``is_remote``: whether what is tried
    goes over the network. ``calls`` are the remote calls that are seen to be tried.
    """

    service: str
    library: str
    what: str
    attempts: int | None | Unknown = None
    seconds: float | None | Unknown = None
    wait: str | Unknown = "none"
    jitter: Truth = False
    pause: str = ""
    """A wait that does not grow, in words."""
    purpose: str = "call"
    is_remote: Truth = Unknown()
    calls: tuple[RemoteCall, ...] = ()
    related: tuple[Place, ...] = ()


@dataclass(frozen=True, eq=False, kw_only=True)
class CircuitBreaker(Subject):
    """A circuit breaker. ``threshold`` is the number of failures that opens it, ``recovery`` the seconds until it lets
    a call through again.

    ``fault`` says what keeps it from working, None where nothing is seen to: ``it never opens …``, ``it never closes
    again …``, ``it is made anew …``. ``calls`` are the remote calls behind it.
    """

    service: str
    library: str
    threshold: float | Unknown = Unknown()
    recovery: float | Unknown = Unknown()
    fault: str | None | Unknown = None
    calls: tuple[RemoteCall, ...] = ()
    related: tuple[Place, ...] = ()


__all__ = ["CircuitBreaker", "Retry"]
