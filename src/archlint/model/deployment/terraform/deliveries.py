"""Deliveries that Terraform declares: SNS subscriptions, EventBridge targets, event sources of functions, Event Grid.

In: the resources of a module. Out: a Consumer for each delivery, with where its failures go. What is delivered to a
queue is the queue's affair, and a schedule comes again.
"""

from __future__ import annotations

from collections.abc import Iterator

from archlint.core.system.messaging import Consumer
from archlint.core.values import UNKNOWN, Setting, Unknown, is_unknown
from archlint.model.deployment.cloudformation import FunctionHandler
from archlint.model.deployment.terraform.module import Resource, Symbol, TerraformModule, Value
from archlint.model.draft import Draft

DeadLetter = Setting[str] | None | Unknown

_ASYNCHRONOUS = ("sns.amazonaws.com", "s3.amazonaws.com", "iot.amazonaws.com", "ses.amazonaws.com")
_STREAMS = ("aws_kinesis_stream", "aws_dynamodb_table", "aws_msk_cluster", "aws_kinesis_stream_consumer")
_PUSHED = ("http", "https", "firehose")


def add_deliveries(draft: Draft, module: TerraformModule) -> None:
    """Add a consumer for each delivery."""
    for subscription in module.of("aws_sns_topic_subscription"):
        if subscription.value("protocol") in _PUSHED:
            _add(draft, subscription, "SNS", "subscription", _said(subscription, "redrive_policy"))
    for target in module.of("aws_cloudwatch_event_target"):
        if _is_event(module, target) and not _is_log(target.value("arn")):
            found = _said(target, "dead_letter_config")
            function = _function(module, target.value("arn"))
            if found is None and function is not None:
                found = _of_function(module, function)
            _add(draft, target, "EventBridge", "target", found)
    for mapping in module.of("aws_lambda_event_source_mapping"):
        source = mapping.value("event_source_arn")
        if isinstance(source, Symbol) and source.address.startswith(_STREAMS):
            _add(draft, mapping, "Lambda", "event source", _said(mapping, "destination_config"))
    for function in _invoked(module):
        _add(draft, function, "Lambda", "function", _of_function(module, function))
    for subscription in module.of("azurerm_eventgrid_event_subscription"):
        _add(
            draft, subscription, "Event Grid", "subscription",
            _said(subscription, "storage_blob_dead_letter_destination"),
        )  # fmt: skip


def _add(draft: Draft, resource: Resource, broker: str, noun: str, dead_letter: DeadLetter) -> None:
    written = next(
        (one for key in ("name", "function_name") if isinstance(one := resource.value(key), str)),
        resource.block.labels[1],
    )
    name = f"{broker} {noun} {written}"
    draft.add(
        Consumer(
            at=resource.at,
            name=name,
            key=f"{resource.module.directory} {resource.address}",
            failing=name,
            failures_at=resource.at,
            service="",
            broker=broker,
            library="terraform",
            channel=str(written),
            dead_letter=dead_letter,
        )
    )


def _said(resource: Resource, name: str) -> DeadLetter:
    value = resource.value(name)
    if is_unknown(value):
        return UNKNOWN
    if value is None and not any(one.type == name for one in resource.block.blocks):
        return None
    return Setting(name, "platform", resource.place(name))


def _is_event(module: TerraformModule, target: Resource) -> bool:
    """Whether a rule passes events on; a schedule's next tick makes good for one that fails."""
    rule = target.value("rule")
    if not isinstance(rule, Symbol):
        return False
    made = next((one for one in module.of("aws_cloudwatch_event_rule") if one.address == rule.address), None)
    return made is not None and made.value("event_pattern") is not None and made.value("schedule_expression") is None


def _is_log(value: Value) -> bool:
    """Whether events only go into a log."""
    address = value.address if isinstance(value, Symbol) else str(value)
    return "aws_cloudwatch_log_group" in address or ":log-group:" in address


def _function(module: TerraformModule, value: Value) -> Resource | None:
    """The function that an ARN or name of one means."""
    for one in module.of("aws_lambda_function"):
        if isinstance(value, Symbol) and value.address == one.address:
            return one
        if isinstance(value, str) and value and value == one.value("function_name"):
            return one
    return None


def _of_function(module: TerraformModule, function: Resource) -> DeadLetter:
    """Where a function's failed events go: its own dead-letter queue, or a destination for failures."""
    found = _said(function, "dead_letter_config")
    if found is not None:
        return found
    for config in module.of("aws_lambda_function_event_invoke_config"):
        if _function(module, config.value("function_name")) is not function:
            continue
        failure = config.value("destination_config", "on_failure", "destination")
        if failure is not None:
            return Setting("on_failure", "platform", config.at)
    return None


def _invoked(module: TerraformModule) -> Iterator[Resource]:
    """The functions that events invoke without waiting for their answer."""
    seen: set[str] = set()
    callers = [
        permission.value("function_name")
        for permission in module.of("aws_lambda_permission")
        if permission.value("principal") in _ASYNCHRONOUS
    ]
    callers += [
        subscription.value("endpoint")
        for subscription in module.of("aws_sns_topic_subscription")
        if subscription.value("protocol") == "lambda"
    ]
    for value in callers:
        found = _function(module, value)
        if found is not None and found.address not in seen:
            seen.add(found.address)
            yield found


def function_handlers(module: TerraformModule) -> Iterator[FunctionHandler]:
    """The functions that messages trigger, by the names of their handlers."""
    mapped = (one.value("function_name") for one in module.of("aws_lambda_event_source_mapping"))
    triggered = {found.address for value in mapped if (found := _function(module, value)) is not None}
    queued = frozenset(triggered)
    triggered |= {one.address for one in _invoked(module)}
    for function in module.of("aws_lambda_function"):
        handler = function.value("handler")
        if function.address in triggered and isinstance(handler, str) and "." in handler:
            written = function.value("function_name")
            name = written if isinstance(written, str) else function.block.labels[1]
            yield FunctionHandler(_source(module, function), handler, name, function.address in queued, function.at)


def _source(module: TerraformModule, function: Resource) -> str:
    """The last folder of the code that a function packs; empty where it is not told."""
    archive = function.value("filename")
    if not isinstance(archive, Symbol):
        return ""
    for one in module.of("archive_file"):
        if one.address == archive.address:
            folder, file = one.value("source_dir"), one.value("source_file")
            if isinstance(file, str):
                folder = file.rpartition("/")[0]
            if isinstance(folder, str):
                last = folder.rstrip("/").rpartition("/")[2]
                return last if last not in (".", "..") and "$" not in last else ""
    return ""
