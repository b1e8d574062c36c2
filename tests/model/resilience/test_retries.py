"""What repeats a call: a retry counts however far away it stands, and what may be one is unknown."""

from __future__ import annotations

import pytest
from resilient_systems import repeated, retries_of, system_of

from archlint.core.system.calls import Dependency, RemoteCall
from archlint.core.system.resilience import Retry
from archlint.core.values import is_unknown

POLICY = "retry(stop=stop_after_attempt(3), wait=wait_random_exponential())"
IMPORTS = "import requests\nfrom tenacity import Retrying, retry, stop_after_attempt, wait_random_exponential\n"
GET = 'requests.get("https://api.rates.example/latest", timeout=2)'


@pytest.mark.parametrize(
    ("code", "expected"),
    [
        (f"def rates():\n    return {GET}\n", None),
        (f"@{POLICY}\ndef rates():\n    return {GET}\n", "tenacity"),
        (f"again = {POLICY}\n\n\n@again\ndef rates():\n    return {GET}\n", "tenacity"),
        (f"def again():\n    return {POLICY}\n\n\n@again()\ndef rates():\n    return {GET}\n", "tenacity"),
        (f"def rates():\n    return {GET}\n\n\n@{POLICY}\ndef show():\n    return rates()\n", "tenacity"),
        (f"def rates():\n    return {GET}\n\n\nrates_again = {POLICY}(rates)\n", "tenacity"),
        (f"for attempt in Retrying(stop=stop_after_attempt(3)):\n    with attempt:\n        {GET}\n", "tenacity"),
        (f"def rates():\n    return {GET}\n\n\nRetrying(stop=stop_after_attempt(3))(rates)\n", "tenacity"),
        (f"retrying = Retrying(stop=stop_after_attempt(3))\nretrying(lambda: {GET})\n", "tenacity"),
        (
            f"def again(f):\n    @{POLICY}\n    def wrapper():\n        return f()\n    return wrapper\n\n\n"
            f"@again\ndef rates():\n    return {GET}\n",
            "tenacity",
        ),
        (
            "def again(f):\n    for _ in range(3):\n        try:\n            return f()\n        except OSError:\n"
            f"            continue\n\n\ndef rates():\n    return again(lambda: {GET})\n",
            "a loop",
        ),
        (f"from resilience import with_retries\n\n\n@with_retries\ndef rates():\n    return {GET}\n", "?"),
        (f"from resilience import call_with_retry\n\n\ndef rates():\n    return call_with_retry(lambda: {GET})\n", "?"),
        (
            f"def rates(attempt=0):\n    try:\n        return {GET}\n    except OSError:\n"
            "        return rates(attempt + 1)\n",
            "?",
        ),
        (
            "def rates():\n    for number in range(1, ROUNDS + 2):\n        try:\n            print(number)\n"
            f"            answer = {GET}\n            if answer.json():\n                return answer\n"
            "        except OSError:\n            print('later')\n",
            "?",
        ),
        (f"while True:\n    try:\n        {GET}\n    except OSError:\n        print('later')\n", "?"),
        (
            f"def rates():\n    return {GET}\n\n\nwhile True:\n    try:\n        rates()\n    except OSError:\n"
            "        print('later')\n",
            "?",
        ),
    ],
)
def test_a_retry_counts_wherever_it_stands(code: str, expected: str | None) -> None:
    assert repeated(IMPORTS + code) == [("GET api.rates.example/latest", expected)]


def test_a_decorator_of_another_module_is_followed_to_what_it_decorates() -> None:
    files = {
        "orders/resilience.py": """\
        import time


        def retrying(times):
            def decorate(function):
                def wrapper(*args):
                    for attempt in range(times):
                        try:
                            return function(*args)
                        except OSError:
                            time.sleep(2**attempt)
                return wrapper
            return decorate
        """,
        "orders/app.py": f"""\
        import requests
        from resilience import retrying


        @retrying(4)
        def rates():
            return {GET}


        def fees():
            return requests.get("https://api.fees.example/all", timeout=2)
        """,
    }
    assert repeated(files) == [("GET api.rates.example/latest", "a loop"), ("GET api.fees.example/all", None)]
    retry = system_of(files).select(Retry)[0]
    assert (retry.at.path, retry.at.line, retry.name) == ("orders/resilience.py", 7, "a loop around rates")
    assert [call.name for call in retry.calls] == ["GET api.rates.example/latest"]


