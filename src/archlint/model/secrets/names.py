"""Which names mean a credential, by their words: ``dbPassword`` does, ``PASSWORD_RESET_URL`` and ``max_token`` do not.

A name says what its last words say: ``TOKEN_EXPIRY_SECONDS`` is a number of seconds. Whether the value under such a
name is a secret is decided in ``value``.
"""

from __future__ import annotations

import functools

from archlint.core.record import pattern

_WORD = pattern(r"[A-Z]+(?=[A-Z][a-z])|[A-Z]?[a-z]+|[A-Z]+|\d+")

_PASSWORD_WORDS = ("password", "passwd", "passphrase", "pwd", "pass", "pw", "passcode", "passwort", "requirepass")
_OTHER_WORDS = ("secret", "secrets", "token", "credential", "credentials", "apikey", "dsn", "authkey", "secretkey")
_GLUED_ENDINGS = (
    "password",
    "passwd",
    "passphrase",
    "secret",
    "apikey",
    "authtoken",
    "accesstoken",
    "secretkey",
    "privatekey",
    "accesskey",
    "apitoken",
)
_KEY_QUALIFIERS = frozenset(
    [
        "api",
        "access",
        "secret",
        "private",
        "encryption",
        "signing",
        "signature",
        "master",
        "account",
        "auth",
        "shared",
        "storage",
        "jwt",
        "session",
        "hmac",
        "fernet",
        "subscription",
        "cookie",
        "token",
        "openai",
        "anthropic",
        "stripe",
        "sendgrid",
        "mailgun",
        "twilio",
        "crypto",
        "cipher",
        "aes",
    ]
)
"""What makes a ``key`` a credential: an ``api key``, not a ``cache key``."""

_TRAILING_QUALIFIERS = frozenset(
    [
        "value",
        "string",
        "str",
        "plain",
        "plaintext",
        "prod",
        "production",
        "dev",
        "development",
        "staging",
        "stage",
        "test",
        "default",
        "base64",
        "b64",
        "text",
        "raw",
        "local",
        "old",
        "new",
        "current",
        "primary",
        "secondary",
        "override",
        "env",
        "var",
        "base",
    ]
)
"""Words after which a name still means what it meant before them: ``JWT_SECRET_VALUE``, ``SECRET_KEY_BASE``."""

_HARMLESS_TOKENS = frozenset(
    [
        "pad",
        "eos",
        "bos",
        "unk",
        "mask",
        "sep",
        "cls",
        "special",
        "stop",
        "start",
        "end",
        "begin",
        "next",
        "previous",
        "page",
        "continuation",
        "sync",
        "cancellation",
        "cancel",
        "csrf",
        "xsrf",
        "lexer",
        "max",
        "min",
        "word",
        "sub",
        "position",
        "delimiter",
        "resume",
        "pagination",
        "per",
        "first",
        "last",
        "current",
        "image",
        "text",
        "time",
        "output",
        "input",
        "prompt",
        "completion",
    ]
)
"""What makes a ``token`` no credential: a language model's, a parser's, a page's."""

_HARMLESS_BEFORE_SECRET = frozenset(
    [
        "no",
        "not",
        "existing",
        "use",
        "create",
        "enable",
        "has",
        "is",
        "show",
        "hide",
        "require",
        "allow",
        "ignore",
        "with",
        "external",
        "image",
        "pull",
        "tls",
        "ssl",
        "k8s",
        "kubernetes",
        "forgot",
        "reset",
        "change",
        "update",
        "confirm",
        "verify",
        "min",
        "max",
        "invalid",
        "wrong",
        "missing",
        "validate",
        "hash",
        "check",
        "by",
    ]
)
"""``existingSecret`` and ``imagePullSecrets`` name an object, ``create_secret`` is a switch."""

_SIGNING_NAMES = pattern(
    r"(^|_)(jwt|signing|session|cookie|csrf|app|flask|django|auth|token|secret|hmac|oauth)_?(secret|key|secret_key)"
    r"(_base|_key|_value)?$|^secret_?key$|^jwt_.*(secret|key)$|^(secret|signing|private)_key_base$"
)


@functools.lru_cache(maxsize=8192)
def words_of(name: str) -> tuple[str, ...]:
    """The words of an identifier in lower case: of ``spring.datasource.dbPassword`` those of its last part."""
    last = name.rstrip("]").replace("/", ".").rpartition(".")[2] or name
    return tuple(word.lower() for word in _WORD.findall(last))


@functools.lru_cache(maxsize=8192)
def credential_kind(name: str) -> str | None:
    """``password``, ``token``, ``secret`` or ``key`` where the name means a credential, else None."""
    words = words_of(name)
    while len(words) > 1 and (words[-1] in _TRAILING_QUALIFIERS or words[-1].isdigit()):
        words = words[:-1]
    if not words:
        return None
    last, before = words[-1], words[:-1]
    if last in _PASSWORD_WORDS:
        if before and before[0] in _HARMLESS_BEFORE_SECRET:
            return None
        if last in ("pass", "pw") and not before:
            return None
        return "password"
    if last in _OTHER_WORDS:
        if before and before[-1] in _HARMLESS_TOKENS and last == "token":
            return None
        if before and (before[-1] in _HARMLESS_BEFORE_SECRET or before[0] in _HARMLESS_BEFORE_SECRET):
            return None
        if last == "secrets":
            return None
        return "token" if last == "token" else "secret"
    if last == "key" and before and before[-1] in _KEY_QUALIFIERS:
        return None if "public" in before else "key"
    if words[-2:] in (("connection", "string"), ("conn", "string"), ("erlang", "cookie"), ("conn", "str")):
        return "secret"
    if words[-3:] == ("aws", "access", "key"):
        return "key"
    if len(last) > 6 and last.endswith(_GLUED_ENDINGS):
        return "password" if last.endswith(("password", "passwd", "passphrase")) else "secret"
    return None


def signs_tokens(name: str) -> bool:
    """Whether the name means a key that signs or verifies tokens, sessions or cookies: any value of it counts."""
    return _SIGNING_NAMES.search("_".join(words_of(name))) is not None
