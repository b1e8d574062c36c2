"""What the configuration of proxies asks of callers: nginx by the host that it passes to, others by their words.

In: configuration values, compose labels. Out: what is passed where and whether callers are asked. Sources:
https://nginx.org/en/docs/http/ngx_http_auth_request_module.html, https://docs.konghq.com/gateway/latest/production/
deployment-topologies/db-less-and-declarative-config/, Envoy's ``envoy.filters.http.jwt_authn`` and ``ext_authz``.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from urllib.parse import urlsplit

from archlint.core import tree
from archlint.core.facts.documents import ComposeFile, ConfigValue, KubernetesObject
from archlint.core.record import dataclass, pattern
from archlint.core.span import Span
from archlint.core.values import Setting, Unknown
from archlint.model.draft import Draft
from archlint.model.paths import names
from archlint.model.production import is_production

Evidence = Setting[str] | Unknown | None

_ASKING = names("auth_request auth_jwt auth_basic auth_jwt_key_file oauth2")
_PASSING = names("proxy_pass grpc_pass uwsgi_pass fastcgi_pass")
_WORDS = pattern(
    r"(?:jwt_authn|ext_authz|forwardauth|forward-auth|basicauth|auth/validator|auth_request|auth_jwt|"
    r"openid-connect|key-auth|basic-auth|oauth2[-_]proxy|oauth2-introspection)",
)
_KEYS = pattern(r"(?i)(?:^|\.)(?:forwardauth|basicauth|digestauth|jwt_authn|ext_authz)(?:\.|$)")
_PLUGINS = names("jwt key-auth oauth2 openid-connect basic-auth hmac-auth ldap-auth jwt-auth forward-auth")


@dataclass(frozen=True)
class Passing:
    """A place where a proxy passes calls on, and what it asks there."""

    host: str
    at: Span
    asks: Evidence


def nginx_passings(values: Iterable[ConfigValue]) -> Iterator[Passing]:
    """Where nginx passes calls, file by file."""
    files: dict[str, list[ConfigValue]] = {}
    for one in values:
        if one.format == "nginx":
            files.setdefault(one.at.path, []).append(one)
    for entries in files.values():
        yield from _of_file(entries)


def _of_file(entries: list[ConfigValue]) -> Iterator[Passing]:
    asking: dict[str, ConfigValue] = {}
    upstreams: dict[str, list[str]] = {}
    for one in entries:
        block, _, directive = one.key.rpartition(".")
        if directive in _ASKING and str(one.value).strip("'\"") != "off":
            asking[block] = one
        elif directive == "server" and "upstream " in block:
            upstreams.setdefault(block.rpartition("upstream ")[2].strip(), []).append(str(one.value).split()[0])
    for one in entries:
        block, _, directive = one.key.rpartition(".")
        if directive not in _PASSING:
            continue
        at = next((known for where, known in asking.items() if block == where or block.startswith(f"{where}.")), None)
        asks: Evidence = Setting(at.key.rpartition(".")[2], "gateway", at.at) if at is not None else None
        text = str(one.value)
        host = urlsplit(text if "//" in text else f"//{text}").netloc
        for address in upstreams.get(host, [host]):
            yield Passing(address.partition(":")[0], one.at, asks)


def says_that_it_asks(draft: Draft) -> Iterator[Unknown]:
    """Words of proxies' configuration that say that they ask who is calling: in configuration files, ConfigMaps and
    the labels of compose services."""
    for one in draft.index.of(ConfigValue):
        if one.format == "nginx":
            continue
        is_name = one.key.rpartition(".")[2].lower() == "name" and isinstance(one.value, str)
        says = _KEYS.search(one.key) is not None or (is_name and _is_plugin(str(one.value), one.key))
        if says and is_production(one.at.path, draft.config):
            yield Unknown(f"{one.at.path} may ask who is calling")
            return
    for thing in draft.index.of(KubernetesObject):
        if thing.kind == "ConfigMap":
            for entry in tree.entries(thing.tree, "data"):
                if _WORDS.search(tree.text(entry.value) or ""):
                    yield Unknown(f"the ConfigMap {thing.name} may ask who is calling")
                    return
    for file in draft.index.of(ComposeFile):
        for service in tree.entries(file.tree, "services"):
            labels = tree.get(service.value, "labels")
            for _, node in tree.walk(labels) if labels is not None else ():
                texts = [item.key for item in tree.entries(node)] if isinstance(node, tree.Mapping) else []
                texts += [str(node.value)] if isinstance(node, tree.Scalar) else []
                if any(_WORDS.search(text.lower()) for text in texts):
                    yield Unknown(f"labels of {service.key} may ask who is calling")
                    return


def _is_plugin(value: str, key: str) -> bool:
    return (value.startswith("envoy.filters.http.") and _WORDS.search(value) is not None) or (
        "plugins" in key and value in _PLUGINS
    )
