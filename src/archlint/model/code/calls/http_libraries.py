"""What the HTTP client libraries mean: which names call, where the URL stands, and which timeout holds when none is
given.

Each library has the place of its default beside it, with the versions that it was read in. Data only.
"""

from __future__ import annotations

from archlint.core.record import dataclass


@dataclass(frozen=True)
class Library:
    """One client library.

    ``default`` is its timeout in seconds, None for none. ``argument`` names the argument that gives one.
    ``uses_socket_default``: ``socket.setdefaulttimeout`` bounds it. ``zero_is_none``: a timeout of 0 means none.
    ``none_is_default``: an explicit None means the default. ``request`` are the classes of its request objects.
    """

    name: str
    default: float | None = None
    argument: str = "timeout"
    uses_socket_default: bool = False
    zero_is_none: bool = False
    none_is_default: bool = False
    request: tuple[str, ...] = ()


REQUESTS = Library("requests", request=("requests.Request", "requests.models.Request"))
"""None: "By default, requests do not time out unless a timeout value is set explicitly", requests 2.x,
https://requests.readthedocs.io/en/latest/user/advanced/#timeouts. An adapter passes it on to urllib3 as None, so the
socket's default does not hold either (``requests/adapters.py``, ``HTTPAdapter.send``)."""

HTTPX = Library("httpx", 5.0, request=("httpx.Request",))
"""5 s for connecting, reading, writing and the pool, httpx 0.x: https://www.python-httpx.org/advanced/timeouts/;
``DEFAULT_TIMEOUT_CONFIG`` in ``httpx/_config.py``."""

AIOHTTP = Library("aiohttp", 300.0, zero_is_none=True, none_is_default=True)
"""300 s in total, aiohttp 3.x: https://docs.aiohttp.org/en/stable/client_quickstart.html#timeouts; None is taken for
not given (``aiohttp/client.py``, ``ClientSession.__init__``)."""

URLLIB = Library("urllib", uses_socket_default=True, request=("urllib.request.Request", "urllib2.Request"))
"""The global default timeout, which is none: https://docs.python.org/3/library/urllib.request.html and
https://docs.python.org/3/library/socket.html#socket.getdefaulttimeout."""

URLLIB3 = Library("urllib3", uses_socket_default=True)
"""The same, urllib3 1.26 and 2.x: ``Timeout.DEFAULT_TIMEOUT`` in ``urllib3/util/timeout.py``."""

HTTP_CLIENT = Library("http.client", uses_socket_default=True)
"""The same: https://docs.python.org/3/library/http.client.html#http.client.HTTPConnection."""

HTTPLIB2 = Library("httplib2", uses_socket_default=True)
"""The same: ``Http.__init__`` in ``httplib2/__init__.py``."""

TORNADO = Library("tornado", 20.0, "request_timeout", zero_is_none=True, request=("tornado.httpclient.HTTPRequest",))
"""20 s for the request and 20 s for connecting, 0 for none, tornado 4 to 6:
https://www.tornadoweb.org/en/stable/httpclient.html#tornado.httpclient.HTTPRequest."""

TREQ = Library("treq")
"""None: ``timeout`` is optional, and Twisted's agent bounds only connecting, treq 20 to 24:
https://treq.readthedocs.io/en/latest/api.html#treq.request."""

GREQUESTS = Library("grequests")
"""None, as requests does the work: ``AsyncRequest.send`` in https://github.com/spyoungtech/grequests."""

GOOGLE_AUTH = Library("google-auth", 120.0)
"""120 s, google-auth 2.x: ``_DEFAULT_TIMEOUT`` in ``google/auth/transport/requests.py``."""


@dataclass(frozen=True)
class Client:
    """A client class. ``timeout`` is the position of the constructor's timeout (None: keyword only), ``base`` the
    keyword of its base address and ``base_position`` its place."""

    library: Library
    timeout: int | None = None
    base: str | None = None
    base_position: int | None = None
    takes_timeout: bool = True


_SESSION = Client(REQUESTS, takes_timeout=False)
_HTTPX = Client(HTTPX, base="base_url")
_AIOHTTP = Client(AIOHTTP, base="base_url", base_position=0)
_POOL = Client(URLLIB3, 2, "host", 0)

