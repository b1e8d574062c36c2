"""gRPC stub calls: where their deadlines come from, and which answers are streams."""

from __future__ import annotations

import pytest
from calling_systems import system_of, timeouts_of

from archlint.core.facts.documents import ProtoFile, ProtoMethod, ProtoService
from archlint.core.span import start_of
from archlint.core.system.calls import GrpcCall


@pytest.mark.parametrize(
    ("channel", "arguments", "expected"),
    [
        ("grpc.insecure_channel('stock:50051')", "Query()", None),
        ("grpc.insecure_channel('stock:50051')", "Query(), timeout=2", 2.0),
        ("grpc.insecure_channel('stock:50051')", "Query(), 3", 3.0),
        ("grpc.insecure_channel('stock:50051')", "Query(), timeout=None", None),
        ("grpc.insecure_channel('stock:50051')", "Query(), **options()", "unknown"),
        ("grpc.insecure_channel('stock:50051', options=[('grpc.keepalive_time_ms', 1)])", "Query()", None),
        ("grpc.insecure_channel('stock:50051', options=[('grpc.service_config', CONFIG)])", "Query()", 2.0),
        ("grpc.insecure_channel('stock:50051', options=[('grpc.service_config', OTHER)])", "Query()", None),
        ("grpc.insecure_channel('stock:50051', options=read_options())", "Query()", "unknown"),
        ("grpc.intercept_channel(grpc.insecure_channel('stock'), Deadline())", "Query()", 1.5),
        ("grpc.intercept_channel(grpc.insecure_channel('stock'), Tracing())", "Query()", None),
        ("grpc.intercept_channel(grpc.insecure_channel('stock'), vendor.Interceptor())", "Query()", "unknown"),
        ("grpc.aio.insecure_channel('stock', interceptors=[Deadline()])", "Query()", 1.5),
    ],
)
def test_a_deadline_may_come_from_the_call_or_the_channel(
    channel: str, arguments: str, expected: float | str | None
) -> None:
    body = f"""\
import grpc
import vendor
from helpers import options, read_options
from stock_pb2 import Query
from stock_pb2_grpc import StockStub

CONFIG = '{{"methodConfig": [{{"name": [{{"service": "shop.Stock"}}], "timeout": "2s"}}]}}'
OTHER = '{{"methodConfig": [{{"name": [{{"service": "shop.Mail"}}], "timeout": "2s"}}]}}'

class Deadline:
    def intercept_unary_unary(self, continuation, details, request):
        return continuation(CallDetails(details.method, 1.5, details.metadata), request)

class Tracing:
    def intercept_unary_unary(self, continuation, details, request):
        return continuation(CallDetails(details.method, details.timeout, details.metadata), request)

class Client:
    def __init__(self):
        self.stub = StockStub({channel})

    def count(self):
        return self.stub.Count({arguments})
"""
    assert timeouts_of(body) == [expected]


def test_the_proto_tells_which_answers_are_streams() -> None:
    proto = ProtoFile(
        start_of("stock.proto"),
        "proto3",
        "shop",
        None,
        services=(
            ProtoService(
                start_of("stock.proto"),
                "Stock",
                (
                    ProtoMethod(start_of("stock.proto"), "Count", "Query", "Number"),
                    ProtoMethod(start_of("stock.proto"), "Watch", "Query", "Number", server_streaming=True),
                ),
            ),
        ),
    )
    draft = system_of(
        {
            "orders/app.py": """\
                import grpc
                from stock_pb2_grpc import StockStub

                with grpc.insecure_channel("stock:50051") as channel:
                    stub = StockStub(channel)
                    stub.Count(None)
                    stub.Watch(None)
                    stub.Count.future(None, timeout=1)
                """
        },
        "orders",
        facts=(proto,),
    )
    found = [(one.at.line, one.rpc, one.streaming, one.timeout is None) for one in draft.select(GrpcCall)]
    assert found == [(6, "Count", False, True), (7, "Watch", True, True), (8, "Count", False, False)]


