"""Calls of gateways that only hand on what they are asked."""

from __future__ import annotations

import pytest
from topology_systems import system_of

from archlint.core.system.calls import HttpCall

HEAD = """\
import httpx
from fastapi import FastAPI, Request, Response

app = FastAPI()
client = httpx.AsyncClient(base_url="http://orders:8000")


"""


def passes(service: str, body: str) -> list[bool]:
    draft = system_of({f"{service}/app.py": HEAD + body, "orders/app.py": ""})
    return [one.passes_through is True for one in sorted(draft.select(HttpCall), key=lambda one: one.at)]


@pytest.mark.parametrize("service", ["edge", "api-gateway"])
def test_a_call_with_the_method_of_the_request_passes_through(service: str) -> None:
    body = """\
async def forward(request: Request):
    answer = await client.request(request.method, f"/{request.url.path}")
    return Response(answer.content)
"""
    assert passes(service, body) == [True]


def test_a_route_for_any_path_passes_through() -> None:
    body = """\
@app.get("/orders/{path:path}")
async def forward(path: str):
    return (await client.get(f"/orders/{path}")).json()
"""
    assert passes("web", body) == [True]


ONE_TO_ONE = """\
@app.get("/orders/{number}")
async def order(number: int):
    answer = await client.get(f"/orders/{number}")
    return answer.json()
"""


@pytest.mark.parametrize(("service", "expected"), [("api-gateway", [True]), ("gateway", [True]), ("web", [False])])
def test_a_gateway_that_answers_with_one_call_passes_it_through(service: str, expected: list[bool]) -> None:
    assert passes(service, ONE_TO_ONE) == expected


def test_a_gateway_that_puts_answers_together_or_only_checks_is_a_caller() -> None:
    body = """\
@app.get("/pages/{number}")
async def page(number: int):
    order = await client.get(f"/orders/{number}")
    lines = await client.get(f"/orders/{number}/lines")
    return {"order": order.json(), "lines": lines.json()}


@app.post("/checked")
async def checked(request: Request):
    await client.post("/check")
    return {"checked": True}
"""
    assert passes("api-gateway", body) == [False, False, False]


SHARED_HELPER = """\
class Orders:
    async def place(self, order: dict):
        return await ask("POST", "/orders", order)

    async def register(self, order: dict):
        return await ask("PUT", "/orders/7", order)


async def ask(method: str, path: str, body: dict):
    return await client.request(method=method, url=path, json=body)


async def guarded(call):
    answer = await call()
    return answer.json()


@app.post("/orders")
async def place(order: dict):
    orders = Orders()
    return await guarded(lambda: orders.place(order))


@app.put("/orders")
async def register(order: dict):
    orders = Orders()
    return await guarded(lambda: orders.register(order))
"""


def test_a_gateways_handlers_may_share_a_helper_and_a_guard() -> None:
    assert passes("api-gateway", SHARED_HELPER) == [True, True]
    assert passes("web", SHARED_HELPER) == [False, False]
