"""Terraform's JSON syntax (developer.hashicorp.com/terraform/language/syntax/json): a positioned tree in, blocks out.

JSON does not tell nested blocks from objects: a mapping, and each of a list of mappings, is given as both.
"""

from __future__ import annotations

import json
from collections.abc import Iterator

from archlint.core.facts.documents import (
    TerraformAttribute,
    TerraformBlock,
    TerraformExpression,
    TerraformList,
    TerraformLiteral,
    TerraformObject,
)
from archlint.core.tree import Mapping, Node, Scalar
from archlint.readers.terraform.expressions import Source

_LABELS = {"resource": 2, "data": 2, "ephemeral": 2, "variable": 1, "output": 1, "module": 1, "provider": 1, "check": 1}


def json_blocks(document: Mapping) -> Iterator[TerraformBlock]:
    """The blocks of a ``.tf.json`` file."""
    for one in document.entries:
        if not one.key.startswith("//"):
            yield from _labelled(one.key, _LABELS.get(one.key, 0), one.value, ())


def json_values(document: Mapping) -> TerraformBlock:
    """The block of a ``.tfvars.json`` file; its strings are no templates."""
    attributes = tuple(
        TerraformAttribute(one.value.at, one.key, _expression(one.value, False)) for one in document.entries
    )
    return TerraformBlock(document.at, "tfvars", (), attributes, ())


def _labelled(kind: str, missing: int, node: Node, labels: tuple[str, ...]) -> Iterator[TerraformBlock]:
    if not isinstance(node, Mapping):
        for item in () if isinstance(node, Scalar) else node.items:
            if isinstance(item, Mapping):
                yield from _labelled(kind, missing, item, labels)
    elif missing:
        for one in node.entries:
            yield from _labelled(kind, missing - 1, one.value, (*labels, one.key))
    else:
        attributes = tuple(
            TerraformAttribute(one.value.at, one.key, _expression(one.value, True)) for one in node.entries
        )
        blocks = tuple(
            block
            for one in node.entries
            if not isinstance(one.value, Scalar)
            for block in _labelled(one.key, 0, one.value, ())
        )
        yield TerraformBlock(node.at, kind, labels, attributes, blocks)


def _expression(node: Node, templates: bool) -> TerraformExpression:
    if isinstance(node, Mapping):
        entries = tuple(
            TerraformAttribute(one.value.at, one.key, _expression(one.value, templates)) for one in node.entries
        )
        return TerraformObject(node.at, entries)
    if not isinstance(node, Scalar):
        return TerraformList(node.at, tuple(_expression(item, templates) for item in node.items))
    if templates and isinstance(node.value, str) and "${" in node.value:
        source = Source(node.at.path, f"x = {json.dumps(node.value, ensure_ascii=False)}\n", node.at)
        attributes, _ = source.body(source.root)
        if attributes:
            return attributes[0].value
    return TerraformLiteral(node.at, node.value)