def test_a_client_class_of_the_workspace_brings_its_adapter_along() -> None:
    files = {
        "orders/clients.py": """\
        import requests
        from requests.adapters import HTTPAdapter
        from urllib3 import Retry


        class Session(requests.Session):
            def __init__(self):
                super().__init__()
                self.mount("https://", HTTPAdapter(max_retries=Retry(total=3, backoff_factor=1)))
        """,
        "orders/app.py": """\
        from clients import Session

        session = Session()
        session.get("https://api.rates.example/latest", timeout=2)
        """,
    }
    assert repeated(files) == [("GET api.rates.example/latest", "urllib3")]


GRPC = """\
import json

import grpc

import shop_pb2_grpc

NAME = {{"service": "shop.Stock"{method}}}
CONFIG = json.dumps({{"methodConfig": [{{"name": [NAME], "retryPolicy": {{"maxAttempts": 3}}}}]}})
channel = grpc.insecure_channel("stock:50051", options=[("grpc.service_config", CONFIG)])
shop_pb2_grpc.StockStub(channel).GetStock(None, timeout=1)
"""


@pytest.mark.parametrize(
    ("method", "expected"),
    [
        ("", "the channel's service config"),
        (', "method": "GetStock"', "the channel's service config"),
        (', "method": "Reserve"', None),
    ],
)
def test_the_retry_policy_of_a_channel_holds_for_the_methods_that_it_names(method: str, expected: str | None) -> None:
    assert repeated(GRPC.format(method=method)) == [("Stock/GetStock", expected)]


@pytest.mark.parametrize(("attempts", "expected"), [("3", "the mesh"), ("0", None)])
def test_the_mesh_repeats_unless_it_is_told_not_to(attempts: str, expected: str | None) -> None:
    files = {
        "orders/app.py": 'import requests\nrequests.get("http://inventory/items", timeout=2)\n',
        "mesh.yaml": f"""\
        apiVersion: networking.istio.io/v1
        kind: VirtualService
        metadata:
          name: inventory
        spec:
          hosts: [inventory.shop.svc.cluster.local]
          http:
            - retries:
                attempts: {attempts}
              route:
                - destination:
                    host: inventory
        """,
    }
    assert repeated(files) == [("GET inventory/items", expected)]


def test_a_loop_that_counts_through_pages_is_no_retry() -> None:
    code = """\
def rates():
    for page in range(9):
        try:
            requests.get("https://api.rates.example/latest", params={"page": page})
        except OSError:
            print("none")
"""
    assert repeated(IMPORTS + code) == [("GET api.rates.example/latest", None)]


@pytest.mark.parametrize(
    ("call", "expected"),
    [
        ('requests.get("https://a.example/x")', True),
        ('requests.put("https://a.example/x", json={})', True),
        ('requests.post("https://a.example/x", json={"items": 2})', False),
        ('requests.patch("https://a.example/x", json={"items": 2})', False),
        ('requests.post("https://a.example/x", headers={"Idempotency-Key": KEY})', True),
        ('requests.post("https://a.example/x", json={"idempotency_key": KEY})', True),
        ('requests.post("https://a.example/x", headers=headers())', "?"),
        ('requests.post("https://a.example/x", json={"request_id": KEY})', "?"),
        ('requests.post("https://a.example/v1/search", json={})', "?"),
        ('requests.post("https://a.example/oauth/token", data={})', "?"),
        ('requests.post("https://a.example/v1/models/m:generateContent", json={})', "?"),
        ('requests.request(METHODS[0], "https://a.example/x")', "?"),
    ],
)
def test_a_call_may_be_sent_twice_by_its_method_or_its_key(call: str, expected: object) -> None:
    body = f"import requests\nfrom settings import KEY, METHODS, headers\n\n{call}\n"
    found = [one.is_idempotent for one in system_of({"orders/app.py": body}).select(RemoteCall)]
    assert ["?" if is_unknown(one) else one for one in found] == [expected]


