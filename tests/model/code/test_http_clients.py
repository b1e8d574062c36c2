"""HTTP clients: every library's own default, and clients that are made, subclassed, patched and handed in elsewhere."""

from __future__ import annotations

import textwrap

import pytest
from calling_systems import timeouts_of

URL = '"http://inventory/items"'


def timeouts(body: str) -> list[float | str | None]:
    """The timeouts of the calls of a file."""
    return timeouts_of(textwrap.dedent(body).replace("URL", URL))


@pytest.mark.parametrize(
    ("code", "expected"),
    [
        ("from tornado.httpclient import AsyncHTTPClient\nAsyncHTTPClient().fetch(URL)", 20.0),
        ("from tornado.httpclient import AsyncHTTPClient\nAsyncHTTPClient().fetch(URL, request_timeout=0)", None),
        (
            "from tornado.httpclient import HTTPClient, HTTPRequest\n"
            "HTTPClient().fetch(HTTPRequest(URL, request_timeout=3))",
            3.0,
        ),
        ("import treq\ntreq.get(URL)", None),
        ("import treq\ntreq.post(URL, timeout=3)", 3.0),
        ("import grequests\ngrequests.map([grequests.get(URL)])", None),
        ("import grequests\ngrequests.map([grequests.get(URL, timeout=3)])", 3.0),
        ("from requests_futures.sessions import FuturesSession\nFuturesSession(max_workers=2).get(URL)", None),
        ("from requests_futures.sessions import FuturesSession\nFuturesSession().get(URL, timeout=3)", 3.0),
        ("from requests_toolbelt.sessions import BaseUrlSession\nBaseUrlSession('http://inventory').get('/x')", None),
        ("import requests\ns = requests.Session()\ns.send(requests.Request('GET', URL).prepare())", None),
        ("import requests\ns = requests.Session()\ns.send(requests.Request('GET', URL).prepare(), timeout=2)", 2.0),
        ("import urllib.request\nurllib.request.build_opener().open(URL)", None),
        ("import urllib.request\nurllib.request.urlretrieve(URL, 'file')", None),
        ("import urllib3\nurllib3.request('GET', URL, timeout=2)", 2.0),
        ("import urllib3\nurllib3.HTTPConnectionPool('inventory', 80, 4).urlopen('GET', '/x')", 4.0),
        ("import httpx\nhttpx.stream('GET', URL)", 5.0),
        ("import httpx\nhttpx.Client(transport=httpx.HTTPTransport(retries=3)).get(URL)", 5.0),
        ("import httpx\nhttpx.Client(timeout=None).get(URL, timeout=httpx.USE_CLIENT_DEFAULT)", None),
        ("import httpx\nhttpx.Client(timeout=httpx.Timeout(connect=2, read=4, write=4, pool=1)).get(URL)", 4.0),
        ("import aiohttp\naiohttp.ClientSession(timeout=None).get(URL)", 300.0),
        ("import aiohttp\naiohttp.ClientSession().get(URL, timeout=None)", "unknown"),
        ("from google.auth.transport.requests import AuthorizedSession\nAuthorizedSession(c).get(URL)", 120.0),
        ("import httplib2\nhttplib2.Http(timeout=2).request(URL)", 2.0),
    ],
)
def test_each_library_has_its_own_semantics(code: str, expected: float | str | None) -> None:
    assert timeouts(code) == [expected]


@pytest.mark.parametrize(
    ("methods", "expected"),
    [
        ("pass", None),
        ("def request(self, *args, **kwargs):\n        return super().request(*args, **kwargs)", None),
        (
            "def request(self, method, url, **kwargs):\n"
            "        kwargs.setdefault('timeout', 4)\n"
            "        return super().request(method, url, **kwargs)",
            4.0,
        ),
        (
            "def __init__(self, timeout=5):\n"
            "        super().__init__()\n"
            "        self.timeout = timeout\n"
            "    def request(self, method, url, timeout=None, **kwargs):\n"
            "        if timeout is None:\n"
            "            timeout = self.timeout\n"
            "        return super().request(method, url, timeout=timeout, **kwargs)",
            5.0,
        ),
        (
            "def __init__(self):\n        super().__init__()\n        self.mount('http://', Bounded())",
            6.0,
        ),
        (
            "def request(self, method, url, **kwargs):\n        return with_timeout(super().request)(method, url)",
            "unknown",
        ),
    ],
)
def test_a_subclass_of_a_session_is_judged_by_what_it_sends(methods: str, expected: float | str | None) -> None:
    body = f"""\
import requests
from elsewhere import with_timeout
class Bounded(requests.adapters.HTTPAdapter):
    def send(self, request, timeout=None, **kwargs):
        return super().send(request, timeout=timeout or 6, **kwargs)
class Session(requests.Session):
    {methods}
Session().get(URL)
"""
    assert timeouts(body) == [expected]