CLIENTS: dict[str, Client] = {
    "requests.Session": _SESSION,
    "requests.sessions.Session": _SESSION,
    "requests.session": _SESSION,
    "requests.sessions.session": _SESSION,
    "requests_futures.sessions.FuturesSession": _SESSION,
    "requests_toolbelt.sessions.BaseUrlSession": Client(REQUESTS, None, "base_url", 0, takes_timeout=False),
    "requests_toolbelt.BaseUrlSession": Client(REQUESTS, None, "base_url", 0, takes_timeout=False),
    "requests_oauthlib.OAuth1Session": _SESSION,
    "requests_oauthlib.OAuth2Session": _SESSION,
    "authlib.integrations.requests_client.OAuth2Session": _SESSION,
    "authlib.integrations.requests_client.OAuth1Session": _SESSION,
    "requests_cache.CachedSession": Client(REQUESTS),
    "requests_html.HTMLSession": _SESSION,
    "cloudscraper.create_scraper": Client(REQUESTS),
    "httpx.Client": _HTTPX,
    "httpx.AsyncClient": _HTTPX,
    "authlib.integrations.httpx_client.OAuth2Client": _HTTPX,
    "authlib.integrations.httpx_client.AsyncOAuth2Client": _HTTPX,
    "aiohttp.ClientSession": _AIOHTTP,
    "aiohttp.client.ClientSession": _AIOHTTP,
    "aiohttp_retry.RetryClient": Client(AIOHTTP),
    "urllib3.PoolManager": Client(URLLIB3),
    "urllib3.poolmanager.PoolManager": Client(URLLIB3),
    "urllib3.ProxyManager": Client(URLLIB3),
    "urllib3.HTTPConnectionPool": _POOL,
    "urllib3.HTTPSConnectionPool": _POOL,
    "urllib3.connectionpool.HTTPConnectionPool": _POOL,
    "urllib3.connectionpool.HTTPSConnectionPool": _POOL,
    "urllib3.connection_from_url": Client(URLLIB3, base="url", base_position=0),
    "http.client.HTTPConnection": Client(HTTP_CLIENT, 2, "host", 0),
    "http.client.HTTPSConnection": Client(HTTP_CLIENT, None, "host", 0),
    "urllib.request.build_opener": Client(URLLIB, takes_timeout=False),
    "urllib.request.OpenerDirector": Client(URLLIB, takes_timeout=False),
    "httplib2.Http": Client(HTTPLIB2, 1),
    "tornado.httpclient.AsyncHTTPClient": Client(TORNADO),
    "tornado.httpclient.HTTPClient": Client(TORNADO),
    "tornado.simple_httpclient.SimpleAsyncHTTPClient": Client(TORNADO),
    "tornado.curl_httpclient.CurlAsyncHTTPClient": Client(TORNADO),
    "treq.client.HTTPClient": Client(TREQ, takes_timeout=False),
    "grequests.Session": _SESSION,
    "google.auth.transport.requests.AuthorizedSession": Client(GOOGLE_AUTH, takes_timeout=False),
}
CLIENT_CLASSES = frozenset(CLIENTS)

VERBS = frozenset({"get", "post", "put", "patch", "delete", "head", "options"})


@dataclass(frozen=True)
class Form:
    """Where a calling function has its arguments. ``method`` None: the function's own name is the method."""

    url: int | None
    method: int | None = None
    timeout: int | None = None


VERB = Form(0)
REQUEST = Form(1, 0)
_OPEN = Form(0, None, 2)
_REQUESTS_METHODS = {**dict.fromkeys(VERBS, VERB), "request": Form(1, 0, 8), "send": Form(None)}

CLIENT_METHODS: dict[str, dict[str, Form]] = {
    "requests": _REQUESTS_METHODS,
    "google-auth": _REQUESTS_METHODS,
    "grequests": _REQUESTS_METHODS,
    "httpx": {**dict.fromkeys(VERBS, VERB), "request": REQUEST, "stream": REQUEST, "send": Form(None)},
    "aiohttp": {**dict.fromkeys(VERBS, VERB), "request": REQUEST},
    "urllib3": {
        "urlopen": Form(1, 0, 7),
        **dict.fromkeys(("request", "request_encode_url", "request_encode_body"), REQUEST),
    },
    "http.client": {"request": REQUEST},
    "urllib": {"open": _OPEN},
    "httplib2": {"request": Form(0, 1)},
    "tornado": {"fetch": VERB},
    "treq": {**dict.fromkeys(VERBS, VERB), "request": REQUEST},
}

FUNCTIONS: dict[str, tuple[Library, Form]] = {
    **{f"requests.{verb}": (REQUESTS, VERB) for verb in VERBS},
    **{f"requests.api.{verb}": (REQUESTS, VERB) for verb in VERBS},
    "requests.request": (REQUESTS, REQUEST),
    "requests.api.request": (REQUESTS, REQUEST),
    **{f"httpx.{verb}": (HTTPX, VERB) for verb in VERBS},
    "httpx.request": (HTTPX, REQUEST),
    "httpx.stream": (HTTPX, REQUEST),
    "aiohttp.request": (AIOHTTP, REQUEST),
    "urllib.request.urlopen": (URLLIB, _OPEN),
    "urllib.request.urlretrieve": (URLLIB, VERB),
    "urllib2.urlopen": (URLLIB, _OPEN),
    "six.moves.urllib.request.urlopen": (URLLIB, _OPEN),
    "urllib3.request": (URLLIB3, REQUEST),
    **{f"treq.{verb}": (TREQ, VERB) for verb in VERBS},
    "treq.request": (TREQ, REQUEST),
    **{f"grequests.{verb}": (GREQUESTS, VERB) for verb in VERBS},
    "grequests.request": (GREQUESTS, REQUEST),
    "grequests.AsyncRequest": (GREQUESTS, REQUEST),
}

MEMBERS = frozenset(
    {
        *VERBS,
        "request",
        "send",
        "stream",
        "urlopen",
        "urlretrieve",
        "open",
        "request_encode_url",
        "request_encode_body",
        "fetch",
        "AsyncRequest",
    }
)
"""The last names of all calling functions: what is none of them is no HTTP call."""

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
