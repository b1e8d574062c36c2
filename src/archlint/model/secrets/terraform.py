"""Secrets in Terraform: values that a resource puts into an environment, and values that stand in its files.

Environment entries of ECS task definitions, Lambda and Cloud Run count as environment variables; variables' defaults,
locals, .tfvars and other arguments of resources and modules as configuration.
"""

from __future__ import annotations

from archlint.core.facts.documents import (
    TerraformAttribute,
    TerraformBlock,
    TerraformCall,
    TerraformExpression,
    TerraformList,
    TerraformLiteral,
    TerraformObject,
    TerraformText,
)
from archlint.core.span import Span, first_line
from archlint.model.deployment.terraform.module import attribute
from archlint.model.draft import Draft
from archlint.model.paths import is_own_source
from archlint.model.production import is_production
from archlint.model.secrets.collect import Collector
from archlint.model.secrets.configuration import is_template
from archlint.model.secrets.value import find_secret

_ENVIRONMENT_MAPS = frozenset({"environment", "variables", "environment_variables", "env_vars", "app_settings"})
_ENVIRONMENT_LISTS = frozenset({"environment", "env", "container_definitions"})
_SUBJECTS = frozenset({"variable", "locals", "tfvars", "resource", "module", "provider"})
_LEFT_OUT = frozenset({"description", "validation", "lifecycle", "provisioner"})


def add_terraform_secrets(draft: Draft, collector: Collector) -> None:
    """Add the secrets of every production Terraform file."""
    for block in draft.index.of(TerraformBlock):
        path = block.at.path
        if (
            block.type in _SUBJECTS
            and is_own_source(path)
            and is_production(path, draft.config)
            and not is_template(path)
        ):
            _read_block(collector, block)


def _read_block(collector: Collector, block: TerraformBlock) -> None:
    owner = ".".join((block.type, *block.labels))
    if block.type == "variable":
        default = attribute(block, "default")
        if default is not None:
            _read(collector, block.labels[0] if block.labels else "", default.value, default.at, owner, False)
        return
    _read_body(collector, block, owner, False)


def _read_body(collector: Collector, block: TerraformBlock, owner: str, in_environment: bool) -> None:
    name_attribute, value_attribute = attribute(block, "name"), attribute(block, "value")
    if block.type in ("env", "environment_variable", "set_sensitive", "set") and name_attribute and value_attribute:
        name = _text(name_attribute.value)
        if name is not None:
            _read(collector, name, value_attribute.value, value_attribute.at, owner, not block.type.startswith("set"))
        return
    for one in block.attributes:
        if one.name not in _LEFT_OUT:
            _read(collector, one.name, one.value, one.at, owner, in_environment)
    for inner in block.blocks:
        if inner.type not in _LEFT_OUT:
            _read_body(collector, inner, owner, in_environment or inner.type in _ENVIRONMENT_MAPS)


def _read(
    collector: Collector, name: str, value: TerraformExpression, at: Span, owner: str, in_environment: bool
) -> None:
    """One named value, and all that is named in it."""
    match value:
        case TerraformLiteral(value=literal):
            _add(collector, name, literal, at, owner, in_environment)
        case TerraformText(parts=parts):
            text = "".join(str(part.value) if isinstance(part, TerraformLiteral) else "${reference}" for part in parts)
            _add(collector, name, text, at, owner, in_environment)
        case TerraformObject(entries=entries):
            pair = _name_and_value(entries)
            if pair is not None:
                _read(collector, pair[0], pair[1].value, pair[1].at, owner, in_environment)
                return
            for one in entries:
                inside = in_environment or name in _ENVIRONMENT_MAPS
                _read(collector, one.name, one.value, one.at, owner, inside)
        case TerraformList(items=items):
            for item in items:
                if isinstance(item, TerraformObject | TerraformList | TerraformCall):
                    _read(collector, name, item, at, owner, in_environment or name in _ENVIRONMENT_LISTS)
        case TerraformCall(arguments=arguments):
            for argument in arguments:
                if isinstance(argument, TerraformObject | TerraformList | TerraformCall):
                    _read(collector, name, argument, at, owner, in_environment)


def _name_and_value(entries: tuple[TerraformAttribute, ...]) -> tuple[str, TerraformAttribute] | None:
    """The name and value of ``{ name = "KEY", value = "…" }``, as container definitions write environments."""
    named = {one.name: one for one in entries}
    if {"name", "value"} <= set(named) and len(named) <= 3:
        name = _text(named["name"].value)
        if name is not None:
            return name, named["value"]
    return None


def _text(expression: TerraformExpression) -> str | None:
    if isinstance(expression, TerraformLiteral) and isinstance(expression.value, str):
        return expression.value
    return None


def _add(collector: Collector, name: str, value: object, at: Span, owner: str, in_environment: bool) -> None:
    place = "environment" if in_environment else "config-file"
    collector.add(find_secret(name, value), place, first_line(at), name, owner=owner)
