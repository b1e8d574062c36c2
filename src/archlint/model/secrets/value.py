"""Whether a value under a name is a secret: in, a name and a text; out, a ``Secret`` or None.

It decides on the value as much as on the name: a credential inside a URL and a well-known token format count under any
name; under a credential's name everything counts that is no placeholder, reference, path, duration or switch. A weak
password that a workload really uses (``admin``) is a secret. The value itself is never kept.
"""

from __future__ import annotations

import hashlib
import math
import re
from collections import Counter
from collections.abc import Callable
from urllib.parse import unquote

from archlint.core.record import dataclass, pattern
from archlint.model.secrets.names import credential_kind, signs_tokens, words_of

MASK = "\x00"
"""What stands in an expanded text for a reference that is no literal."""

_LONGEST = 100_000

_TOKEN_FORMATS = pattern(
    r"(?P<aws>\b(?:AKIA|ASIA)[0-9A-Z]{16}\b)"
    r"|(?P<github>\b(?:gh[pousr]_[A-Za-z0-9]{36,}|github_pat_[A-Za-z0-9_]{50,}))"
    r"|(?P<gitlab>\bglpat-[\w-]{20,})"
    r"|(?P<stripe>\b[sr]k_(?:live|test)_[0-9A-Za-z]{16,})"
    r"|(?P<slack>\bxox[abeoprs]-[0-9A-Za-z-]{20,})"
    r"|(?P<slackhook>hooks\.slack\.com/services/T\w{8,}/B\w{8,}/\w{20,})"
    r"|(?P<google>\bAIza[0-9A-Za-z_-]{35}\b)"
    r"|(?P<sendgrid>\bSG\.[\w-]{20,24}\.[\w-]{40,46})"
    r"|(?P<openai>\bsk-(?:proj-|ant-[a-z0-9]+-)?[A-Za-z0-9_-]{40,})"
    r"|(?P<npm>\bnpm_[A-Za-z0-9]{36}\b)"
    r"|(?P<pypi>\bpypi-AgEIcHlwaS[\w-]{40,})"
    r"|(?P<vault>\bhvs\.[\w-]{24,})"
    r"|(?P<digitalocean>\bdop_v1_[a-f0-9]{64}\b)"
    r"|(?P<jwt>\beyJ[\w-]{10,}\.eyJ[\w-]{10,}\.[\w-]{16,})"
    r"|(?P<pem>-----BEGIN (?:[A-Z]+ )*PRIVATE KEY(?: BLOCK)?-----\\?\s*[A-Za-z0-9+/=\\]{16,})"
)
_TOKEN_HINTS = ("AKIA", "ASIA", "gh", "glpat-", "k_", "xox", "slack", "AIza", "SG.", "sk-", "npm_", "pypi-", "hvs.",
                "dop_", "eyJ", "-----BEGIN ")  # fmt: skip

_USERINFO = pattern(r"[A-Za-z][A-Za-z0-9+.-]*://([^\s/?#@:'\"]{0,200}):([^\s/?#'\"]{1,400})@([^\s/?#:,'\"]*)")
_PAIR = pattern(
    r"(?i)(?:^|[;\s\"'])(AccountKey|SharedAccessKey|SharedAccessSignature|password|passwd|pwd)\s*=\s*"
    r"('[^']*'|[^;\s\"',]+)"
)
_PAIR_COMPANION = pattern(
    r"(?i)\b(host|hostaddr|server|data source|datasource|user|user id|uid|username|dbname|database|endpoint|"
    r"accountname|sharedaccesskeyname|initial catalog|port|ssl|abortconnect)\s*="
)

