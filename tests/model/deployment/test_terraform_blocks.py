"""Terraform: what expressions are worth, and what queues, databases and policies follow."""

from __future__ import annotations

import textwrap

import pytest

from archlint.config import Config
from archlint.core.source import Kind, SourceFile
from archlint.core.system.messaging import Channel, Consumer
from archlint.core.system.security import DatabaseExposure, IamGrant
from archlint.core.values import is_unknown
from archlint.model.deployment.terraform import add_terraform, terraform_modules
from archlint.model.draft import Draft
from archlint.model.index import FactIndex
from archlint.model.program import Program
from archlint.readers.terraform import read

OPENABLE = """
variable "open" {
  default = true
}
resource "aws_db_instance" "d" {
  publicly_accessible = var.open
}
"""


def draft_of(files: dict[str, str]) -> Draft:
    facts = [
        fact
        for path, text in files.items()
        for fact in read(SourceFile(path, Kind.TERRAFORM, textwrap.dedent(text).encode(), path))
    ]
    draft = Draft(FactIndex(facts), Config(), Program(()))
    add_terraform(draft)
    return draft


def value_of(expression: str, more: str = "") -> object:
    """What an attribute with that expression is worth; a resource's own attributes print as their address."""
    draft = draft_of({"main.tf": f'resource "x" "y" {{\n  it = {expression}\n}}\n{more}'})
    (module,) = terraform_modules(draft)
    value = next(module.of("x")).value("it")
    return "unknown" if is_unknown(value) else value


@pytest.mark.parametrize(
    ("expression", "expected"),
    [
        ('"text"', "text"),
        ("var.name", "orders"),
        ('"${var.name}-${local.stage}"', "orders-live"),
        ("local.tags.team", "checkout"),
        ('local.tags["team"]', "checkout"),
        ("local.zones[1]", "b"),
        ("var.required", "unknown"),
        ('"${var.required}-x"', "unknown"),
        ("each.key", "unknown"),
        ('jsonencode({ a = "b" })', {"a": "b"}),
        ("concat(local.zones, [var.name])", ["a", "b", "orders"]),
        ("var.is_on ? 1 : 0", 1),
        ("!var.is_on ? 1 : 0", 0),
        ('var.name == "stock" ? 1 : 0', 0),
        ("var.required ? 1 : 0", "unknown"),
        ("local.loop", "unknown"),
    ],
)
def test_an_expression_is_worth_what_the_module_says(expression: str, expected: object) -> None:
    more = (
        textwrap.dedent(
            """
        variable "name" { default = "orders" }
        variable "is_on" { default = true }
        variable "required" {}
        locals {
          stage = "live"
          tags  = { team = "checkout" }
          zones = ["a", "b"]
          loop  = local.loop
        }
        """
        )
        .replace("{ default", "{\n  default")
        .replace(" }\nvariable", "\n}\nvariable")
    )
    assert value_of(expression, more) == expected


def test_a_callers_argument_comes_before_the_default_and_two_callers_make_it_unknown() -> None:
    module = OPENABLE.replace("true", "false")
    call = 'module "%s" {\n  source = "./database"\n  open   = %s\n}\n'
    once = draft_of({"database/main.tf": module, "main.tf": call % ("a", "true")})
    assert [one.is_public for one in once.select(DatabaseExposure)] == [True]
    twice = draft_of({"database/main.tf": module, "main.tf": call % ("a", "true") + call % ("b", "false")})
    assert [is_unknown(one.is_public) for one in twice.select(DatabaseExposure)] == [True]


def test_settings_that_terraform_loads_by_itself_override_defaults() -> None:
    files = {
        "main.tf": OPENABLE,
        "terraform.tfvars": "open = false\n",
        "staging.tfvars": "open = true\n",
    }
    facts = [
        fact
        for path, text in files.items()
        for fact in read(
            SourceFile(path, Kind.TERRAFORM_VALUES if path.endswith("vars") else Kind.TERRAFORM, text.encode(), path)
        )
    ]
    draft = Draft(FactIndex(facts), Config(), Program(()))
    add_terraform(draft)
    assert draft.select(DatabaseExposure) == []


def test_a_resource_that_is_not_made_says_nothing() -> None:
    draft = draft_of({"main.tf": 'resource "aws_db_instance" "d" {\n  count = 0\n  publicly_accessible = true\n}\n'})
    assert draft.select(DatabaseExposure) == []


def test_a_queue_that_takes_failures_needs_no_dead_letter_queue() -> None:
    draft = draft_of(
        {
            "main.tf": """
            resource "aws_sqs_queue" "rest" {
              name = "orders-rest"
            }

            resource "aws_sqs_queue" "orders" {
              name           = "orders"
              redrive_policy = jsonencode({ deadLetterTargetArn = aws_sqs_queue.rest.arn, maxReceiveCount = 3 })
            }

            resource "aws_sqs_queue" "refunds" {
              name = "refunds"
            }
            """
        }
    )
    assert [(one.name, one.is_dead_letter, one.dead_letter is not None) for one in draft.select(Channel)] == [
        ("orders-rest", True, False),
        ("orders", False, True),
        ("refunds", False, False),
    ]
    assert [(one.at.line, one.name) for one in draft.select(Consumer) if one.dead_letter is None] == [
        (11, "SQS queue refunds")
    ]


@pytest.mark.parametrize(
    ("statement", "problem"),
    [
        ('actions = ["*"]\nresources = ["*"]', "every action on every resource"),
        ('actions = ["*"]\nresources = [aws_s3_bucket.b.arn]', "every action"),
        ('actions = ["s3:PutObject", "s3:GetObject"]\nresources = ["*"]', "s3:PutObject on every resource"),
        ('actions = ["s3:*"]\nresources = ["*"]', "s3:* on every resource"),
        ('actions = ["s3:GetObject", "s3:ListBucket"]\nresources = ["*"]', None),
        ('actions = ["logs:CreateLogStream", "logs:PutLogEvents"]\nresources = ["*"]', None),
        ('effect = "Deny"\nactions = ["*"]\nresources = ["*"]', None),
        ('actions = var.actions\nresources = ["*"]', None),
    ],
)
def test_a_statement_is_too_wide_only_where_it_is_known_to_be(statement: str, problem: str | None) -> None:
    lines = statement.replace("\n", "\n    ")
    draft = draft_of({"iam.tf": f'data "aws_iam_policy_document" "d" {{\n  statement {{\n    {lines}\n  }}\n}}\n'})
    assert [one.problem for one in draft.select(IamGrant)] == [problem]
