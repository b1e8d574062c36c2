"""Calls between services, their targets, and the routes that serve them."""

from __future__ import annotations

from archlint.core.record import dataclass
from archlint.core.span import Span
from archlint.core.system.base import Subject
from archlint.core.values import Place, Setting, Truth, Unknown


@dataclass(frozen=True, eq=False, kw_only=True)
class Route(Subject):
    """What the code serves. ``protocol``: ``http`` or ``grpc``; ``path`` is a template with ``{name}`` parameters, or
    ``/package.Service/Method``. ``methods`` are upper case, empty for any.

    ``kind``: ``business``, ``health``, ``metrics``, ``docs``, ``static``, ``html``. ``documented``: whether the
    service's contract has it, UNKNOWN where the service has no contract (another rule says so) or the path is not
    resolved.
    """

    service: str
    protocol: str
    path: str | Unknown
    methods: tuple[str, ...] = ()
    kind: str = "business"
    framework: str = ""
    handler: str = ""
    documented: Truth = Unknown()
    contract: str | None = None
    related: tuple[Place, ...] = ()


@dataclass(frozen=True, eq=False, kw_only=True)
class AddressReference(Subject):
    """A host that code or configuration names. ``source``: ``code``, ``env``, ``config-map``, ``compose``,
    ``terraform``, ``configuration``, ``route`` (an Ingress or mesh back end).

    ``host_kind``: ``ip``, ``loopback``, ``bind``, ``metadata``, ``in-cluster``, ``external``, ``template``.
    ``resolves``: whether the environment defines that host: UNKNOWN where it cannot be told. ``target`` is the service
    or infrastructure found.
    """

    source: str
    host: str
    host_kind: str
    port: int | None | Unknown = None
    environment: str | None = None
    service: str | None = None
    scheme: str | None = None
    path: str | None = None
    resolves: Truth = Unknown()
    target: str | None = None
    is_call_target: Truth = Unknown()
    """Whether the value configures a call target (probes, CIDR blocks and NetworkPolicies do not)."""
    is_production: bool = True
    """False in a compose file that is not for production: no rule about addresses holds there."""
    related: tuple[Place, ...] = ()


@dataclass(frozen=True, eq=False, kw_only=True)
class RemoteCall(Subject):
    """A call that a service makes over the network, waiting for its answer.

    ``target`` prints as the callee; ``target_kind``: ``service``, ``external``, ``infrastructure``, ``unknown``.
    ``timeout`` is the effective one in seconds with its source; a Setting whose value is None is never stored: no bound
    is None. ``in_production_code`` is false for hand-run clients that no entry point starts.

    ``is_internal``: whether the callee is inside the system (one of its services, or a host of its cluster), UNKNOWN
    where the address is not resolved. ``is_long``: whether it is seen to be an upload, a download, a stream or a long
    poll, whose length is no sign of trouble.

    ``retry`` is what repeats it where it fails, ``attempts`` how often it is tried in all: 1 where nothing repeats it,
    None where nothing ends it. ``is_idempotent``: whether it may be sent twice (a method that only reads or replaces, a
    key that it carries). ``is_repeated``: whether a request that may have arrived is sent again; a retry of connecting
    alone never does that. ``breaker`` is the circuit breaker around it.
    """

    service: str
    library: str
    target: str
    target_kind: str = "unknown"
    timeout: Setting[float] | None | Unknown = None
    retry: Setting[str] | None | Unknown = Unknown("archlint does not read it yet")
    breaker: Setting[str] | None | Unknown = Unknown("archlint does not read it yet")
    attempts: int | None | Unknown = Unknown()
    is_idempotent: Truth = Unknown()
    is_repeated: Truth = Unknown()
    repeated_by: tuple[Place, ...] = ()
    """Where ``retry`` stands."""
    in_production_code: Truth = True
    is_loopback: Truth = False
    is_internal: Truth = Unknown()
    is_long: Truth = False
    function: str = ""
    related: tuple[Place, ...] = ()
    address: tuple[Place, ...] = ()
    """The part of ``related`` that leads to where its address is written."""
    passes_through: Truth = False
    """Whether it hands on what a client asked of a gateway, whatever that is."""
    is_probe: Truth = False
    """Whether it only asks whether the callee is well."""


