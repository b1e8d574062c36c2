"""Terraform modules (directories) with their variables, locals and resources, and the values of their expressions."""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Iterator
from dataclasses import field

from archlint.core.facts.documents import (
    TerraformAttribute,
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
from archlint.core.record import dataclass, pattern
from archlint.core.span import Span, first_line
from archlint.core.values import Unknown, is_unknown
from archlint.model.draft import Draft
from archlint.model.paths import is_own_source, join
from archlint.model.production import is_production

_DEPTH = 12
_CONDITIONAL = pattern(r"\s*(!?)\s*([\w.]+)\s*(?:(==|!=)\s*(true|false|\"[^\"]*\"|\d+)\s*)?\?\s*(\d+)\s*:\s*(\d+)\s*$")
_AUTOMATIC = pattern(r"terraform\.tfvars(\.json)?$|.*\.auto\.tfvars(\.json)?$")
_MEMO = "terraform modules"


@dataclass(frozen=True)
class Symbol:
    """An attribute of a resource, data source or module: known by its address, not by its value."""

    name: str

    @property
    def address(self) -> str:
        """``aws_sqs_queue.orders`` of ``aws_sqs_queue.orders[0].arn``; with ``data.`` in front for data sources."""
        parts = re.sub(r"\[[^\]]*\]", "", self.name).split(".")
        return ".".join(parts[: 3 if parts[0] == "data" else 2])


Value = str | int | float | bool | None | Symbol | Unknown | list["Value"] | dict[str, "Value"]


@dataclass(frozen=True)
class Resource:
    """A resource or data source of a module."""

    block: TerraformBlock
    module: TerraformModule

    @property
    def type(self) -> str:
        """``aws_db_instance``."""
        return self.block.labels[0]

    @property
    def address(self) -> str:
        """``aws_db_instance.main``, ``data.aws_iam_policy_document.worker``."""
        name = ".".join(self.block.labels[:2])
        return f"data.{name}" if self.block.type == "data" else name

    @property
    def at(self) -> Span:
        """The first line of the block."""
        return first_line(self.block.at)

    def value(self, *path: str) -> Value:
        """The value below by attribute or nested block names; None where nothing is said."""
        return self.module.value_in(self.block, *path)

    def attribute(self, name: str) -> TerraformAttribute | None:
        """An attribute of the block itself."""
        return attribute(self.block, name)

    def place(self, name: str) -> Span:
        """Where an attribute stands, or the block's first line."""
        found = self.attribute(name)
        return first_line(found.at) if found else self.at


@dataclass
class TerraformModule:
    """One directory of Terraform files. ``inputs`` are the values that its callers give to variables."""

    directory: str
    variables: dict[str, TerraformBlock] = field(default_factory=dict)
    locals: dict[str, TerraformExpression] = field(default_factory=dict)
    settings: dict[str, TerraformExpression] = field(default_factory=dict)
    inputs: dict[str, list[Value]] = field(default_factory=dict)
    is_called: bool = False
    resources: list[Resource] = field(default_factory=list)
    calls: list[TerraformBlock] = field(default_factory=list)

    def of(self, *types: str) -> Iterator[Resource]:
        """The resources and data sources of the types that are made: ``count`` is not known to be 0."""
        for resource in self.resources:
            if resource.type in types and resource.value("count") not in (0, False):
                yield resource

    def value_in(self, block: TerraformBlock, *path: str) -> Value:
        """See Resource.value."""
        found: Value = None
        for position, name in enumerate(path):
            one = attribute(block, name)
            if one is not None:
                found = self.evaluate(one.value)
                for step in path[position + 1 :]:
                    if not isinstance(found, dict):
                        return found if is_unknown(found) else None
                    found = found.get(step)
                return found
            nested = next((inner for inner in block.blocks if inner.type == name), None)
            if nested is None:
                dynamic = any(inner.type == "dynamic" and inner.labels[:1] == (name,) for inner in block.blocks)
                return Unknown("a dynamic block") if dynamic else None
            block = nested
        return found

    def evaluate(self, expression: TerraformExpression, depth: int = 0) -> Value:
        """The value of an expression in this module."""
        if depth > _DEPTH:
            return Unknown("nested too deep")
        match expression:
            case TerraformLiteral(value=value):
                return value
            case TerraformReference(name=name):
                return self._named(name, depth)
            case TerraformText(parts=parts):
                return self._joined([self.evaluate(part, depth + 1) for part in parts])
            case TerraformList(items=items):
                return [self.evaluate(item, depth + 1) for item in items]
            case TerraformObject(entries=entries, is_open=is_open):
                known = {one.name: self.evaluate(one.value, depth + 1) for one in entries}
                return {**known, "*": Unknown("a key that is not literal")} if is_open else known
            case TerraformCall(function=function, arguments=arguments):
                return self._called(function, [self.evaluate(one, depth + 1) for one in arguments])
            case TerraformOpaque(text=text):
                return self._conditional(text, depth)
        return Unknown("an expression that is not evaluated")

    def _named(self, name: str, depth: int) -> Value:
        root, _, rest = name.partition(".")
        first, *steps = re.sub(r"\[\"?([^\"\]]*)\"?\]", r".\1", rest).split(".")
        found: Value
        if root == "var":
            found = self._variable(first, depth)
        elif root == "local":
            found = self.evaluate(self.locals[first], depth + 1) if first in self.locals else Unknown(name)
        elif root in ("each", "count", "self", "path", "terraform"):
            return Unknown(name)
        else:
            return Symbol(name)
        for step in steps:
            if isinstance(found, dict) and step in found:
                found = found[step]
            elif isinstance(found, list) and step.isdigit() and int(step) < len(found):
                found = found[int(step)]
            else:
                return Unknown(name)
        return found

    def _variable(self, name: str, depth: int) -> Value:
        if name in self.inputs:
            values = self.inputs[name]
            return values[0] if all(value == values[0] for value in values) else Unknown("several callers")
        if name in self.settings and not self.is_called:
            return self.evaluate(self.settings[name], depth + 1)
        block = self.variables.get(name)
        default = attribute(block, "default") if block else None
        return self.evaluate(default.value, depth + 1) if default else Unknown(f"var.{name} has no default")

    @staticmethod
    def _joined(parts: list[Value]) -> Value:
        if len(parts) == 1:
            return parts[0]
        if all(isinstance(part, str | int | float | bool) for part in parts):
            return "".join(str(part).lower() if isinstance(part, bool) else str(part) for part in parts)
        return next((part for part in parts if is_unknown(part)), Unknown("a text with unknown parts"))

    @staticmethod
    def _called(function: str, arguments: list[Value]) -> Value:
        if function in ("jsonencode", "sensitive", "nonsensitive", "tostring", "tolist", "toset", "tonumber", "tobool"):
            return arguments[0] if arguments else None
        if function == "concat" and all(isinstance(one, list) for one in arguments):
            return [item for one in arguments if isinstance(one, list) for item in one]
        if function == "merge" and all(isinstance(one, dict) for one in arguments):
            return {key: value for one in arguments if isinstance(one, dict) for key, value in one.items()}
        if function == "jsondecode" and arguments and isinstance(arguments[0], str):
            return parse_json(arguments[0])
        return Unknown(f"{function}() is not evaluated")

    def _conditional(self, text: str, depth: int) -> Value:
        match = _CONDITIONAL.match(text)
        if match is None:
            return Unknown("an expression that is not evaluated")
        negated, name, operator, operand, yes, no = match.groups()
        value = self._named(name, depth + 1)
        if is_unknown(value) or isinstance(value, Symbol):
            return Unknown(name)
        holds = bool(value)
        if operator is not None:
            said = (
                operand.strip('"') if operand.startswith('"') else {"true": True, "false": False}.get(operand, operand)
            )
            equal = value == said or str(value) == str(said)
            holds = equal if operator == "==" else not equal
        return int(yes) if holds != bool(negated) else int(no)


def terraform_modules(draft: Draft) -> tuple[TerraformModule, ...]:
    """Every directory of production Terraform, in order of path."""
    found = draft.memo.get(_MEMO)
    if not isinstance(found, tuple):
        found = draft.memo[_MEMO] = tuple(_modules(draft))
    return found


def attribute(block: TerraformBlock, name: str) -> TerraformAttribute | None:
    """An attribute of a block."""
    return next((one for one in block.attributes if one.name == name), None)


def parse_json(text: str) -> Value:
    """A JSON text as a value; UNKNOWN where it is none."""
    try:
        value: Value = json.loads(text)
    except (ValueError, RecursionError):
        return Unknown("no valid JSON")
    return value


def as_list(value: Value) -> list[Value]:
    """A list as it is, nothing for None, anything else as its only item."""
    if value is None:
        return []
    return value if isinstance(value, list) else [value]


def _modules(draft: Draft) -> Iterable[TerraformModule]:
    modules: dict[str, TerraformModule] = {}
    for block in draft.index.of(TerraformBlock):
        path = block.at.path
        if not is_own_source(path) or not is_production(path, draft.config):
            continue
        directory = path.rpartition("/")[0]
        module = modules.setdefault(directory, TerraformModule(directory))
        _place(module, block, path.rpartition("/")[2])
    for module in list(modules.values()):
        for call in module.calls:
            _pass_inputs(module, call, modules)
    return [modules[name] for name in sorted(modules)]


def _place(module: TerraformModule, block: TerraformBlock, file: str) -> None:
    if block.type == "variable" and block.labels:
        module.variables[block.labels[0]] = block
    elif block.type == "locals":
        module.locals.update({one.name: one.value for one in block.attributes})
    elif block.type == "tfvars" and _AUTOMATIC.match(file):
        module.settings.update({one.name: one.value for one in block.attributes})
    elif block.type in ("resource", "data") and len(block.labels) >= 2:
        module.resources.append(Resource(block, module))
    elif block.type == "module" and block.labels:
        module.calls.append(block)


def _pass_inputs(caller: TerraformModule, call: TerraformBlock, modules: dict[str, TerraformModule]) -> None:
    source = attribute(call, "source")
    where = caller.evaluate(source.value) if source else None
    if not isinstance(where, str) or not where.startswith("."):
        return
    directory = join(caller.directory, where)
    callee = modules.get(directory) if directory is not None else None
    if callee is None:
        return
    callee.is_called = True
    for one in call.attributes:
        if one.name in callee.variables:
            callee.inputs.setdefault(one.name, []).append(caller.evaluate(one.value))