_REFERENCE = pattern(
    r"^(?:\$\{.*\}|\$\(.*\)|\$\w+|\{\{.*\}\}|\{[\w.:-]*\}|<.*>|\[.*\]|%\(?\w+\)?[s%]?|@\w+@|#\{.*\}|!\w+ .*|__\w+__)$",
    re.DOTALL,
)
_EXTERNAL = pattern(
    r"^(?:vault:|vault://|ref\+|arn:|op://|ssm:|aws-sm|secretmanager|sm://|keyvault|file:|ENC[\[(]|\{cipher\}|projects/"
    r"|kms:|sops:|akv|gcp-sm|doppler|env:|secretref:|@Microsoft\.KeyVault)",
    re.IGNORECASE,
)
_PLACEHOLDER_WORDS = pattern(
    r"(?i)^(?:change[-_ ]?(?:me|it|this).*|.*[-_ ]?change[-_ ]?(?:me|this)(?:[-_ !.].*)?"
    r"|replace[-_ ]?(?:me|with|this).*|.*replace[-_ ]?(?:me|this).*|placeholder.*|.*[-_]placeholder"
    r"|to[-_ ]?do.*|tbd|fix[-_ ]?me|x{3,}|\*{2,}|\.{2,}"
    r"|-+|_+|\?+|none|nothing|null|nil|undefined|empty|n/?a|not[-_ ]?(?:set|needed|used|required|configured|provided)"
    r"|not[-_ ]?applicable|unset|unused|ignored?|redacted|hidden|masked|(?:.*[-_])?dummy.*|fake.*|example.*"
    r"|your[-_ ]?.*|.*[-_ ]your[-_ ].*|.*[-_]here"
    r"|insert[-_ ].*|enter[-_ ].*|put[-_ ].*|add[-_ ].*[-_ ]here|set[-_ ](?:me|this|via|in|by).*|my[-_]?(?:api|auth|"
    r"access)[-_]?(?:key|token)|some[-_]?(?:secret|password|token|key|value)|foo|bar|baz|foobar|"
    r"(?:test|sample|demo|mock|local)[-_]?(?:api[-_]?)?(?:key|token)|"
    r"(?:secret|password|token|key)[-_ ]?goes[-_ ]here|generated?|auto|random|.*xxxx.*|.*\.\.\.)$"
)
_SWITCH = pattern(r"(?i)^(?:true|false|yes|no|on|off|enabled?|disabled?|required|optional|always|never|default)$")
_DURATION_OR_NUMBER = pattern(r"(?i)^[+-]?\d+(?:\.\d+)?\s*(?:ms|s|sec|m|min|h|d|days?|hours?|minutes?|seconds?)?$")
_PATH = pattern(
    r"^(?:~?/(?:run|var|etc|app|opt|home|mnt|usr|tmp|root|srv|secrets?|vault|data|code|workspace|config|certs?|keys?)\b"
    r"|\.{1,2}/|~/|[A-Za-z]:\\|/[\w.-]+/[\w./-]+$)|^[\w./-]+\.(?:pem|key|crt|cer|json|ya?ml|txt|env|p12|jks|conf|ini|toml)$"
)
_STORE_PATH = pattern(r"^/?[a-z][a-z0-9_-]+(?:/[a-z][a-z0-9_.-]+)+$")
"""A secret's name in a store (``prod/invoices/password``): what is random has no such words between its slashes."""
_PLAIN_URL = pattern(r"^[A-Za-z][A-Za-z0-9+.-]*://\S+$")
_PASSWORD_HASH = pattern(
    r"^(?:\$(?:2[abxy]?|1|5|6|argon2\w*|scrypt|y)\$|\{(?:SSHA|SHA|MD5|CRYPT)\}|sha(?:1|256|512):|pbkdf2|scrypt:|md5[0-9a-f]{32}$)"
)
_HEADER_NAME = pattern(r"^(?:X-[A-Za-z-]+|Authorization|Bearer|Basic|Token|Set-Cookie|Cookie)$", re.IGNORECASE)
_ENVIRONMENT_NAME = pattern(r"^[A-Z][A-Z0-9]*(?:_[A-Z0-9]+)+$")
_VERSION = pattern(r"^v?\d+\.\d+(?:\.\d+)*(?:[-+].*)?$")

