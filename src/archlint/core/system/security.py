"""Secrets, verification switches and permissions."""

from __future__ import annotations

from archlint.core.record import dataclass
from archlint.core.system.base import Subject
from archlint.core.values import Place, Truth


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


__all__ = ["DatabaseExposure", "IamGrant", "SecretExposure", "TlsSetting", "TokenVerification"]
