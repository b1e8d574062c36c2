"""Three-valued evaluation: what conditions are put together from.

Every function here gives a function of the subject and the element of the comprehension (None outside of one). None of
them raises, whatever the values are: what cannot be decided is UNKNOWN.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from archlint.core.values import UNKNOWN, Unknown

Evaluate = Callable[[Any, Any], Any]
"""A compiled expression: subject and element of the comprehension in, value out."""


def the_subject(subject: Any, element: Any) -> Any:
    """The subject itself."""
    return subject


def the_element(subject: Any, element: Any) -> Any:
    """The element of the comprehension."""
    return element


def constant_of(value: Any) -> Evaluate:
    """Always that value."""
    return lambda subject, element: value


def attribute_of(base: Evaluate, name: str, unexplained: Unknown, absent: Unknown) -> Evaluate:
    """A field. ``unexplained`` is for an UNKNOWN without a reason, ``absent`` for a field of None."""
    if base is the_subject:

        def of_subject(subject: Any, element: Any) -> Any:
            value = getattr(subject, name)
            return unexplained if value.__class__ is Unknown and not value.reason else value

        return of_subject

    def of_value(subject: Any, element: Any) -> Any:
        owner = base(subject, element)
        if owner.__class__ is Unknown:
            return owner
        value = getattr(owner, name, absent)
        return unexplained if value.__class__ is Unknown and not value.reason else value

    return of_value


def conjunction(parts: list[Evaluate]) -> Evaluate:
    """False if any part is false, else the first UNKNOWN, else true."""

    def evaluate(subject: Any, element: Any) -> Any:
        unknown: Any = True
        for part in parts:
            value = part(subject, element)
            if value is False:
                return False
            if value is not True and unknown is True:
                unknown = value if value.__class__ is Unknown else UNKNOWN
        return unknown

    return evaluate


def disjunction(parts: list[Evaluate]) -> Evaluate:
    """True if any part is true, else the first UNKNOWN, else false."""

    def evaluate(subject: Any, element: Any) -> Any:
        unknown: Any = False
        for part in parts:
            value = part(subject, element)
            if value is True:
                return True
            if value is not False and unknown is False:
                unknown = value if value.__class__ is Unknown else UNKNOWN
        return unknown

    return evaluate


def negation(part: Evaluate) -> Evaluate:
    """The opposite; UNKNOWN stays."""

    def evaluate(subject: Any, element: Any) -> Any:
        value = part(subject, element)
        if value is True or value is False:
            return not value
        return value if value.__class__ is Unknown else UNKNOWN

    return evaluate


def none_test(operand: Evaluate, wanted: bool) -> Evaluate:
    """``is None``, or ``is not None`` where that is wanted."""

    def evaluate(subject: Any, element: Any) -> Any:
        value = operand(subject, element)
        return value if value.__class__ is Unknown else (value is None) is wanted

    return evaluate


def equality(left: Evaluate, right: Evaluate, wanted: bool) -> Evaluate:
    """``==`` or ``!=``."""

    def evaluate(subject: Any, element: Any) -> Any:
        ours = left(subject, element)
        if ours.__class__ is Unknown:
            return ours
        theirs = right(subject, element)
        return theirs if theirs.__class__ is Unknown else (ours == theirs) is wanted

    return evaluate


def order_test(compare: Callable[[Any, Any], Any], left: Evaluate, right: Evaluate, unordered: Unknown) -> Evaluate:
    """``<`` and its like; ``unordered`` where the two have no order."""

    def evaluate(subject: Any, element: Any) -> Any:
        ours = left(subject, element)
        if ours.__class__ is Unknown:
            return ours
        theirs = right(subject, element)
        if theirs.__class__ is Unknown:
            return theirs
        try:
            return bool(compare(ours, theirs))
        except TypeError:
            return unordered

    return evaluate


def membership(left: Evaluate, right: Evaluate, wanted: bool) -> Evaluate:
    """``in`` or ``not in``, for lists and texts."""

    def evaluate(subject: Any, element: Any) -> Any:
        collection = right(subject, element)
        if collection.__class__ is Unknown:
            return collection
        value = left(subject, element)
        if collection is None:
            return UNKNOWN
        if not collection:
            return not wanted
        if value.__class__ is Unknown:
            return value
        if isinstance(collection, str):
            return (value in collection) is wanted if isinstance(value, str) else UNKNOWN
        unknown = None
        for one in collection:
            if one.__class__ is Unknown:
                unknown = one
            elif one == value:
                return wanted
        return unknown if unknown is not None else not wanted

    return evaluate


def application(
    operand: Evaluate, function: Callable[[Any], Any], kinds: tuple[type, ...], absent: Unknown
) -> Evaluate:
    """A function of one value of these kinds; ``absent`` for any other."""

    def evaluate(subject: Any, element: Any) -> Any:
        value = operand(subject, element)
        if isinstance(value, kinds):
            return function(value)
        return value if value.__class__ is Unknown else absent

    return evaluate


def quantification(items: Evaluate, holds: Evaluate, decisive: bool, absent: Unknown) -> Evaluate:
    """``any`` (decided by true) or ``all`` (decided by false) over a list."""

    def evaluate(subject: Any, element: Any) -> Any:
        collection = items(subject, element)
        if not isinstance(collection, tuple | list | frozenset):
            return collection if collection.__class__ is Unknown else absent
        unknown: Any = not decisive
        for one in collection:
            value = holds(subject, one)
            if value is decisive:
                return decisive
            if value is decisive or value is (not decisive):
                continue
            if unknown is (not decisive):
                unknown = value if value.__class__ is Unknown else UNKNOWN
        return unknown

    return evaluate
