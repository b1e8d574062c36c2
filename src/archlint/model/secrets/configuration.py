"""Secrets in files that configure: ConfigMaps, ``.env``, application configuration, Helm values, contracts' examples.

Templates of such files (``.env.example``) set nothing; encrypted ones (SOPS) are how it should be.
"""

from __future__ import annotations

import functools
from collections.abc import Callable, Iterator

from archlint.core import tree
from archlint.core.facts.documents import AsyncApiDocument, ConfigValue, HelmValues, KubernetesObject, OpenApiDocument
from archlint.core.record import pattern
from archlint.core.span import Span
from archlint.model.deployment.environments import deployed
from archlint.model.deployment.roles import is_test_tool
from archlint.model.draft import Draft
from archlint.model.production import is_production, service_name_at
from archlint.model.secrets.collect import Collector, on_its_line
from archlint.model.secrets.value import MASK, expand, find_secret, find_token

_TEMPLATE = pattern(r"(?i)(?:^|[._-])(?:example|sample|template|tmpl|tpl|dist|defaults?)(?:$|[._-])")
_NO_CONFIGURATION = pattern(
    r"(?i)(?:^|/)(?:package(?:-lock)?\.json|composer\.(?:json|lock)|tsconfig.*\.json|pnpm-lock\.yaml|poetry\.lock|"
    r"mkdocs\.ya?ml|\.pre-commit-config\.yaml|renovate.*\.json.?|.*\.postman_collection\.json|messages.*\.(?:json|ya?ml)|"
    r"(?:locales?|i18n|lang|translations)/.*)$"
)
_LINE = pattern(r"^\s*(?:export\s+|-\s+)?[\"']?([A-Za-z_][\w.-]*)[\"']?\s*[:=]\s*(.*?)\s*,?\s*$")


def add_configuration_secrets(
    draft: Draft, collector: Collector, default_holds: Callable[[str, str | None], bool]
) -> None:
    """Add what configuration has in the open. ``default_holds`` tells for a key and a service whether no scanned layer
    sets that environment variable, so that ``${KEY:default}`` means its default."""
    for one in _config_maps(draft):
        for entry in (*tree.entries(one.tree, "data"), *tree.entries(one.tree, "stringData")):
            _add_entry(collector, entry, one.name)
    for values in draft.index.of(HelmValues):
        if tree.entry(values.tree, "sops") is None and not _TEMPLATE.search(values.at.path.rpartition("/")[2]):
            _add_tree(collector, values.tree)
    _add_config_values(draft, collector, default_holds)
    contracts: tuple[OpenApiDocument | AsyncApiDocument, ...] = (
        *draft.index.of(OpenApiDocument),
        *draft.index.of(AsyncApiDocument),
    )
    for contract in contracts:
        if is_production(contract.at.path, draft.config):
            _add_examples(collector, contract.tree)


def is_template(path: str) -> bool:
    """Whether a configuration file is only a pattern for one: ``.env.example``, ``config.sample.yaml``."""
    name = path.rpartition("/")[2]
    return _TEMPLATE.search(name) is not None and not name.startswith("default")


def _config_maps(draft: Draft) -> Iterator[KubernetesObject]:
    seen: set[tuple[str, int, str]] = set()
    rendered = (one for environment in deployed(draft) for one in environment.objects)
    for one in (*draft.index.of(KubernetesObject), *rendered):
        spot = (one.at.path, one.at.line, one.name)
        if one.kind == "ConfigMap" and spot not in seen:
            seen.add(spot)
            yield one


def _add_entry(collector: Collector, entry: tree.Entry, owner: str) -> None:
    text = tree.text(entry.value)
    if text is None or not isinstance(entry.value, tree.Scalar):
        return
    if "\n" not in text.strip():
        value = entry.value.value if isinstance(entry.value.value, int) else expand(text, lambda _: False)
        secret = find_secret(entry.key, value)
        collector.add(secret, "config-file", on_its_line(entry.at, entry.value), entry.key, owner=owner)
        return
    for offset, line in enumerate(text.split("\n")):
        match = _LINE.match(line)
        name, raw = (match.group(1), match.group(2)) if match else ("", line)
        raw = raw.partition(" #")[0].strip().strip("\"'")
        secret = find_secret(name, expand(raw, lambda _: False)) or find_token(expand(line, lambda _: False))
        if secret is not None:
            at = entry.value.at
            number = min(at.line + 1 + offset, at.end_line)
            span = Span(at.path, number, 1, number, max(len(line), 1) + 1)
            collector.add(secret, "config-file", span, name or entry.key, owner=f"{owner}/{entry.key}")


def _add_tree(collector: Collector, root: tree.Mapping) -> None:
    for path, node in tree.walk(root):
        if not isinstance(node, tree.Mapping):
            continue
        named = tree.entry(node, "name")
        if named is not None and tree.entry(node, "value") is not None:
            value = tree.entry(node, "value")
            name = tree.text(named.value)
            if name and value is not None and isinstance(value.value, tree.Scalar):
                _add_named(collector, name, value, path)
                continue
        for one in node.entries:
            if isinstance(one.value, tree.Scalar):
                _add_named(collector, one.key, one, path)


def _add_named(collector: Collector, name: str, entry: tree.Entry, path: tuple[str | int, ...]) -> None:
    scalar = entry.value
    assert isinstance(scalar, tree.Scalar)
    value = expand(scalar.value, lambda _: False) if isinstance(scalar.value, str) else scalar.value
    at = on_its_line(entry.at, scalar)
    owner = ".".join(map(str, path))
    collector.add(find_secret(name, value), "config-file", at, name, owner=owner)


def _add_config_values(draft: Draft, collector: Collector, default_holds: Callable[[str, str | None], bool]) -> None:
    path, skipped, service = "", True, None
    named: dict[str, str] = {}
    for one in draft.index.of(ConfigValue):
        if one.at.path != path:
            path, named = one.at.path, {}
            skipped = (
                not is_production(path, draft.config)
                or is_template(path)
                or _NO_CONFIGURATION.search(path) is not None
                or any(map(is_test_tool, path.split("/")[:-1]))
            )
            service = service_name_at(draft, path)
        if skipped:
            continue
        if one.key.startswith("sops."):
            continue
        prefix, _, last = one.key.rpartition(".")
        if last == "name" and isinstance(one.value, str):
            named[prefix] = one.value
        name = named.get(prefix, one.key) if last == "value" else one.key
        value: object = one.value
        if isinstance(value, str):
            value = expand(value, functools.partial(_holds, default_holds, service))
        collector.add(find_secret(name, value), "config-file", one.at, one.key, service=service)


def _holds(default_holds: Callable[[str, str | None], bool], service: str | None, key: str) -> bool:
    return default_holds(key, service)


def _add_examples(collector: Collector, root: tree.Mapping) -> None:
    for path, node in tree.walk(root):
        if isinstance(node, tree.Scalar) and isinstance(node.value, str) and len(node.value) >= 20:
            if MASK in node.value:
                continue
            secret = find_token(node.value)
            if secret is not None and not (secret.kind == "url" and path and path[-1] in ("description", "summary")):
                collector.add(
                    secret, "config-file", node.at, str(path[-1]) if path else "", owner=".".join(map(str, path))
                )
