"""Wrappers: a helper's timeout and target are what its callers and its instance give it."""

from __future__ import annotations

import textwrap

import pytest
from calling_systems import system_of, timeouts_of

from archlint.core.system.calls import HttpCall
from archlint.core.values import Setting

URL = '"http://inventory/items"'


def timeouts(helper: str, use: str) -> list[float | str | None]:
    """The timeouts of the calls that a helper makes when a file uses it so."""
    body = f"import functools\nimport requests\nLIMIT = 6\n{textwrap.dedent(helper)}\n{textwrap.dedent(use)}\n"
    return timeouts_of(body.replace("URL", URL))


@pytest.mark.parametrize(
    ("signature", "forwarded", "use", "expected"),
    [
        ("url, timeout=3", "timeout=timeout", "fetch(URL)", [3.0]),
        ("url, timeout=None", "timeout=timeout", "fetch(URL)", [None]),
        ("url, timeout=None", "timeout=timeout", "fetch(URL, timeout=5)", [5.0]),
        ("url, timeout=None", "timeout=timeout or LIMIT", "fetch(URL)", [6.0]),
        ("url, timeout", "timeout=timeout", "fetch(URL, 7)", [7.0]),
        ("url, timeout", "timeout=timeout", "fetch(URL, None)", [None]),
        ("url, **kwargs", "**kwargs", "fetch(URL, headers={})", [None]),
        ("url, **kwargs", "**kwargs", "fetch(URL, timeout=5)", [5.0]),
        ("url, **kwargs", "**{'timeout': 4, **kwargs}", "fetch(URL)", [4.0]),
        ("url, **kwargs", "**dict(kwargs, timeout=4)", "fetch(URL)", [4.0]),
        ("url, **kwargs", "timeout=kwargs.pop('timeout', 8)", "fetch(URL)", [8.0]),
        ("url, options=None", "**(options or {})", "fetch(URL)", [None]),
        ("url, options=None", "**(options or {})", "fetch(URL, {'timeout': 9})", [9.0]),
        ("url, **kwargs", "**kwargs", "", ["unknown"]),
    ],
)
def test_a_helper_gives_what_its_callers_give_it(
    signature: str, forwarded: str, use: str, expected: list[float | str | None]
) -> None:
    assert timeouts(f"def fetch({signature}):\n    return requests.get(url, {forwarded})\n", use) == expected


@pytest.mark.parametrize(
    ("change", "expected"),
    [
        ("kwargs.setdefault('timeout', 4)", 4.0),
        ("kwargs['timeout'] = 4", 4.0),
        ("kwargs.update(timeout=4)", 4.0),
        ("kwargs.setdefault('headers', {})", None),
        ("if 'timeout' not in kwargs:\n        kwargs['timeout'] = 4", 4.0),
        ("kwargs = {'timeout': 4, **kwargs}", 4.0),
        ("kwargs = kwargs | {'timeout': 4}", 4.0),
        ("kwargs |= {'timeout': 4}", 4.0),
        ("kwargs[name()] = 4", "unknown"),
    ],
)
def test_keyword_arguments_are_followed_while_they_grow(change: str, expected: float | str | None) -> None:
    helper = f"def fetch(url, **kwargs):\n    {change}\n    return requests.get(url, **kwargs)\n"
    assert timeouts(helper, "fetch(URL)") == [expected]


@pytest.mark.parametrize(
    ("use", "expected"),
    [
        ("get = functools.partial(requests.get, timeout=3)\nget(URL)", 3.0),
        ("get = functools.partial(requests.get, headers={})\nget(URL)", None),
        ("fetch = requests.get\nfetch(URL)", None),
        ("def call(method):\n    return getattr(requests, method.lower())(URL, timeout=2)", 2.0),
        ("def call(method):\n    return getattr(requests.Session(), method)(URL)", None),
        ("METHODS = {'GET': requests.get}\ndef call(method):\n    return METHODS[method](URL)", None),
        ("import threading\nthreading.Thread(target=requests.post, args=(URL,), kwargs={'timeout': 3}).start()", 3.0),
        ("import threading\nthreading.Thread(target=requests.post, args=(URL,)).start()", None),
    ],
)
def test_a_function_may_have_another_name(use: str, expected: float | None) -> None:
    assert timeouts("", use) == [expected]


