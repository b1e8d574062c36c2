"""What retry libraries mean: where each says how often and how long it tries, how it waits, and what holds by default.

Each entry names the version that its defaults hold for and where they are written. Times in a unit of the library are
not converted: rules ask only whether there is a limit.
"""

from __future__ import annotations

from archlint.core.record import dataclass


@dataclass(frozen=True)
class Given:
    """An argument: by one of its names or by position. ``default`` holds where it is not given; None is no limit (of
    attempts and times) or nothing (of waits)."""

    names: tuple[str, ...] = ()
    position: int | None = None
    default: float | None = None


@dataclass(frozen=True)
class RetryLibrary:
    """One callable that makes a retry policy.

    ``attempts`` counts ``extra`` fewer than there are tries (1 where it counts retries only). ``endless`` are its
    values that mean no limit. ``fixed`` is a wait that stays, ``growth`` a factor that makes it grow where it is above
    ``grows_above``, ``chance`` adds randomness. ``kind`` and ``jitter`` are the wait where none of these is given or
    the library has no such argument; ``jitter`` None: the library cannot give any.
    """

    name: str
    source: str
    attempts: Given = Given()
    seconds: Given = Given()
    extra: int = 0
    endless: tuple[object, ...] = (None,)
    kind: str = "none"
    jitter: bool | None = False
    fixed: Given = Given()
    random: Given = Given()
    growth: Given = Given()
    grows_above: float = 0
    chance: Given = Given()


TENACITY_SOURCE = "https://tenacity.readthedocs.io/en/latest/api.html (9.0: stop_never and wait_none by default)"
TENACITY = frozenset(
    {
        "tenacity.retry",
        "tenacity.Retrying",
        "tenacity.AsyncRetrying",
        "tenacity.asyncio.AsyncRetrying",
        "tenacity._asyncio.AsyncRetrying",
        "tenacity.tornadoweb.TornadoRetrying",
        "tenacity.BaseRetrying",
    }
)
STOPS: dict[str, str] = {
    "stop_after_attempt": "attempts",
    "stop_after_delay": "seconds",
    "stop_before_delay": "seconds",
    "stop_never": "never",
    "stop_any": "any",
    "stop_all": "all",
}
WAITS: dict[str, tuple[str, bool | None]] = {
    "wait_none": ("none", False),
    "wait_fixed": ("constant", False),
    "wait_random": ("random", True),
    "wait_exponential": ("growing", False),
    "wait_incrementing": ("growing", False),
    "wait_random_exponential": ("growing", True),
    "wait_full_jitter": ("growing", True),
    "wait_exponential_jitter": ("growing", True),
}
"""tenacity's waits: kind and jitter."""

BACKOFF_SOURCE = "https://github.com/litl/backoff/blob/master/backoff/_decorator.py (2.2: no limit, full_jitter)"
BACKOFF = {"backoff.on_exception": 0, "backoff.on_predicate": 0}
BACKOFF_WAITS: dict[str, str] = {
    "backoff.expo": "growing",
    "backoff.fibo": "growing",
    "backoff.constant": "constant",
    "backoff.exponential": "growing",
    "backoff.decay": "unknown",
    "backoff.runtime": "unknown",
}

