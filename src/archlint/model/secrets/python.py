"""Secrets in Python source: named texts, defaults of environment reads, credentials in calls and connection URLs.

A default holds where no scanned layer sets the variable; one that is overridden still counts where it equals a
credential that is in force somewhere. Keys that sign or verify tokens count even where they look like placeholders.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator

from archlint.core.facts.python import (
    Argument,
    Choice,
    Dictionary,
    Display,
    EnvironmentRead,
    Expression,
    Literal,
    PythonCall,
    PythonModule,
    PythonString,
    Reference,
    Result,
    Template,
)
from archlint.core.record import pattern
from archlint.core.span import Span
from archlint.model.code.objects import member_of
from archlint.model.draft import Draft
from archlint.model.paths import words
from archlint.model.production import is_production, service_name_at
from archlint.model.program import Module
from archlint.model.secrets.collect import Collector
from archlint.model.secrets.names import credential_kind, words_of
from archlint.model.secrets.value import MASK, Secret, find_secret

_POSITIONAL: dict[str, tuple[int, str]] = {
    "pika.PlainCredentials": (1, "password"),
    "pika.credentials.PlainCredentials": (1, "password"),
    "requests.auth.HTTPBasicAuth": (1, "password"),
    "httpx.BasicAuth": (1, "password"),
    "aiohttp.BasicAuth": (1, "password"),
    "jwt.encode": (1, "jwt_secret"),
    "jwt.decode": (1, "jwt_secret"),
    "jose.jwt.encode": (1, "jwt_secret"),
    "jose.jwt.decode": (1, "jwt_secret"),
    "itsdangerous.URLSafeTimedSerializer": (0, "signing_key"),
    "itsdangerous.URLSafeSerializer": (0, "signing_key"),
    "itsdangerous.TimestampSigner": (0, "signing_key"),
    "itsdangerous.Signer": (0, "signing_key"),
    "itsdangerous.TimedJSONWebSignatureSerializer": (0, "signing_key"),
    "cryptography.fernet.Fernet": (0, "fernet_key"),
    "hmac.new": (0, "hmac_key"),
    "Crypto.Cipher.AES.new": (0, "encryption_key"),
    "Cryptodome.Cipher.AES.new": (0, "encryption_key"),
    "cryptography.hazmat.primitives.ciphers.algorithms.AES": (0, "encryption_key"),
    "pymysql.connect": (2, "password"),
    "MySQLdb.connect": (2, "password"),
}
"""The position at which a library's function takes a credential."""

_VERIFIERS = frozenset(("jwt.encode", "jwt.decode", "jose.jwt.encode", "jose.jwt.decode"))
_SIGNERS = frozenset(name.rpartition(".")[2] for name, (_, kind) in _POSITIONAL.items() if kind != "password")
_SIGNING = {
    "encode": pattern(r"^(?:jwt\.(?:api_jwt\.)?(?:PyJWT\.)?|jose\.jwt\.)encode$"),
    "decode": pattern(r"^(?:jwt\.(?:api_jwt\.)?(?:PyJWT\.)?|jose\.jwt\.)decode$"),
}
_WRAPPING = frozenset(("SecretStr", "SecretBytes", "Field", "Secret"))
"""What gives a field its default: the literal inside is the field's."""
_LOGIN = pattern(r"(?:^|\.)(?:smtplib\.SMTP(?:_SSL)?\.login|login)$")
_SUSPICIOUS = pattern(r"://|AKIA|ghp_|sk_live|xox|BEGIN|AccountKey|assword\s*=|eyJ")
_IMITATION = pattern(r"^(?:xox[abeoprs]-|gh[pousr]_|[srp]k[-_]|AKIA|SG\.|glpat-)\S{0,15}$")
"""The look of a vendor's token, too short to be one: what a client is given that never signs in."""
_HOLDING = frozenset((EnvironmentRead, Template, Choice, Literal, Display, Dictionary))
"""The expressions that a text may stand in."""
_DEEPEST = 6
_DOCUMENTATION = frozenset(("EXAMPLES", "DOCUMENTATION", "RETURN"))
"""What modules of Ansible document themselves by."""
_FIXTURE = frozenset(
    ("test", "tests", "testing", "smoketest", "fixture", "fixtures", "mock", "mocks", "example", "sample")
)
"""Words of file names whose literals are test data."""


