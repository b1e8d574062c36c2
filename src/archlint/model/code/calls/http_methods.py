"""Which HTTP method each place of the code sends.

In: the HTTP calls of the system. Out: the method by place; a wrapper that its callers make send several is left out, as
nothing there tells which of them is meant.
"""

from __future__ import annotations

from archlint.core.span import Span
from archlint.core.system.calls import HttpCall
from archlint.core.values import Unknown
from archlint.model.draft import Draft


def http_methods(draft: Draft) -> dict[Span, str]:
    """The one method that each place sends."""
    found: dict[Span, set[str]] = {}
    for call in draft.select(HttpCall):
        found.setdefault(call.at, set()).add("?" if isinstance(call.method, Unknown) else call.method)
    return {at: next(iter(methods)) for at, methods in found.items() if len(methods) == 1 and "?" not in methods}
