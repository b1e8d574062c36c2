"""What an operation is for, by its path and its handler's name: a login asks for no login.

In: a path and the name of what handles it. Out: a purpose, and whether the operation only reads by what it is called.
"""

from __future__ import annotations

from archlint.core.record import pattern
from archlint.model.paths import names

_LOGIN = pattern(
    r"(?i)(?:^|[_-])(?:log[_-]?in|sign[_-]?in|log[_-]?on|log[_-]?out|sign[_-]?out|authenticate|authentication|auth|"
    r"tokens?|access[_-]?token|refresh(?:[_-]?token)?|token[_-]?refresh|oauth2?|openid|oidc|sso|saml2?|acs|jwt|otp|"
    r"totp|mfa|2fa|callback|exchange|passkeys?|magic[_-]?link|introspect|revoke|userinfo)(?:$|[_-])"
)
_REGISTRATION = pattern(
    r"(?i)(?:^|[_-])(?:register|registration|registrations|sign[_-]?up|activate|activation|onboard(?:ing)?|"
    r"(?:forgot|reset|recover|lost|change)[_-]?(?:my[_-]?)?(?:password|pin|pwd)|password[_-]?(?:reset|forgot|recovery|change)"
    r"|verify[_-]?(?:email|account|phone|code)|(?:email|account)[_-]?(?:verification|confirmation)|confirm[_-]?(?:email|account)"
    r"|resend[_-]?(?:verification|confirmation|otp|code))(?:$|[_-])"
)
_CONSENT = pattern(r"(?i)(?:^|[_-])(?:consent|authorize)(?:$|[_-])")
_OPERATIONAL = pattern(r"(?i)(?:^|[_-])(?:csp[_-]?report|healthz?|readyz?|livez?|metrics|shutdown|ping|echo)(?:$|[_-])")
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


def purpose_of(path: str, handler: str, method: str, calls: frozenset[str]) -> str:
    """The purpose by the last segments of the path and the handler's name; ``calls`` are the last names of what
    handling calls: to hash a password is to register."""
    segments = [one for one in path.strip("/").split("/") if one and not one.startswith("{")]
    spoken = [*segments[-1:], _snake(handler.rpartition(".")[2])]
    if (
        segments
        and segments[-1].lower() in ("confirm", "complete", "start", "token", "key", "me")
        and len(segments) > 1
    ):
        spoken.append(segments[-2])
    for found, purpose in ((_LOGIN, "login"), (_REGISTRATION, "registration"), (_CONSENT, "consent")):
        if any(found.search(one) for one in spoken):
            return purpose
    if any(_OPERATIONAL.search(one) for one in segments[-1:]):
        return "operational"
    if method == "POST" and segments and segments[-1].lower() in _USERS and calls & _HASHES:
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
