"""Whether a call may be sent twice: by its method, by its name, by a key that it carries.

In: remote calls and the code that makes them. Out: three-valued. A POST that may only read, or may carry a key in what
is not seen, is UNKNOWN.
"""

from __future__ import annotations

from archlint.core.facts.python import Dictionary, Display, Expression, Literal, PythonCall, Reference, Result
from archlint.core.record import pattern
from archlint.core.system.calls import GrpcCall, HttpCall, RemoteCall
from archlint.core.values import Truth, Unknown
from archlint.model.code.objects import base_of, call_of
from archlint.model.code.scope import assigned_value
from archlint.model.draft import Draft
from archlint.model.program.program import Module

_SAFE = frozenset({"GET", "HEAD", "OPTIONS", "PUT", "DELETE", "TRACE"})
_KEY = pattern(r"(?i)idempot|dedup")
_PERHAPS_KEY = pattern(
    r"(?i)request[-_]?id|token$|correlation|nonce|transaction[-_]?id|message[-_]?id|event[-_]?id|uuid"
)
_READS = pattern(
    r"(?i)(?:^|[/_:-])(?:search|query|graphql|lookup|validate|verify|check|token|oauth2?|auth|authenticate|login|introspect"
    r"|predict\w*|infer\w*|embed\w*|completions?|generate\w*|chat|classif\w*|translate|convert|calculate|compute|estimate|quote"
    r"|preview|render|resolve|match|score|list|find|get\w*|filter|read|decode|encode|parse|analy[sz]e|similar\w*|rank\w*|recommend\w*"
    r"|rpc|jsonrpc|select|batch|batchget|mget|msearch|_count|export|transcri\w*|detect\w*|recogni[sz]e|refresh|health|ping)(?:$|[/?_.-])"
)
_READING_RPC = pattern(
    r"(?:Get|List|Find|Search|Query|Read|Lookup|Fetch|Describe|Check|Count|Validate|Verify|Calculate|Compute|Is|Has|Exists"
    r"|Convert|Estimate|Quote|Preview|Resolve|Predict|Recommend|Watch|Ping|Health|Batch[Gg]et|Load|Show|Select|View)(?![a-z])"
)
_CHANGING_RPC = pattern(
    r"(?:Create|Add|Place|Charge|Pay|Send|Ship|Insert|Submit|Register|Transfer|Reserve|Publish|Increment|Append|Book|Order"
    r"|Purchase|Withdraw|Deposit|Debit|Credit|Refund|Notify|Issue|Enqueue)(?![a-z])"
)


def is_idempotent(draft: Draft, call: RemoteCall, made: PythonCall | None, module: Module | None) -> Truth:
    """Whether sending the call a second time leaves what one sending does."""
    if isinstance(call, HttpCall):
        return _of_http(draft, call, made, module)
    if isinstance(call, GrpcCall):
        return _of_grpc(call)
    return Unknown("whether it may be sent twice is not known")


def _of_grpc(call: GrpcCall) -> Truth:
    if isinstance(call.rpc, Unknown):
        return Unknown("its method is not known")
    name = call.rpc[:1].upper() + call.rpc[1:]
    name = "".join(part[:1].upper() + part[1:] for part in name.split("_"))
    if _READING_RPC.match(name):
        return True
    return False if _CHANGING_RPC.match(name) else Unknown("whether it may be sent twice is not known")


def _of_http(draft: Draft, call: HttpCall, made: PythonCall | None, module: Module | None) -> Truth:
    if isinstance(call.method, Unknown):
        return Unknown("its method is not known")
    if call.method in _SAFE:
        return True
    if call.method not in ("POST", "PATCH"):
        return Unknown("its method is not known")
    if made is None or module is None:
        return Unknown("its arguments are not seen")
    key = _carries_key(draft, made, module)
    if key is not False:
        return key
    if isinstance(call.path, Unknown):
        return Unknown("what it does is not known")
    if _READS.search(call.path):
        return Unknown("it may only read")
    return False


def _carries_key(draft: Draft, made: PythonCall, module: Module) -> Truth:
    """Whether the request has an idempotency key."""
    result: Truth = False
    for argument in made.arguments:
        if argument.name in ("*", "**"):
            result = Unknown("arguments that are not all seen")
            continue
        if argument.name is None and not isinstance(argument.value, Dictionary):
            continue  # the method, the address, a body made elsewhere
        if argument.name not in ("headers", "json", "data", "params", "content", "body", None):
            continue
        found = _names(draft, argument.value, module, 0)
        if any(_KEY.search(one) for one in found):
            return True
        if any(one == "?" or _PERHAPS_KEY.search(one) for one in found) and argument.name != "params":
            result = Unknown("it may carry a key")
    base = base_of(made.callee)
    origin = draft.program.origin(base, module) if base is not None else None
    if origin is not None:
        headers = origin[0].argument("headers")
        if headers is not None and any(_KEY.search(one) for one in _names(draft, headers.value, origin[1], 0)):
            return True
    if result is False and any(_KEY.search(one.name) or _KEY.search(one.value) for one in module.facts.strings):
        return Unknown("its module speaks of idempotency keys")
    return result


def _names(draft: Draft, expression: Expression, module: Module, depth: int) -> list[str]:
    """The names of the entries in what is sent; ``?`` where they are not seen."""
    if isinstance(expression, Reference) and depth < 3:
        value, home = assigned_value(draft, expression, module)
        return ["?"] if isinstance(value, Reference) else _names(draft, value, home, depth + 1)
    if isinstance(expression, Dictionary) and depth < 4:
        found: list[str] = []
        for key, value in expression.entries:
            if isinstance(key, Literal):
                found.append(str(key.value))
            else:
                found.append("?")
            if isinstance(value, Dictionary):
                found += _names(draft, value, module, depth + 1)
        return found
    if isinstance(expression, Literal):
        return [str(expression.value)]
    if isinstance(expression, Display):
        return []
    if isinstance(expression, Result) and depth < 3:
        inner = call_of(expression, module)
        if inner is not None:
            names = [one.name for one in inner.arguments if one.name not in (None, "*", "**")]
            nested = [part for one in inner.arguments for part in _names(draft, one.value, module, depth + 1)]
            return [*(name for name in names if name), *nested, "?"]
    return ["?"]
