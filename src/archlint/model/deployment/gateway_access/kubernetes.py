"""What Ingresses, Gateway API routes, Traefik and Kong ask of callers, and what policies of the mesh do.

Sources: https://kubernetes.github.io/ingress-nginx/user-guide/nginx-configuration/annotations/#external-authentication,
https://doc.traefik.io/traefik/middlewares/http/forwardauth/, https://docs.konghq.com/kubernetes-ingress-controller/,
https://istio.io/latest/docs/reference/config/security/authorization-policy/ (a RequestAuthentication alone lets
requests without a token pass), https://gateway.envoyproxy.io/docs/api/extension_types/#securitypolicy.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator

from archlint.core import tree
from archlint.core.facts.documents import KubernetesObject
from archlint.core.record import pattern
from archlint.core.span import first_line
from archlint.core.values import Setting, Unknown
from archlint.model.deployment.network import labels_of, matches
from archlint.model.paths import names

Evidence = Setting[str] | Unknown | None
Selects = Callable[[dict[str, str], str | None], bool]

_ANNOTATION = pattern(
    r"(?:^|/)(?:auth-url|auth-signin|auth-type|auth-tls-secret|auth-tls-verify-client|auth-secret|auth-jwt.*|jwt-.*|"
    r"auth-realm|enable-global-auth)$"
)
_SNIPPET = pattern(r"\b(?:auth_request|auth_jwt|auth_basic)\s+(?!off)")
_KONG = names(
    "jwt key-auth oauth2 openid-connect basic-auth hmac-auth ldap-auth ldap-auth-advanced jwt-signer mtls-auth "
    "key-auth-enc oauth2-introspection session jwt-keycloak oidc forward-auth"
)
_TRAEFIK = names("forwardAuth basicAuth digestAuth")
_ENVOY = names("jwt oidc extAuth basicAuth apiKeyAuth")
_ROOT = "istio-system"


def kong_plugins(objects: Iterable[KubernetesObject]) -> dict[str, str]:
    """The plugins of Kong that ask who is calling, by their objects' names; ``*`` for a global one."""
    found: dict[str, str] = {}
    for one in objects:
        if one.kind in ("KongPlugin", "KongClusterPlugin"):
            plugin = tree.text(one.tree, "plugin") or ""
            if plugin in _KONG and tree.text(one.tree, "disabled") != "true":
                found[one.name] = plugin
                if tree.text(one.tree, "metadata", "labels", "global") == "true":
                    found["*"] = plugin
    return found


def asked_by(one: KubernetesObject, objects: list[KubernetesObject], plugins: dict[str, str], service: str) -> Evidence:
    """What the route asks of callers whom it passes to the service."""
    at = first_line(one.at)
    for entry in tree.entries(one.tree, "metadata", "annotations"):
        text = tree.text(entry.value) or ""
        if _ANNOTATION.search(entry.key) and text.lower() not in ("", "none", "false", "off", "noauth"):
            return Setting(entry.key.rpartition("/")[2], "gateway", entry.at)
        if entry.key.endswith("-snippet") and _SNIPPET.search(text):
            return Setting("auth_request", "gateway", entry.at)
        if entry.key.endswith("konghq.com/plugins") or entry.key == "plugins.konghq.com":
            asking = [plugins[name] for name in _listed(text) if name in plugins]
            if asking:
                return Setting(asking[0], "gateway", entry.at)
        if entry.key.endswith("router.middlewares"):
            return _of_middlewares(_listed(text), objects, one)
    if "*" in plugins:
        return Setting(plugins["*"], "gateway", at)
    for other in objects:
        if other.kind == "Service" and other.name == service:
            listed = tree.text(other.tree, "metadata", "annotations", "konghq.com/plugins") or ""
            asking = [plugins[name] for name in _listed(listed) if name in plugins]
            if asking:
                return Setting(asking[0], "gateway", first_line(other.at))
    if one.kind == "IngressRoute":
        return _of_ingress_route(one, objects, service)
    if one.kind in ("HTTPRoute", "GRPCRoute"):
        return _of_security_policies(one, objects)
    return None


def _listed(text: str) -> list[str]:
    return [part.strip() for part in text.split(",") if part.strip()]