@dataclass(frozen=True, eq=False, kw_only=True)
class HttpCall(RemoteCall):
    """An HTTP call. ``path`` is a template with ``{}`` for what is not known."""

    method: str | Unknown = Unknown()
    url: str | Unknown = Unknown()
    host: str | Unknown = Unknown()
    path: str | Unknown = Unknown()
    takes_timeout: bool = False
    """Whether ``timeout=`` in seconds may be given right at the place: it is a call of a library that takes one."""


@dataclass(frozen=True, eq=False, kw_only=True)
class GrpcCall(RemoteCall):
    """A gRPC stub call. ``timeout`` is its deadline. ``streaming``: a subscription of unbounded length."""

    rpc: str | Unknown = Unknown()
    rpc_service: str | Unknown = Unknown()
    streaming: Truth = False
    is_secure: Truth = Unknown()
    channel_at: Span | None = None
    """Where its channel is made, None where that is not known."""


@dataclass(frozen=True, eq=False, kw_only=True)
class RpcCall(RemoteCall):
    """A call over a message broker that waits for its answer (nameko, a Celery result, ``reply_to``, a NATS request).

    ``subject`` is the service, task, queue or subject that it asks; ``handlers`` are the functions of the callee that
    answer, by their qualified names. Redelivery is its retry.
    """

    broker: str
    subject: str | Unknown = Unknown()
    handlers: tuple[str, ...] = ()


@dataclass(frozen=True, eq=False, kw_only=True)
class Dependency(Subject):
    """All synchronous calls of one service to another, merged over code, mesh and gateway.

    ``at`` is the line of the code that gives the target, ``address_at`` the place that sets its address (a variable in
    a manifest, else ``at``). ``target_kind``: ``service`` or ``external``. ``protocol``: ``http`` where any call is
    HTTP, ``grpc``, else the library's name.
    """

    service: str
    target: str
    target_kind: str
    protocol: str
    calls: tuple[RemoteCall, ...] = ()
    address_at: Span | None = None
    is_retryable: Truth = Unknown()
    """Whether a call of it may be sent twice."""
    retryable: tuple[Place, ...] = ()
    """The calls that may be sent twice."""
    retry: Setting[str] | None | Unknown = Unknown()
    """What repeats one of the calls that may be sent twice."""
    breaker: Setting[str] | None | Unknown = Unknown()
    is_one_shot: Truth = False
    """Whether the caller is a job that runs once and ends."""
    related: tuple[Place, ...] = ()


@dataclass(frozen=True, eq=False, kw_only=True)
class Transport(Subject):
    """How calls travel from one service of the system to another. ``protocol``: ``HTTP`` or ``gRPC``.

    ``is_plaintext`` says what the code or configuration asks for; ``is_meshed`` whether a mesh over both ends encrypts
    it all the same. ``at`` is the client's channel or URL, else the callee's open listener.
    """

    service: str
    target: str
    protocol: str
    is_plaintext: Truth
    is_meshed: Truth = False
    related: tuple[Place, ...] = ()


@dataclass(frozen=True, eq=False, kw_only=True)
class RepeatedCall(Subject):
    """A call to another service, or to an external API, that is made once for each round of a loop over data.

    ``loop``: ``for``, ``while`` or ``comprehension``. ``at`` is the call in the loop; the remote call itself may be
    made some functions further. ``is_over_data``: the rounds are elements of data, not attempts, polls, pages, messages
    or a fixed list.
    """

    service: str
    target: str
    loop: str
    is_over_data: Truth
    related: tuple[Place, ...] = ()


@dataclass(frozen=True, eq=False, kw_only=True)
class CallChain(Subject):
    """Synchronous calls that wait for one another: each callee makes the next one before it answers.

    ``services`` begin with the first caller; ``hops`` is the number of calls.
    """

    services: tuple[str, ...]
    hops: int
    calls: tuple[RemoteCall, ...]
    related: tuple[Place, ...] = ()


@dataclass(frozen=True, eq=False, kw_only=True)
class TimeoutBudget(Subject):
    """A call whose callee, to answer it, waits for another one.

    ``waits`` are the seconds after which the caller has given up with all its attempts, ``needs`` those that the callee
    may wait for ``target``, with all attempts.
    """

    service: str
    callee: str
    target: str
    waits: float
    needs: float
    related: tuple[Place, ...] = ()


__all__ = [
    "AddressReference",
    "CallChain",
    "Dependency",
    "GrpcCall",
    "HttpCall",
    "RemoteCall",
    "RepeatedCall",
    "Route",
    "RpcCall",
    "Span",
    "TimeoutBudget",
    "Transport",
]
