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
