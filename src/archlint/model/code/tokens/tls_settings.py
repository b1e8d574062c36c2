"""TLS verification switched off in Python: arguments, attributes of sessions and contexts, unverified contexts.

In: the production Python of each service. Out: ``TlsSetting`` subjects, only for switches that are off or not known.
"""

from __future__ import annotations

from collections.abc import Iterator

from archlint.core.facts.python import Argument, Expression, Literal, PythonCall, Reference
from archlint.core.record import pattern
from archlint.core.span import Span
from archlint.core.values import Place, Truth, Unknown
from archlint.model.code.calls.http_libraries import CLIENT_CLASSES, MEMBERS
from archlint.model.code.calls.targets import read_target, target_of
from archlint.model.code.objects import base_of, is_instance, member_of
from archlint.model.code.scope import code_scope
from archlint.model.draft import Draft
from archlint.model.program.program import Module, Resolved
from archlint.model.tls import tls_setting, url_switch

_SWITCHES: dict[str, tuple[object, ...]] = {
    "verify": (False,),
    "verify_ssl": (False,),
    "ssl_verify": (False,),
    "verify_certs": (False,),
    "validate_certs": (False,),
    "validate_cert": (False,),
    "ssl": (False,),
    "check_hostname": (False,),
    "ssl_check_hostname": (False,),
    "tlsAllowInvalidCertificates": (True,),
    "tlsInsecure": (True,),
    "tls_insecure": (True,),
    "disable_ssl_certificate_validation": (True,),
    "insecure_skip_verify": (True,),
    "cert_reqs": ("CERT_NONE", "none"),
    "ssl_cert_reqs": ("CERT_NONE", "none", None),
    "sslmode": ("disable",),
    "ssl_disabled": (True,),
    "ssl_verify_cert": (False,),
    "ssl_verify_identity": (False,),
    "verify_cert": (False,),
    "trust_server_certificate": (True,),
}
"""Keyword arguments and the values that switch verification off."""

_NOT_TLS = pattern(r"^(jwt|jose|authlib|itsdangerous|pydantic|werkzeug|django|sqlalchemy\.Column|unittest|builtins)\b")
_TAKES_VERIFY = pattern(
    r"^(requests|httpx|hvac|boto3|botocore|aiobotocore|consul|elasticsearch|opensearchpy|keycloak|docker|kubernetes|"
    r"minio|influxdb|influxdb_client|zeep|jira|gitlab|ldap3|openai)\b"
)
_TAKES_SSL = pattern(r"^(aiohttp)\b")
_UNVERIFIED = "ssl._create_unverified_context"


def add_tls_settings(draft: Draft) -> None:
    """Add the switches that stand in Python."""
    scope = code_scope(draft)
    for module in scope.modules():
        found: dict[tuple[Span, str], tuple[Truth, Expression | None]] = {}
        for at, option, truth, url in _in_module(draft, module):
            found.setdefault((at, option), (truth, url))
        for (at, option), (truth, url) in found.items():
            for service in _services(draft, at, module):
                disabled: Truth = truth
                related: tuple[Place, ...] = ()
                if url is not None and truth is True:
                    target = target_of(draft, service, url, module)
                    disabled, related = not target.is_loopback, target.chain
                owner = f"{service} {at.path}"
                draft.add(tls_setting(at, option, owner, "code", service, disabled, related))


def _services(draft: Draft, at: Span, module: Module) -> tuple[str, ...]:
    scope = code_scope(draft)
    call = next((one for one in module.facts.calls if one.at.covers(at.line)), None)
    if call is not None:
        return scope.services_running(call, module)
    return scope.services_running(PythonCall(at, Reference("?"), ()), module)


