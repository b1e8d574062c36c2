"""What OpenAPI's text forbids and its JSON schema cannot: the MUSTs that concern more than one place of a document.

Sections are those of spec.openapis.org/oas/v3.0.3. Extensions (``x-…``), examples and enumerations are not looked into.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass, field

from archlint.core import tree
from archlint.core.facts.documents import ContractProblem
from archlint.core.span import Span
from archlint.core.tree import Entry, Mapping, Node, Scalar, Sequence

_METHODS = ("get", "put", "post", "delete", "options", "head", "patch", "trace", "query")
_DATA = frozenset({"example", "examples", "default", "enum", "const", "value"})
_NAMES = frozenset(
    {
        "properties",
        "patternProperties",
        "definitions",
        "$defs",
        "dependentSchemas",
        "schemas",
        "responses",
        "parameters",
    }
    | {"headers", "examples", "securitySchemes", "links", "callbacks", "paths", "variables", "mapping", "scopes"}
    | {"requestBodies"}
)
"""Keys whose mapping has names of the author's for keys."""
_TEMPLATE = re.compile(r"\{([^{}]+)\}")
_TYPES: dict[str, tuple[type, ...]] = {
    "string": (str,),
    "integer": (int, float),
    "number": (int, float),
    "boolean": (bool,),
}


@dataclass
class _Document:
    root: Mapping
    version: str
    references: dict[str, Node | None] = field(default_factory=dict)

    @property
    def is_3_1(self) -> bool:
        return self.version.startswith(("3.1", "3.2"))

    def resolve(self, node: Node | None) -> Node | None:
        """The node, or what its local ``$ref`` leads to; None where that is elsewhere or nowhere."""
        for _ in range(20):
            reference = tree.text(node, "$ref")
            if reference is None:
                return node
            node = self.target(reference)
            if node is None:
                return None
        return None

    def target(self, reference: str) -> Node | None:
        """The node that a local reference names (RFC 6901)."""
        if reference not in self.references:
            node: Node | None = self.root if reference.startswith("#") else None
            for raw in reference[1:].split("/")[1:]:
                step = _unquoted(raw).replace("~1", "/").replace("~0", "~")
                if isinstance(node, Sequence):
                    node = tree.get(node, int(step)) if step.isdigit() and len(step) < 9 else None
                else:
                    node = tree.get(node, step)
            self.references[reference] = node
        return self.references[reference]


def semantic_problems(root: Mapping, version: str) -> Iterator[ContractProblem]:
    """The problems, kind by kind."""
    document = _Document(root, version)
    yield from _operation_ids(document)
    yield from _path_templates(document)
    yield from _parameters(document)
    yield from _security(document)
    yield from _schemas(document)


def _operations(document: _Document) -> Iterator[tuple[Entry, Entry]]:
    """Every operation of the paths, with its path."""
    for path in tree.entries(document.root, "paths"):
        for operation in tree.entries(path.value):
            if operation.key in _METHODS and isinstance(operation.value, Mapping):
                yield path, operation


def _operation_ids(document: _Document) -> Iterator[ContractProblem]:
    """Operation Object: operationId MUST be unique."""
    seen: dict[str, Span] = {}
    for _, operation in _operations(document):
        node = tree.get(operation.value, "operationId")
        name = tree.text(node)
        if node is None or name is None:
            continue
        first = seen.setdefault(name, node.at)
        if first != node.at:
            message = f"operationId {name!r} is taken by the operation at line {first.line}"
            yield ContractProblem(node.at, message)


def _path_templates(document: _Document) -> Iterator[ContractProblem]:
    """Paths Object: templated paths that differ only in their names are identical and MUST NOT exist (from 3.0)."""
    if document.version.startswith("2"):
        return
    seen: dict[str, Entry] = {}
    for path in tree.entries(document.root, "paths"):
        if not path.key.startswith("/"):
            continue
        first = seen.setdefault(_TEMPLATE.sub("{}", path.key), path)
        if first is not path:
            yield ContractProblem(path.at, f"{path.key} is the same path as {first.key} at line {first.at.line}")


def _parameters(document: _Document) -> Iterator[ContractProblem]:
    """Parameter Object: every name of a path template is a parameter, and none is given twice in one list."""
    for path in tree.entries(document.root, "paths"):
        if path.key.startswith("x-") or not isinstance(path.value, Mapping):
            continue
        names = _TEMPLATE.findall(path.key)
        common, is_open = _declared(document, path.value)
        if tree.get(path.value, "$ref"):
            is_open = True
        yield from _repeated(document, path.value)
        missing: dict[str, list[str]] = {}
        operations = [one for one in tree.entries(path.value) if one.key in _METHODS]
        for operation in operations:
            own, own_is_open = _declared(document, operation.value)
            yield from _repeated(document, operation.value)
            if not is_open and not own_is_open:
                for name in names:
                    if name not in common and name not in own:
                        missing.setdefault(name, []).append(operation.key)
        for name, methods in missing.items():
            at = path.at if len(methods) == len(operations) else next(o.at for o in operations if o.key == methods[0])
            yield ContractProblem(at, f"{', '.join(methods)} {path.key}: path parameter {name!r} is not declared")


