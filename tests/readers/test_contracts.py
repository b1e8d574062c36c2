from __future__ import annotations

import pytest
from reading import place, source

from archlint.core.facts import Gap
from archlint.core.facts.documents import AsyncApiDocument, OpenApiDocument, ProtoFile
from archlint.core.source import Kind
from archlint.readers import asyncapi, openapi, proto

PROTO = """\
syntax = "proto3";
package shop.v1;
import "google/api/annotations.proto";
import "common/money.proto";
message Order {
  message Line { int32 count = 1; }
  enum State { NEW = 0; GONE = -1 [deprecated = true]; }
  repeated Line lines = 1;
  oneof sum { Money money = 2; string free = 3; }
  map<string, State> states = 4;
  reserved 5, 6 to 9;
}
service Orders {
  rpc Get (Order) returns (stream .shop.v1.Order) {
    option (google.api.http) = { get: "/v1/order" };
  }
  rpc Put (stream Money) returns (google.protobuf.Empty);
}
"""
MONEY = 'syntax = "proto3";\npackage shop.v1;\nmessage Money {\n\tint32 a = 1; int32 b = 1;\n}\n'


def test_a_proto_is_read_across_its_imports_and_past_missing_ones() -> None:
    files = [source("api/order.proto", PROTO, Kind.PROTO), source("api/common/money.proto", MONEY, Kind.PROTO)]
    found = proto.read_together(files)
    file, gap = found["api/order.proto"]
    assert isinstance(file, ProtoFile) and isinstance(gap, Gap)
    assert (gap.kind, place(gap.at)) == ("unresolved-import", (3, 1, 3, 39))
    assert file.package_at is not None and place(file.package_at) == (2, 1, 2, 17)
    order, line = file.messages
    assert (order.name, line.name, place(line.at)) == ("Order", "Order.Line", (6, 3, 6, 36))
    assert [(one.name, one.number, one.type, one.label) for one in order.fields] == [
        ("lines", 1, "shop.v1.Order.Line", "repeated"),
        ("money", 2, "shop.v1.Money", ""),
        ("free", 3, "string", ""),
        ("states", 4, "map<string,shop.v1.Order.State>", "repeated"),
    ]
    assert place(order.fields[1].at) == (9, 15, 9, 31)
    assert file.enums[0].values == (("NEW", 0), ("GONE", -1))
    get, put = file.services[0].methods
    assert (get.output, get.server_streaming, get.http) == ("shop.v1.Order", True, ("GET", "/v1/order"))
    assert (put.input, put.client_streaming, put.output) == ("shop.v1.Money", True, "google.protobuf.Empty")
    assert place(get.at) == (14, 3, 16, 4)
    assert file.problems == ()


def test_what_protoc_rejects_is_a_problem_and_nothing_is_printed(
    capfd: pytest.CaptureFixture[str],
) -> None:
    (file,) = proto.read(source("money.proto", MONEY, Kind.PROTO))
    assert isinstance(file, ProtoFile)
    (problem,) = file.problems
    assert problem.message.startswith("Field number 1 has already been used")
    assert place(problem.at) == (4, 25, 4, 25)
    (old,) = proto.read(source("old.proto", "message A { optional int32 a = 1 }", Kind.PROTO))
    assert isinstance(old, ProtoFile)
    assert [(one.message, place(one.at)) for one in old.problems] == [('Expected ";".', (1, 34, 1, 34))]
    assert (old.syntax, [one.name for one in old.messages]) == ("proto2", ["A"])
    assert capfd.readouterr() == ("", "")


def test_copies_of_a_proto_do_not_disturb_each_other() -> None:
    text = 'syntax = "proto3";\npackage a;\nmessage M {}\n'
    found = proto.read_together([source(f"{one}/m.proto", text, Kind.PROTO) for one in "xyz"])
    assert all(facts[0].problems == () for facts in found.values() if isinstance(facts[0], ProtoFile))


