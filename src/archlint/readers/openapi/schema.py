"""What the official JSON schema of its version says against a document: the schemas that openapi-spec-validator packs.

Its own validator is not used: it takes a quarter of a second to import, gives no places for what it finds beyond the
schema, and rejects what the specification allows (``required`` names without a property).
"""

from __future__ import annotations

import importlib.util
import json
from collections.abc import Iterator
from functools import lru_cache
from itertools import islice
from pathlib import Path
from typing import Any

from archlint.core import tree
from archlint.core.facts.documents import ContractProblem
from archlint.core.span import Span
from archlint.core.tree import Entry, Mapping, Node, Scalar, Sequence

ERROR_LIMIT = 2_000
_ONLY_BOOLEAN_IN_YAML_1_1 = frozenset({"yes", "no", "on", "off"})


def schema_problems(document: Mapping, version: str) -> Iterator[ContractProblem]:
    """The errors of the document, each reduced to its one cause."""
    validator = _validator(_schema_version(version))
    if validator is None:
        return
    try:
        for error in sorted(islice(validator.iter_errors(plain(document)), ERROR_LIMIT), key=_order):
            cause = _cause(error)
            yield ContractProblem(_place(document, cause), _message(cause))
    except RecursionError:
        return  # nested so deeply that the schema library gives up: what was found so far counts


def plain(node: Node) -> Any:
    """The node as JSON has it. OpenAPI takes YAML 1.2's types, where ``yes`` and ``off`` are strings."""
    if isinstance(node, Mapping):
        return {one.key: plain(one.value) for one in node.entries}
    if isinstance(node, Sequence):
        return [plain(item) for item in node.items]
    if isinstance(node.value, bool) and node.text.lower() in _ONLY_BOOLEAN_IN_YAML_1_1:
        return node.text
    return node.value


def _schema_version(version: str) -> str | None:
    return next((known for known in ("2.0", "3.0", "3.1", "3.2") if version.startswith(known)), None)


@lru_cache(maxsize=8)
def _validator(version: str | None) -> Any:
    package = importlib.util.find_spec("openapi_spec_validator")
    if version is None or package is None or not package.submodule_search_locations:
        return None
    path = Path(package.submodule_search_locations[0], "resources", "schemas", f"v{version}", "schema.json")
    if not path.is_file():
        return None
    from jsonschema.validators import validator_for  # type: ignore[import-untyped]

    schema = json.loads(path.read_bytes())
    return validator_for(schema)(schema)


def _cause(error: Any) -> Any:
    """Of an ``anyOf`` or ``oneOf`` error the best alternative's error: a reference only where there is a ``$ref``."""
    while error.context:
        branches: dict[Any, list[Any]] = {}
        for inner in sorted(error.context, key=_order):
            branches.setdefault(inner.schema_path[0] if inner.schema_path else None, []).append(inner)
        best = min(branches.values(), key=_unlikeliness)
        error = max(best, key=lambda inner: (len(inner.path), inner.validator != "oneOf"))
    return error


def _order(error: Any) -> tuple[list[str], list[str], str]:
    """An order of errors that is the same in every run: the library goes through sets."""
    rule, place = ([str(step) for step in path] for path in (error.absolute_schema_path, error.absolute_path))
    return rule, place, error.message


def _unlikeliness(errors: list[Any]) -> tuple[bool, bool, int]:
    shallow = [error for error in errors if not error.path]
    wrong_kind = any(
        (error.validator == "required" and ("$ref" in error.message or "explicit" in error.message))
        or error.validator in ("type", "enum", "const")
        for error in shallow
    )
    return wrong_kind, bool(shallow), len(errors)


def _message(error: Any) -> str:
    path = "/".join(str(step) for step in error.absolute_path)
    text = error.message if len(error.message) <= 160 else _short(error)
    return f"{path}: {text}" if path else text


def _short(error: Any) -> str:
    """jsonschema prints the whole instance; the rule's name and what it wants are enough."""
    if error.validator in ("oneOf", "anyOf"):
        return "is not valid under any of the forms that the specification allows here"
    wanted = json.dumps(error.validator_value, default=str)
    return f"does not conform to {error.validator}: {wanted if len(wanted) <= 100 else wanted[:97] + '...'}"


def _place(document: Mapping, error: Any) -> Span:
    node: Node = document
    key_at: Span | None = None
    for step in error.absolute_path:
        inner = tree.get(node, step) if isinstance(step, str | int) else None
        if inner is None:
            break
        found: Entry | None = tree.entry(node, str(step)) if isinstance(node, Mapping) else None
        key_at = found.at if found else inner.at
        node = inner
    if error.validator in ("additionalProperties", "unevaluatedProperties"):
        for one in tree.entries(node):
            if repr(one.key) in error.message:
                return one.at
    if isinstance(node, Scalar) and node.text:
        return node.at
    if key_at is not None:
        return key_at if key_at != node.at else _first(node)
    return _first(node)


def _first(node: Node) -> Span:
    """The first key of a mapping, the start of anything else: a whole document is too much to underline."""
    if isinstance(node, Mapping) and node.entries:
        return node.entries[0].at
    at = node.at
    return Span(at.path, at.line, at.column, at.line, at.column)
