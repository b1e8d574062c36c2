"""What the HTTP client libraries mean: which names call, where the URL stands, and which timeout holds when none is
given.

Sources: requests' quickstart ("Nearly all production code should use this parameter"; no default), httpx's "Timeouts"
(5 seconds), aiohttp's client reference (300 seconds in total), urllib.request and http.client (the global default
timeout, which is none), urllib3's ``Timeout`` (the same), httplib2 (none).
"""

from __future__ import annotations

from archlint.core.record import dataclass


@dataclass(frozen=True)
class Library:
    """One client library. ``default`` is its timeout in seconds, None for none; ``uses_socket_default`` tells whether
    ``socket.setdefaulttimeout`` bounds it; ``zero_is_none`` whether a timeout of 0 means none."""

    name: str
    default: float | None = None
    uses_socket_default: bool = False
    zero_is_none: bool = False


REQUESTS = Library("requests")
HTTPX = Library("httpx", 5.0)
AIOHTTP = Library("aiohttp", 300.0, zero_is_none=True)
URLLIB = Library("urllib", uses_socket_default=True)
URLLIB3 = Library("urllib3", uses_socket_default=True)
HTTP_CLIENT = Library("http.client", uses_socket_default=True)
HTTPLIB2 = Library("httplib2", uses_socket_default=True)


@dataclass(frozen=True)
class Client:
    """A client class. ``timeout`` is the position of the constructor's timeout (None: keyword only), ``base`` the
    keyword of its base address and ``base_position`` its place."""

    library: Library
    timeout: int | None = None
    base: str | None = None
    base_position: int | None = None
    takes_timeout: bool = True


CLIENTS: dict[str, Client] = {
    "requests.Session": Client(REQUESTS, takes_timeout=False),
    "requests.sessions.Session": Client(REQUESTS, takes_timeout=False),
    "requests.session": Client(REQUESTS, takes_timeout=False),
    "requests.sessions.session": Client(REQUESTS, takes_timeout=False),
    "requests_futures.sessions.FuturesSession": Client(REQUESTS, takes_timeout=False),
    "requests_toolbelt.sessions.BaseUrlSession": Client(REQUESTS, None, "base_url", 0, takes_timeout=False),
    "requests_oauthlib.OAuth1Session": Client(REQUESTS, takes_timeout=False),
    "requests_oauthlib.OAuth2Session": Client(REQUESTS, takes_timeout=False),
    "requests_cache.CachedSession": Client(REQUESTS),
    "requests_html.HTMLSession": Client(REQUESTS, takes_timeout=False),
    "httpx.Client": Client(HTTPX, base="base_url"),
    "httpx.AsyncClient": Client(HTTPX, base="base_url"),
    "aiohttp.ClientSession": Client(AIOHTTP, base="base_url", base_position=0),
    "aiohttp.client.ClientSession": Client(AIOHTTP, base="base_url", base_position=0),
    "urllib3.PoolManager": Client(URLLIB3),
    "urllib3.poolmanager.PoolManager": Client(URLLIB3),
    "urllib3.ProxyManager": Client(URLLIB3),
    "urllib3.HTTPConnectionPool": Client(URLLIB3, base="host", base_position=0),
    "urllib3.HTTPSConnectionPool": Client(URLLIB3, base="host", base_position=0),
    "urllib3.connectionpool.HTTPConnectionPool": Client(URLLIB3, base="host", base_position=0),
    "urllib3.connection_from_url": Client(URLLIB3, base="url", base_position=0),
    "http.client.HTTPConnection": Client(HTTP_CLIENT, 2, "host", 0),
    "http.client.HTTPSConnection": Client(HTTP_CLIENT, None, "host", 0),
    "urllib.request.build_opener": Client(URLLIB, takes_timeout=False),
    "urllib.request.OpenerDirector": Client(URLLIB, takes_timeout=False),
    "httplib2.Http": Client(HTTPLIB2, 1),
}
CLIENT_CLASSES = frozenset(CLIENTS)

VERBS = frozenset({"get", "post", "put", "patch", "delete", "head", "options"})


@dataclass(frozen=True)
class Form:
    """Where a calling function has its arguments. ``method`` None: the function's own name is the method."""

    url: int | None
    method: int | None = None
    timeout: int | None = None


_VERB = Form(0)
_REQUEST = Form(1, 0)
_OPEN = Form(0, None, 2)

CLIENT_METHODS: dict[str, dict[str, Form]] = {
    "requests": {**dict.fromkeys(VERBS, _VERB), "request": Form(1, 0, 8), "send": Form(None)},
    "httpx": {**dict.fromkeys(VERBS, _VERB), "request": _REQUEST, "stream": _REQUEST, "send": Form(None)},
    "aiohttp": {**dict.fromkeys(VERBS, _VERB), "request": _REQUEST},
    "urllib3": dict.fromkeys(("request", "urlopen", "request_encode_url", "request_encode_body"), _REQUEST),
    "http.client": {"request": _REQUEST},
    "urllib": {"open": _OPEN},
    "httplib2": {"request": Form(0, 1)},
}

FUNCTIONS: dict[str, tuple[Library, Form]] = {
    **{f"requests.{verb}": (REQUESTS, _VERB) for verb in VERBS},
    **{f"requests.api.{verb}": (REQUESTS, _VERB) for verb in VERBS},
    "requests.request": (REQUESTS, _REQUEST),
    "requests.api.request": (REQUESTS, _REQUEST),
    **{f"httpx.{verb}": (HTTPX, _VERB) for verb in VERBS},
    "httpx.request": (HTTPX, _REQUEST),
    "httpx.stream": (HTTPX, _REQUEST),
    "aiohttp.request": (AIOHTTP, _REQUEST),
    "urllib.request.urlopen": (URLLIB, _OPEN),
    "urllib.request.urlretrieve": (URLLIB, Form(0)),
    "urllib2.urlopen": (URLLIB, _OPEN),
    "six.moves.urllib.request.urlopen": (URLLIB, _OPEN),
    "urllib3.request": (URLLIB3, _REQUEST),
}

MEMBERS = frozenset(
    {*VERBS, "request", "send", "stream", "urlopen", "urlretrieve", "open", "request_encode_url", "request_encode_body"}
)
"""The last names of all calling functions: what is none of them is no HTTP call."""

HANDED_ON = frozenset(
    {
        "run_in_executor",
        "to_thread",
        "submit",
        "map",
        "run_sync",
        "run_in_threadpool",
        "starmap",
        "start_soon",
        "Thread",
        "apply_async",
        "sync_to_async",
        "spawn",
    }
)
"""Calls that run a function which is handed to them."""

TIMEOUT_CONTEXTS = frozenset(
    {
        "asyncio.timeout",
        "asyncio.timeout_at",
        "async_timeout.timeout",
        "async_timeout.timeout_at",
        "anyio.fail_after",
        "anyio.move_on_after",
        "trio.fail_after",
        "trio.move_on_after",
        "gevent.Timeout",
        "eventlet.Timeout",
        "eventlet.timeout.Timeout",
        "gevent.timeout.Timeout",
        "nameko.timeout",
    }
)
"""Context managers that bound what runs inside them."""

PLAIN_ADAPTERS = frozenset(
    {
        "requests.adapters.HTTPAdapter",
        "requests.adapters.BaseAdapter",
        "requests_toolbelt.adapters.source.SourceAddressAdapter",
    }
)
"""Adapters that give no timeout."""
