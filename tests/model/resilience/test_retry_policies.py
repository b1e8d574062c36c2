"""Retry policies: every library's limits, waits and jitter, as its documentation gives them."""

from __future__ import annotations

import pytest
from resilient_systems import repeated, retries_of

GET = 'requests.get("https://api.rates.example/latest", timeout=2)'

DECORATED = """\
import requests
{imports}


@{decorator}
{kind}def rates():
    return {call}
"""


def decorated(imports: str, decorator: str, kind: str = "") -> list[tuple[object, ...]]:
    return [one[1:] for one in retries_of(DECORATED.format(imports=imports, decorator=decorator, kind=kind, call=GET))]


TENACITY = "from tenacity import *\nimport tenacity"


@pytest.mark.parametrize(
    ("decorator", "expected"),
    [
        ("tenacity.retry", (None, None, "none", False)),
        ("tenacity.retry()", (None, None, "none", False)),
        ("tenacity.retry(stop=tenacity.stop_after_attempt(3))", (3, None, "none", False)),
        ("tenacity.retry(stop=tenacity.stop_after_delay(10))", (None, 10.0, "none", False)),
        ("tenacity.retry(stop=tenacity.stop_never)", (None, None, "none", False)),
        (
            "tenacity.retry(stop=tenacity.stop_after_attempt(3) | tenacity.stop_after_delay(9))",
            (3, 9.0, "none", False),
        ),
        (
            "tenacity.retry(stop=tenacity.stop_any(tenacity.stop_after_attempt(3), tenacity.stop_after_delay(9)))",
            (3, 9.0, "none", False),
        ),
        (
            "tenacity.retry(stop=tenacity.stop_all(tenacity.stop_after_attempt(3), tenacity.stop_after_delay(9)))",
            ("?", "?", "none", False),
        ),
        ("tenacity.retry(stop=tenacity.stop_after_attempt(limit()))", ("?", None, "none", False)),
        ("tenacity.retry(wait=tenacity.wait_fixed(2))", (None, None, "constant", False)),
        ("tenacity.retry(wait=tenacity.wait_fixed(0))", (None, None, "none", False)),
        ("tenacity.retry(wait=tenacity.wait_random(1, 2))", (None, None, "random", True)),
        ("tenacity.retry(wait=tenacity.wait_exponential(max=9))", (None, None, "growing", False)),
        ("tenacity.retry(wait=tenacity.wait_incrementing(1, 1))", (None, None, "growing", False)),
        ("tenacity.retry(wait=tenacity.wait_random_exponential())", (None, None, "growing", True)),
        ("tenacity.retry(wait=tenacity.wait_exponential_jitter())", (None, None, "growing", True)),
        ("tenacity.retry(wait=tenacity.wait_exponential_jitter(jitter=0))", (None, None, "growing", False)),
        (
            "tenacity.retry(wait=tenacity.wait_exponential() + tenacity.wait_random(0, 1))",
            (None, None, "growing", True),
        ),
        (
            "tenacity.retry(wait=tenacity.wait_combine(tenacity.wait_fixed(1), tenacity.wait_random(0, 1)))",
            (None, None, "random", True),
        ),
        ("tenacity.retry(wait=tenacity.wait_chain(*WAITS))", (None, None, "?", "?")),
        ("tenacity.retry(**OPTIONS)", ("?", "?", "?", "?")),
    ],
)
def test_tenacity_neither_stops_nor_waits_unless_it_is_told(decorator: str, expected: tuple[object, ...]) -> None:
    assert decorated("import tenacity", decorator) == [("tenacity", *expected)]


@pytest.mark.parametrize(
    ("decorator", "expected"),
    [
        ("backoff.on_exception(backoff.expo, OSError)", (None, None, "growing", True)),
        ("backoff.on_exception(backoff.expo, OSError, max_tries=4)", (4, None, "growing", True)),
        ("backoff.on_exception(backoff.expo, OSError, max_time=60, jitter=None)", (None, 60.0, "growing", False)),
        ("backoff.on_exception(backoff.fibo, OSError, jitter=backoff.random_jitter)", (None, None, "growing", True)),
        ("backoff.on_exception(backoff.constant, OSError, interval=2, jitter=None)", (None, None, "constant", False)),
        ("backoff.on_exception(backoff.constant, OSError)", (None, None, "random", True)),
        ("backoff.on_exception(backoff.runtime, OSError)", (None, None, "?", True)),
    ],
)
def test_backoff_has_jitter_but_no_limit_by_default(decorator: str, expected: tuple[object, ...]) -> None:
    assert decorated("import backoff", decorator) == [("backoff", *expected)]


