from __future__ import annotations

from reading import place, source

from archlint.core.facts import Gap
from archlint.core.facts.documents import (
    TerraformBlock,
    TerraformCall,
    TerraformExpression,
    TerraformList,
    TerraformLiteral,
    TerraformObject,
    TerraformOpaque,
    TerraformReference,
    TerraformText,
)
from archlint.core.source import Kind
from archlint.readers import terraform


def block(text: str, path: str = "main.tf") -> TerraformBlock:
    (fact,) = terraform.read(source(path, text, Kind.TERRAFORM))
    assert isinstance(fact, TerraformBlock)
    return fact


def value(expression: str) -> TerraformExpression:
    return block(f"locals {{\n  x = {expression}\n}}\n").attributes[0].value


def test_blocks_nest_and_have_their_places() -> None:
    made = block('resource "a" "b" {\n  n = 1\n  dynamic "c" {\n    content { p = c.value }\n  }\n}\n')
    assert (made.type, made.labels, place(made.at)) == ("resource", ("a", "b"), (1, 1, 6, 2))
    assert place(made.attributes[0].at) == (2, 3, 2, 8)
    (dynamic,) = made.blocks
    assert (dynamic.type, dynamic.labels, place(dynamic.at)) == ("dynamic", ("c",), (3, 3, 5, 4))
    assert dynamic.blocks[0].attributes[0].name == "p"


def test_literals_have_their_values() -> None:
    found = value('[1, -2.5, true, null, "a\\n$${b}", "", (3)]')
    assert isinstance(found, TerraformList)
    values = [one.value for one in found.items if isinstance(one, TerraformLiteral)]
    assert values == [1, -2.5, True, None, "a\n${b}", "", 3]
    assert place(found.items[1].at) == (2, 11, 2, 15)


def test_templates_are_texts_and_expressions_in_turn() -> None:
    found = value('"é-${var.env}-y"')
    assert isinstance(found, TerraformText)
    first, reference, last = found.parts
    assert isinstance(first, TerraformLiteral) and isinstance(last, TerraformLiteral)
    assert (first.value, last.value) == ("é-", "-y")
    assert isinstance(reference, TerraformReference) and reference.name == "var.env"
    assert (place(first.at), place(reference.at)) == ((2, 8, 2, 10), (2, 12, 2, 19))
    assert isinstance(value('"${var.x}"'), TerraformReference)


def test_heredocs_lose_their_indentation_where_they_ask_for_it() -> None:
    found = value("<<-EOT\n    a ${var.b}\n      c\n  EOT")
    assert isinstance(found, TerraformText)
    assert [getattr(one, "value", None) for one in found.parts] == ["a ", None, "\n  c\n"]
    plain = value("<<EOT\n  a\nEOT")
    assert isinstance(plain, TerraformLiteral) and plain.value == "  a\n"


def test_traversals_keep_their_indexes() -> None:
    found = value('aws_x.main[0].list["k"]')
    assert isinstance(found, TerraformReference) and found.name == 'aws_x.main[0].list["k"]'


def test_objects_tell_whether_all_their_keys_are_known() -> None:
    found = value('{ a = 1, "b" : 2, (var.k) = 3 }')
    assert isinstance(found, TerraformObject)
    assert ([one.name for one in found.entries], found.is_open) == (["a", "b"], True)
    assert place(found.entries[1].at) == (2, 16, 2, 23)


def test_calls_keep_their_arguments() -> None:
    found = value('jsonencode({ a = file("b") })')
    assert isinstance(found, TerraformCall) and found.function == "jsonencode"
    assert isinstance(found.arguments[0], TerraformObject)


def test_other_expressions_tell_what_they_refer_to() -> None:
    found = value("var.a ? aws_b.c[0].d : module.e.f + local.g")
    assert isinstance(found, TerraformOpaque)
    assert found.references == ("var.a", "aws_b.c[0].d", "module.e.f", "local.g")


def test_values_files_are_one_block() -> None:
    made = block('a = "b"\n', "prod.tfvars")
    assert (made.type, [one.name for one in made.attributes]) == ("tfvars", ["a"])


def test_the_json_syntax_gives_the_same_blocks() -> None:
    made = block('{"resource": {"a": {"b": {"n": "${var.x}-y", "c": [{"d": 1}]}}}}', "main.tf.json")
    assert (made.type, made.labels, [one.type for one in made.blocks]) == ("resource", ("a", "b"), ["c"])
    assert isinstance(made.attributes[0].value, TerraformText)


def test_the_blocks_around_a_syntax_error_are_read() -> None:
    text = 'variable "a" {}\nresource "x" {\n  = 3\n}\nvariable "b" {}\n'
    facts = list(terraform.read(source("main.tf", text, Kind.TERRAFORM)))
    assert {one.labels for one in facts if isinstance(one, TerraformBlock)} >= {("a",), ("b",)}
    gaps = [one for one in facts if isinstance(one, Gap)]
    assert gaps and gaps[0].at.line in (2, 3)


def test_deep_nesting_ends_as_an_opaque_expression() -> None:
    assert list(terraform.read(source("main.tf", "x = " + "[" * 20_000 + "]" * 20_000, Kind.TERRAFORM))) == []
    assert isinstance(value("[" * 150 + "]" * 150), TerraformList)
