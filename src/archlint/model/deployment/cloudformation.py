"""CloudFormation and SAM templates: queues, functions, and what hands events to them.

In: the values of a template (``Resources.<name>.…``). Out: a Consumer for each queue or asynchronous delivery, with
where its failures go, and the functions that messages trigger, by the file and name of their handlers. A template that
is no production's (an example, a test) is left out.
"""

from __future__ import annotations

import re
from collections.abc import Iterator

from archlint.core.facts.documents import ConfigValue
from archlint.core.record import dataclass, pattern
from archlint.core.span import Span
from archlint.core.system.messaging import Consumer
from archlint.core.values import Setting, Unknown
from archlint.model.draft import Draft
from archlint.model.paths import is_own_source, join
from archlint.model.production import is_production

_MEMO = "cloudformation templates"
_DEAD_LETTER_NAME = pattern(r"dlq|dead-?_?letter|failed|failure", re.IGNORECASE)
_TYPES = (
    "AWS::SQS::Queue", "AWS::Serverless::Function", "AWS::Lambda::EventSourceMapping", "AWS::Events::Rule",
)  # fmt: skip
_KEPT = (
    "Properties.DeadLetterQueue", "Properties.DeadLetterConfig",
    "Properties.EventInvokeConfig.DestinationConfig.OnFailure",
)  # fmt: skip
_STREAM_EVENTS = ("Kinesis", "DynamoDB", "MSK", "SelfManagedKafka")
_ASYNCHRONOUS_EVENTS = ("SNS", "S3", "EventBridgeRule", "CloudWatchEvent")
_QUEUES = (*_STREAM_EVENTS, "SQS", "MQ")
_MESSAGE_EVENTS = (*_STREAM_EVENTS, "SNS", "SQS", "EventBridgeRule", "CloudWatchEvent", "MQ")


@dataclass(frozen=True)
class FunctionHandler:
    """A function of the cloud that messages trigger: where its code lies, ``module.function`` of its handler, and
    whether they come from a queue or stream."""

    directory: str
    handler: str
    name: str
    is_queued: bool
    at: Span


@dataclass(frozen=True)
class Template:
    """A template: its resources by name, each with the values below it by key."""

    path: str
    resources: dict[str, dict[str, ConfigValue]]

    def of(self, kind: str) -> Iterator[tuple[str, dict[str, ConfigValue]]]:
        """The resources of a type."""
        for name, values in self.resources.items():
            if "Type" in values and values["Type"].value == kind:
                yield name, values


def templates(draft: Draft) -> tuple[Template, ...]:
    """The templates of the workspace; worked out once."""
    found = draft.memo.get(_MEMO)
    if not isinstance(found, tuple):
        found = draft.memo[_MEMO] = tuple(_templates(draft))
    return found


def add_cloudformation(draft: Draft) -> None:
    """Add the consumers that templates declare."""
    for template in templates(draft):
        targets = {
            str(one.value).removesuffix(".Arn")
            for values in template.resources.values()
            for key, one in values.items()
            if key.endswith(("deadLetterTargetArn", "DeadLetterQueue.TargetArn", "DeadLetterConfig.TargetArn"))
            or key.endswith(("DeadLetterConfig.Arn", "OnFailure.Destination"))
        }
        for name, values in template.of("AWS::SQS::Queue"):
            if name not in targets and not _DEAD_LETTER_NAME.search(name):
                _add(draft, template, name, values, "SQS queue", _below(values, "Properties.RedrivePolicy"))
        for name, values in template.of("AWS::Lambda::EventSourceMapping"):
            source = str(values["Properties.EventSourceArn"].value) if "Properties.EventSourceArn" in values else ""
            made = template.resources.get(source.partition(".")[0], {}).get("Type")
            if made is not None and made.value in ("AWS::Kinesis::Stream", "AWS::DynamoDB::Table", "AWS::MSK::Cluster"):
                found = _below(values, "Properties.DestinationConfig.OnFailure")
                _add(draft, template, name, values, "Lambda event source", found)
        for name, values in template.of("AWS::Events::Rule"):
            _add_rule(draft, template, name, values)
        for name, values in template.of("AWS::Serverless::Function"):
            _add_function(draft, template, name, values)