@pytest.mark.parametrize(
    ("code", "expected"),
    [
        ("stub.Count.future(Query())", [None]),
        ("stub.Count.with_call(Query(), timeout=3)", [3.0]),
        ("OPTIONS = {'timeout': 3}\nstub.Count(Query(), **OPTIONS)", [3.0]),
        (
            "def call(rpc, request, timeout=5):\n    return rpc(request, timeout=timeout)\ncall(stub.Count, Query())",
            [5.0],
        ),
        ("def call(rpc, request):\n    return rpc(request)\ncall(stub.Count, Query())", [None]),
        ("async def count():\n    await asyncio.to_thread(stub.Count, Query())", [None]),
        ("async def count():\n    await asyncio.wait_for(stub.Count(Query()), timeout=3)", [3.0]),
        ("async def count():\n    async with asyncio.timeout(3):\n        await stub.Count(Query())", [3.0]),
        ("def count(stub: StockStub):\n    return stub.Count(Query())", ["unknown"]),
        (
            "class Stock:\n    def __init__(self, address, timeout=None):\n"
            "        self.stub = StockStub(grpc.insecure_channel(address))\n        self.timeout = timeout\n"
            "    def count(self):\n        return self.stub.Count(Query(), timeout=self.timeout)\n"
            "Stock('stock:50051', timeout=4)\nStock('stock:50051')",
            [4.0, None],
        ),
    ],
)
def test_a_deadline_is_followed_to_where_the_method_is_called(code: str, expected: list[float | str | None]) -> None:
    body = (
        "import asyncio\nimport grpc\nfrom stock_pb2 import Query\nfrom stock_pb2_grpc import StockStub\n"
        f"stub = StockStub(grpc.insecure_channel('stock:50051'))\n{code}\n"
    )
    assert timeouts_of(body) == expected


@pytest.mark.parametrize(
    ("replaced", "expected"),
    [
        ("details._replace(timeout=details.timeout or self.seconds)", 2.0),
        ("details._replace(timeout=self.seconds if details.timeout is None else details.timeout)", 2.0),
        ("details._replace(metadata=[])", None),
    ],
)
def test_an_interceptor_gives_the_deadline_that_it_is_made_with(replaced: str, expected: float | None) -> None:
    body = f"""\
import grpc
from stock_pb2 import Query
from stock_pb2_grpc import StockStub

class Deadline(grpc.UnaryUnaryClientInterceptor):
    def __init__(self, seconds):
        self.seconds = seconds

    def intercept_unary_unary(self, continuation, details, request):
        return continuation({replaced}, request)

stub = StockStub(grpc.intercept_channel(grpc.insecure_channel("stock:50051"), Deadline(2)))
stub.Count(Query())
"""
    assert timeouts_of(body) == [expected]


def test_grpclib_has_no_deadline_by_default() -> None:
    body = """\
from grpclib.client import Channel
from stock_pb2 import Query
from stock_grpc import StockStub

async def count():
    async with Channel("stock", 50051) as channel:
        stub = StockStub(channel)
        await stub.Count(Query())
        await stub.Count(Query(), timeout=4)
"""
    assert timeouts_of(body) == [None, 4.0]


def test_betterproto_takes_the_deadline_in_the_call_or_in_the_stub() -> None:
    body = """\
import betterproto
from grpclib.client import Channel

class StockStub(betterproto.ServiceStub):
    async def count_all(self, query, *, timeout=None, deadline=None, metadata=None):
        return await self._unary_unary("/shop.Stock/CountAll", query, timeout=timeout)

async def count():
    channel = Channel(host="stock", port=50051)
    stub = StockStub(channel)
    await stub.count_all(1)
    await stub.count_all(1, timeout=4)
    bounded = StockStub(channel, timeout=6)
    await bounded.count_all(2)
"""
    assert timeouts_of(body) == [None, 4.0, 6.0]
