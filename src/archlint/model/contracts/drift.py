"""Copies of one contract that differ in something that both have."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence

from archlint.core import tree
from archlint.core.facts.documents import OpenApiDocument, ProtoFile
from archlint.core.record import dataclass
from archlint.core.span import Span
from archlint.core.system.contracts import ContractDrift
from archlint.core.tree import Mapping, Node, Scalar
from archlint.core.values import Place
from archlint.model.contracts.documents import METHODS

_COMMENTARY = frozenset(
    {"description", "summary", "example", "examples", "title", "externalDocs", "tags", "operationId"}
)
_ELEMENT_LIMIT = 2_000


@dataclass(frozen=True)
class Element:
    """Something that a contract says, by which copies are compared: a field's type, an rpc's messages."""

    name: str
    value: str
    at: Span


def proto_drifts(files: Iterable[ProtoFile]) -> Iterator[ContractDrift]:
    """One drift for each proto file that says something else than the first file of its package that says it."""
    packages: dict[str, list[ProtoFile]] = {}
    for file in files:
        packages.setdefault(file.package, []).append(file)
    for package, copies in packages.items():
        if package and len(copies) > 1:
            yield from _drifts(package, [tuple(_proto_elements(one)) for one in _ordered(copies)])


def openapi_drifts(documents: Sequence[OpenApiDocument]) -> Iterator[ContractDrift]:
    """One drift for each copy of an OpenAPI document (same title, same version) that differs from the first."""
    titles: dict[tuple[str, str], list[OpenApiDocument]] = {}
    for document in documents:
        title, release = tree.text(document.tree, "info", "title"), tree.text(document.tree, "info", "version")
        if title and release:
            titles.setdefault((title, release), []).append(document)
    for (title, _), copies in titles.items():
        if len(copies) > 1:
            yield from _drifts(title, [tuple(_openapi_elements(one.tree)) for one in copies])


def _ordered(copies: list[ProtoFile]) -> list[ProtoFile]:
    """The original first: the file that says most, and of those the one nearest the root."""
    return sorted(
        copies,
        key=lambda one: (
            -sum(len(service.methods) for service in one.services),
            one.at.path.count("/"),
            one.at.path,
        ),
    )


def _drifts(contract: str, copies: Sequence[tuple[Element, ...]]) -> Iterator[ContractDrift]:
    said: dict[str, Element] = {}
    for elements in copies:
        differing = [
            (one, said[one.name]) for one in elements if one.name in said and said[one.name].value != one.value
        ]
        if differing and (pair := differing[0]):
            mine, original = pair
            more = f", and {len(differing) - 1} more" if len(differing) > 1 else ""
            yield ContractDrift(
                at=mine.at,
                name=f"{contract} in {mine.at.path}",
                key=f"{contract} {mine.at.path} {mine.name}",
                contract=contract,
                element=mine.name,
                difference=f"{mine.name} is {mine.value} here and {original.value} in {original.at.path}{more}",
                related=tuple(Place(other.at, f"{other.name} is {other.value}") for _, other in differing[:10]),
            )
        for element in elements:
            said.setdefault(element.name, element)


def _proto_elements(file: ProtoFile) -> Iterator[Element]:
    for service in file.services:
        for method in service.methods:
            streams = ("stream " if method.client_streaming else "", "stream " if method.server_streaming else "")
            value = f"({streams[0]}{method.input}) returns ({streams[1]}{method.output})"
            yield Element(f"rpc {service.name}.{method.name}", value, method.at)
    for message in file.messages:
        for field in message.fields:
            label = f"{field.label} " if field.label == "repeated" else ""
            yield Element(f"field {message.name}.{field.name}", f"{label}{field.type} = {field.number}", field.at)
            yield Element(f"number {field.number} of {message.name}", field.name, field.at)
    for enum in file.enums:
        for name, number in enum.values:
            yield Element(f"value {enum.name}.{name}", str(number), enum.at)


def _openapi_elements(root: Mapping) -> Iterator[Element]:
    count = 0
    for path in tree.entries(root, "paths"):
        for operation in tree.entries(path.value):
            if operation.key in METHODS:
                name = f"{operation.key.upper()} {path.key}"
                for element in _schema_elements(name, operation.value):
                    count += 1
                    if count > _ELEMENT_LIMIT:
                        return
                    yield element
    for schema in (*tree.entries(root, "components", "schemas"), *tree.entries(root, "definitions")):
        for element in _schema_elements(f"schema {schema.key}", schema.value):
            count += 1
            if count > _ELEMENT_LIMIT:
                return
            yield element


def _schema_elements(name: str, node: Node) -> Iterator[Element]:
    """The types, references and required lists below, each under its path."""
    for path, below in tree.walk(node):
        if any(step in _COMMENTARY or str(step).startswith("x-") for step in path):
            continue
        last = path[-1] if path else None
        if last in ("type", "$ref", "format", "in") and isinstance(below, Scalar):
            yield Element(f"{name} {'/'.join(map(str, path))}", below.text, below.at)
        elif last == "required" and tree.items(below):
            names = sorted(text for item in tree.items(below) if (text := tree.text(item)))
            yield Element(f"{name} {'/'.join(map(str, path))}", ", ".join(names), below.at)
