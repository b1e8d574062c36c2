"""Contracts: OpenAPI, AsyncAPI and proto documents, joined with the code that serves them."""

from __future__ import annotations

from archlint.core.record import dataclass
from archlint.core.system.base import Subject
from archlint.core.values import Place, Truth, Unknown


@dataclass(frozen=True, eq=False, kw_only=True)
class Operation(Subject):
    """An operation of a contract: an HTTP operation, an rpc, or a message operation.

    ``path`` is a template with ``{name}`` parameters below the server's base path, or ``/package.Service/Method``.
    ``implemented``: whether a service that serves the contract has it; UNKNOWN where none is read.
    """

    contract: str
    protocol: str
    method: str
    path: str
    service: str | None = None
    is_authenticated: Truth = Unknown()
    responses: tuple[str, ...] = ()
    implemented: Truth = Unknown()
    related: tuple[Place, ...] = ()


@dataclass(frozen=True, eq=False, kw_only=True)
class Contract(Subject):
    """A contract document, or all copies of one. ``format``: ``openapi``, ``asyncapi``, ``proto``. ``title`` is the
    OpenAPI title or the proto package. ``version_in`` says where a version stands, None where it stands nowhere.

    ``services`` are those that serve it.
    """

    format: str
    title: str
    specification: str
    version_in: str | None | Unknown = None
    is_operational: bool = False
    """Health and reflection protos, documents without operations."""
    operations: tuple[Operation, ...] = ()
    services: tuple[str, ...] = ()
    copies: tuple[Place, ...] = ()


@dataclass(frozen=True, eq=False, kw_only=True)
class InvalidContract(Subject):
    """One way in which a contract breaks its own specification."""

    format: str
    problem: str
    contract: str


@dataclass(frozen=True, eq=False, kw_only=True)
class ContractDrift(Subject):
    """Copies of one contract that differ in what both have. ``element`` names it, ``difference`` tells how."""

    contract: str
    element: str
    difference: str
    related: tuple[Place, ...] = ()


__all__ = ["Contract", "ContractDrift", "InvalidContract", "Operation"]