_DOCUMENTED = frozenset(
    hashlib.sha256(one.encode()).hexdigest()
    for one in (
        # Azurite's and the Cosmos emulator's published accounts, and jwt.io's sample.
        "Eby8vdM02xNOcqFlqUwJPLlmEtlCDXJ1OUzFT50uSRZ6IFsuFq2UVErCz4I6tq/K1SZFPTOtr/KBHBeksoGMGw==",
        "C2y6yDjf5/R+ob0N8A7Cgv30VRDJIWEHLM+4QDU5DE2nQ9nDuVTqobD4b8mGGyPMbIZnqyMsEcaGQy67XIw/Jw==",
        "eyJhbGciOiJIUzI1NiIsInR5cCI6IkpXVCJ9.eyJzdWIiOiIxMjM0NTY3ODkwIiwibmFtZSI6IkpvaG4gRG9lIiwiaWF0IjoxNTE2MjM5MDIyfQ.SflKxwRJSMeKKF2QT4fwpMeJf36POk6yJV_adQssw5c",
    )
)

_REFERENCE_WITH_DEFAULT = pattern(
    r"\$\{([A-Za-z_][\w.]*)(?:(:?-|:|:=)([^{}]*))?\}|\$\{\{[^}]*\}\}|\{\{[^}]*\}\}|\$\(\w+\)|\$[A-Za-z_]\w*"
)


_RESOLVERS = frozenset(
    ("env", "ENV", "file", "sys", "vault", "secret", "secrets", "ssm", "aws", "gcp", "config", "cred")
)
"""What stands before the colon of ``${env:NAME}`` and the like: the rest is a name, no default."""


@dataclass(frozen=True)
class Secret:
    """A value that is a secret. ``kind``: ``url``, ``connection-string``, ``name``, or a token format's name.

    ``hint`` is at most two characters and the length; ``digest`` tells whether two secrets are the same one.
    """

    kind: str
    hint: str
    digest: str


def find_secret(name: str, value: object, *, is_source: bool = False) -> Secret | None:
    """The secret that the value under that name is or holds. ``is_source``: it stands in program text, where a word
    may name a field or a header rather than be a credential."""
    if isinstance(value, bool) or value is None:
        return None
    if isinstance(value, int | float):
        if credential_kind(name) == "password" and not is_source and len(str(value)) > 2:
            return _secret("name", str(value))
        return None
    if not isinstance(value, str) or not value or len(value) > _LONGEST:
        return None
    text = value.strip()
    return _by_format(text) or _in_url(text) or _in_pairs(text) or _by_name(name, text, is_source)


def find_token(text: str) -> Secret | None:
    """A token of a well-known format, a private key or a credential in a URL, whatever the text is."""
    return _by_format(text) or _in_url(text)


def expand(text: str, default_holds: Callable[[str], bool]) -> str:
    """The text with every ``${KEY:-default}`` (and Spring's ``${KEY:default}``) as its default where ``default_holds``
    for the key, and ``MASK`` for every other reference."""

    def replace(match: re.Match[str]) -> str:
        key, operator, default = match.group(1), match.group(2), match.group(3)
        if key is None or operator is None or key in _RESOLVERS or not default_holds(key):
            return MASK
        return str(default).strip("\"'")

    return _REFERENCE_WITH_DEFAULT.sub(replace, text) if "$" in text or "{{" in text else text


def is_placeholder(text: str, name: str = "") -> bool:
    """Whether the text only stands for a value: empty, a reference, ``changeme``, ``<…>``, its own key, ``xxx``."""
    stripped = text.strip().strip("\"'")
    if not stripped or MASK in stripped or _REFERENCE.match(stripped) or _PLACEHOLDER_WORDS.match(stripped):
        return True
    if stripped == name or (
        name and words_of(stripped) == words_of(name) and (stripped.isupper() or len(words_of(name)) > 1)
    ):
        return True
    return len(set(stripped.lower())) == 1 and len(stripped) > 3


def digest_of(text: str) -> str:
    """A digest by which equal secrets are known; the secret itself is not kept."""
    return hashlib.sha256(text.encode("utf-8", "surrogatepass")).hexdigest()[:32]


def _secret(kind: str, value: str) -> Secret:
    shown = value[:2] if len(value) >= 8 else value[:1] if len(value) >= 4 else ""
    return Secret(kind, f"{shown}… ({len(value)} characters)", digest_of(value))


