"""Circuit breakers: around which calls they stand, and what keeps one from working."""

from __future__ import annotations

import pytest
from resilient_systems import faults_of, guarded

GET = 'requests.get("https://api.rates.example/latest", timeout=2)'
NAME = "GET api.rates.example/latest"


@pytest.mark.parametrize(
    ("code", "expected"),
    [
        (f"def rates():\n    return {GET}\n", None),
        (
            f"import pybreaker\nguard = pybreaker.CircuitBreaker()\n\n\n@guard\ndef rates():\n    return {GET}\n",
            "pybreaker",
        ),
        (
            f"import pybreaker\nbreaker = pybreaker.CircuitBreaker()\n\n\ndef rates():\n    return {GET}\n\n\n"
            "breaker.call(rates)\n",
            "pybreaker",
        ),
        (f"import pybreaker\nbreaker = pybreaker.CircuitBreaker()\nwith breaker.calling():\n    {GET}\n", "pybreaker"),
        (f"from circuitbreaker import circuit\n\n\n@circuit\ndef rates():\n    return {GET}\n", "circuitbreaker"),
        (
            f"from circuitbreaker import circuit\n\n\n@circuit(failure_threshold=9)\ndef rates():\n    return {GET}\n",
            "circuitbreaker",
        ),
        (
            "from circuitbreaker import CircuitBreaker\n\n\nclass RatesBreaker(CircuitBreaker):\n    pass\n"
            f"\n\n@RatesBreaker()\ndef rates():\n    return {GET}\n",
            "circuitbreaker",
        ),
        (
            f"import aiobreaker\nb = aiobreaker.CircuitBreaker()\n\n\n@b\nasync def rates():\n    return {GET}\n",
            "aiobreaker",
        ),
        (
            "import purgatory\nbreakers = purgatory.AsyncCircuitBreakerFactory()\n\n\n"
            f'@breakers("rates")\nasync def rates():\n    return {GET}\n',
            "purgatory",
        ),
        (
            "import purgatory\nbreakers = purgatory.SyncCircuitBreakerFactory()\n"
            f'with breakers.get_breaker("rates"):\n    {GET}\n',
            "purgatory",
        ),
        (
            "from hyx.circuitbreaker import consecutive_breaker\n"
            "breaker = consecutive_breaker(failure_threshold=5, recovery_time_secs=30)\n\n\n"
            f"@breaker\nasync def rates():\n    return {GET}\n",
            "hyx",
        ),
        (
            f"import aiomisc\n\n\n@aiomisc.cutout(0.5, 10, OSError)\nasync def rates():\n    return {GET}\n",
            "aiomisc",
        ),
        (
            "class CircuitBreaker:\n    def __init__(self):\n        self.failures = 0\n\n    def allows(self):\n"
            "        return self.failures < 5\n\n\nbreaker = CircuitBreaker()\n\n\ndef rates():\n"
            f"    if not breaker.allows():\n        raise OSError\n    return {GET}\n",
            "its own breaker",
        ),
        (f"from resilience import circuit_breaker\n\n\n@circuit_breaker\ndef rates():\n    return {GET}\n", "?"),
        (f"from resilience import rates_breaker\nwith rates_breaker:\n    {GET}\n", "?"),
        (
            "failures = 0\n\n\ndef circuit_breaker_allows():\n    return failures < 5\n\n\ndef rates():\n"
            f"    if not circuit_breaker_allows():\n        return None\n    return {GET}\n",
            "?",
        ),
        (f"from circuits import circuits\n\n\n@circuits.register\ndef rates():\n    return {GET}\n", None),
    ],
)
def test_a_breaker_counts_wherever_it_stands(code: str, expected: str | None) -> None:
    assert guarded(f"import requests\n{code}") == [(NAME, expected)]


def test_a_breaker_of_another_module_guards_only_what_goes_through_it() -> None:
    files = {
        "orders/breakers.py": "import pybreaker\n\nrates_breaker = pybreaker.CircuitBreaker(fail_max=3)\n",
        "orders/app.py": f"""\
        import requests
        from breakers import rates_breaker


        @rates_breaker
        def rates():
            return {GET}


        def fees():
            return requests.get("https://api.fees.example/all", timeout=2)
        """,
    }
    assert guarded(files) == [(NAME, "pybreaker"), ("GET api.fees.example/all", None)]


