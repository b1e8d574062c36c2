"""What was recognised and no stage of the model understands yet: counted and named, never silently skipped.

In: the facts. Out: counts in the draft, by what people call them. A custom resource counts under its kind unless some
stage reads it.
"""

from __future__ import annotations

from archlint.core.facts.documents import AsyncApiDocument, KubernetesObject, Pipeline
from archlint.model.draft import Draft

_READ_CUSTOM_KINDS = frozenset(
    {
        "AuthorizationPolicy",
        "ExternalSecret",
        "GRPCRoute",
        "Gateway",
        "HTTPRoute",
        "IngressRoute",
        "IngressRouteTCP",
        "PeerAuthentication",
        "Rollout",
        "ScaledObject",
        "SealedSecret",
        "ServiceEntry",
        "TCPRoute",
        "TLSRoute",
        "UDPRoute",
        "VirtualService",
    }
)
_BUILTIN_GROUPS = frozenset({"apps", "autoscaling", "batch", "extensions", "policy"})


def count_unread(draft: Draft) -> None:
    """Count what no stage understands, as ``DestinationRule objects`` or ``CI pipelines (beyond their secrets)``."""
    for one in draft.index.of(KubernetesObject):
        if is_custom(one.api_version) and one.kind not in _READ_CUSTOM_KINDS:
            draft.unread[f"{one.kind} objects"] += 1
    pipelines = len(draft.index.of(Pipeline))
    if pipelines:
        draft.unread["CI pipelines (beyond their secrets)"] += pipelines
    documents = len(draft.index.of(AsyncApiDocument))
    if documents:
        draft.unread["AsyncAPI documents (beyond their channels)"] += documents


def is_custom(api_version: str) -> bool:
    """Whether an object is of a group outside Kubernetes itself: ``istio.io``, ``monitoring.coreos.com``; Knative's
    services are workloads and count as read."""
    group, slash, _ = api_version.rpartition("/")
    if not slash or group in _BUILTIN_GROUPS:
        return False
    return not group.endswith(".k8s.io") and group != "serving.knative.dev"