def _in_module(draft: Draft, module: Module) -> Iterator[tuple[Span, str, Truth, Expression | None]]:
    for call in module.facts.calls:
        for argument in call.arguments:
            if argument.name in _SWITCHES:
                yield from _in_arguments(draft, call, module)
                break
        name = member_of(call.callee)
        if name == "_create_unverified_context":
            yield call.at, f"{_UNVERIFIED}()", True, None
        elif name == "tls_insecure_set" and call.arguments:
            yield from _switched(draft, call.arguments[0], (True,), "tls_insecure_set(True)", module, None)
    for one in module.facts.assignments:
        name = member_of(one.target)
        if isinstance(one.value, Reference) and one.value.name == _UNVERIFIED:
            yield one.value_at, f"{name} = {_UNVERIFIED}", True, None
        elif name == "verify" and one.value == Literal(False):
            base = base_of(one.target)
            owner = draft.program.qualify(base, module) if base is not None else ""
            if _is_client(draft, owner):
                yield one.at, "verify = False", True, None
        elif name == "verify_mode" and isinstance(one.value, Reference) and one.value.name.endswith("CERT_NONE"):
            yield one.at, "verify_mode = CERT_NONE", True, None
        elif name == "check_hostname" and one.value == Literal(False):
            base = base_of(one.target)
            if not _has_no_mode(module, base):
                yield one.at, "check_hostname = False", True, None
    for text in module.facts.strings:
        switch = url_switch(text.value)
        if switch is not None:
            target = read_target(draft, Resolved(text.value))
            yield text.at, switch, target.kind != "unknown" or not target.is_loopback, None


def _has_no_mode(module: Module, base: Expression | None) -> bool:
    """Whether the same context's verify_mode is switched off as well: that line is the cause."""
    return any(
        member_of(one.target) == "verify_mode"
        and base_of(one.target) == base
        and isinstance(one.value, Reference)
        and one.value.name.endswith("CERT_NONE")
        for one in module.facts.assignments
    )


def _in_arguments(
    draft: Draft, call: PythonCall, module: Module
) -> Iterator[tuple[Span, str, Truth, Expression | None]]:
    callee: str | None = None
    for argument in call.arguments:
        values = _SWITCHES.get(argument.name or "")
        if values is None or (isinstance(argument.value, Literal) and argument.value.value not in values):
            continue
        callee = callee if callee is not None else draft.program.callee(call, module)
        if not _concerns_tls(draft, str(argument.name), callee, member_of(call.callee)):
            continue
        url = call.arguments[0].value if call.arguments and call.arguments[0].name is None else None
        option = f"{argument.name}={_shown(argument.value, values)}"
        url = url if member_of(call.callee) in MEMBERS else None
        if member_of(call.callee) == "request" and len(call.arguments) > 1 and call.arguments[1].name is None:
            url = call.arguments[1].value
        if argument.name == "sslmode":
            host = call.argument("host")
            url = host.value if host is not None else None
        yield from _switched(draft, argument, values, option, module, url)


def _concerns_tls(draft: Draft, name: str, callee: str, member: str) -> bool:
    if _NOT_TLS.match(callee):
        return False
    if name == "verify":
        owner = callee.rpartition(".")[0]
        return (
            bool(_TAKES_VERIFY.match(callee))
            or _is_client(draft, owner)
            or (callee.startswith("?") and member in MEMBERS - {"open", "send"})
        )
    if name == "ssl":
        return bool(_TAKES_SSL.match(callee)) or _is_client(draft, callee.rpartition(".")[0])
    if name == "check_hostname":
        return "ssl" in callee.lower() or "http" in callee.lower() or "ldap" in callee.lower()
    return True


def _is_client(draft: Draft, owner: str) -> bool:
    return owner in CLIENT_CLASSES or is_instance(draft, owner, CLIENT_CLASSES) is not None


def _switched(
    draft: Draft, argument: Argument, values: tuple[object, ...], option: str, module: Module, url: Expression | None
) -> Iterator[tuple[Span, str, Truth, Expression | None]]:
    value = argument.value
    if isinstance(value, Literal):
        if value.value in values and type(value.value) in {type(one) for one in values}:
            yield argument.at, option, True, url
        return
    if isinstance(value, Reference) and value.name.rpartition(".")[2] in values:
        yield argument.at, option, True, url
        return
    found = draft.program.evaluate(value, module)
    if isinstance(found, Unknown):
        return
    if found and all(one.is_exact and _is_off(one.value, values) for one in found):
        yield argument.at, option, True, url
    elif any(not one.is_exact for one in found):
        yield argument.at, option, Unknown("its value is not known"), None


def _is_off(value: object, values: tuple[object, ...]) -> bool:
    return any(value is off or (isinstance(off, str) and value == off) for off in values)


def _shown(value: Expression, values: tuple[object, ...]) -> str:
    if isinstance(value, Literal):
        return str(value.value)
    if isinstance(value, Reference):
        return value.name.rpartition(".")[2]
    return str(values[0])