def _of_middlewares(listed: list[str], objects: list[KubernetesObject], route: KubernetesObject) -> Evidence:
    """Traefik's middlewares by name, ``namespace-name@kubernetescrd`` in annotations."""
    by_name = {one.name: one for one in objects if one.kind == "Middleware"}
    unsure: Evidence = None
    for item in listed:
        name = item.partition("@")[0]
        found = by_name.get(name) or by_name.get(name.removeprefix(f"{route.namespace or 'default'}-"))
        if found is None:
            unsure = Unknown(f"the middleware {item} is not read")
        elif any(tree.get(found.tree, "spec", kind) is not None for kind in _TRAEFIK):
            return Setting(found.name, "gateway", first_line(found.at))
        elif tree.get(found.tree, "spec", "plugin") is not None or tree.get(found.tree, "spec", "chain") is not None:
            unsure = Unknown(f"the middleware {found.name} may ask who is calling")
    return unsure


def _of_ingress_route(one: KubernetesObject, objects: list[KubernetesObject], service: str) -> Evidence:
    for rule in tree.items(one.tree, "spec", "routes"):
        if any(tree.text(item, "name") == service for item in tree.items(rule, "services")):
            listed = [tree.text(item, "name") or "?" for item in tree.items(rule, "middlewares")]
            return _of_middlewares(listed, objects, one)
    return None


def _of_security_policies(one: KubernetesObject, objects: list[KubernetesObject]) -> Evidence:
    parents = {tree.text(item, "name") for item in tree.items(one.tree, "spec", "parentRefs")}
    for policy in objects:
        if policy.kind != "SecurityPolicy":
            continue
        targets = [*tree.items(policy.tree, "spec", "targetRefs")]
        single = tree.get(policy.tree, "spec", "targetRef")
        targets += [single] if single is not None else []
        if any(tree.text(target, "name") in {one.name, *parents} for target in targets) and any(
            tree.get(policy.tree, "spec", kind) is not None for kind in _ENVOY
        ):
            return Setting(policy.name, "gateway", first_line(policy.at))
    filters = (item for rule in tree.items(one.tree, "spec", "rules") for item in tree.items(rule, "filters"))
    if any(tree.text(item, "type") == "ExtensionRef" for item in filters):
        return Unknown("a filter that is not read")
    return None


def asked_in_mesh(objects: Iterable[KubernetesObject]) -> Iterator[tuple[Setting[str], Selects]]:
    """The mesh's policies that let in only callers who are known, with which workloads they hold for."""
    for one in objects:
        if one.kind == "AuthorizationPolicy" and "istio" in one.api_version and _names_callers(one):
            yield Setting(f"AuthorizationPolicy {one.name}", "mesh", first_line(one.at)), _selector(one)
        elif one.kind == "EnvoyFilter" and _mentions(one, ("jwt_authn", "ext_authz")):
            yield Setting(f"EnvoyFilter {one.name}", "mesh", first_line(one.at)), _selector(one)


def _names_callers(one: KubernetesObject) -> bool:
    spec = tree.get(one.tree, "spec")
    if (tree.text(spec, "action") or "ALLOW") == "CUSTOM":
        return True
    for rule in tree.items(spec, "rules"):
        for source in tree.items(rule, "from"):
            if any(
                tree.get(source, "source", key) is not None
                for key in ("requestPrincipals", "notRequestPrincipals", "principals", "notPrincipals")
            ):
                return True
        if any((tree.text(item, "key") or "").startswith("request.auth") for item in tree.items(rule, "when")):
            return True
    return False


def _selector(one: KubernetesObject) -> Selects:
    labels = labels_of(one.tree, "spec", "selector", "matchLabels") or labels_of(
        one.tree, "spec", "workloadSelector", "labels"
    )
    namespace = one.namespace

    def selects(candidate: dict[str, str], where: str | None) -> bool:
        if namespace != _ROOT and (namespace or "default") != (where or "default"):
            return False
        return matches(labels, candidate) if labels else True

    return selects


def _mentions(one: KubernetesObject, texts: tuple[str, ...]) -> bool:
    return any(
        isinstance(node, tree.Scalar) and isinstance(node.value, str) and any(text in node.value for text in texts)
        for _, node in tree.walk(one.tree)
    )
