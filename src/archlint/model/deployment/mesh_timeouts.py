"""Timeouts that the mesh gives: VirtualService and HTTPRoute routes, by the host that they lead to.

In: the manifests' objects. Out: the timeout of a host; None where no route of the scan bounds it.
"""

from __future__ import annotations

from archlint.core import tree
from archlint.core.facts.documents import KubernetesObject
from archlint.core.record import pattern
from archlint.core.values import Setting, Unknown
from archlint.model.draft import Draft

_DURATION = pattern(r"(\d+(?:\.\d+)?)(ms|s|m|h)")
_SECONDS = {"ms": 0.001, "s": 1.0, "m": 60.0, "h": 3600.0}


def mesh_timeout(draft: Draft, host: str) -> Setting[float] | Unknown | None:
    """The timeout that the mesh gives to requests to a host."""
    found = draft.memo.get("mesh timeouts")
    if not isinstance(found, dict):
        found = draft.memo["mesh timeouts"] = _timeouts(draft)
    timeout: Setting[float] | Unknown | None = found.get(host) or found.get(host.split(".", maxsplit=1)[0])
    return timeout


def _timeouts(draft: Draft) -> dict[str, Setting[float]]:
    found: dict[str, Setting[float]] = {}
    for one in draft.index.of(KubernetesObject):
        if one.kind == "VirtualService":
            for route in tree.items(one.tree, "spec", "http"):
                node = tree.get(route, "timeout")
                seconds = seconds_of(tree.text(route, "timeout"))
                if node is None or not seconds:
                    continue
                for host in tree.items(one.tree, "spec", "hosts"):
                    name = tree.text(host)
                    if name and "*" not in name:
                        found[name] = found[name.split(".")[0]] = Setting(seconds, "mesh", node.at)
    return found


def seconds_of(text: str | None) -> float | None:
    """A duration (``1m30s``, ``500ms``) in seconds."""
    parts = _DURATION.findall(text or "")
    if not parts or "".join(number + unit for number, unit in parts) != text:
        return None
    return sum(float(number) * _SECONDS[unit] for number, unit in parts)
