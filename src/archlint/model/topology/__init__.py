"""What synchronous calls make of services: chains, timeouts that do not add up, calls in loops, open transport.

In: routes, calls and dependencies. Out: ``CallChain``, ``TimeoutBudget``, ``RepeatedCall`` and ``Transport`` subjects,
and which calls only hand on what a client of a gateway asked.
"""

from __future__ import annotations

from archlint.model.draft import Draft
from archlint.model.topology.budgets import add_timeout_budgets
from archlint.model.topology.chains import add_call_chains
from archlint.model.topology.loops import add_repeated_calls
from archlint.model.topology.passing import mark_calls_that_pass_through
from archlint.model.topology.serving import Serving
from archlint.model.topology.transport import add_transports

__all__ = ["add_topology"]


def add_topology(draft: Draft) -> None:
    """Add the subjects about how services call each other."""
    serving = Serving(draft)
    mark_calls_that_pass_through(draft, serving)
    add_transports(draft)
    add_repeated_calls(draft)
    add_call_chains(draft, serving)
    add_timeout_budgets(draft, serving)
