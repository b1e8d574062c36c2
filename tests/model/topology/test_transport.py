"""Transport between services: what is plaintext, and which meshes count."""

from __future__ import annotations

import pytest
from topology_systems import system_of

from archlint.core.system.calls import Transport
from archlint.core.values import Truth, is_unknown

SERVER = "import grpc\n\nserver = grpc.server(None)\nserver.add_insecure_port('[::]:50051')\n"


def transports_of(caller: str) -> list[tuple[int, str, Truth]]:
    files = {"a/app.py": caller, "b/app.py": SERVER}
    return [(one.at.line, one.protocol, one.is_plaintext) for one in system_of(files).select(Transport)]


@pytest.mark.parametrize(
    ("url", "plaintext"),
    [("http://b:8000/x", True), ("HTTP://b/x", True), ("https://b:8443/x", False)],
)
def test_the_scheme_tells_for_http(url: str, plaintext: bool) -> None:
    assert transports_of(f"import requests\nrequests.get('{url}')\n") == [(2, "HTTP", plaintext)]


def test_an_address_without_a_scheme_is_not_known() -> None:
    caller = "import http.client\nhttp.client.HTTPConnection('b').request('GET', '/x')\n"
    assert [is_unknown(one[2]) for one in transports_of(caller)] in ([], [True])


@pytest.mark.parametrize(
    ("channel", "expected"),
    [
        ("grpc.insecure_channel('b:50051')", [(3, "gRPC", True)]),
        ("grpc.intercept_channel(grpc.insecure_channel('b:50051'), trace)", [(3, "gRPC", True)]),
        ("grpc.secure_channel('b:50051', grpc.ssl_channel_credentials())", [(3, "gRPC", False)]),
    ],
)
def test_the_channel_tells_for_grpc_and_is_the_place(channel: str, expected: list[object]) -> None:
    caller = (
        f"import grpc\nfrom b_pb2_grpc import BStub\nchannel = {channel}\n\ndef get():\n    BStub(channel).Get(1)\n"
    )
    assert transports_of(caller) == expected


def test_one_plaintext_call_of_several_is_enough_and_gives_the_place() -> None:
    caller = "import requests\nrequests.get('https://b/x')\nrequests.get('http://b/y')\n"
    assert transports_of(caller) == [(3, "HTTP", True)]


def test_calls_that_leave_the_system_or_stay_on_the_machine_have_no_transport() -> None:
    caller = "import requests\nrequests.get('http://example.com/x')\nrequests.get('http://localhost:9000/y')\n"
    assert transports_of(caller) == []


def test_a_stub_whose_channel_is_not_resolved_asks_the_one_service_that_serves_its_rpcs() -> None:
    caller = """\
    import grpc
    from b_pb2_grpc import BStub


    def get(address):
        BStub(grpc.insecure_channel(address)).Get(1)
    """
    callee = """\
    import grpc
    from b_pb2_grpc import BServicer, add_BServicer_to_server


    class B(BServicer):
        def Get(self, request, context):
            return request


    add_BServicer_to_server(B(), grpc.server(None))
    """
    files = {"a/app.py": caller, "b/app.py": callee}
    assert [(one.target, one.is_plaintext) for one in system_of(files).select(Transport)] == [("b", True)]
    assert system_of({**files, "c/app.py": callee}).select(Transport) == []
