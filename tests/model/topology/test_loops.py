"""Calls in loops: which rounds are elements of data, and through which functions a call is still seen."""

from __future__ import annotations

import textwrap

import pytest
from topology_systems import repeated_in

HEAD = """\
import asyncio
import itertools
import os
import time
import httpx
import requests
from concurrent.futures import ThreadPoolExecutor
from tenacity import Retrying, stop_after_attempt

URL = "http://pricing:8000"
REGIONS = ("eu", "us")
queries = {"left": {"state": 1}, "sold": {"state": 2}}
PEERS = {"a": "http://pricing:8000/a", "b": "http://pricing:8000/b"}


def fetch(number):
    return requests.get(f"{URL}/prices/{number}", timeout=1).json()


async def ask(client, number):
    return await client.get(f"{URL}/prices/{number}")

"""
LINES = HEAD.count("\n")


def repeated(body: str) -> list[int]:
    """Lines of the body, counted from 1."""
    return [line - LINES for line in repeated_in(HEAD + textwrap.dedent(body))]


@pytest.mark.parametrize(
    "loop",
    [
        "for one in order.lines:\n        requests.get(f'{URL}/prices/{one.product}')",
        "for index, one in enumerate(sorted(order['lines'])):\n        requests.post(URL, json={'index': one})",
        "for key, one in order.items():\n        requests.post(URL, json=one)",
        "for index in range(len(order)):\n        requests.get(f'{URL}/{order[index]}')",
        "for one in order.lines:\n        fetch(one)",
        "for one in Line.objects.filter(open=True):\n        fetch(one.id)",
        "for one in [line.id for line in order.lines]:\n        fetch(one)",
        "for ticket in order.tickets:\n        fetch(ticket.id)",
        "for one in waiting_list(order):\n        fetch(one)",
        "for one in (order.lines or []):\n        fetch(one)",
    ],
)
def test_a_call_for_each_element_of_data_is_found_at_the_call(loop: str) -> None:
    assert repeated(f"def handle(order):\n    {loop}\n") == [3]


@pytest.mark.parametrize(
    "expression",
    [
        "[fetch(one) for one in order]",
        "{one: fetch(one) for one in order}",
        "sum(fetch(one)['price'] for one in order)",
        "list(map(fetch, order))",
    ],
)
def test_comprehensions_and_map_are_loops_too(expression: str) -> None:
    assert repeated(f"def handle(order):\n    return {expression}\n") == [2]


@pytest.mark.parametrize(
    "loop",
    [
        "for attempt in range(3):\n        requests.get(URL, params={'attempt': attempt})",
        "for attempt in Retrying(stop=stop_after_attempt(3)):\n        requests.get(URL, params=order)",
        "for delay in (1, 2, 4):\n        requests.get(URL, params={'delay': delay})",
        "while not requests.get(URL, params=order).json()['done']:\n        time.sleep(1)",
        "for page in itertools.count(1):\n        requests.get(URL, params={'page': page})",
        "for page in paginate(order):\n        requests.get(URL, params={'page': page})",
        "for some in chunked(order, 50):\n        requests.post(URL, json=some)",
        "for number in range(5):\n        requests.get(f'{URL}/{number}')",
        "for start in range(0, len(order), 50):\n        requests.post(URL, json=order[start:start + 50])",
        "for one in order['Records']:\n        requests.post(URL, json=one)",
        "for one in order.get('Messages', []):\n        requests.post(URL, json=one)",
        "for message in consumer:\n        requests.post(URL, json=message)",
        "for region in REGIONS:\n        fetch(region)",
        "for region in [one.upper() for one in REGIONS]:\n        fetch(region)",
        "for name, options in queries.items():\n        requests.post(URL, json=options)",
        "for name in PEERS:\n        requests.get(f'{URL}/health', params={'peer': name})",
        "for region in ['eu', 'us']:\n        fetch(region)",
        "for name, url in PEERS.items():\n        requests.get(url)",
        "for url in order.urls:\n        requests.get(url)",
        "for one in order.lines:\n        requests.get(f'{URL}/time')",
        "for one in requests.get(URL).json():\n        print(one)",
    ],
)
def test_attempts_polls_pages_batches_messages_and_fixed_lists_are_no_data(loop: str) -> None:
    assert repeated(f"def handle(order):\n    {loop}\n") == []


def test_the_first_iterable_of_a_comprehension_is_evaluated_once() -> None:
    assert repeated("def handle(order):\n    return [one for one in fetch(order)]\n") == []


@pytest.mark.parametrize(
    ("statement", "expected"),
    [
        ("for one in order:\n        await ask(client, one)", [3]),
        ("return [await ask(client, one) for one in order]", [2]),
        ("return await asyncio.gather(*(ask(client, one) for one in order))", []),
        ("return await asyncio.gather(*[client.get(f'{URL}/{one}') for one in order])", []),
        ("for one in order:\n        asyncio.create_task(ask(client, one))", []),
        ("for one in order:\n        await asyncio.wait_for(ask(client, one), 2)", [3]),
        (
            "async with asyncio.TaskGroup() as all:\n"
            "        for one in order:\n            all.create_task(ask(client, one))",
            [],
        ),
    ],
)
def test_calls_that_run_at_the_same_time_are_not_repeated(statement: str, expected: list[int]) -> None:
    assert repeated(f"async def handle(client: httpx.AsyncClient, order):\n    {statement}\n") == expected


def test_a_pool_runs_them_at_the_same_time() -> None:
    body = """\
    def handle(order):
        with ThreadPoolExecutor() as pool:
            found = [pool.submit(fetch, one) for one in order]
            return list(pool.map(fetch, order)), found
    """
    assert repeated(body) == []


def test_a_loop_in_synchronous_code_that_runs_a_coroutine_waits_for_each() -> None:
    assert repeated(
        "def handle(order):\n    for one in order:\n        asyncio.run(ask(httpx.AsyncClient(), one))\n"
    ) == [3]


def test_the_nearest_loop_over_data_counts_and_a_retry_around_the_call_does_not_hide_it() -> None:
    body = """\
    def careful(number):
        for attempt in range(3):
            try:
                return fetch(number)
            except requests.RequestException:
                time.sleep(1)


    def handle(order):
        for line in order.lines:
            for part in line.parts:
                careful(part)
    """
    assert repeated(body) == [12]


def test_a_call_over_a_broker_is_remote_too() -> None:
    body = """\
    from nameko.rpc import RpcProxy


    class Orders:
        name = "orders"
        products = RpcProxy("products")

        def describe(self, order):
            return [self.products.get(one) for one in order.lines]
    """
    assert repeated(body) == [9]


def test_values_that_are_made_from_each_other_many_times_are_looked_into_once() -> None:
    steps = "".join(f"        a{step} = mix(a{step - 1}, a{step - 1}, a{step - 1})\n" for step in range(1, 60))
    body = f"def handle(order):\n    for one in order.lines:\n        a0 = str(one)\n{steps}        fetch(a59)\n"
    assert repeated(body) == [63]