def test_a_wrapper_that_a_pool_runs_is_called_with_what_the_pool_is_given() -> None:
    helper = "def fetch(url, timeout=None):\n    return requests.get(url, timeout=timeout)\n"
    assert timeouts(helper, "def run(pool):\n    pool.submit(fetch, URL, timeout=3)") == [3.0]
    assert timeouts(helper, "def run(pool, urls):\n    pool.map(fetch, urls)") == [None]


def test_each_caller_of_a_wrapper_is_a_call_of_its_own() -> None:
    draft = system_of(
        {
            "orders/net.py": """\
                import requests

                def fetch(base, path, timeout=None):
                    return requests.get(f"{base}{path}", timeout=timeout)
                """,
            "orders/app.py": """\
                from net import fetch

                def stock():
                    return fetch("http://inventory", "/items", timeout=2)

                def cards():
                    return fetch("http://payments", "/cards")
                """,
            "inventory/app.py": "",
            "payments/app.py": "",
        },
        "orders",
        "inventory",
        "payments",
    )
    calls = draft.select(HttpCall)
    assert [(one.target, one.path, one.at.line) for one in calls] == [
        ("inventory", "/items", 4),
        ("payments", "/cards", 4),
    ]
    assert [one.timeout.value if isinstance(one.timeout, Setting) else one.timeout for one in calls] == [2.0, None]
    assert [(place.at.path, place.at.line, place.note) for place in calls[0].related] == [
        ("orders/app.py", 4, "calls fetch")
    ]
    timeout = calls[0].timeout
    assert isinstance(timeout, Setting)
    assert (timeout.at.path, timeout.at.line) == ("orders/app.py", 4)


def test_each_instance_of_a_client_class_has_its_own_address_and_timeout() -> None:
    draft = system_of(
        {
            "orders/net.py": """\
                import requests

                class Api:
                    def __init__(self, base_url, timeout=None):
                        self.base_url = base_url
                        self.timeout = timeout

                    def _send(self, method, path):
                        return requests.request(method, self.base_url + path, timeout=self.timeout)

                    def get(self, path):
                        return self._send("GET", path)
                """,
            "orders/app.py": """\
                from net import Api

                inventory = Api("http://inventory", timeout=5)
                payments = Api("http://payments")
                inventory.get("/items")
                payments.get("/cards")
                """,
            "inventory/app.py": "",
            "payments/app.py": "",
        },
        "orders",
        "inventory",
        "payments",
    )
    found = {
        one.name: one.timeout.value if isinstance(one.timeout, Setting) else one.timeout
        for one in draft.select(HttpCall)
    }
    assert found == {"GET inventory/items": 5.0, "GET payments/cards": None}


def test_data_classes_take_their_fields_from_the_call_that_makes_them() -> None:
    helper = """\
        from dataclasses import dataclass, field

        @dataclass
        class Api:
            url: str
            timeout: float = 2
            session: requests.Session = field(default_factory=requests.Session)

            def items(self):
                return self.session.get(self.url, timeout=self.timeout)
        """
    assert timeouts(helper, "Api(URL).items()") == [2.0]
    assert timeouts(helper, "Api(URL, timeout=9).items()") == [9.0]
    assert timeouts(helper, "Api(URL, None).items()") == [None]


def test_a_wrapper_that_calls_itself_comes_to_an_end() -> None:
    helper = """\
        def fetch(url, timeout=None):
            try:
                return requests.get(url, timeout=timeout)
            except requests.Timeout:
                return fetch(url, timeout)
        """
    assert None in timeouts(helper, "fetch(URL)")