def add_source_secrets(
    draft: Draft,
    collector: Collector,
    default_holds: Callable[[str, str | None], bool],
    in_force: set[str],
    weak: dict[str, set[tuple[str, ...]]],
) -> None:
    """Add the secrets of production Python. ``in_force`` are the digests of the credentials that deployments use;
    ``weak`` their values with the words of their names: a mere word (``password``) counts under the same name."""
    for module in draft.program.modules.values():
        if not is_production(module.path, draft.config) or _FIXTURE & set(words(module.path.rpartition("/")[2])):
            continue
        service = service_name_at(draft, module.path)
        for name, at, secret, variable in _in_module(draft, module, weak):
            holds = variable is None or default_holds(variable, service) or secret.digest in in_force
            collector.add(
                secret, "source", at, name, owner=_function_of(module.facts, at), service=service, in_force=holds
            )


def _in_module(
    draft: Draft, module: Module, weak: dict[str, set[tuple[str, ...]]]
) -> Iterator[tuple[str, Span, Secret, str | None]]:
    """Name, place, secret, and the environment variable whose default it is."""
    parameters = {parameter.name for function in module.facts.functions for parameter in function.parameters}
    settings = {
        one.name for one in module.facts.classes if any("Settings" in getattr(base, "name", "") for base in one.bases)
    }
    fields: dict[tuple[int, int], str] = {}
    if settings:
        for assignment in module.facts.assignments:
            owner, _, last = getattr(assignment.target, "name", "").rpartition(".")
            if owner in settings:
                fields[(assignment.value_at.line, assignment.value_at.column)] = last.upper()
    reported: set[tuple[int, str]] = set()
    for text in module.facts.strings:
        secret = _in_string(text)
        if secret is None and text.value in weak and words_of(text.name) in weak[text.value]:
            secret = find_secret(text.name, text.value)
        if secret is None:
            continue
        variable = fields.get((text.at.line, text.at.column))
        if text.context == "default" and (text.name not in parameters or text.name.isupper()):
            variable = text.name
        reported.add((text.at.line, secret.digest))
        yield text.name, text.at, secret, variable
    found = [
        one
        for assignment in module.facts.assignments
        if type(assignment.value) in _HOLDING and member_of(assignment.target) not in _DOCUMENTATION
        for one in _in_expression(
            assignment.value, getattr(assignment.target, "name", "").rpartition(".")[2], assignment.value_at, 0
        )
    ]
    found += [one for call in module.facts.calls if call.arguments for one in _in_call(call)]
    found += [*_wrapped(module), *_signing_keys(draft, module)]
    for name, at, secret, variable in found:
        # A text inside the expression may have been reported by its own name, an inlined variable by its assignment.
        if not any((line, secret.digest) in reported for line in range(at.line, at.end_line + 1)):
            reported.add((at.line, secret.digest))
            yield name, at, secret, variable


def _wrapped(module: Module) -> Iterator[tuple[str, Span, Secret, str | None]]:
    """``api_key: SecretStr = SecretStr("…")`` and ``Field("…")``: what stands inside has the field's name."""
    for assignment in module.facts.assignments:
        call = module.call(assignment.value.call) if isinstance(assignment.value, Result) else None
        name = getattr(assignment.target, "name", "").rpartition(".")[2]
        for _ in range(2):
            if call is None or call.name.rpartition(".")[2] not in _WRAPPING:
                break
            given = call.argument("default", 0)
            if given is None:
                break
            if isinstance(given.value, Literal):
                secret = find_secret(name, given.value.value, is_source=True)
                if secret is not None:
                    yield name, given.at, secret, name.upper() if assignment.function is None else None
                break
            call = module.call(given.value.call) if isinstance(given.value, Result) else None


def _signing_keys(draft: Draft, module: Module) -> Iterator[tuple[str, Span, Secret, str | None]]:
    """Keys that sign or encrypt, given by a name that says nothing: reported where the literal stands."""
    for call in module.calls_named(_SIGNERS):
        last = call.name.rpartition(".")[2]
        callee = draft.program.callee(call, module)
        if last in _SIGNING:
            if not _SIGNING[last].match(callee):
                continue
            index, name = 1, "jwt_secret"
        elif callee in _POSITIONAL:
            index, name = _POSITIONAL[callee]
        else:
            continue
        given = call.argument("key", index)
        if given is None:
            continue
        value, at, shown = given.value, given.at, name
        if isinstance(value, Reference):
            known = _literals(draft).get(value.name) or _literals(draft).get(draft.program.qualify(value, module))
            if known is None:
                continue
            value, at, shown = known
        if isinstance(value, Literal):
            secret = find_secret(name, value.value)
            if secret is not None:
                yield shown, at, secret, None