def test_start_up_waits_and_conflicts_are_told_from_retries_of_calls() -> None:
    body = """\
    import time

    import psycopg2
    import redis
    import requests


    def connect():
        for _ in range(30):
            try:
                return psycopg2.connect("postgresql://db/orders", connect_timeout=2)
            except psycopg2.OperationalError:
                time.sleep(1)


    def reserve(pipe):
        while True:
            try:
                pipe.watch("stock")
                return pipe.execute()
            except redis.WatchError:
                continue


    def rates():
        for _ in range(3):
            try:
                return requests.get("https://a.example/", timeout=2)
            except requests.ConnectionError:
                time.sleep(1)
    """
    found = sorted(system_of({"orders/app.py": body}).select(Retry), key=lambda one: one.at)
    assert [(one.at.line, one.purpose) for one in found] == [(9, "startup"), (17, "conflict"), (26, "call")]


def test_a_dependency_is_retried_where_any_of_its_repeatable_calls_is() -> None:
    body = f"""\
{IMPORTS}

@{POLICY}
def rates():
    return requests.get("https://a.example/rates", timeout=2)


def fees():
    return requests.get("https://a.example/fees", timeout=2)


def order():
    return requests.post("https://b.example/orders", json={{"items": 2}}, timeout=2)


def alive():
    return requests.get("https://c.example/health", timeout=2)
"""
    found = system_of({"orders/app.py": body}).select(Dependency)
    assert [(one.target, one.is_retryable, one.retry and one.retry.value) for one in found] == [
        ("a.example", True, "tenacity"),
        ("b.example", False, None),
        ("c.example", False, None),
    ]


def test_what_is_local_is_no_retry_of_a_remote_thing() -> None:
    body = """\
    import json
    from tenacity import retry


    @retry
    def parse(text):
        return json.loads(text)
    """
    assert len(retries_of(body)) == 1
    assert [one.is_remote for one in system_of({"orders/app.py": body}).select(Retry)] == [False]


def test_a_helper_runs_for_each_caller_only_what_that_caller_gives_it() -> None:
    body = f"""\
{IMPORTS}

def guarded(function):
    return function()


def look():
    return requests.get("https://a.example/stock", timeout=2)


def reduce():
    return requests.patch("https://a.example/stock", json={{"items": 2}}, timeout=2)


@{POLICY}
def look_again():
    return guarded(look)


def reduce_once():
    return guarded(reduce)
"""
    assert repeated(body) == [("GET a.example/stock", "tenacity"), ("PATCH a.example/stock", None)]


def test_a_consumer_that_waits_for_its_broker_is_no_endless_retry() -> None:
    body = """\
    import time

    import pika


    def connect():
        while True:
            try:
                return pika.BlockingConnection(pika.ConnectionParameters("rabbitmq"))
            except pika.exceptions.AMQPConnectionError:
                time.sleep(5)


    channel = connect().channel()
    channel.basic_consume("orders", print)
    channel.start_consuming()
    """
    assert [one.purpose for one in system_of({"orders/app.py": body}).select(Retry)] == ["consumer"]
    connecting = body.partition("channel")[0]
    assert [one.purpose for one in system_of({"orders/app.py": connecting}).select(Retry)] == ["startup"]


def test_a_back_end_for_telemetry_is_no_dependency() -> None:
    body = """\
    import requests

    requests.post("https://otlp.vendor.example/v1/metrics", json={}, timeout=2)
    requests.post("https://api.datadoghq.com/api/v1/series", json={}, timeout=2)
    requests.get("https://api.rates.example/v1/metrics/today", timeout=2)
    """
    found = system_of({"orders/app.py": body}).select(Dependency)
    assert [one.target for one in found] == ["api.rates.example"]