def _declared(document: _Document, node: Node) -> tuple[set[str], bool]:
    """The path parameters of a path or operation, and whether others may be declared out of sight."""
    names: set[str] = set()
    is_open = False
    for item in tree.items(node, "parameters"):
        parameter = document.resolve(item)
        if parameter is None:
            is_open = True
        elif tree.text(parameter, "in") == "path":
            names.add(tree.text(parameter, "name") or "")
    return names, is_open


def _repeated(document: _Document, node: Node) -> Iterator[ContractProblem]:
    seen: dict[tuple[str, str], Span] = {}
    for item in tree.items(node, "parameters"):
        parameter = document.resolve(item)
        name, place = tree.text(parameter, "name"), tree.text(parameter, "in")
        if name is None or place is None:
            continue
        first = seen.setdefault((name, place), item.at)
        if first != item.at:
            at = tree.get(item, "name") or tree.get(item, "$ref") or item
            yield ContractProblem(at.at, f"{place} parameter {name!r} is already declared at line {first.line}")


def _security(document: _Document) -> Iterator[ContractProblem]:
    """Security Requirement Object: schemes are declared, and only OAuth 2 and OpenID Connect have scopes before 3.1."""
    is_2 = document.version.startswith("2")
    place = ("securityDefinitions",) if is_2 else ("components", "securitySchemes")
    holder = tree.get(document.root, *place)
    if tree.get(holder, "$ref") or tree.get(document.root, "components", "$ref"):
        return
    schemes = {one.key: document.resolve(one.value) for one in tree.entries(holder)}
    requirements = list(tree.items(document.root, "security"))
    for _, operation in _operations(document):
        requirements.extend(tree.items(operation.value, "security"))
    for requirement in requirements:
        for one in tree.entries(requirement):
            if one.key not in schemes:
                if "/" not in one.key and "#" not in one.key:  # 3.2 also takes URIs
                    yield ContractProblem(one.at, f"security scheme {one.key!r} is not declared in {'.'.join(place)}")
                continue
            kind = tree.text(schemes[one.key], "type")
            if kind in ("http", "apiKey", "basic") and tree.items(one.value) and not document.is_3_1:
                message = f"scopes for {one.key!r}, a security scheme of type {kind}: the list must be empty"
                yield ContractProblem(one.at, message)


def _schemas(document: _Document) -> Iterator[ContractProblem]:
    """References, ``items`` and defaults, wherever they stand."""
    waiting: list[tuple[Node, bool]] = [(document.root, False)]
    seen: set[int] = set()
    while waiting:
        node, has_names = waiting.pop()
        if id(node) in seen or isinstance(node, Scalar):
            continue
        seen.add(id(node))
        if isinstance(node, Sequence):
            waiting.extend((item, False) for item in reversed(node.items))
            continue
        if not has_names:
            yield from _schema(document, node)
        for one in reversed(node.entries):
            if one.key.startswith("x-") or (one.key in _DATA and not has_names):
                continue
            waiting.append((one.value, one.key in _NAMES and not has_names))


def _schema(document: _Document, node: Mapping) -> Iterator[ContractProblem]:
    keys = {one.key: one.value for one in node.entries}
    reference = keys.get("$ref")
    if isinstance(reference, Scalar) and isinstance(reference.value, str):
        text = reference.value
        # an anchor (#name, 3.1) is not looked for
        if (text == "#" or text.startswith("#/")) and document.target(text) is None:
            yield ContractProblem(reference.at, f"{text} does not exist in this document")
        if not document.is_3_1:
            return  # what stands beside a $ref is ignored
    kind = keys.get("type")
    if not isinstance(kind, Scalar) or not isinstance(kind.value, str):
        return
    if kind.value == "array" and "items" not in keys and not document.is_3_1:
        yield ContractProblem(kind.at, "an array without items: items must be present if the type is array")
    default = keys.get("default")
    if default is not None and not _conforms(kind.value, default, keys.get("nullable")):
        written = default.text if isinstance(default, Scalar) else "of another kind"
        yield ContractProblem(default.at, f"default {written} is not of the schema's type {kind.value}")


def _conforms(kind: str, default: Node, nullable: Node | None) -> bool:
    if isinstance(default, Mapping):
        return kind not in ("array", *_TYPES)
    if isinstance(default, Sequence):
        return kind not in ("object", *_TYPES)
    value = default.value
    if value is None:
        return kind == "null" or tree.value(nullable) is True or default.text == ""
    if kind in ("array", "object"):
        return False
    if kind not in _TYPES:
        return True
    if kind == "string":
        return isinstance(value, str) or default.text.lower() in ("yes", "no", "on", "off")
    if kind == "integer" and isinstance(value, float):
        return value.is_integer()
    return isinstance(value, _TYPES[kind]) and (kind == "boolean") == isinstance(value, bool)


def _unquoted(text: str) -> str:
    if "%" not in text:
        return text
    from urllib.parse import unquote

    return unquote(text)