@pytest.mark.parametrize(
    ("imports", "decorator", "expected"),
    [
        ("from retry import retry", "retry", ("retry", None, None, "none", False)),
        ("from retry import retry", "retry(OSError, tries=3)", ("retry", 3, None, "none", False)),
        ("from retry import retry", "retry(OSError, 3, 2)", ("retry", 3, None, "constant", False)),
        ("from retry import retry", "retry(tries=3, delay=1, backoff=2)", ("retry", 3, None, "growing", False)),
        (
            "from retry import retry",
            "retry(tries=3, delay=1, backoff=2, jitter=(0, 1))",
            ("retry", 3, None, "growing", "?"),
        ),
        ("from retrying import retry", "retry", ("retrying", None, None, "none", False)),
        (
            "from retrying import retry",
            "retry(stop_max_attempt_number=7, wait_fixed=2000)",
            ("retrying", 7, None, "constant", False),
        ),
        (
            "from retrying import retry",
            "retry(stop_max_delay=9000, wait_exponential_multiplier=100, wait_jitter_max=50)",
            ("retrying", None, 9000.0, "growing", True),
        ),
        (
            "from retrying import retry",
            "retry(wait_random_min=1000, wait_random_max=2000)",
            ("retrying", None, None, "random", True),
        ),
        ("import stamina", "stamina.retry(on=OSError)", ("stamina", 10, 45.0, "growing", True)),
        (
            "import stamina",
            "stamina.retry(on=OSError, attempts=None, timeout=None, wait_jitter=0)",
            ("stamina", None, None, "growing", False),
        ),
        ("from hyx.retry import retry", "retry(on=OSError)", ("hyx", 3, None, "constant", False)),
        ("from hyx.retry import retry", "retry(attempts=None)", ("hyx", None, None, "constant", False)),
        (
            "from hyx.retry import retry\nfrom hyx.retry.backoffs import expo",
            "retry(attempts=4, backoff=expo(min_delay_secs=1, base=2))",
            ("hyx", 4, None, "growing", False),
        ),
        ("import aiomisc", "aiomisc.asyncretry(5)", ("aiomisc", 5, None, "none", False)),
        ("import aiomisc", "aiomisc.asyncretry(None, pause=1)", ("aiomisc", None, None, "constant", False)),
        ("import aiomisc", "aiomisc.asyncbackoff(1, 10, 0.5)", ("aiomisc", None, 10.0, "constant", False)),
        (
            "from google.api_core.retry import Retry",
            "Retry(deadline=30)",
            ("google.api_core", None, 30.0, "growing", True),
        ),
    ],
)
def test_other_decorators_follow_their_own_defaults(imports: str, decorator: str, expected: tuple[object, ...]) -> None:
    assert decorated(imports, decorator) == [expected]


@pytest.mark.parametrize(
    ("adapter", "expected"),
    [
        ("HTTPAdapter(max_retries=3)", [("requests", 4, None, "none", False)]),
        ("HTTPAdapter(max_retries=0)", []),
        ("HTTPAdapter()", []),
        ("HTTPAdapter(max_retries=Retry(3, backoff_factor=0.5))", [("urllib3", 4, None, "growing", False)]),
        (
            "HTTPAdapter(max_retries=Retry(backoff_jitter=1, backoff_factor=1))",
            [("urllib3", 11, None, "growing", True)],
        ),
        ("HTTPAdapter(max_retries=Retry(total=2, status_forcelist=[503]))", [("urllib3", 3, None, "none", False)]),
    ],
)
def test_requests_repeats_by_the_retry_of_its_adapter(adapter: str, expected: list[tuple[object, ...]]) -> None:
    body = f"""\
import requests
from requests.adapters import HTTPAdapter
from urllib3.util.retry import Retry

session = requests.Session()
session.mount("https://", {adapter})
session.get("https://api.rates.example/latest", timeout=2)
"""
    assert [one[1:] for one in retries_of(body)] == expected
    assert [name for _, name in repeated(body)] == ([expected[0][0]] if expected else [None])


@pytest.mark.parametrize(
    ("client", "expected"),
    [
        ("httpx.Client()", None),
        ("httpx.Client(transport=httpx.HTTPTransport())", None),
        ("httpx.Client(transport=httpx.HTTPTransport(retries=2))", "httpx"),
        ("httpx.Client(transport=RetryTransport(retry=Retry(total=5, backoff_factor=0.5)))", "httpx-retries"),
        ("httpx.Client(transport=RetryTransport())", "httpx-retries"),
        ("httpx.Client(transport=build_transport())", "?"),
        ("urllib3.PoolManager()", "urllib3's default"),
        ("urllib3.PoolManager(retries=False)", None),
        ("urllib3.PoolManager(retries=urllib3.Retry(5))", "urllib3"),
        ("requests.Session()", None),
    ],
)
def test_a_client_repeats_what_its_transport_or_default_does(client: str, expected: str | None) -> None:
    call = 'client.request("GET", "https://api.rates.example/latest", timeout=2)'
    body = (
        "import httpx\nimport requests\nimport urllib3\nfrom httpx_retries import Retry, RetryTransport\n"
        f"from transports import build_transport\n\nclient = {client}\n{call}\n"
    )
    assert [name for _, name in repeated(body)] == [expected]


