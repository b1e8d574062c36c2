"""Contracts, joined with the routes and rpcs that serve them.

In: OpenAPI, AsyncAPI and proto facts, and the services with their routes. Out: contracts with operations, what their
specifications reject, copies that differ, and which route is documented. A contract whose service is not read, and a
service whose routes are not all known, stay unknown.
"""

from __future__ import annotations

from archlint.model.contracts.join import add_contracts

__all__ = ["add_contracts"]
