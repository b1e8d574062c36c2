"""What gateways, meshes and Ingresses ask of callers before they pass a call on, by service.

In: the deployed manifests, configuration of proxies, Terraform, exposures. Out: whether the outside reaches a service,
and what identifies callers on the way. What asks but is not followed to one service makes all of them UNKNOWN; a
service that one route leads to with and another without authentication is UNKNOWN too.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import field

from archlint.core.facts.documents import ConfigValue, TerraformBlock
from archlint.core.record import dataclass, pattern
from archlint.core.system.calls import HttpCall
from archlint.core.system.workloads import Exposure, NetworkService
from archlint.core.values import Setting, Truth, Unknown
from archlint.model.addresses.routes import backends
from archlint.model.deployment.environments import deployed
from archlint.model.deployment.gateway_access.kubernetes import asked_by, asked_in_mesh, kong_plugins
from archlint.model.deployment.gateway_access.proxies import Passing, nginx_passings, says_that_it_asks
from archlint.model.draft import Draft
from archlint.model.paths import names

Evidence = Setting[str] | Unknown | None

_TERRAFORM = names(
    "aws_api_gateway_authorizer aws_apigatewayv2_authorizer aws_iap_web_iam_member google_iap_web_iam_member "
    "google_iap_brand google_api_gateway_api_config azurerm_api_management_api_policy "
    "azurerm_api_management_authorization_server aws_cognito_user_pool_client kong_plugin"
)
"""Resources by which a cloud's gateway asks who is calling (the providers' documentation on registry.terraform.io)."""

_ASKING_IMAGES = pattern(
    r"(?:^|/)(?:oauth2[-_]proxy|pomerium|authelia|keycloak-gatekeeper|louketo-proxy|gatekeeper|vouch-proxy|oathkeeper|"
    r"authentik(?:-proxy)?|traefik-forward-auth|krakend|tyk-gateway|apisix|kong(?:-gateway)?|express-gateway)$"
)
"""Proxies that ask who is calling, or that are configured when they run."""


@dataclass
class Gateways:
    """What stands before services: ``asking`` by service, ``everywhere`` for all of them, ``reached`` from outside,
    ``internal`` those that run and are not reached."""

    asking: dict[str, list[Evidence]] = field(default_factory=dict)
    everywhere: Evidence = None
    reached: set[str] = field(default_factory=set)
    internal: set[str] = field(default_factory=set)
    callers: dict[str, set[str]] = field(default_factory=dict)
    has_unread: bool = False

    def identifies(self, service: str) -> Evidence:
        """What identifies the callers of a service before they reach it."""
        found = self.asking.get(service, [])
        asks = next((one for one in found if isinstance(one, Setting)), None)
        if asks is not None and all(isinstance(one, Setting) for one in found):
            return asks
        if asks is not None:
            return Unknown("some of the ways that lead here ask who is calling")
        unsure = next((one for one in found if one is not None), None)
        if unsure is None and service in self.internal and self.has_unread:
            return Unknown("only a gateway that is not read leads here")
        return self.everywhere if unsure is None else unsure

    def reaches(self, service: str) -> Truth:
        """Whether a gateway or public Service leads to a service."""
        return service in self.reached

    def only_callers(self, service: str) -> frozenset[str]:
        """The services that alone can call one that the outside does not reach; empty where others may."""
        return frozenset(self.callers.get(service, ())) if service in self.internal else frozenset()


def gateways_of(draft: Draft) -> Gateways:
    """What stands before the services of the draft."""
    gateways = Gateways()
    aside = {one.name for one in draft.environments if not one.is_production}
    for one in draft.select(Exposure):
        if one.service is not None and one.is_loopback is not True and one.environment not in aside:
            gateways.reached.add(one.service)
    by_name: dict[tuple[str, str], list[str]] = {}
    by_host: dict[str, set[str]] = {}
    for service in draft.network_services:
        behind = _services_behind(service)
        by_name.setdefault((service.environment, service.name), []).extend(behind)
        for host in (service.name, *service.hosts):
            by_host.setdefault(host, set()).update(behind)
    _of_clusters(draft, gateways, by_name)
    for passing in nginx_passings(draft.index.of(ConfigValue)):
        _pass(gateways, passing, by_host)
    gateways.everywhere = next(iter(_everywhere(draft)), None)
    _of_insides(draft, gateways)
    return gateways


def _of_clusters(draft: Draft, gateways: Gateways, by_name: dict[tuple[str, str], list[str]]) -> None:
    for deployment in deployed(draft):
        if not deployment.environment.is_production:
            continue
        name, objects = deployment.environment.name, deployment.objects
        plugins = kong_plugins(objects)
        for one in objects:
            for backend in backends(one):
                host = backend.host.partition(".")[0]
                for service in by_name.get((name, host), ()):
                    gateways.reached.add(service)
                    gateways.asking.setdefault(service, []).append(asked_by(one, objects, plugins, host))
        for policy, selects in asked_in_mesh(objects):
            for workload in draft.workloads:
                if workload.environment == name and selects(dict(workload.labels), workload.namespace):
                    for container in workload.containers:
                        if container.service is not None:
                            # A policy of the mesh holds whatever route led to the workload.
                            gateways.asking[container.service] = [policy]
            if selects({"istio": "ingressgateway", "app": "istio-ingressgateway"}, "istio-system"):
                gateways.everywhere = policy


def _pass(gateways: Gateways, passing: Passing, by_host: dict[str, set[str]]) -> None:
    for service in by_host.get(passing.host, ()):
        gateways.reached.add(service)
        gateways.asking.setdefault(service, []).append(passing.asks)


def _everywhere(draft: Draft) -> Iterator[Unknown]:
    """What asks who is calling, whichever services stand behind it."""
    for one in draft.containers:
        if one.image is not None and one.is_production and _ASKING_IMAGES.search(one.image.repository):
            yield Unknown(f"{one.image.repository} may ask who is calling")
    for block in draft.index.of(TerraformBlock):
        if block.type == "resource" and block.labels and block.labels[0] in _TERRAFORM:
            yield Unknown(f"{block.labels[0]} may ask who is calling")
    yield from says_that_it_asks(draft)


def _of_insides(draft: Draft, gateways: Gateways) -> None:
    """Services that run and that the outside does not reach, with who calls them."""
    ran = {one.service for one in draft.containers if one.service is not None and one.is_production}
    gateways.internal = {one for one in ran if one not in gateways.reached}
    gateways.has_unread = any(
        one.role == "gateway" and not one.is_read and one.name not in gateways.internal for one in draft.services
    )
    for call in draft.select(HttpCall):
        if call.target_kind == "service":
            gateways.callers.setdefault(call.target, set()).add(call.service)


def _services_behind(service: NetworkService) -> Iterable[str]:
    containers = (one for workload in service.workloads for one in workload.containers)
    return {one.service for one in containers if one.service is not None}
