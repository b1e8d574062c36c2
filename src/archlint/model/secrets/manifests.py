"""Secret manifests with real data in the repository, and kustomizations that generate Secrets from literals."""

from __future__ import annotations

import base64
import binascii
import json

from archlint.core import tree
from archlint.core.facts.documents import HelmTemplate, KubernetesObject, Kustomization
from archlint.model.deployment.environments import deployed
from archlint.model.draft import Draft
from archlint.model.secrets.collect import Collector, on_its_line
from archlint.model.secrets.value import MASK, Secret, digest_of, expand, is_placeholder

_MADE_BY_MACHINES = frozenset(
    ("kubernetes.io/service-account-token", "helm.sh/release.v1", "bootstrap.kubernetes.io/token")
)


def add_kubernetes_secrets(draft: Draft, collector: Collector) -> set[str]:
    """Add the Secrets with real data. Returns the digests of all their values."""
    digests: set[str] = set()
    templates = {one.at.path: one.text.split("\n") for one in draft.index.of(HelmTemplate)}
    seen: set[tuple[str, int, str]] = set()
    rendered = ((one, environment.environment.name) for environment in deployed(draft) for one in environment.objects)
    raw = ((one, None) for one in draft.index.of(KubernetesObject))
    for found, environment in (*rendered, *raw):
        spot = (found.at.path, found.at.line, found.name)
        if found.kind != "Secret" or found.api_version not in ("v1", "") or spot in seen:
            continue
        seen.add(spot)
        real = _real_data(found, digests, templates)
        if real is not None:
            entry, secret = real
            collector.add(
                secret,
                "kubernetes-secret",
                on_its_line(entry.at, entry.value),
                found.name,
                owner=found.namespace or "",
                environment=environment,
            )
    for kustomization in draft.index.of(Kustomization):
        for generator in tree.items(kustomization.tree, "secretGenerator"):
            for literal in tree.items(generator, "literals"):
                name, _, value = (tree.text(literal) or "").partition("=")
                if not _stands_for_another(name, value.strip("\"'")):
                    digests.add(digest_of(value))
                    collector.add(
                        Secret("name", name, digest_of(value)),
                        "kubernetes-secret",
                        literal.at,
                        tree.text(generator, "name") or name,
                    )
                    break
    return digests


def _real_data(
    found: KubernetesObject, digests: set[str], templates: dict[str, list[str]]
) -> tuple[tree.Entry, Secret] | None:
    if tree.text(found.tree, "type") in _MADE_BY_MACHINES or tree.entry(found.tree, "sops") is not None:
        return None
    found_keys: list[str] = []
    first: tuple[tree.Entry, str] | None = None
    for field in ("stringData", "data"):
        for entry in tree.entries(found.tree, field):
            text = tree.text(entry.value)
            if not text or _is_templated(entry, templates):
                continue
            value = _decoded(text) if field == "data" else text
            if value is None or _stands_for_another(entry.key, value):
                continue
            digests.add(digest_of(value))
            found_keys.append(entry.key)
            first = first or (entry, digest_of(value))
    return (first[0], Secret("name", _listed(found_keys), first[1])) if first else None


def _listed(keys: list[str]) -> str:
    if len(keys) > 3:
        return f"{', '.join(keys[:2])} and {len(keys) - 2} more keys"
    return " and ".join(filter(None, (", ".join(keys[:-1]), keys[-1])))


def _is_templated(entry: tree.Entry, templates: dict[str, list[str]]) -> bool:
    """Whether the value comes from a template's expression: what it renders to is not what the repository holds."""
    at = entry.value.at
    lines = templates.get(entry.at.path)
    if lines is None:
        return False
    if at.path != entry.at.path:
        return True
    return any("{{" in line for line in lines[at.line - 1 : at.end_line])


def _decoded(text: str) -> str | None:
    """The text under base64, or None where it is templated or not base64 at all."""
    if any(mark in text for mark in ("${", "{{", "$(", "<", "ENC[")):
        return None
    try:
        return base64.b64decode("".join(text.split()), validate=True).decode("utf-8", "replace").strip()
    except (binascii.Error, ValueError):
        return None


def _registry_passwords(value: str) -> list[str]:
    """The passwords in the text of a ``.dockerconfigjson``."""
    try:
        registries = json.loads(value).get("auths", {}).values()
    except (ValueError, AttributeError, RecursionError):
        return []
    found = [one.get("password") for one in registries if isinstance(one, dict)]
    return [one for one in found if isinstance(one, str)]


def _stands_for_another(name: str, value: str) -> bool:
    if is_placeholder(name) or "-----BEGIN CERTIFICATE" in value:
        return True
    if value.startswith("-----BEGIN"):
        return "..." in value or "xxxx" in value.lower()
    inside = _registry_passwords(value) if value.startswith("{") else []
    if inside:
        return all(_stands_for_another("password", one) for one in inside)
    plain = expand(value, lambda _: False)
    return (
        not plain.strip()
        or MASK in plain
        or is_placeholder(plain, name)
        or plain.lower() in ("true", "false", "secret")
    )
