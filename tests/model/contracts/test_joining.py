"""Contracts and the code that serves them: which operation is which route, and which contract is whose."""

from __future__ import annotations

import textwrap

import pytest

from archlint.config import Config
from archlint.core.source import SourceFile
from archlint.core.system import System
from archlint.core.system.calls import Route
from archlint.core.system.contracts import Contract, ContractDrift, Operation
from archlint.core.system.services import Service
from archlint.core.values import Truth, is_unknown
from archlint.inputs.kinds import kind_of
from archlint.model import build
from archlint.readers import read

DOCKERFILE = "FROM python:3.12\nCOPY . /app\nCMD uvicorn app:app\n"


def system_of(files: dict[str, str]) -> System:
    facts = []
    for path, text in files.items():
        data = textwrap.dedent(text).encode()
        kind = kind_of(path, data)
        assert kind is not None, path
        facts += read(SourceFile(path, kind, data, path))
    return build(facts, Config())


def app(*routes: str) -> str:
    """A FastAPI application with a handler for each ``METHOD /path``."""
    lines = ["from fastapi import FastAPI", "app = FastAPI()"]
    for number, route in enumerate(routes):
        method, path = route.split()
        lines += [f'@app.{method.lower()}("{path}")', f"def handler_{number}(): return {{}}"]
    return "\n".join(lines) + "\n"


def openapi(title: str, *operations: str, server: str = "", version: str = "1.0.0") -> str:
    lines = ["openapi: 3.0.3", f"info: {{title: {title}, version: {version}}}"]
    lines += [f"servers: [{{url: '{server}'}}]"] if server else []
    lines.append("paths:")
    for operation in operations:
        method, path = operation.split()
        lines += [f"  {path}:", f"    {method.lower()}: {{responses: {{'200': {{description: Done.}}}}}}"]
    return "\n".join(lines) + "\n"


def word(truth: Truth) -> str:
    return "unknown" if is_unknown(truth) else "yes" if truth else "no"


def documented(system: System) -> dict[str, str]:
    return {route.name: word(route.documented) for route in system.select(Route)}


def implemented(system: System) -> dict[str, str]:
    return {operation.name: word(operation.implemented) for operation in system.select(Operation)}


@pytest.mark.parametrize(
    ("server", "written", "served"),
    [
        ("", "/v1/orders/{orderId}", "/v1/orders/{id}"),
        ("https://shop.example/v1", "/orders/{id}", "/v1/orders/{id}"),
        ("https://shop.example/v1", "/orders/{id}", "/orders/{id}"),
        ("https://shop.example/public", "/orders/{id}", "/internal/orders/{id}"),
        ("", "/api/orders/{id}", "/orders/{id}"),
    ],
    ids=["parameter's name", "server's path", "path stripped before", "path rewritten", "prefix stripped before"],
)
def test_an_operation_meets_its_route_under_any_prefix(server: str, written: str, served: str) -> None:
    system = system_of(
        {
            "orders/Dockerfile": DOCKERFILE,
            "orders/app.py": app(f"GET {served}"),
            "orders/openapi.yaml": openapi("Orders", f"GET {written}", server=server),
        }
    )
    assert (list(documented(system).values()), list(implemented(system).values())) == (["yes"], ["yes"])


def test_a_prefix_that_holds_for_most_routes_is_not_given_up_for_one() -> None:
    system = system_of(
        {
            "orders/Dockerfile": DOCKERFILE,
            "orders/app.py": app("GET /v1/orders", "POST /v1/orders", "GET /orders/archive"),
            "orders/openapi.yaml": openapi(
                "Orders", "GET /orders", "GET /orders/archive", server="https://x.example/v1"
            ),
        }
    )
    assert documented(system) == {"GET /v1/orders": "yes", "POST /v1/orders": "no", "GET /orders/archive": "no"}
    assert implemented(system) == {"GET /orders": "yes", "GET /orders/archive": "no"}


def test_a_contract_in_a_consumers_folder_is_nobodys_whose_code_is_not_read() -> None:
    system = system_of(
        {
            "orders/Dockerfile": DOCKERFILE,
            "orders/app.py": app("GET /v1/orders"),
            "orders/orders.yaml": openapi("Orders", "GET /v1/orders"),
            "orders/payments.yaml": openapi("Payments", "POST /v1/payments"),
        }
    )
    assert {one.title: one.services for one in system.select(Contract)} == {"Orders": ("orders",), "Payments": ()}
    assert implemented(system) == {"GET /v1/orders": "yes", "POST /v1/payments": "unknown"}