@pytest.mark.parametrize("text", ["", "}}}{{{", "message { } enum X service Y { rpc } rpc A(", "message A {" * 5_000])
def test_broken_protos_are_read_as_far_as_they_go(text: str) -> None:
    assert isinstance(next(proto.read(source("a.proto", text, Kind.PROTO))), ProtoFile)


OPENAPI = """\
openapi: 3.0.3
info: {title: Orders, version: "1"}
security:
  - bearer: [read]
  - nowhere: []
paths:
  /orders/{id}:
    get:
      operationId: get
      responses:
        200: {description: ok, x-note: {type: array}}
    delete:
      operationId: get
      parameters: [{name: id, in: path, required: true, schema: {type: string}}]
      responses: {}
  /orders/{key}:
    parameters: [{name: key, in: path, required: true, schema: {$ref: "#/components/schemas/Key"}}]
    get:
      summary: no responses
  /other:
    get:
      responses:
        200: {description: ok, content: {a/b: {schema: {$ref: "other.yaml#/X"}, example: {type: array}}}}
components:
  securitySchemes:
    bearer: {type: http, scheme: bearer}
  schemas:
    List:
      type: array
    Order:
      required: [unknown]
      properties:
        type: {type: string, default: 1}
        count: {type: integer, default: 1}
"""


def test_problems_of_an_openapi_document_have_their_places() -> None:
    (fact,) = openapi.read(source("oas.yaml", OPENAPI, Kind.OPENAPI))
    assert isinstance(fact, OpenApiDocument)
    assert [(place(one.at)[:2], one.message) for one in fact.problems] == [
        ((4, 5), "scopes for 'bearer', a security scheme of type http: the list must be empty"),
        ((5, 5), "security scheme 'nowhere' is not declared in components.securitySchemes"),
        ((8, 5), "get /orders/{id}: path parameter 'id' is not declared"),
        ((13, 20), "operationId 'get' is taken by the operation at line 9"),
        ((15, 7), "paths//orders/{id}/delete/responses: {} should be non-empty"),
        ((16, 3), "/orders/{key} is the same path as /orders/{id} at line 7"),
        ((17, 71), "#/components/schemas/Key does not exist in this document"),
        ((18, 5), "paths//orders/{key}/get: 'responses' is a required property"),
        ((29, 13), "an array without items: items must be present if the type is array"),
        ((33, 39), "default 1 is not of the schema's type string"),
    ]


@pytest.mark.parametrize(
    "text",
    [
        "swagger: '2.0'\ninfo: {title: a, version: '1'}\npaths: {/a: {get: {responses: {200: {description: b}}}}}\n",
        "openapi: 3.1.0\ninfo: {title: a, version: '1'}\npaths: {}\ncomponents: {schemas: {A: {type: array}}}\n",
        '{"openapi": "3.0.0", "info": {"title": "a", "version": "1"}, "paths": {}, "x-a": {"$ref": "#/no"}}',
    ],
)
def test_valid_documents_of_each_version_have_no_problems(text: str) -> None:
    (fact,) = openapi.read(source("oas.yaml", text, Kind.OPENAPI))
    assert isinstance(fact, OpenApiDocument)
    assert fact.problems == ()


def test_an_asyncapi_document_is_its_tree() -> None:
    (fact,) = asyncapi.read(source("a.yaml", "asyncapi: 2.6.0\n", Kind.ASYNCAPI))
    assert isinstance(fact, AsyncApiDocument)
    assert fact.version == "2.6.0"


def test_a_mistake_made_over_and_over_is_said_once() -> None:
    schemas = "".join(f"    S{number}: {{type: string, minimum: true}}\n" for number in range(5))
    text = f"openapi: 3.0.0\ninfo: {{title: a, version: '1'}}\npaths: {{}}\ncomponents:\n  schemas:\n{schemas}"
    (fact,) = openapi.read(source("oas.yaml", text, Kind.OPENAPI))
    assert isinstance(fact, OpenApiDocument)
    (problem,) = fact.problems
    assert problem.at.line == 6
    assert problem.message == "components/schemas/S0/minimum: True is not of type 'number' (and 4 more like it)"
