"""What calls between services are called when they change something there, when they only ask or tell, and when they
take a change back: words, as no contract says which of its operations is which.

A name is cut into its words (``ReserveStock``, ``/reserve-stock``, ``reserve_stock``), and the first that says anything
decides.
"""

from __future__ import annotations

from archlint.core.record import pattern
from archlint.model.paths import names

_WORD = pattern(r"[A-Z]+(?![a-z])|[A-Z]?[a-z]+")
_ASKING = names(
    "get list search find read check query fetch watch lookup validate verify calculate compute convert quote health "
    "describe count is has exist predict infer estimate filter retrieve load show view preview resolve match compare "
    "recommend suggest translate render generate classify detect analyze analyse score embed embedding completion chat "
    "graphql introspect token login logout oauth auth authenticate authorize session signin openid ping status can "
    "evaluate geocode route parse decode encode scan inspect download"
)
_TELLING = names(
    "notify notification mail email sms message slack telegram discord webhook callback log audit track tracking "
    "analytic metric telemetry trace report alert event reindex index invalidate cache refresh sync warm purge publish "
    "broadcast emit push feed subscribe heartbeat test upload"
)
_CHANGING = names(
    "create add update delete remove set put place charge pay payment ship shipment shipping reserve reservation book "
    "booking process submit register registration transfer debit credit withdraw withdrawal deposit allocate "
    "allocation deduct decrement increment decrease increase confirm schedule insert save store assign order checkout "
    "purchase account user invoice customer transaction inventory stock wallet balance delivery enroll enrollment "
    "subscription ticket seat hold empty open close approve issue redeem start provision product cart basket item "
    "capture settle post patch parcel fulfil fulfill fulfillment"
)
_UNDOING = pattern(
    r"compensat|(^|[^a-z])(undo|rollback|roll_back|revert|refund|release|unreserve|restore|void|reverse|unbook|uncharge|"
    r"cancel)(?![a-z])|(?<=[a-z_])(Undo|Rollback|Revert|Refund|Release|Unreserve|Restore|Cancel)|"
    r"^(undo|rollback|revert|refund|release|unreserve|cancel)[A-Z_]|saga"
)
_SETUP = pattern(
    r"^(main|seed|populate|setup|set_up|init|initiali[sz]e|bootstrap|demo|smoke|load|test|migrate|run)(_|$)"
)
_VENDORS = pattern(
    r"telegram|slack|discord|sendgrid|mailgun|twilio|openai|anthropic|googleapis|sentry|datadog|auth0|keycloak|okta|"
    r"github|gitlab|atlassian|pagerduty|elastic|hooks\.|huggingface|mailchimp|newrelic|segment|amplitude|mixpanel"
)


def words_of(text: str) -> list[str]:
    """The words of a name or path, in lower case."""
    return [one.lower() for one in _WORD.findall(text)]


def changes_by_name(name: str) -> bool:
    """Whether an rpc of that name changes something: its verb says so."""
    for word in words_of(name):
        if _is_among(word, _ASKING) or _is_among(word, _TELLING):
            return False
        if _is_among(word, _CHANGING):
            return True
    return False


def asks_by_name(name: str) -> bool:
    """Whether something of that name only asks: its verb says so."""
    first = words_of(name)[:1]
    return bool(first) and first[0] in _ASKING


def changes_by_path(callee: str, path: str, function: str, kind: str) -> bool:
    """Whether a POST, PUT, PATCH or DELETE there changes something that a later failure should take back.

    The path tells most; where it has no words, the name of the function that calls. ``kind`` is that of the callee.
    """
    if kind == "external" and _VENDORS.search(callee.lower()):
        return False
    words = words_of(path) or words_of(function)
    if any(_is_among(word, _TELLING) or _is_among(word, _ASKING) for word in words):
        return False
    return any(_is_among(word, _CHANGING) for word in [*words, *words_of(callee)])


def undoes(*called: str) -> bool:
    """Whether any name or path says that something is taken back."""
    return any(_UNDOING.search(one) is not None for one in called if one)


def is_setup(function: str) -> bool:
    """Whether a function of that qualified name prepares data or tries a system out."""
    return _SETUP.match(function.rpartition(".")[2]) is not None


def _is_among(word: str, group: frozenset[str]) -> bool:
    """Whether a word or its singular is in a group."""
    return word in group or word.removesuffix("s") in group or (word.endswith("ies") and f"{word[:-3]}y" in group)
