"""HTTP calls: which timeout holds after every layer is read, and whom a call reaches."""

from __future__ import annotations

import pytest
from calling_systems import system_of, timeouts_of

from archlint.core.system.calls import Dependency, HttpCall
from archlint.core.system.services import CallCycle

URL = '"http://inventory/items"'


@pytest.mark.parametrize(
    ("library", "expected"),
    [
        ("import requests\nrequests.get(URL)", None),
        ("import requests as http\nhttp.get(URL)", None),
        ("from requests import post as send\nsend(URL)", None),
        ("import httpx\nhttpx.get(URL)", 5.0),
        ("import httpx\nhttpx.get(URL, timeout=None)", None),
        ("import urllib.request\nurllib.request.urlopen(URL)", None),
        ("import urllib.request\nurllib.request.urlopen(URL, None, 3)", 3.0),
        ("import urllib3\nurllib3.PoolManager().request('GET', URL)", None),
        ("import urllib3\nurllib3.PoolManager(timeout=urllib3.Timeout(total=4)).request('GET', URL)", 4.0),
        ("import urllib3\nurllib3.PoolManager().request('GET', URL, timeout=urllib3.Timeout(connect=1))", None),
        ("import http.client\nhttp.client.HTTPConnection('inventory').request('GET', '/items')", None),
        ("import http.client\nhttp.client.HTTPSConnection('inventory', timeout=9).request('GET', '/')", 9.0),
    ],
)
def test_each_library_has_its_own_default(library: str, expected: float | None) -> None:
    assert timeouts_of(library.replace("URL", URL)) == [expected]


@pytest.mark.parametrize(
    ("argument", "expected"),
    [
        ("timeout=2", 2.0),
        ("timeout=(3, 10)", 10.0),
        ("timeout=(3, None)", None),
        ("timeout=None", None),
        ("timeout=float(os.environ.get('T', '2.5'))", 2.5),
        ("timeout=os.environ['T']", "unknown"),
        ("timeout=LIMIT", 7.0),
        ("timeout=LIMIT * 2", 14.0),
        ("**OPTIONS", 4.0),
        ("**HEADERS", None),
        ("**load()", "unknown"),
    ],
)
def test_the_argument_is_evaluated(argument: str, expected: float | str | None) -> None:
    body = f"""\
import os
import requests
from settings import load

LIMIT = 7
OPTIONS = {{"timeout": 4}}
HEADERS = {{"headers": {{}}}}
requests.get({URL}, {argument})
"""
    assert timeouts_of(body) == [expected]


@pytest.mark.parametrize(
    ("setup", "expected"),
    [
        ("session.headers['a'] = 'b'", None),
        ("session.request = functools.partial(session.request, timeout=3)", 3.0),
        ("session.mount('http://', requests.adapters.HTTPAdapter(max_retries=3))", None),
        ("session.mount('http://', BoundedAdapter())", 6.0),
        ("session.mount('http://', vendor.Adapter())", "unknown"),
    ],
)
def test_a_session_may_give_the_timeout(setup: str, expected: float | str | None) -> None:
    body = f"""\
import functools
import requests
import vendor
from helpers import bounded

class BoundedAdapter(requests.adapters.HTTPAdapter):
    def send(self, request, **kwargs):
        kwargs.setdefault("timeout", 6)
        return super().send(request, **kwargs)

session = requests.Session()
{setup}
session.get({URL})
"""
    assert timeouts_of(body) == [expected]


@pytest.mark.parametrize(
    ("made", "expected"),
    [
        ("httpx.Client()", 5.0),
        ("httpx.Client(timeout=2)", 2.0),
        ("httpx.Client(timeout=None)", None),
        ("httpx.Client(timeout=httpx.Timeout(9, connect=2))", 9.0),
        ("httpx.Client(timeout=httpx.Timeout(9, read=None))", None),
        ("httpx.Client(**settings)", "unknown"),
        ("aiohttp.ClientSession()", 300.0),
        ("aiohttp.ClientSession(timeout=aiohttp.ClientTimeout(total=8))", 8.0),
        ("aiohttp.ClientSession(timeout=aiohttp.ClientTimeout(total=0))", None),
        ("aiohttp.ClientSession(timeout=aiohttp.ClientTimeout(connect=3))", None),
        ("BoundedSession()", "unknown"),
        ("PlainSession()", None),
    ],
)
def test_a_client_may_give_the_timeout(made: str, expected: float | str | None) -> None:
    body = f"""\
import aiohttp
import httpx
import requests
from helpers import settings

class BoundedSession(requests.Session):
    def request(self, method, url, **kwargs):
        return super().request(method, url, **with_timeout(kwargs))

class PlainSession(requests.Session):
    pass

class Client:
    def __init__(self):
        self.client = {made}

    def items(self):
        return self.client.get({URL})

    def other(self):
        with {made} as client:
            return client.get({URL}, timeout=1)
"""
    assert timeouts_of(body) == [expected, 1.0]


