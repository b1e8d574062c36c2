"""What gateways, meshes and Ingresses ask of callers before they pass a call on, by service.

In: the deployed manifests, configuration of proxies, Terraform, exposures. Out: whether the outside reaches a service,
and what identifies callers on the way. What asks but is not followed to one service makes all of them UNKNOWN.
"""

from __future__ import annotations

from dataclasses import field

from archlint.core.record import dataclass
from archlint.core.system.workloads import Exposure
from archlint.core.values import Setting, Truth, Unknown
from archlint.model.draft import Draft

Evidence = Setting[str] | Unknown | None


@dataclass
class Gateways:
    """What stands before services: ``asking`` by service, ``everywhere`` for all of them."""

    asking: dict[str, Evidence] = field(default_factory=dict)
    everywhere: Evidence = None
    reached: set[str] = field(default_factory=set)

    def identifies(self, service: str) -> Evidence:
        """What identifies the callers of a service before they reach it."""
        found = self.asking.get(service)
        return self.everywhere if found is None else found

    def reaches(self, service: str) -> Truth:
        """Whether a gateway or public Service leads to a service."""
        return service in self.reached


def gateways_of(draft: Draft) -> Gateways:
    """What stands before the services of the draft."""
    gateways = Gateways()
    for one in draft.select(Exposure):
        if one.service is not None and one.is_loopback is not True:
            gateways.reached.add(one.service)
    return gateways
