"""Queues and subscriptions that Terraform declares, and where their failed messages go.

Of SQS and Pub/Sub. Azure Service Bus queues have a dead-letter sub-queue of their own and are left out.
"""

from __future__ import annotations

from collections.abc import Iterator

from archlint.core.facts.documents import TerraformBlock
from archlint.core.record import pattern
from archlint.core.span import first_line
from archlint.core.system.messaging import Channel, Consumer
from archlint.core.values import UNKNOWN, Setting, Unknown, is_unknown
from archlint.model.deployment.terraform.module import Resource, Symbol, TerraformModule, Value, as_list, parse_json
from archlint.model.draft import Draft

_DEAD_LETTER_NAME = ("dlq", "dead-letter", "deadletter", "dead_letter", "failed", "failure")
_QUEUE_MODULE = pattern(r"(^|/)terraform-aws-modules/(sqs/aws|terraform-aws-sqs)\b")
DeadLetter = Setting[str] | None | Unknown


def add_queues(draft: Draft, module: TerraformModule) -> None:
    """Add a channel for each queue, and a consumer for each that takes work."""
    targets = _dead_letter_targets(module)
    for call in module.calls:
        _add_module(draft, call, module)
    for queue in module.of("aws_sqs_queue"):
        _add(draft, queue, "SQS", "queue", _sqs_dead_letter(module, queue), queue.address in targets)
    for subscription in module.of("google_pubsub_subscription"):
        if subscription.value("push_config") is None or subscription.value("dead_letter_policy") is not None:
            _add(draft, subscription, "Pub/Sub", "subscription", _policy(subscription, "dead_letter_policy"), False)


def _add(draft: Draft, resource: Resource, broker: str, noun: str, dead_letter: DeadLetter, is_target: bool) -> None:
    written = resource.value("name")
    name = written if isinstance(written, str) else resource.block.labels[1]
    is_dead_letter = is_target or any(
        word in text.lower() for word in _DEAD_LETTER_NAME for text in (name, resource.block.labels[1])
    )
    draft.add(
        Channel(
            at=resource.at,
            name=name,
            key=f"{resource.module.directory} {resource.address}",
            broker=broker,
            declared_in="terraform",
            is_dead_letter=is_dead_letter,
            dead_letter=dead_letter,
        )
    )
    if not is_dead_letter:
        draft.add(
            Consumer(
                at=resource.at,
                name=f"{broker} {noun} {name}",
                key=f"{resource.module.directory} {resource.address}",
                failing=f"{broker} {noun} {name}",
                failures_at=resource.at,
                service="",
                broker=broker,
                library="terraform",
                channel=name,
                dead_letter=dead_letter,
            )
        )


def _add_module(draft: Draft, call: TerraformBlock, module: TerraformModule) -> None:
    """A queue that the public module for SQS makes: without a dead-letter queue unless it is told to."""
    source = module.value_in(call, "source")
    if not isinstance(source, str) or not _QUEUE_MODULE.search(source):
        return
    dead_letter: DeadLetter = None
    for key in ("create_dlq", "redrive_policy"):
        value = module.value_in(call, key)
        if is_unknown(value):
            dead_letter = UNKNOWN
        elif value not in (None, False, "", {}):
            dead_letter = Setting(key, "platform", first_line(call.at))
    written = module.value_in(call, "name")
    name = written if isinstance(written, str) else call.labels[0]
    if not any(word in name.lower() for word in _DEAD_LETTER_NAME):
        at = first_line(call.at)
        draft.add(
            Consumer(
                at=at,
                name=f"SQS queue {name}",
                key=f"{module.directory} module.{call.labels[0]}",
                failing=f"SQS queue {name}",
                failures_at=at,
                service="",
                broker="SQS",
                library="terraform",
                channel=name,
                dead_letter=dead_letter,
            )
        )


def _sqs_dead_letter(module: TerraformModule, queue: Resource) -> DeadLetter:
    found = _policy(queue, "redrive_policy")
    if found is not None:
        return found
    for policy in module.of("aws_sqs_queue_redrive_policy"):
        address = policy.value("queue_url")
        if is_unknown(address) or (isinstance(address, Symbol) and address.address == queue.address):
            return Setting("redrive policy", "platform", policy.at)
    return None


def _policy(resource: Resource, name: str) -> DeadLetter:
    value = resource.value(name)
    if value is None:
        nested = any(one.type == name for one in resource.block.blocks)
        return Setting(name, "platform", resource.at) if nested else None
    if is_unknown(value):
        return UNKNOWN
    return Setting(name, "platform", resource.place(name))


def _dead_letter_targets(module: TerraformModule) -> frozenset[str]:
    """The addresses that some redrive policy, event source or function sends its failures to."""
    found: set[str] = set()
    for resource in module.resources:
        for key in ("redrive_policy", "dead_letter_config", "destination_config"):
            found.update(symbol.address for symbol in _symbols(resource.value(key)))
            for block in resource.block.blocks:
                if block.type == key:
                    found.update(
                        symbol.address
                        for inner in (block, *block.blocks)
                        for one in inner.attributes
                        for symbol in _symbols(module.evaluate(one.value))
                    )
    return frozenset(found)


def _symbols(value: Value) -> Iterator[Symbol]:
    if isinstance(value, Symbol):
        yield value
    elif isinstance(value, str) and value.startswith("{"):
        yield from _symbols(parse_json(value))
    elif isinstance(value, dict):
        for one in value.values():
            yield from _symbols(one)
    elif isinstance(value, list):
        for one in as_list(value):
            yield from _symbols(one)