def test_a_mixin_gives_the_timeout_that_the_instance_is_made_with() -> None:
    body = """\
        import requests
        class Bounded:
            def __init__(self, timeout=None, **kwargs):
                super().__init__(**kwargs)
                self.timeout = timeout
            def request(self, method, url, **kwargs):
                timeout = kwargs.pop("timeout", self.timeout)
                return super().request(method, url, timeout=timeout, **kwargs)
        class Session(Bounded, requests.Session):
            pass
        Session(timeout=4).get(URL)
        Session().get(URL)
        """
    assert timeouts(body) == [4.0, None]


def test_a_client_class_may_pass_its_own_timeout_to_the_library() -> None:
    body = """\
        import httpx
        class Inventory(httpx.AsyncClient):
            def __init__(self, timeout=3):
                super().__init__(base_url="http://inventory", timeout=timeout)
            async def items(self):
                return await self.get("/items")
        Inventory()
        """
    assert timeouts(body) == [3.0]


def test_an_adapter_bounds_only_the_addresses_that_it_is_mounted_for() -> None:
    body = """\
        import requests
        class Bounded(requests.adapters.HTTPAdapter):
            def send(self, request, **kwargs):
                kwargs.setdefault("timeout", 6)
                return super().send(request, **kwargs)
        session = requests.Session()
        session.mount("https://", Bounded())
        session.get(URL)
        session.get("https://api.example.com/items")
        """
    assert timeouts(body) == [None, 6.0]


@pytest.mark.parametrize(
    "route",
    [
        "@app.get('/')\nasync def route(client: httpx.AsyncClient = Depends(client)):\n    await client.get(URL)",
        "@app.get('/')\nasync def route(client: Annotated[httpx.AsyncClient, Depends(client)]):\n"
        "    await client.get(URL)",
        "@app.get('/')\nasync def route(request: Request):\n    await request.app.state.client.get(URL)",
        "def kept(request):\n    return request.app.state.client\n"
        "@app.get('/')\nasync def route(client=Depends(kept)):\n    await client.get(URL)",
    ],
)
def test_a_framework_hands_the_client_in(route: str) -> None:
    body = f"""\
import httpx
from typing import Annotated
from fastapi import Depends, FastAPI, Request
app = FastAPI()
async def client():
    async with httpx.AsyncClient(timeout=2) as client:
        yield client
@app.on_event("startup")
async def start():
    app.state.client = httpx.AsyncClient(timeout=2)
{route}
"""
    assert timeouts(body) == [2.0]


@pytest.mark.parametrize(
    "code",
    [
        "class Api:\n    @property\n    def client(self):\n        return httpx.Client(timeout=2)\n"
        "    def items(self):\n        return self.client.get(URL)",
        "class Api:\n    def __init__(self, client: httpx.Client):\n        self.client = client\n"
        "    def items(self):\n        return self.client.get(URL)\nApi(httpx.Client(timeout=2))",
        "from aiohttp import web\nasync def start(app):\n    app['client'] = httpx.Client(timeout=2)\n"
        "async def items(request):\n    return request.app['client'].get(URL)",
        "from flask import Flask, current_app\napp = Flask('a')\napp.client = httpx.Client(timeout=2)\n"
        "def items():\n    return current_app.client.get(URL)",
        "from dependency_injector import providers\n"
        "class Api:\n    def __init__(self, client):\n        self.client = client\n"
        "    def items(self):\n        return self.client.get(URL)\n"
        "client = providers.Singleton(httpx.Client, timeout=2)\napi = providers.Factory(Api, client=client)",
        "client = None\ndef get_client():\n    global client\n    if client is None:\n"
        "        client = httpx.Client(timeout=2)\n    return client\nget_client().get(URL)",
    ],
)
def test_a_client_is_found_where_it_is_kept(code: str) -> None:
    assert timeouts(f"import httpx\n{code}\n") == [2.0]


def test_a_script_may_keep_several_clients_in_one_name() -> None:
    body = """\
        import httpx
        with httpx.Client(timeout=None) as client:
            client.get(URL)
        with httpx.Client(timeout=3) as client:
            client.get(URL)
        """
    assert timeouts(body) == [None, 3.0]


def test_a_subclass_with_several_calls_that_are_not_known_is_not_known() -> None:
    body = """\
        import requests
        from elsewhere import limit
        class Session(requests.Session):
            def request(self, method, url, **kwargs):
                kwargs.update(limit())
                if method == "GET":
                    return super().request(method, url, timeout=limit(), **kwargs)
                return super().request(method, url, **kwargs)
        Session().get(URL)
        """
    assert timeouts(body) == ["unknown"]
