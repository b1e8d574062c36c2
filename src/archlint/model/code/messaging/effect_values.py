"""What arguments of changes say: whether a value is relative to the old one, made anew, or the key of a message.

In: expressions and the module that they stand in. Out: yes or no, as far as the code shows.
"""

from __future__ import annotations

from archlint.core.facts.python import (
    Dictionary,
    Display,
    Expression,
    Literal,
    Member,
    Operation,
    Parameter,
    PythonCall,
    Reference,
    Result,
    Template,
)
from archlint.core.record import pattern
from archlint.model.code.messaging.message_libraries import KEY_NAMES, MONGO_RELATIVE
from archlint.model.code.scope import code_scope
from archlint.model.draft import Draft
from archlint.model.program.program import Module

_GENERATED = pattern(
    r"(^|\.)(uuid[1-8]?|uuid\w*\.uuid\w*|ObjectId|token_\w+|randint|random|choice|now|utcnow|time|time_ns|ulid|ULID|nanoid"
    r"|generate\w*id|new_id|gen_id|getrandbits)$"
)
_DEPTH = 5
_MEMO = "unique columns"


def is_generated(expression: Expression, module: Module, depth: int = 0) -> bool:
    """Whether a value is made anew each time: another one for a second delivery."""
    if depth > _DEPTH:
        return False
    if isinstance(expression, Result):
        call = module.call(expression.call)
        if call is None:
            return False
        return bool(_GENERATED.search(call.name)) or any(
            is_generated(one.value, module, depth + 1) for one in call.arguments
        )
    if isinstance(expression, Template):
        return any(is_generated(one, module, depth + 1) for one in expression.parts)
    return isinstance(expression, Member) and is_generated(expression.base, module, depth + 1)


def is_relative(expression: Expression, module: Module, depth: int = 0) -> bool:
    """Whether a value is put together from what is stored: ``F("stock") - 1``, ``Product.stock - 1``."""
    if depth > _DEPTH:
        return False
    if isinstance(expression, Operation):
        if expression.operator not in ("+", "-", "*", "/", "|"):
            return False
        sides = (expression.left, expression.right)
        return any(_is_column(one, module) or is_relative(one, module, depth + 1) for one in sides)
    if isinstance(expression, Dictionary):
        return any(is_relative(value, module, depth + 1) for _, value in expression.entries)
    if isinstance(expression, Template):
        return any(_is_column(one, module) for one in expression.parts)
    return False


def _is_column(expression: Expression, module: Module) -> bool:
    if isinstance(expression, Result):
        call = module.call(expression.call)
        return call is not None and call.name.rpartition(".")[2] == "F"
    if isinstance(expression, Reference):
        owner, _, _ = expression.name.rpartition(".")
        return owner.rpartition(".")[2][:1].isupper()
    return False


def is_relative_update(value: Expression) -> bool:
    """``{"$inc": …}``."""
    return isinstance(value, Dictionary) and any(
        isinstance(key, Literal) and key.value in MONGO_RELATIVE for key, _ in value.entries
    )


def entry_of(value: Expression, *names: str) -> Expression | None:
    """The value of a dict display under one of the keys."""
    if isinstance(value, Dictionary):
        for key, one in value.entries:
            if isinstance(key, Literal) and key.value in names:
                return one
    return None


def has_key(value: Expression) -> bool:
    """Whether a dict display has an entry that is called like a message's key."""
    return isinstance(value, Dictionary) and any(
        isinstance(key, Literal) and isinstance(key.value, str) and KEY_NAMES.match(key.value)
        for key, _ in value.entries
    )


def has_text(value: Expression, text: str) -> bool:
    """Whether a key of a dict display has a text in it."""
    return isinstance(value, Dictionary) and any(
        isinstance(key, Literal | Reference) and text in str(getattr(key, "value", "")).lower()
        for key, _ in value.entries
    )


def is_reply(call: PythonCall) -> bool:
    """Whether a message is the answer to the one that is handled: it goes where that one says."""
    for argument in call.arguments:
        value = argument.value
        name = value.name if isinstance(value, Member | Reference | Parameter) else ""
        if name.rpartition(".")[2] in ("reply_to", "reply", "reply_subject", "callback_queue"):
            return True
    return False


def is_keyed(draft: Draft, made: PythonCall, module: Module) -> bool:
    """Whether a record is made with a value for a unique column, which a second delivery would have again."""
    owner, manager, _ = made.name.partition(".objects.")
    name = draft.program.qualify(Reference(owner), module) if manager else draft.program.callee(made, module)
    unique = _unique_columns(draft).get(name, frozenset())
    for argument in made.arguments:
        if argument.name in unique or argument.name in ("id", "uuid", "pk", "_id"):
            value = argument.value
            if not isinstance(value, Literal) and not is_generated(value, module):
                return True
    return False


def _unique_columns(draft: Draft) -> dict[str, frozenset[str]]:
    """The columns of the workspace's models that are declared unique or the primary key, by class."""
    known = draft.memo.get(_MEMO)
    if isinstance(known, dict):
        return known
    found: dict[str, set[str]] = {}
    for module in code_scope(draft).modules():
        for one in module.facts.assignments:
            if not isinstance(one.target, Reference) or not isinstance(one.value, Result) or one.function is not None:
                continue
            call = module.call(one.value.call)
            if call is not None and any(
                argument.name in ("unique", "primary_key") and argument.value == Literal(True)
                for argument in call.arguments
            ):
                owner, _, name = one.target.name.rpartition(".")
                found.setdefault(owner, set()).add(name)
    result = draft.memo[_MEMO] = {owner: frozenset(names) for owner, names in found.items()}
    return result


def parameters_of(call: PythonCall) -> tuple[Expression, ...]:
    """The values that a statement is run with, in their order."""
    given = call.argument("params", 1) or call.argument("parameters")
    if given is None:
        return ()
    if isinstance(given.value, Display):
        return given.value.items
    positional = tuple(one.value for one in call.arguments if one.name is None)[1:]
    return positional if len(positional) > 1 else ()
