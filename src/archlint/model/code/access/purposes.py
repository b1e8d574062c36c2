"""What an operation is for, by its path and its handler's name: a login asks for no login.

In: a path and the name of what handles it. Out: a purpose, and whether the operation only reads by what it is called.
"""

from __future__ import annotations

import re

from archlint.core.record import pattern
from archlint.model.paths import names

_LOGIN = pattern(
    r"(?:^|[_-])(?:log[_-]?in|sign[_-]?in|log[_-]?on|log[_-]?out|sign[_-]?out|authenticate|oauth2?|openid|oidc|sso|"
    r"saml2?|otp|totp|mfa|2fa|passkeys?|magic[_-]?link|access[_-]?tokens?|refresh[_-]?tokens?|tokens?[_-]?refresh|"
    r"(?:obtain|get|issue|generate|create|new|verify|exchange|revoke)[_-](?:auth[_-]|jwt[_-])?tokens?)(?:$|[_-])"
    r"|^(?:auth|tokens?|jwt|authentication)$"
)
_REGISTRATION = pattern(
    r"(?:^|[_-])register$|^register[_-]?(?:new[_-]?)?(?:user|account|customer|member|me)(?:$|[_-])|^registrations?$|"
    r"(?:^|[_-])(?:(?:user|account|customer|member)[_-]registrations?|sign[_-]?up|"
    r"(?:forgot|reset|recover|lost|change|update|set)[_-]?(?:my[_-]?)?(?:password|pin|pwd)|"
    r"password[_-]?(?:reset|forgot|recovery|change)|verify[_-]?(?:email|account|phone)|"
    r"(?:email|account)[_-]?(?:verification|confirmation)|confirm[_-]?(?:email|account)|"
    r"resend[_-]?(?:verification|confirmation|otp|code|email))(?:$|[_-])"
)
_CONSENT = pattern(r"(?:^|[_-])consents?(?:$|[_-])|^authorize$")
_OPERATIONAL = pattern(r"(?:csp[_-]?report|healthz?|readyz?|livez?|metrics|ping|echo)")
_ACCOUNTS = names(
    "auth authn accounts account users user identity oauth oauth2 oidc sso login session sessions register"
)
_BESIDE_LOGIN = names(
    "refresh callback exchange revoke introspect verify validate userinfo acs session sessions authorize"
)
_BESIDE_REGISTRATION = names("activate activation confirm onboard onboarding complete resend forgot reset invite")
"""What belongs to a login or a registration only beside a word of ``_ACCOUNTS``."""
_USERS = names("users user accounts account customers customer members signups")
_READING = names(
    "search query queries find filter lookup list fetch read get validate validation verify check preview estimate "
    "calculate calc compute predict prediction predictions infer inference classify score recommend recommendation "
    "recommendations suggest suggestions translate convert render parse analyze analyse similarity embed embeddings "
    "export download compare quote summarize detect evaluate simulate count exists ask chat completion completions "
    "graphql rpc introspect diff match batch_get describe"
)
_HASHES = names(
    "hashpw generate_password_hash get_password_hash hash_password make_password set_password password_hash "
    "create_user hash_pwd encrypt_password"
)


WRITES = pattern(
    r"^(?:create|insert|save|update|upsert|delete|remove|publish|enqueue|persist|store|place|send|submit|register|add|"
    r"cancel|approve|reject|transfer|withdraw|deposit|charge|refund|book|reserve|schedule|dispatch|emit|produce|push|"
    r"rpush|lpush|sadd|hset|zadd|xadd|hmset|incr|decr|upload|put|set|write|assign|archive|restore|purchase|pay|checkout|"
    r"order|empty|apply|mark|process|execute|trigger|start|stop)(?:_[a-z0-9_]+|[A-Z]\w*)?$"
)
"""What methods and operations are called that change something."""


def purpose_of(path: str, handler: str, method: str, calls: frozenset[str], service: str) -> str:
    """The purpose by the last segment of the path and the handler's name; ``calls`` are the last names of what
    handling calls: to hash a password is to register."""
    segments = [one.lower() for one in path.strip("/").split("/") if one and not one.startswith("{")]
    last = segments[-1] if segments else ""
    spoken = [last, _snake(handler.rpartition(".")[2])]
    for found, purpose in ((_LOGIN, "login"), (_REGISTRATION, "registration"), (_CONSENT, "consent")):
        if any(found.search(one) for one in spoken):
            return purpose
    before = {word for one in (*segments[:-1], service) for word in re.split(r"[^a-z0-9]+", one.lower())}
    if before & _ACCOUNTS or any(_LOGIN.search(one) or _REGISTRATION.search(one) for one in segments[:-1]):
        if last in _BESIDE_LOGIN:
            return "login"
        if last in _BESIDE_REGISTRATION:
            return "registration"
    if _OPERATIONAL.fullmatch(last):
        return "operational"
    if method == "POST" and last in _USERS and calls & _HASHES:
        return "registration"
    return "business"


def only_reads(path: str, handler: str) -> bool:
    """Whether an operation only asks something, by what it is called."""
    segments = [one for one in path.strip("/").split("/") if one and not one.startswith("{")]
    if segments and segments[-1].lower().replace("-", "_") in _READING:
        return True
    first = _snake(handler.rpartition(".")[2]).partition("_")[0]
    return bool(first) and first in _READING


def says_change(name: str) -> bool:
    """Whether a name begins with a word that says that something is changed."""
    return WRITES.match(_snake(name).replace("-", "_")) is not None


def _snake(name: str) -> str:
    out = []
    for place, letter in enumerate(name):
        if letter.isupper() and place and not name[place - 1].isupper():
            out.append("_")
        out.append(letter.lower())
    return "".join(out)
