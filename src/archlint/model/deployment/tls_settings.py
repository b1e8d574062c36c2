"""TLS verification switched off by what is deployed: variables, arguments and manifests.

In: containers and manifests' objects. Out: ``TlsSetting`` subjects, only for switches that are off.
"""

from __future__ import annotations

import re
from collections.abc import Iterator

from archlint.core import tree
from archlint.core.facts.documents import KubernetesObject
from archlint.core.record import pattern
from archlint.core.span import Span
from archlint.core.system.security import TlsSetting
from archlint.core.system.workloads import Container, EnvironmentVariable
from archlint.core.values import Place
from archlint.model.code.calls.targets import read_target
from archlint.model.draft import Draft
from archlint.model.program.program import Resolved
from archlint.model.tls import tls_setting, url_switch

_FALSE, _TRUE = frozenset({"0", "false", "no", "off"}), frozenset({"1", "true", "yes", "on"})
_VERIFIES = pattern(
    r"^(NODE_TLS_REJECT_UNAUTHORIZED|PYTHONHTTPSVERIFY)$|(^|_)(SSL|TLS|CERT|HTTPS|SSL_CERT)_?(VERIFY|VERIFICATION)"
    r"(_ENABLED)?$|(^|_)VERIFY_(SSL|TLS|CERTS?|HTTPS)$"
)
_SKIPS = pattern(
    r"(^|_)(INSECURE_)?SKIP_(TLS_|SSL_|CERT_)?VERIFY$|(TLS|SSL)_SKIP_VERIFY$|SSL_NO_VERIFY$|"
    r"(TLS|SSL)_(ALLOW_)?(INSECURE_SKIP|INVALID_CERTIFICATES)|^INSECURE_SKIP|DISABLE_(SSL|TLS|CERT)_VERIF"
)
_SSL_MODE = pattern(r"(^|_)(PG)?SSL_?MODE$")
_FLAG = pattern(
    r"--?(insecure-skip-tls-verify|insecure-skip-verify|tls-skip-verify|tls-insecure-skip-verify|skip-tls-verify|"
    r"no-check-certificate|kubelet-insecure-tls|skip-ssl-verify)(=true)?$"
)
_KEYS = frozenset(
    {"insecureskipverify", "insecureskiptlsverify", "skiptlsverify", "tlsskipverify", "insecure_skip_verify"}
)
_TEXT_SWITCH = pattern(r"^\s*insecure_skip_verify\s*[:=]\s*true\b", re.MULTILINE)


def add_deployed_tls_settings(draft: Draft) -> None:
    """Add the switches that stand in manifests and compose files."""
    found: dict[tuple[Span, str], TlsSetting] = {}
    for container in draft.containers:
        if container.platform == "compose" and not container.is_production:
            continue
        for at, option, related in _in_container(draft, container):
            owner = f"{container.environment} {container.workload}"
            setting = tls_setting(at, option, owner, "manifest", container.service, True, related)
            found.setdefault((at, option), setting)
    for one in draft.index.of(KubernetesObject):
        for at, option in _in_object(one):
            found.setdefault((at, option), tls_setting(at, option, f"{one.kind}/{one.name}", "manifest"))
    draft.add(*found.values())


def _in_container(draft: Draft, container: Container) -> Iterator[tuple[Span, str, tuple[Place, ...]]]:
    for variable in container.variables:
        option = _of_variable(draft, variable)
        if option is not None:
            yield variable.at, option, variable.chain
    for words in (container.command, container.arguments):
        for word in words if isinstance(words, tuple) else ():
            if _FLAG.match(word):
                yield container.at, word, ()


def _of_variable(draft: Draft, variable: EnvironmentVariable) -> str | None:
    value, name = variable.value, variable.name.upper()
    if not isinstance(value, str) or not value:
        return None
    switch = url_switch(value)
    if switch is not None:
        return None if read_target(draft, Resolved(value)).is_loopback else switch
    lower = value.strip().lower()
    if (
        (_VERIFIES.search(name) and lower in _FALSE)
        or (_SKIPS.search(name) and lower in _TRUE)
        or (_SSL_MODE.search(name) and lower == "disable")
    ):
        return f"{variable.name}={value.strip()}"
    return None


def _in_object(one: KubernetesObject) -> Iterator[tuple[Span, str]]:
    waiting: list[tree.Node] = [one.tree]
    while waiting:
        node = waiting.pop()
        if isinstance(node, tree.Sequence):
            waiting.extend(node.items)
        elif isinstance(node, tree.Mapping):
            for entry in node.entries:
                value = entry.value
                if not isinstance(value, tree.Scalar):
                    waiting.append(value)
                elif value.value is True and entry.key.lower() in _KEYS:
                    yield entry.at, f"{entry.key}: true"
                elif one.kind == "ConfigMap" and isinstance(value.value, str) and "insecure_skip_verify" in value.value:
                    match = _TEXT_SWITCH.search(value.value)
                    if match is not None:
                        yield value.at, "insecure_skip_verify: true"