def _by_format(text: str) -> Secret | None:
    if len(text) < 20 or not any(hint in text for hint in _TOKEN_HINTS):
        return None
    for match in _TOKEN_FORMATS.finditer(text):
        token = match.group(0)
        if match.lastgroup == "pem":
            if "..." not in text and "xxxx" not in text.lower() and MASK not in text:
                return Secret("private key", "a private key", digest_of(token))
            continue
        if "EXAMPLE" in token.upper() or digest_of(token) in _SHORT_DOCUMENTED or _entropy(token) < 2.5:
            continue
        if MASK in token or "xxxx" in token.lower():
            continue
        if match.lastgroup == "openai" and not re.search(r"\d", token):
            continue
        return _secret(f"{match.lastgroup} token", token)
    return None


_SHORT_DOCUMENTED = frozenset(one[:32] for one in _DOCUMENTED)


def _in_url(text: str) -> Secret | None:
    if "://" not in text or "@" not in text:
        return None
    for match in _USERINFO.finditer(text):
        user, password, host = match.groups()
        if is_placeholder(password) or host.startswith(("<", "[your", "your")) or (user and _REFERENCE.match(user)):
            continue
        if "{" in password or "<" in password or "%s" in password or "$" in password[:2]:
            continue
        if {user.lower(), password.lower()} <= _DOCUMENTATION_WORDS and (
            host.lower() in _DOCUMENTATION_HOSTS or match.group(0).startswith(_DOCUMENTATION_SCHEMES)
        ):
            continue
        return _secret("url", unquote(password))
    return None


_DOCUMENTATION_WORDS = frozenset(
    ["user", "username", "usr", "myuser", "me", "pass", "password", "passwd", "pwd", "mypassword", "secret"]
)
_DOCUMENTATION_SCHEMES = ("driver://", "dialect://", "dialect+driver://", "scheme://", "protocol://")
"""What no client speaks: Alembic writes ``driver://user:pass@localhost/dbname`` into every new configuration."""
_DOCUMENTATION_HOSTS = frozenset(
    ("host", "hostname", "server", "example.com", "db.example.com", "myhost", "domain.com", "")
)


def _in_pairs(text: str) -> Secret | None:
    if "=" not in text or len(text) > 2000:
        return None
    match = _PAIR.search(text)
    if match is None or not _PAIR_COMPANION.search(text):
        return None
    password = match.group(2).strip("'")
    if is_placeholder(password, match.group(1)) or "{" in password or digest_of(password) in _SHORT_DOCUMENTED:
        return None
    return _secret("connection-string", password)


def _by_name(name: str, text: str, is_source: bool) -> Secret | None:
    kind = credential_kind(name)
    if kind is None or "\n" in text:
        return None
    signs = signs_tokens(name)
    if not signs and is_placeholder(text, name):
        return None
    if signs and (not text.strip("\"'") or MASK in text or _REFERENCE.match(text) or (text == name)):
        return None
    if _EXTERNAL.match(text) or _SWITCH.match(text) or _PATH.search(text) or _PLAIN_URL.match(text):
        return None
    if kind != "password" and _STORE_PATH.match(text):
        return None
    if _PASSWORD_HASH.match(text) or _HEADER_NAME.match(text) or _VERSION.match(text):
        return None
    if text.startswith(("-----BEGIN PUBLIC", "-----BEGIN CERTIFICATE", "ssh-rsa ", "ssh-ed25519 ", "ecdsa-")):
        return None
    if "EXAMPLE" in text and kind in ("key", "secret", "token"):
        return None
    if kind != "password" and _DURATION_OR_NUMBER.match(text):
        return None
    if len(text.split()) > 2 or any(mark in text for mark in ("${", "{{", "$(", "%(", "#{")):
        return None
    if is_source and not _is_credential_in_source(name, text, kind, signs):
        return None
    if not is_source and kind != "password" and not signs and _is_a_name(text, name):
        return None
    if not is_source and _KEY_OF_A_SECRET.search(name) and _ENVIRONMENT_NAME.match(text):
        return None
    return _secret("name", text)


