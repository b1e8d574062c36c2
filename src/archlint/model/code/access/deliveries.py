"""Routes that a broker's sidecar calls to deliver messages, jobs and events: nobody calls them from outside.

In: consumers of the draft, Dapr's subscriptions and components (https://docs.dapr.io/developing-applications/
building-blocks/pubsub/subscription-methods/, .../bindings/), and what the code answers to ``/dapr/subscribe``.
"""

from __future__ import annotations

from collections.abc import Iterator

from archlint.core import tree
from archlint.core.facts.documents import KubernetesObject
from archlint.core.record import dataclass
from archlint.core.span import Span
from archlint.core.system.calls import Route
from archlint.core.system.messaging import Consumer
from archlint.model.draft import Draft


@dataclass(frozen=True)
class Deliveries:
    """The paths and the handlers' definitions that messages are delivered to."""

    paths: frozenset[str]
    handlers: frozenset[Span]


def deliveries_of(draft: Draft) -> Deliveries:
    """Where messages are delivered over HTTP."""
    paths = {f"/{path.strip('/')}" for path in (*_subscribed(draft), *_answered(draft))}
    handlers = {one.handler_at for one in draft.select(Consumer) if one.handler_at is not None}
    return Deliveries(frozenset(paths), frozenset(handlers))


def _subscribed(draft: Draft) -> Iterator[str]:
    for one in draft.index.of(KubernetesObject):
        if not one.api_version.startswith("dapr.io/"):
            continue
        spec = tree.get(one.tree, "spec")
        if one.kind == "Subscription":
            given = [tree.text(spec, "route"), tree.text(spec, "routes", "default")]
            given += [tree.text(rule, "path") for rule in tree.items(spec, "routes", "rules")]
            yield from (path for path in given if path)
        elif one.kind == "Component" and (tree.text(spec, "type") or "").startswith("bindings."):
            yield one.name


def _answered(draft: Draft) -> Iterator[str]:
    """``{"pubsubname": "orders", "topic": "placed", "route": "orders"}`` in code that serves ``/dapr/subscribe``."""
    for path in sorted({one.at.path for one in draft.select(Route) if one.path == "/dapr/subscribe"}):
        for text in draft.program.modules[path].facts.strings:
            if text.context == "entry" and text.name == "route":
                yield text.value