def test_bounds_around_a_call_count() -> None:
    body = f"""\
import asyncio
import aiohttp

async def items():
    client = aiohttp.ClientSession(timeout=aiohttp.ClientTimeout(total=None))
    await asyncio.wait_for(client.get({URL}), timeout=2)
    async with asyncio.timeout(3):
        await client.get({URL})
    await client.get({URL})
"""
    assert timeouts_of(body) == [2.0, 3.0, None]


def test_the_socket_default_bounds_urllib_but_not_requests() -> None:
    body = f"""\
import socket
import urllib.request
import requests

socket.setdefaulttimeout(10)
urllib.request.urlopen({URL})
requests.get({URL})
"""
    assert timeouts_of(body) == [10.0, None]


def test_functions_that_are_handed_on_are_calls() -> None:
    body = f"""\
import functools
import requests

async def items(loop, pool):
    await loop.run_in_executor(None, requests.get, {URL})
    await loop.run_in_executor(None, functools.partial(requests.get, {URL}, timeout=3))
    pool.submit(requests.post, {URL}, timeout=4)
"""
    assert timeouts_of(body) == [None, 3.0, 4.0]


def test_a_timeout_that_a_parameter_hands_in_is_not_known_to_lack() -> None:
    body = """\
import requests

def fetch(url, timeout):
    return requests.get(url, timeout=timeout)

def fetch_soon(url, timeout=3):
    return requests.get(url, timeout=timeout)
"""
    assert timeouts_of(body + URL) == ["unknown", 3.0]


def test_dictionaries_and_test_clients_are_no_http_calls() -> None:
    body = """\
import os
from fastapi.testclient import TestClient

settings = {}
settings.get("http://inventory")
os.environ.get("URL")
TestClient(None).get("/items")
"""
    assert timeouts_of(body) == []


def test_a_call_names_its_target_method_and_path() -> None:
    draft = system_of(
        {
            "orders/app.py": """\
                import os
                import requests

                INVENTORY = os.environ.get("INVENTORY_URL", "http://inventory:8000")

                def reserve(item):
                    return requests.post(f"{INVENTORY}/items/{item}/reservations", json={}, timeout=2)
                """,
            "inventory/app.py": "",
        },
        "orders",
        "inventory",
    )
    (call,) = draft.select(HttpCall)
    assert (call.service, call.target, call.target_kind) == ("orders", "inventory", "service")
    assert (call.method, call.host, call.path) == ("POST", "inventory", "/items/{}/reservations")
    assert (call.at.line, call.function) == (7, "orders.app.reserve")


def test_services_that_call_each_other_form_one_cycle() -> None:
    draft = system_of(
        {
            "a/app.py": 'import httpx\nhttpx.get("http://b/x")\nhttpx.get("http://b/y")\n',
            "b/app.py": 'import httpx\nhttpx.get("http://c/x")\n',
            "c/app.py": 'import httpx\nhttpx.get("http://a/x")\nhttpx.get("https://example.com/")\n',
        },
        "a",
        "b",
        "c",
    )
    (cycle,) = draft.select(CallCycle)
    assert cycle.services == ("a", "b", "c")
    assert (cycle.at.path, cycle.at.line) == ("a/app.py", 2)
    assert [(one.service, one.target, len(one.calls)) for one in draft.select(Dependency)] == [
        ("a", "b", 2),
        ("b", "c", 1),
        ("c", "a", 1),
        ("c", "example.com", 1),
    ]


def test_a_call_is_related_to_where_its_timeout_is_written() -> None:
    draft = system_of(
        {
            "orders/settings.py": "STOCK_TIMEOUT = 90\n",
            "orders/clients.py": """\
                import httpx

                from settings import STOCK_TIMEOUT

                stock = httpx.Client(base_url="http://stock", timeout=httpx.Timeout(STOCK_TIMEOUT, connect=2))
                """,
            "orders/app.py": "from clients import stock\n\nstock.get('/items')\n",
            "stock/app.py": "",
        },
        "orders",
        "stock",
    )
    (call,) = draft.select(HttpCall)
    assert [(place.at.path, place.at.line, place.note) for place in call.related] == [
        ("orders/settings.py", 1, "sets STOCK_TIMEOUT")
    ]