def _literals(draft: Draft) -> dict[str, tuple[Literal, Span, str]]:
    """The texts that names of modules and classes are assigned to, by qualified name; worked out once."""
    found = draft.memo.get("assigned texts")
    if not isinstance(found, dict):
        found = draft.memo["assigned texts"] = {
            one.target.name: (one.value, one.value_at, one.target.name.rpartition(".")[2])
            for module in draft.program.modules.values()
            for one in module.facts.assignments
            if isinstance(one.target, Reference)
            and isinstance(one.value, Literal)
            and isinstance(one.value.value, str)
            and is_production(one.value_at.path, draft.config)
        }
    return found


def _in_string(text: PythonString) -> Secret | None:
    if text.name in _DOCUMENTATION:
        return None
    if _IMITATION.match(text.value) or (text.context == "default" and text.name.islower() and len(text.value) < 4):
        return None
    if text.context == "comparison" and (credential_kind(text.name) != "password" or len(text.value) < 5):
        return None
    return find_secret(text.name, text.value, is_source=True)


def _in_expression(
    expression: Expression, name: str, at: Span, depth: int
) -> Iterator[tuple[str, Span, Secret, str | None]]:
    """Secrets in values that are no plain named text: templates, defaults behind ``or``, unnamed literals."""
    if depth > _DEEPEST:
        return
    if isinstance(expression, EnvironmentRead):
        default = expression.default
        if isinstance(default, Literal):
            secret = find_secret(expression.key, default.value, is_source=True)
            if secret is None:
                secret = find_secret(name, default.value, is_source=True)
            if secret is not None:
                yield expression.key, expression.at, secret, expression.key
        elif default is not None:
            for found, where, secret, variable in _in_expression(default, name, expression.at, depth + 1):
                yield found, where, secret, variable or expression.key
    elif isinstance(expression, Template):
        text = "".join(str(one.value) if isinstance(one, Literal) else MASK for one in expression.parts)
        if _SUSPICIOUS.search(text):
            secret = find_secret("", text, is_source=True)
            if secret is not None:
                yield name or "url", at, secret, None
        for one in expression.parts:
            if isinstance(one, EnvironmentRead):
                yield from _in_expression(one, "", at, depth + 1)
    elif isinstance(expression, Choice):
        for one in expression.options:
            yield from _in_expression(one, name, at, depth + 1)
    elif isinstance(expression, Literal):
        if isinstance(expression.value, str) and _SUSPICIOUS.search(expression.value):
            secret = find_secret("", expression.value, is_source=True)
            if secret is not None:
                yield name or secret.kind, at, secret, None
    elif isinstance(expression, Display):
        for one in expression.items:
            if isinstance(one, Literal | Template):
                yield from _in_expression(one, name, at, depth + 1)
    elif isinstance(expression, Dictionary):
        for key, one in expression.entries:
            label = str(key.value) if isinstance(key, Literal) else ""
            if not isinstance(one, Literal):
                yield from _in_expression(one, label, at, depth + 1)


def _in_call(call: PythonCall) -> Iterator[tuple[str, Span, Secret, str | None]]:
    callee = call.name
    position = _POSITIONAL.get(callee)
    if position is not None:
        index, name = position
        given = call.argument("key" if callee in _VERIFIERS else "password", index)
        if given is not None and isinstance(given.value, Literal):
            secret = find_secret(name, given.value.value)
            if secret is not None:
                yield name, given.at, secret, None
    elif (
        callee.endswith("login")
        and _LOGIN.search(callee)
        and len(call.arguments) == 2
        and all(_is_text(one) for one in call.arguments)
    ):
        value = call.arguments[1].value
        assert isinstance(value, Literal)
        secret = find_secret("password", value.value, is_source=True)
        if secret is not None:
            yield "password", call.arguments[1].at, secret, None
    for one in call.arguments:
        if type(one.value) not in _HOLDING:
            continue
        if one.name == "auth" and isinstance(one.value, Display) and len(one.value.items) == 2:
            last = one.value.items[1]
            if isinstance(last, Literal):
                secret = find_secret("password", last.value, is_source=True)
                if secret is not None:
                    yield "password", one.at, secret, None
                    continue
        if isinstance(one.value, Literal) and (one.name is not None or not isinstance(one.value.value, str)):
            continue
        yield from _in_expression(one.value, one.name or "", one.at, 1)


def _is_text(one: Argument) -> bool:
    return one.name is None and isinstance(one.value, Literal) and isinstance(one.value.value, str)


def _function_of(module: PythonModule, at: Span) -> str:
    """The innermost function around a place: a name for it that survives edits above."""
    best = ""
    for function in module.functions:
        if function.at.line <= at.line <= function.end_line:
            best = function.name
    return best