@pytest.mark.parametrize(
    ("imports", "call", "expected"),
    [
        ("from rq import Retry", "Retry(max=3)", ("rq", 4, None, "none", "?")),
        ("from rq import Retry", "Retry(max=3, interval=60)", ("rq", 4, None, "constant", "?")),
        ("from rq import Retry", "Retry(max=3, interval=[10, 30, 60])", ("rq", 4, None, "?", "?")),
        (
            "from aiohttp_retry import ExponentialRetry",
            "ExponentialRetry()",
            ("aiohttp-retry", 3, None, "growing", False),
        ),
        (
            "from aiohttp_retry import JitterRetry",
            "JitterRetry(attempts=5)",
            ("aiohttp-retry", 5, None, "growing", True),
        ),
        ("from aiohttp_retry import RandomRetry", "RandomRetry()", ("aiohttp-retry", 3, None, "random", True)),
        ("from google.api_core.retry import Retry", "Retry()", ("google.api_core", None, 120.0, "growing", True)),
        ("from kombu import Connection", "Connection(URL).ensure_connection()", ("kombu", None, None, "growing", "?")),
        (
            "from kombu import Connection",
            "Connection(URL).ensure_connection(max_retries=3)",
            ("kombu", 4, None, "growing", "?"),
        ),
    ],
)
def test_policies_that_are_handed_on_follow_their_own_defaults(
    imports: str, call: str, expected: tuple[object, ...]
) -> None:
    assert [one[1:] for one in retries_of(f"{imports}\nfrom settings import URL\n\npolicy = {call}\n")] == [expected]


def test_dramatiq_retries_twenty_times_with_jitter_unless_it_is_told() -> None:
    body = """\
    import dramatiq
    import requests


    @dramatiq.actor(max_retries=3)
    def bounded():
        requests.get("https://a.example/", timeout=2)


    @dramatiq.actor(max_retries=None)
    def endless():
        requests.get("https://b.example/", timeout=2)
    """
    assert retries_of(body) == [
        (5, "dramatiq", 4, None, "growing", True),
        (10, "dramatiq", None, None, "growing", True),
    ]


def test_loops_tell_their_limit_and_their_wait() -> None:
    body = """\
    import random
    import time

    import requests


    def fixed():
        for attempt in range(5):
            try:
                return requests.get("https://a.example/", timeout=2)
            except requests.ConnectionError:
                time.sleep(1)


    def doubled(tries):
        delay = 1
        while True:
            try:
                return requests.get("https://b.example/", timeout=2)
            except requests.ConnectionError:
                tries -= 1
                if not tries:
                    raise
                time.sleep(delay)
                delay *= 2


    def by_status():
        for _ in range(3):
            answer = requests.get("https://c.example/", timeout=2)
            if answer.ok:
                return answer
            time.sleep(random.uniform(1, 2))


    def until_it_works():
        while True:
            try:
                answer = requests.get("https://d.example/", timeout=2)
            except requests.ConnectionError:
                continue
            return answer
    """
    assert retries_of(body) == [
        (8, "a loop", 5, None, "constant", False),
        (17, "a loop", "?", None, "growing", False),
        (29, "a loop", 3, None, "random", True),
        (37, "a loop", None, None, "none", False),
    ]


def test_loops_over_data_workers_and_polls_are_no_retries() -> None:
    body = """\
    import queue
    import time

    import requests

    MIRRORS = ["https://a.example/", "https://b.example/"]


    def fall_back():
        for mirror in MIRRORS:
            try:
                return requests.get(mirror, timeout=2)
            except requests.ConnectionError:
                continue


    def work(jobs):
        while True:
            try:
                job = jobs.get(timeout=1)
                requests.put("https://b.example/" + job, timeout=2)
            except queue.Empty:
                time.sleep(1)


    def poll(job):
        while True:
            state = requests.get("https://c.example/" + job, timeout=2).json()["state"]
            if state == "done":
                return state
            time.sleep(1)


    def first_free_port():
        for port in range(8000, 8100):
            try:
                return requests.get(f"http://localhost:{port}/", timeout=2)
            except requests.ConnectionError:
                continue
    """
    assert retries_of(body) == []


def test_tasks_are_tried_again_by_their_queue() -> None:
    body = """\
    import requests
    from celery import Celery

    app = Celery("orders")


    @app.task(autoretry_for=(requests.RequestException,))
    def fixed():
        requests.get("https://a.example/", timeout=2)


    @app.task(autoretry_for=(OSError,), retry_backoff=True, retry_jitter=False, retry_kwargs={"max_retries": None})
    def endless():
        requests.get("https://b.example/", timeout=2)


    @app.task(bind=True, max_retries=5)
    def by_hand(self):
        try:
            requests.get("https://c.example/", timeout=2)
        except requests.RequestException as error:
            raise self.retry(exc=error, countdown=10)


    @app.task(bind=True)
    def waits_for_data(self, key):
        if not key:
            raise self.retry(countdown=1)
        requests.get("https://d.example/", timeout=2)
    """
    assert retries_of(body) == [
        (7, "Celery", 4, None, "constant", True),
        (12, "Celery", None, None, "growing", False),
        (22, "Celery", 6, None, "constant", "?"),
        (28, "Celery", 4, None, "?", "?"),
    ]
