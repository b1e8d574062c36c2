"""Secrets, verification switches and permissions."""

from __future__ import annotations

from archlint.core.record import dataclass
from archlint.core.system.base import Subject
from archlint.core.values import Place, Setting, Truth, Unknown


@dataclass(frozen=True, eq=False, kw_only=True)
class SecretExposure(Subject):
    """A secret that stands in the open. ``place``: ``environment``, ``config-file``, ``source``, ``kubernetes-secret``.

    ``name`` is the variable, key or argument. The value itself is never stored: ``hint`` is at most its first two
    characters and its length, or the keys of a Kubernetes Secret. ``in_force`` is false for a default that a scanned
    layer overrides.
    """

    place: str
    hint: str = ""
    service: str | None = None
    environment: str | None = None
    in_force: Truth = True
    related: tuple[Place, ...] = ()


@dataclass(frozen=True, eq=False, kw_only=True)
class TlsSetting(Subject):
    """A switch about certificate verification. ``option`` is how it is written (``verify=False``, ``sslmode=disable``).

    ``disabled``: verification is off towards something that is not this machine.
    """

    service: str | None
    option: str
    source: str
    disabled: Truth
    related: tuple[Place, ...] = ()


@dataclass(frozen=True, eq=False, kw_only=True)
class TokenVerification(Subject):
    """A decoding of a JWT. ``problem`` says what is not verified, None where all is; ``is_verified_upstream`` where the
    same call path has verified the token before, or it comes from the issuer's own answer."""

    service: str
    library: str
    problem: str | None
    is_verified_upstream: Truth = False
    related: tuple[Place, ...] = ()


@dataclass(frozen=True, eq=False, kw_only=True)
class ApiOperation(Subject):
    """An operation of an API that may change state: one method of a route that code serves, or of a contract whose
    serving code is not in the scan. Operations that only read by their method are none.

    ``declared_in``: ``code`` or ``contract``. ``changes_state``: its handling writes, publishes or asks another service
    to. ``purpose``: ``business``, or what may not ask for an identity: ``login``, ``registration``, ``consent``,
    ``webhook``, ``message`` (a broker delivers it), ``operational``. ``is_reachable``: a client of the system can call
    it: an rpc only where a gateway or public Service leads to it. ``authentication`` is what identifies its caller in
    code, contract or gateway, None where nothing does; it is not looked for where the purpose is none of business.
    """

    service: str
    protocol: str
    method: str
    path: str | Unknown
    declared_in: str = "code"
    changes_state: Truth = Unknown()
    purpose: str = "business"
    is_reachable: Truth = True
    authentication: Setting[str] | None | Unknown = Unknown()
    related: tuple[Place, ...] = ()


@dataclass(frozen=True, eq=False, kw_only=True)
class IamGrant(Subject):
    """Permissions given in Terraform. ``problem`` says what is too wide, None where nothing is."""

    identity: str
    problem: str | None
    related: tuple[Place, ...] = ()


@dataclass(frozen=True, eq=False, kw_only=True)
class DatabaseExposure(Subject):
    """A database or broker and whether the outside reaches it. ``kind`` and ``by`` as in Exposure."""

    engine: str
    kind: str
    is_public: Truth
    by: str = ""
    environment: str | None = None
    is_production: bool = True
    related: tuple[Place, ...] = ()


__all__ = ["ApiOperation", "DatabaseExposure", "IamGrant", "SecretExposure", "TlsSetting", "TokenVerification"]