def test_a_contract_beside_code_that_nobody_reads_is_anothers_only_as_a_whole() -> None:
    files = {
        "web/Dockerfile": 'FROM node:22\nCOPY . .\nCMD ["npm", "start"]\n',
        "web/app.js": "start()\n",
        "stock/Dockerfile": DOCKERFILE,
        "stock/app.py": app("GET /v1/items", "POST /v1/items"),
    }
    part = openapi("Store API", "GET /v1/items", "POST /v1/items", "GET /v1/orders")
    copy = openapi("Store API", "GET /v1/items", "POST /v1/items")
    for text, expected in ((part, ("web",)), (copy, ("stock",))):
        system = system_of({**files, "web/openapi.yaml": text})
        assert {one.title: one.services for one in system.select(Contract)} == {"Store API": expected}


def test_services_with_alike_routes_keep_to_their_own_contracts() -> None:
    alike = app("GET /v1/items", "POST /v1/items")
    system = system_of(
        {
            "orders/Dockerfile": DOCKERFILE,
            "orders/app.py": alike,
            "stock/Dockerfile": DOCKERFILE,
            "stock/app.py": alike,
            "contracts/orders/openapi.yaml": openapi("Orders", "GET /v1/items"),
            "stock/openapi.yaml": openapi("Stock", "GET /v1/items", "DELETE /v1/items/all"),
        }
    )
    assert {one.title: one.services for one in system.select(Contract)} == {"Orders": ("orders",), "Stock": ("stock",)}


def test_one_document_may_describe_the_parts_of_several_services() -> None:
    system = system_of(
        {
            "orders/Dockerfile": DOCKERFILE,
            "orders/app.py": app("GET /orders", "POST /orders/open"),
            "stock/Dockerfile": DOCKERFILE,
            "stock/app.py": app("GET /stock", "PUT /stock/all"),
            "swagger/openapi.yaml": openapi(
                "API", "GET /orders", "POST /orders/open", "GET /stock", "PUT /stock/all", "GET /x"
            ),
        }
    )
    assert [one.services for one in system.select(Contract)] == [("orders", "stock")]
    assert [name for name, found in implemented(system).items() if found == "no"] == ["GET /x"]


def test_a_service_that_may_serve_more_than_is_seen_promises_nothing_in_vain() -> None:
    system = system_of(
        {
            "orders/Dockerfile": DOCKERFILE,
            "orders/app.py": app("GET /v1/orders") + "import company\ncompany.add_routes(app)\n"
            'app.include_router(company.router, prefix="/v1")\n',
            "orders/openapi.yaml": openapi("Orders", "GET /v1/orders", "GET /v1/refunds"),
        }
    )
    assert implemented(system)["GET /v1/refunds"] == "unknown"


@pytest.mark.parametrize(
    ("operations", "server", "expected"),
    [
        (("GET /v1/orders",), "", "path /v1/orders"),
        (("GET /orders",), "https://shop.example/api/v2", "server https://shop.example/api/v2"),
        (("GET /orders",), "https://v1.shop.example", "server https://v1.shop.example"),
        (("GET /orders",), "https://shop.example/api", None),
        (("GET /v1beta1/orders",), "", "path /v1beta1/orders"),
        (("GET /vat/orders",), "", None),
    ],
)
def test_a_version_is_one_that_clients_see(operations: tuple[str, ...], server: str, expected: str | None) -> None:
    (contract,) = system_of({"orders.yaml": openapi("Orders", *operations, server=server)}).select(Contract)
    assert contract.version_in == expected


def test_copies_of_one_release_that_differ_are_one_drift_each() -> None:
    schema = "components: {schemas: {Order: {type: object, properties: {id: {type: %s}}}}}\n"
    system = system_of(
        {
            "contracts/orders.yaml": openapi("Orders", "GET /v1/orders") + schema % "string",
            "web/orders.yaml": openapi("Orders", "GET /v1/orders") + schema % "integer",
            "next/orders.yaml": openapi("Orders", "GET /v1/orders", version="2.0.0") + schema % "integer",
        }
    )
    assert [(one.at.path, one.element) for one in system.select(ContractDrift)] == [
        ("web/orders.yaml", "schema Order properties/id/type")
    ]


def test_grpc_cannot_do_without_a_contract_wherever_it_lies() -> None:
    server = """
        import grpc
        from protos import stock_pb2_grpc

        class Stock(stock_pb2_grpc.StockServicer):
            def Read(self, request, context):
                return None

        server = grpc.server(None)
        stock_pb2_grpc.add_StockServicer_to_server(Stock(), server)
        """
    (service,) = system_of(
        {"stock/Dockerfile": "FROM python:3.12\nCMD python server.py\n", "stock/server.py": server}
    ).select(Service)
    assert is_unknown(service.has_contract)