@pytest.mark.parametrize(
    ("rule", "expected"),
    [
        ("trafficPolicy:\n      outlierDetection:\n        consecutive5xxErrors: 5", "outlier detection"),
        ("subsets:\n      - name: v1\n        trafficPolicy:\n          outlierDetection: {}", "outlier detection"),
        ("trafficPolicy:\n      connectionPool: {}", None),
    ],
)
def test_outlier_detection_of_the_mesh_is_a_breaker(rule: str, expected: str | None) -> None:
    mesh = (
        "apiVersion: networking.istio.io/v1\nkind: DestinationRule\nmetadata:\n  name: inventory\nspec:\n"
        f"  host: inventory.shop.svc.cluster.local\n  {rule.replace(chr(10), chr(10) + '')}\n"
    ).replace("\n      ", "\n    ")
    files = {
        "orders/app.py": 'import requests\nrequests.get("http://inventory/items", timeout=2)\n',
        "mesh.yaml": mesh,
    }
    assert guarded(files) == [("GET inventory/items", expected)]


def test_a_breaker_that_cannot_work_says_why() -> None:
    body = """\
    from datetime import timedelta

    import aiobreaker
    import pybreaker
    import requests
    from circuitbreaker import circuit

    deaf = pybreaker.CircuitBreaker(fail_max=1000)
    stuck = aiobreaker.CircuitBreaker(timeout_duration=timedelta(days=1))
    fine = pybreaker.CircuitBreaker(fail_max=5, reset_timeout=30)


    @circuit
    def swallows():
        try:
            return requests.get("https://a.example/", timeout=2)
        except requests.RequestException:
            return None


    @circuit
    def tells():
        try:
            return requests.get("https://b.example/", timeout=2)
        except requests.RequestException:
            print("not there")
            raise


    def fetch():
        return requests.get("https://c.example/", timeout=2)


    def forgets():
        breaker = pybreaker.CircuitBreaker()
        return breaker.call(fetch)


    def keeps(registry):
        registry["c"] = pybreaker.CircuitBreaker()
        return registry["c"].call(fetch)


    def makes():
        return pybreaker.CircuitBreaker()


    forgets()
    keeps({})
    makes()
    """
    assert faults_of(body) == [
        (8, "it opens only"),
        (9, "it stays open"),
        (10, None),
        (13, "swallows catches the"),
        (21, None),
        (35, "it is made"),
        (40, None),
        (45, None),
    ]


def test_a_transport_of_the_workspace_brings_its_breaker_along() -> None:
    files = {
        "orders/transports.py": """\
        import aiobreaker
        import httpx


        class GuardedTransport(httpx.AsyncBaseTransport):
            def __init__(self):
                self._inner = httpx.AsyncHTTPTransport()
                self._breaker = aiobreaker.CircuitBreaker(fail_max=5)

            async def handle_async_request(self, request):
                return await self._breaker.call_async(self._inner.handle_async_request, request)
        """,
        "orders/app.py": """\
        import httpx
        from transports import GuardedTransport

        client = httpx.AsyncClient(transport=GuardedTransport())


        async def rates():
            return await client.get("https://api.rates.example/latest")
        """,
    }
    assert guarded(files) == [(NAME, "aiobreaker")]


def test_aiobreaker_wants_a_timedelta() -> None:
    body = """\
    import aiobreaker

    SECONDS = 30
    wrong = aiobreaker.CircuitBreaker(fail_max=5, timeout_duration=SECONDS)
    """
    assert faults_of(body) == [(4, "its timeout_duration is")]


def test_a_breaker_is_known_by_its_variable_whatever_its_name() -> None:
    body = f"""\
    import pybreaker
    import requests

    USERS_CB = pybreaker.CircuitBreaker(fail_max=3)


    def rates():
        return {GET}


    USERS_CB.call(rates)
    with USERS_CB.calling():
        requests.get("https://api.fees.example/all", timeout=2)
    """
    assert guarded(body) == [(NAME, "pybreaker"), ("GET api.fees.example/all", "pybreaker")]
