"""archlint.yaml: one file, at the root, never cascading; unknown keys are errors."""

from __future__ import annotations

import datetime
from typing import Any

import msgspec


class ConfigError(Exception):
    """archlint.yaml says something that archlint cannot take. The message says what, where, and what to do next."""


class ServiceConfig(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A service given by hand. ``path`` is its directory, relative to the root; ``images`` are image names without tags."""

    path: str | None = None
    images: tuple[str, ...] = ()
    workloads: tuple[str, ...] = ()
    owner: str | None = None
    labels: tuple[str, ...] = ()
    role: str | None = None


class ExceptionConfig(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """An agreed exception: findings of ``rule`` at ``path`` (a glob) or of ``service`` do not count, up to and with ``until``."""

    rule: str
    reason: str
    path: str | None = None
    service: str | None = None
    until: datetime.date | None = None


class RuleConfig(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Settings of one rule: another severity, and its options by name (checked against the rule)."""

    severity: str | None = None
    options: dict[str, Any] = {}


class Config(msgspec.Struct, frozen=True, forbid_unknown_fields=True, rename="kebab"):
    """All of archlint.yaml. ``exclude`` are .gitignore patterns; ``rules`` folders of custom rules, relative to the root."""

    services: dict[str, ServiceConfig] = {}
    libraries: tuple[str, ...] = ()
    gateways: tuple[str, ...] = ()
    sidecars: tuple[str, ...] = ()
    brokers: tuple[str, ...] = ()
    exclude: tuple[str, ...] = ()
    rules: tuple[str, ...] = ()
    select: tuple[str, ...] = ()
    ignore: tuple[str, ...] = ()
    fail_on: str | None = None
    settings: dict[str, RuleConfig] = {}
    exceptions: tuple[ExceptionConfig, ...] = ()
    provided_elsewhere: tuple[str, ...] = ()
    """Hosts, secrets and accounts that another repository or team provides: they are unknown, not missing."""
    closed_world: bool = False
    test_paths: tuple[str, ...] = ()
    """More patterns of files that are no production code."""
