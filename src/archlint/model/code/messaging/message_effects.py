"""What handling a message changes: what it stores, publishes, sends, pays or writes elsewhere.

In: the calls that handling a message makes. Out: effects, each with whether doing it twice leaves the same state.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping

from archlint.core.facts.python import Literal, Member, PythonCall, Result
from archlint.core.record import pattern
from archlint.core.span import Span
from archlint.core.values import Unknown
from archlint.model.code.messaging.effect_values import has_text, is_generated, is_reply
from archlint.model.code.messaging.message_libraries import (
    BROKER,
    DEAD,
    HTTP_LIBRARIES,
    HTTP_VERBS,
    MAIL,
    MAIL_LIBRARIES,
    OBJECT_STORES,
    PAYMENT,
    PUBLISH,
    REDIS_ABSOLUTE,
    REDIS_RELATIVE,
)
from archlint.model.code.messaging.publications import publication_of
from archlint.model.code.messaging.stored_effects import FoundEffect, sql_of, stored_effect
from archlint.model.draft import Draft
from archlint.model.program.program import Module

__all__ = ["FoundEffect", "effects_of", "sql_of"]

_SENT = frozenset({"send", "send_message", "post", "patch", "put", "delete", "request", "sale", "capture"})
_UNSAFE_RPC = pattern(
    r"(Create|Add|Place|Submit|Charge|Pay|Capture|Refund|Send|Ship|Reserve|Book|Increment|Decrement|Append|Publish|Register"
    r"|Order|Purchase)[A-Z]?\w*$"
)


def effects_of(
    draft: Draft, calls: Iterable[tuple[PythonCall, Module]], written: Mapping[Span, str]
) -> Iterator[FoundEffect]:
    """The changes that the calls make. ``written`` gives the method of known HTTP calls by place, and ``rpc NAME`` of
    gRPC calls."""
    for call, module in calls:
        found = _effect(draft, call, module, written)
        if found is not None:
            yield found


def _effect(draft: Draft, call: PythonCall, module: Module, written: Mapping[Span, str]) -> FoundEffect | None:
    last = call.name.rpartition(".")[2]
    if call.at in written:
        return _remote(call, written[call.at])
    found = stored_effect(draft, call, module)
    if found is not None:
        return found
    if last in REDIS_RELATIVE and call.arguments and last != "append":
        return FoundEffect("publish" if last == "xadd" else "increment", call.at, last, False)
    if last in MAIL:
        return FoundEffect("mail", call.at, last, False)
    if last == "send" and draft.program.callee(call, module).endswith("users.messages.send"):
        return FoundEffect("mail", call.at, "a mail", False)
    if last in PUBLISH or last in _SENT:
        return _sent(draft, call, module, last)
    name = call.name
    if name.startswith("stripe.") or ("." in name and last == "create"):
        qualified = draft.program.callee(call, module)
        if PAYMENT.match(qualified):
            return FoundEffect("payment", call.at, qualified, call.argument("idempotency_key") is not None)
    if last in REDIS_ABSOLUTE and draft.program.callee(call, module).startswith(("redis.", "aioredis.")):
        return FoundEffect("update", call.at, last, True)
    if last in OBJECT_STORES or last in ("write", "writelines", "writerow"):
        return _file(draft, call, module, last)
    if draft.program.uses("nameko") and draft.program.callee(call, module).startswith("nameko.events.EventDispatcher"):
        return FoundEffect("publish", call.at, "an event", False) if last != "EventDispatcher" else None
    return None


def _remote(call: PythonCall, method: str) -> FoundEffect | None:
    if method.startswith("rpc "):
        rpc = method.removeprefix("rpc ")
        return FoundEffect("remote-write", call.at, rpc, False) if _UNSAFE_RPC.match(rpc) else None
    verb = method.lower()
    return _http(verb, call) if verb in HTTP_VERBS else None


def _http(verb: str, call: PythonCall) -> FoundEffect:
    absolute = HTTP_VERBS[verb]
    headers = call.argument("headers")
    if not absolute and headers is not None:
        absolute = has_text(headers.value, "idempotency-key")
    return FoundEffect("remote-write", call.at, verb.upper(), absolute)


def _sent(draft: Draft, call: PythonCall, module: Module, last: str) -> FoundEffect | None:
    name = draft.program.callee(call, module)
    if last in ("delay", "apply_async", "send_task"):
        return None if name.startswith(("asyncio.", "time.")) else FoundEffect("publish", call.at, f"{last}()", False)
    if last == "basic_publish" or (BROKER.match(name) and (last in PUBLISH or last in ("send", "send_message", "put"))):
        if DEAD.search(" ".join(_texts(draft, call, module))) or is_reply(call):
            return None
        return FoundEffect("publish", call.at, "a message", False)
    if (
        last == "publish"
        and name.startswith("?")
        and any(one.name in ("routing_key", "exchange", "topic", "subject", "channel") for one in call.arguments)
    ):
        return None if is_reply(call) else FoundEffect("publish", call.at, "a message", False)
    if last == "send_message" and call.argument("QueueUrl") is not None:
        return FoundEffect("publish", call.at, "a message", False)
    if last == "publish" and (call.argument("TopicArn") is not None or call.argument("TargetArn") is not None):
        return FoundEffect("publish", call.at, "a message", False)
    if MAIL_LIBRARIES.match(name):
        return FoundEffect("mail", call.at, "a mail", False)
    if PAYMENT.match(name):
        return FoundEffect("payment", call.at, name, call.argument("idempotency_key") is not None)
    if HTTP_LIBRARIES.match(name) and last in HTTP_VERBS:
        return _http(last, call)
    if publication_of(draft, call, module) is not None and not is_reply(call):
        dead = DEAD.search(" ".join(_texts(draft, call, module)))
        return None if dead else FoundEffect("publish", call.at, "a message", False)
    return None


def _file(draft: Draft, call: PythonCall, module: Module, last: str) -> FoundEffect | None:
    """Files: one that is appended to grows with every delivery; an object is written over, unless its name is new."""
    if last in OBJECT_STORES:
        name = draft.program.callee(call, module)
        if not name.startswith(("boto3.", "aioboto3.", "google.cloud.storage", "azure.storage", "minio.")):
            return None
        fresh = any(is_generated(one.value, module) for one in call.arguments)
        return FoundEffect("file", call.at, last, not fresh)
    base = call.callee.base if isinstance(call.callee, Member) else None
    made = module.call(base.call) if isinstance(base, Result) else None
    mode = made.argument("mode", 1) if made is not None and made.name.rpartition(".")[2] == "open" else None
    if mode is None or not isinstance(mode.value, Literal) or not isinstance(mode.value.value, str):
        return None
    if "a" not in mode.value.value:
        return None
    return FoundEffect("file", call.at, "a file that is appended to", False)


def _texts(draft: Draft, call: PythonCall, module: Module) -> Iterator[str]:
    for argument in call.arguments:
        if argument.name in (None, "routing_key", "exchange", "topic", "subject", "queue"):
            values = draft.program.evaluate(argument.value, module)
            if not isinstance(values, Unknown):
                for one in values[:1]:
                    if isinstance(one.value, str) and len(one.value) < 100:
                        yield one.value