def _is_a_name(text: str, name: str) -> bool:
    """``secret: orders-db-credentials`` and ``token: access_token`` name something rather than be it."""
    words = words_of(text)
    if _ENVIRONMENT_NAME.match(text) and credential_kind(text):
        return True
    if words_of(name)[-1:] in (("secret",), ("credentials",), ("credential",)) and len(words_of(name)) <= 2:
        return bool(words) and ("-" in text or "/" in text) and words[-1] in _OBJECT_WORDS
    return False


_KEY_OF_A_SECRET = pattern(r"[sS]ecretKey$")
"""``secretKey: DATABASE_URL`` of an ExternalSecret or a chart's values: the key under which a Secret has it."""
_OBJECT_WORDS = frozenset(
    [
        "secret",
        "secrets",
        "credentials",
        "credential",
        "creds",
        "tls",
        "cert",
        "certs",
        "auth",
        "config",
        "password",
        "token",
        "key",
    ]
)

_WORDS_OF_PROGRAMS = frozenset(
    [
        "string",
        "str",
        "text",
        "integer",
        "int",
        "number",
        "boolean",
        "password",
        "passwd",
        "pass",
        "pwd",
        "secret",
        "token",
        "key",
        "bearer",
        "basic",
        "hidden",
        "header",
        "body",
        "query",
        "cookie",
        "session",
        "oauth",
        "oauth2",
        "jwt",
        "hs256",
        "rs256",
        "credentials",
        "credential",
        "user",
        "username",
        "email",
        "admin_password",
        "current",
        "new",
        "old",
        "confirm",
        "value",
        "name",
        "id",
        "type",
        "object",
        "file",
        "env",
        "environment",
        "static",
        "refresh",
        "access",
        "code",
        "grant",
    ]
)


def _is_credential_in_source(name: str, text: str, kind: str, signs: bool) -> bool:
    """Whether a literal under a credential's name in program text is a credential, not a word about one."""
    if "{" in text or "%s" in text or "<" in text or not text.isprintable():
        return False
    if kind != "password" and (text.endswith("/") or _PATTERN.search(text)):
        return False
    lowered = text.lower()
    if lowered == name.lower().rpartition(".")[2] or _MARKER.fullmatch(text):
        return False
    if signs and words_of(name)[-1] in ("secret", "key", "base"):
        return lowered not in _WORDS_OF_PROGRAMS - {"secret", "key"} and not _ENVIRONMENT_NAME.match(text)
    if lowered in _WORDS_OF_PROGRAMS or _ENVIRONMENT_NAME.match(text):
        return False
    words = words_of(text)
    if " " in text:
        return False
    if kind != "password":
        if _PHRASE.fullmatch(text) and set(text.split("_")) & _SPOKEN:
            return False
        # A field's or header's name: words only, ending in one that means a credential.
        if re.fullmatch(r"[A-Za-z_ .-]+", text) and credential_kind(text.replace("-", "_")):
            return False
        if re.fullmatch(r"[a-z]+", text) and len(text) < 12:
            return False
        if len(text) < 6:
            return False
    elif re.fullmatch(r"[a-z]+(?:[_.-][a-z]+)+", text) and words and words[-1] in _PASSWORD_LIKE:
        return False
    return True


_MARKER = pattern(r"\$[a-z_]+\$")
"""What an API shows in place of a value: ``$encrypted$``."""
_PATTERN = pattern(r"\\[dwsbAZ]|\(\?P?<|\[\^?\\?[\w-]+\][+*]")  # a regular expression, of a route for instance
_PHRASE = pattern(r"[a-z]+(?:_[a-z]+){2,}")
_SPOKEN = frozenset(["credential", "credentials", "token", "tokens", "secret", "secrets", "key", "keys"])
_PASSWORD_LIKE = frozenset(("password", "passwd", "pwd", "secret", "field", "error", "invalid", "required", "reset"))


def _entropy(text: str) -> float:
    counts = Counter(text)
    return -sum(count / len(text) * math.log2(count / len(text)) for count in counts.values())