_URLLIB3 = RetryLibrary(
    "urllib3",
    "https://urllib3.readthedocs.io/en/stable/reference/urllib3.util.html (2.2: 10 retries, backoff_factor 0)",
    attempts=Given(("total",), 0, 10),
    extra=1,
    growth=Given(("backoff_factor",), None, 0),
    chance=Given(("backoff_jitter",), None, 0),
)
_RETRY = RetryLibrary(
    "retry",
    "https://github.com/invl/retry/blob/master/retry/api.py (0.9: tries=-1, delay=0, backoff=1, jitter=0)",
    attempts=Given(("tries",), 1, -1),
    endless=(-1, None),
    fixed=Given(("delay",), 2, 0),
    growth=Given(("backoff",), 4, 1),
    grows_above=1,
    chance=Given(("jitter",), 5, 0),
)
_RETRY_CALL = RetryLibrary(
    "retry",
    _RETRY.source,
    attempts=Given(("tries",), 4, -1),
    endless=(-1, None),
    fixed=Given(("delay",), 5, 0),
    growth=Given(("backoff",), 7, 1),
    grows_above=1,
    chance=Given(("jitter",), 8, 0),
)
_RETRYING = RetryLibrary(
    "retrying",
    "https://github.com/groodt/retrying/blob/master/retrying.py (1.3: never stops, does not wait; milliseconds)",
    attempts=Given(("stop_max_attempt_number",)),
    seconds=Given(("stop_max_delay",)),
    fixed=Given(("wait_fixed",)),
    random=Given(("wait_random_max", "wait_random_min")),
    growth=Given(("wait_exponential_multiplier", "wait_exponential_max", "wait_incrementing_increment"), None, 0),
    chance=Given(("wait_jitter_max",), None, 0),
)
_STAMINA = RetryLibrary(
    "stamina",
    "https://stamina.hynek.me/en/stable/api.html (26.1: 10 attempts, 45 s, exponential with jitter)",
    attempts=Given(("attempts",), None, 10),
    seconds=Given(("timeout",), None, 45),
    kind="growing",
    jitter=True,
)
_AIOHTTP_RETRY = "https://github.com/inyutin/aiohttp_retry/blob/master/aiohttp_retry/retry_options.py (2.9: 3 attempts)"
_HYX = RetryLibrary(
    "hyx",
    "https://github.com/roma-glushko/hyx/blob/main/hyx/retry/api.py (0.0.2: 3 attempts, 0.5 s)",
    attempts=Given(("attempts",), None, 3),
    kind="constant",
)
_GOOGLE = RetryLibrary(
    "google.api_core",
    "https://googleapis.dev/python/google-api-core/latest/retry.html (2.x: 120 s, exponential with jitter)",
    seconds=Given(("timeout", "deadline"), 4, 120),
    kind="growing",
    jitter=True,
)
LIBRARIES: dict[str, RetryLibrary] = {
    **dict.fromkeys(
        (
            "urllib3.Retry",
            "urllib3.util.Retry",
            "urllib3.util.retry.Retry",
            "requests.packages.urllib3.util.retry.Retry",
        ),
        _URLLIB3,
    ),
    "requests.packages.urllib3.util.Retry": _URLLIB3,
    "requests.adapters.Retry": _URLLIB3,
    **dict.fromkeys(("retry.retry", "retry.api.retry", "retry2.retry", "reretry.retry"), _RETRY),
    **dict.fromkeys(
        ("retry.api.retry_call", "retry.retry_call", "retry2.retry_call", "reretry.retry_call"), _RETRY_CALL
    ),
    "retrying.retry": _RETRYING,
    "retrying.Retrying": _RETRYING,
    **dict.fromkeys(
        ("stamina.retry", "stamina.retry_context", "stamina.RetryingCaller", "stamina.AsyncRetryingCaller"), _STAMINA
    ),
    "aiohttp_retry.ExponentialRetry": RetryLibrary(
        "aiohttp-retry", _AIOHTTP_RETRY, attempts=Given(("attempts",), 0, 3), kind="growing"
    ),
    "aiohttp_retry.FibonacciRetry": RetryLibrary(
        "aiohttp-retry", _AIOHTTP_RETRY, attempts=Given(("attempts",), 0, 3), kind="growing"
    ),
    "aiohttp_retry.JitterRetry": RetryLibrary(
        "aiohttp-retry", _AIOHTTP_RETRY, attempts=Given(("attempts",), 0, 3), kind="growing", jitter=True
    ),
    "aiohttp_retry.RandomRetry": RetryLibrary(
        "aiohttp-retry", _AIOHTTP_RETRY, attempts=Given(("attempts",), 0, 3), kind="random", jitter=True
    ),
    "httpx_retries.Retry": RetryLibrary(
        "httpx-retries",
        "https://will-ockmore.github.io/httpx-retries/ (0.6: 10 retries, backoff_factor 0, full jitter)",
        attempts=Given(("total",), 0, 10),
        extra=1,
        growth=Given(("backoff_factor",), None, 0),
        jitter=True,
        chance=Given(("backoff_jitter",), None, 1),
    ),
    "httpx.HTTPTransport": RetryLibrary(
        "httpx",
        "https://www.python-httpx.org/advanced/transports/ (0.27: no retries; connects only, doubling from 0.5 s)",
        attempts=Given(("retries",), None, 0),
        extra=1,
        kind="growing",
        jitter=None,
    ),
    "aiomisc.asyncretry": RetryLibrary(
        "aiomisc",
        "https://aiomisc.readthedocs.io/en/latest/async_retry.html (18: no wait)",
        attempts=Given(("max_tries",), 0),
        fixed=Given(("pause",), 2, 0),
    ),
    "aiomisc.asyncbackoff": RetryLibrary(
        "aiomisc",
        "https://aiomisc.readthedocs.io/en/latest/async_retry.html (18: bounded by its deadline, no wait)",
        attempts=Given(("max_tries",)),
        seconds=Given(("deadline",), 1),
        fixed=Given(("pause",), 2, 0),
    ),
    "hyx.retry.retry": _HYX,
    "hyx.retry.api.retry": _HYX,
    **dict.fromkeys(
        (
            "google.api_core.retry.Retry",
            "google.api_core.retry.AsyncRetry",
            "google.api_core.retry_async.AsyncRetry",
            "google.api_core.retry.StreamingRetry",
        ),
        _GOOGLE,
    ),
    "kombu.Connection.ensure_connection": RetryLibrary(
        "kombu",
        "https://docs.celeryq.dev/projects/kombu/en/stable/reference/kombu.connection.html (5.4: for ever)",
        attempts=Given(("max_retries",), 1),
        extra=1,
        kind="growing",
        jitter=None,
    ),
    "rq.Retry": RetryLibrary(
        "rq",
        "https://python-rq.org/docs/exceptions/ (1.16: retried at once where there is no interval)",
        attempts=Given(("max",), 0),
        extra=1,
        fixed=Given(("interval",), 1, 0),
        jitter=None,
    ),
}

CELERY_SOURCE = "https://docs.celeryq.dev/en/stable/userguide/tasks.html#retrying (5.4: 3 retries, 180 s, jitter on)"
CELERY_TASKS = frozenset({"task", "shared_task", "periodic_task"})
DRAMATIQ_SOURCE = "https://dramatiq.io/guide.html#message-retries (1.17: 20 retries, exponential with jitter)"
DRAMATIQ = frozenset({"dramatiq.actor"})

RETRY_NAMES = frozenset(
    {name.rpartition(".")[2] for name in (*TENACITY, *BACKOFF, *LIBRARIES)} | {"retry_call", "retry_context"}
)
"""The last names of all callables that make a policy."""

UNSAFE_ONLY_IF_ASKED = frozenset({"urllib3", "httpx-retries"})
"""Retries that leave POST alone unless they are told to take it: urllib3's ``allowed_methods``."""
CONNECTS_ONLY = frozenset({"httpx"})
"""Retries that never send a request twice: only connecting is tried again."""
