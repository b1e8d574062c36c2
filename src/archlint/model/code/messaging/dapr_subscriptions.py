"""Subscriptions that Dapr delivers to routes: what the code answers to ``/dapr/subscribe``, and Subscription objects.

In: the routes of the draft, manifests, the text of the code. Out: a Handling for each subscription whose route's
handler is in the scan, with whether it names a dead-letter topic: a field of the subscription itself.
https://docs.dapr.io/developing-applications/building-blocks/pubsub/pubsub-deadletter/
"""

from __future__ import annotations

from collections.abc import Iterator
from os.path import commonpath

from archlint.core import tree
from archlint.core.facts.documents import KubernetesObject
from archlint.core.facts.python import Dictionary, Display, Expression, Literal, PythonFunction, Result
from archlint.core.span import Span, first_line
from archlint.core.system.calls import Route
from archlint.core.values import UNKNOWN, Setting, Unknown
from archlint.model.code.messaging.consumer_libraries import LIBRARIES
from archlint.model.code.messaging.handler_trace import text_of
from archlint.model.code.messaging.registrations import Handling
from archlint.model.draft import Draft
from archlint.model.program.program import Module

_ANSWER = "/dapr/subscribe"
_DEAD = ("deadLetterTopic", "deadlettertopic", "dead_letter_topic")
_MOST = 100


def dapr_handlings(draft: Draft) -> Iterator[Handling]:
    """The subscriptions' handlers."""
    if not draft.index.of(KubernetesObject) and not any(one.path == _ANSWER for one in draft.select(Route)):
        return
    routes: dict[str, list[Route]] = {}
    for route in draft.select(Route):
        if isinstance(route.path, str) and route.handler and (not route.methods or "POST" in route.methods):
            routes.setdefault(route.path.strip("/"), []).append(route)
    nearest: dict[str, tuple[int, Handling]] = {}
    for one in draft.index.of(KubernetesObject):
        if one.kind == "Subscription" and one.api_version.startswith("dapr.io/"):
            for handling in _of_object(draft, one, routes):
                # Of several objects for one route the nearest file is meant: a repository may hold several systems.
                shared = len(commonpath([one.at.path, handling.module.path]))
                key = handling.function.name if handling.function is not None else ""
                if key not in nearest or shared > nearest[key][0]:
                    nearest[key] = (shared, handling)
    yield from (handling for _, handling in nearest.values())
    for route in draft.select(Route):
        if route.path == _ANSWER and route.handler:
            yield from _of_answer(draft, route, routes)


def _of_object(draft: Draft, one: KubernetesObject, routes: dict[str, list[Route]]) -> Iterator[Handling]:
    spec = tree.get(one.tree, "spec")
    at = first_line(one.at)
    dead = tree.text(spec, "deadLetterTopic")
    paths = [tree.text(spec, "route"), tree.text(spec, "routes", "default")]
    paths += [tree.text(rule, "path") for rule in tree.items(spec, "routes", "rules")]
    for path in paths:
        fitting = routes.get(path.strip("/"), []) if path else []
        if len({route.service for route in fitting}) == 1:
            yield from _handling(
                draft, fitting[0], tree.text(spec, "topic") or UNKNOWN, at,
                Setting("a dead-letter topic", "manifest", at) if dead else None,
            )  # fmt: skip


def _of_answer(draft: Draft, route: Route, routes: dict[str, list[Route]]) -> Iterator[Handling]:
    found = draft.program.function_named(route.handler)
    if found is None:
        return
    function, module = found
    for subscription in _subscriptions(draft, function, module):
        entries = {str(key.value): value for key, value in subscription.entries if isinstance(key, Literal)}
        path, topic = entries.get("route"), entries.get("topic")
        if path is None or topic is None:
            continue
        text, name = text_of(draft, path, module), text_of(draft, topic, module)
        if isinstance(text, Unknown):
            continue
        at = _written(module, "topic", name) or route.at
        dead = next((one for one in _DEAD if one in entries), None)
        for one in routes.get(text.strip("/"), []):
            if one.service == route.service:
                setting = Setting("a dead-letter topic", "code", at) if dead is not None else None
                yield from _handling(draft, one, name, at, setting)


def _subscriptions(draft: Draft, function: PythonFunction, module: Module) -> Iterator[Dictionary]:
    """The dicts in the list that the function returns, through ``jsonify`` and names."""
    for returned in function.returns:
        call = module.call(returned.call) if isinstance(returned, Result) else None
        value: Expression = call.arguments[0].value if call is not None and call.arguments else returned
        found = draft.program.structure(value, module)
        if found is not None and isinstance(found[0], Display):
            yield from (one for one in found[0].items[:_MOST] if isinstance(one, Dictionary))


def _written(module: Module, name: str, value: str | Unknown) -> Span | None:
    for text in module.facts.strings:
        if text.name == name and text.value == value and text.context == "entry":
            return text.at
    return None


def _handling(
    draft: Draft, route: Route, topic: str | Unknown, at: Span, dead_letter: Setting[str] | None
) -> Iterator[Handling]:
    found = draft.program.function_named(route.handler)
    if found is not None:
        yield Handling(
            "dapr", LIBRARIES["dapr"].broker, found[0].at, found[1], None, *found, topic, acknowledges="after",
            acknowledged_at=found[0].at, declared_at=at, dead_letter=dead_letter,
        )  # fmt: skip
