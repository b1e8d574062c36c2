"""Consumers and publishers of messages.

In: the services' code. Out: a Consumer for each handler of each service, with what its handling changes, what makes a
second delivery harmless, when it acknowledges and where failed messages go; a Publisher for each place that publishes.
"""

from __future__ import annotations

from collections.abc import Iterable

from archlint.core.system.base import link
from archlint.core.system.messaging import Publisher
from archlint.core.values import known
from archlint.model.code.messaging.consumers import consumers_of
from archlint.model.code.messaging.publications import publications
from archlint.model.code.messaging.publishing import channels_of
from archlint.model.code.scope import CodeScope, code_scope
from archlint.model.draft import Draft


def add_messaging(draft: Draft) -> None:
    """Add them to the draft."""
    scope = code_scope(draft)
    consumers = consumers_of(draft, scope)
    draft.add(*consumers)
    draft.add(*(effect for consumer in consumers for effect in consumer.effects))
    publishers = list(_publishers(draft, scope))
    draft.add(*publishers)
    for owner in draft.services:
        mine = tuple(one for one in consumers if one.service == owner.name)
        theirs = tuple(one for one in publishers if one.service == owner.name)
        if mine or theirs:
            link(owner, consumers=mine, publishers=theirs)


def _publishers(draft: Draft, scope: CodeScope) -> Iterable[Publisher]:
    for one in publications(draft, scope):
        module, call = one.module, one.call
        found = module.function(one.function)
        function = found.name if found is not None else ""
        channels = (one.channel,) if one.channel is not None else channels_of(draft, call, module, one.way)
        for service in scope.services_running(call, module):
            for channel in channels:
                yield Publisher(
                    at=call.at,
                    name=f"{service}.{function.rpartition('.')[2]}",
                    key=f"{service} publishes {known(channel) or 'a message'} in {function}",
                    service=service,
                    broker=one.broker,
                    library=draft.program.callee(call, module).partition(".")[0],
                    channel=channel,
                    function=function,
                )