def message_handlers(draft: Draft) -> Iterator[FunctionHandler]:
    """The functions that messages trigger."""
    for template in templates(draft):
        directory = template.path.rpartition("/")[0]
        for name, values in template.of("AWS::Serverless::Function"):
            handler = values.get("Properties.Handler")
            event = next((kind for _, kind in _events(values) if kind in _MESSAGE_EVENTS), None)
            if handler is None or event is None:
                continue
            code = values.get("Properties.CodeUri")
            below = str(code.value).removeprefix("./").rstrip("/") if code is not None else ""
            folder = join(directory, below) if below and below != "." else directory
            yield FunctionHandler(folder or "", str(handler.value), name, event in _QUEUES, handler.at)


def _add_rule(draft: Draft, template: Template, name: str, values: dict[str, ConfigValue]) -> None:
    """The targets of a rule that passes events on; a schedule comes again."""
    if not any(key.startswith("Properties.EventPattern") for key in values):
        return
    for key, target in values.items():
        number = key.removeprefix("Properties.Targets.").removesuffix(".Arn")
        if not number.isdigit():
            continue
        made = template.resources.get(str(target.value).partition(".")[0], {})
        found = _below(values, f"Properties.Targets.{number}.DeadLetterConfig") or next(
            (setting for one in _KEPT if (setting := _below(made, one)) is not None), None
        )
        if "Type" not in made or made["Type"].value != "AWS::Logs::LogGroup":
            _add(draft, template, f"{name} {number}", values, "EventBridge target", found, key)


def _add_function(draft: Draft, template: Template, name: str, values: dict[str, ConfigValue]) -> None:
    kept = next((found for key in _KEPT if (found := _below(values, key)) is not None), None)
    for event, kind in _events(values):
        prefix = f"Properties.Events.{event}.Properties"
        if kind in _STREAM_EVENTS:
            found = _below(values, f"{prefix}.DestinationConfig.OnFailure")
            _add(draft, template, f"{name} {event}", values, "Lambda event source", found, f"Properties.Events.{event}")
        elif kind in _ASYNCHRONOUS_EVENTS:
            found = kept or _below(values, f"{prefix}.DeadLetterConfig") or _below(values, f"{prefix}.RedrivePolicy")
            _add(draft, template, name, values, "Lambda function", found)
            break


def _events(values: dict[str, ConfigValue]) -> Iterator[tuple[str, str]]:
    for key, value in values.items():
        if key.startswith("Properties.Events.") and key.endswith(".Type") and key.count(".") == 3:
            yield key.split(".")[2], str(value.value)


def _below(values: dict[str, ConfigValue], prefix: str) -> Setting[str] | None:
    found = next((one for key, one in values.items() if key == prefix or key.startswith(prefix + ".")), None)
    return Setting(prefix.rpartition(".")[2], "platform", found.at) if found is not None else None


def _add(
    draft: Draft, template: Template, name: str, values: dict[str, ConfigValue], noun: str,
    dead_letter: Setting[str] | Unknown | None, prefix: str = "",
) -> None:  # fmt: skip
    at = next((one.at for key, one in values.items() if key.startswith(prefix)), values["Type"].at)
    shown = f"{noun} {name}"
    draft.add(
        Consumer(
            at=at,
            name=shown,
            key=f"{template.path} {name}",
            failing=shown,
            failures_at=at,
            service="",
            broker=noun.partition(" ")[0],
            library="cloudformation",
            channel=name,
            dead_letter=dead_letter,
        )
    )


def _templates(draft: Draft) -> Iterator[Template]:
    paths = {
        one.at.path
        for one in draft.index.of(ConfigValue)
        if one.key.endswith(".Type") and one.value in _TYPES and one.key.startswith("Resources.")
    }
    for path in sorted(paths):
        if not is_own_source(path) or not is_production(path, draft.config):
            continue
        resources: dict[str, dict[str, ConfigValue]] = {}
        for one in draft.index.at(path):
            if isinstance(one, ConfigValue) and one.key.startswith("Resources."):
                name, _, rest = one.key.removeprefix("Resources.").partition(".")
                resources.setdefault(name, {})[rest] = one
        yield Template(path, resources)
