"""What bounds a client's waiting: arguments, parameters of its URL, variables, the library's own default.

In: expressions and texts that a client is made from. Out: for each a ``Setting`` where it bounds the waiting, None
where it does not, UNKNOWN where that is not known.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from functools import lru_cache
from urllib.parse import unquote

from archlint.core.facts.python import Expression
from archlint.core.record import pattern
from archlint.core.span import Span
from archlint.core.values import Setting, Unknown
from archlint.model.code.calls.timeouts import Timeout, timeout_of
from archlint.model.code.datastores.datastore_waits import Driver
from archlint.model.code.datastores.made_clients import Given, entries_of
from archlint.model.code.library_versions import Needs
from archlint.model.code.objects import values_of
from archlint.model.code.scope import Surroundings
from archlint.model.draft import Draft
from archlint.model.program.program import HOLE, Module

Bound = Timeout

_SERVER_SETTING = pattern(r"(?:statement_timeout|max_execution_time|max_statement_time)\W*(?P<value>[\w{}]+)")
_NOT_KNOWN = Unknown("a timeout whose value is not known")


def of_argument(draft: Draft, name: str, given: Given, at: Span, around: Surroundings, driver: Driver) -> Bound:
    """What one argument of the driver gives."""
    value, module = given
    if name in driver.arguments:
        return timeout_of(draft, value, module, at, zero_is_none=True, lookup=around.lookup)
    if name in driver.server_arguments:
        return _of_server_argument(draft, value, module, at, around)
    return None


def in_text(text: str | None, driver: Driver, at: Span) -> Bound:
    """What a URL's query or a DSN gives. A text that is not known may give anything."""
    if text is None:
        return Unknown("an address that is not known")
    query = text.partition("?")[2] if "://" in text else text
    if "://" in text and query.startswith(HOLE):
        return _NOT_KNOWN
    for name in driver.arguments:
        match = _parameter(name).search(query)
        if match:
            return _number(match["value"], at)
    return _in_server_text(unquote(query), at)


def of_variables(driver: Driver, around: Surroundings) -> Bound:
    """What the variables that the library itself reads give."""
    for name in driver.variables:
        for variable in around.variables(name):
            if not isinstance(variable.value, str):
                return _NOT_KNOWN
            if name.endswith("OPTIONS"):
                found = _in_server_text(variable.value, variable.at)
            else:
                found = _number(variable.value, variable.at)
            if found is not None:
                return found
    return None


def of_driver(driver: Driver, needs: Needs, at: Span, is_unbounded: bool, parts: Iterable[Bound]) -> Bound:
    """All of them, and where nothing is said the library's default in the version in use. ``is_unbounded``: the
    argument that has the default is given as None."""
    given = list(parts)
    found = next((one for one in given if isinstance(one, Setting)), None)
    if found is not None:
        return found
    if driver.default is not None and not is_unbounded:
        older = needs.is_older(driver.package, driver.since) if driver.since else False
        if older is False:
            return Setting(driver.default, "library", at)
        if isinstance(older, Unknown):
            return older
    return next((one for one in given if isinstance(one, Unknown)), None)


def _of_server_argument(draft: Draft, value: Expression, module: Module, at: Span, around: Surroundings) -> Bound:
    entries, closed = entries_of(draft, value, module)
    for name, (inner, home) in entries.items():
        if "timeout" in name or "max_execution_time" in name:
            found = timeout_of(draft, inner, home, at, zero_is_none=True, lookup=around.lookup)
            return found if found is None else _milliseconds(found)
    if entries:
        return None if closed else _NOT_KNOWN
    texts = values_of(draft, value, module, around.lookup)
    if isinstance(texts, Unknown) or not texts:
        return _NOT_KNOWN
    return _in_server_text(str(texts[0].value), at)


def _in_server_text(text: str, at: Span) -> Bound:
    match = _SERVER_SETTING.search(text)
    if match is None:
        return None
    found = _number(match["value"].rstrip("ms") or "0", at)
    return _milliseconds(found) if found is not None else None


def _milliseconds(found: Setting[float] | Unknown) -> Bound:
    return Setting(found.value / 1000, found.source, found.at) if isinstance(found, Setting) else found


def _number(text: str, at: Span) -> Bound:
    if HOLE in text:
        return _NOT_KNOWN
    if text.lower() in ("none", ""):
        return None
    try:
        value = float(text)
    except ValueError:
        return _NOT_KNOWN
    return Setting(value, "configuration", at) if value > 0 else None


@lru_cache(maxsize=256)
def _parameter(name: str) -> re.Pattern[str]:
    return re.compile(rf"(?:^|[?&\s]){name}\s*=\s*(?P<value>[^\s&]*)")
