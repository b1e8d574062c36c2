"""What a Python module says, compactly enough to resolve names and values across modules later.

The reader qualifies names as far as one file allows and inlines local variables; the model joins modules. Names that
the module itself defines are prefixed by its dotted path from the workspace root (``src/orders/app.py`` defines
``src.orders.app.create``); imported names stay as the import says (``requests.get``, ``shared.settings.TIMEOUT``), with
relative imports resolved against that path. ``self.x`` in a method of class ``C`` is a reference to ``<module>.C.x``.
"""

from __future__ import annotations

from functools import cached_property

import msgspec

from archlint.core.facts.base import Fact
from archlint.core.span import Span
from archlint.core.values import Truth, Unknown


class Literal(msgspec.Struct, frozen=True, array_like=True, tag="v", gc=False):
    """A constant (bytes are decoded as Latin-1)."""

    value: str | int | float | bool | None


class Reference(msgspec.Struct, frozen=True, array_like=True, tag="n", gc=False):
    """A qualified dotted name; see the module's docstring. Builtins are bare (``print``)."""

    name: str


class Member(msgspec.Struct, frozen=True, array_like=True, tag="a", gc=False):
    """An attribute of something that is no plain dotted name."""

    base: Expression
    name: str


class Item(msgspec.Struct, frozen=True, array_like=True, tag="i", gc=False):
    """A subscript: ``base[key]``."""

    base: Expression
    key: Expression


class Parameter(msgspec.Struct, frozen=True, array_like=True, tag="p", gc=False):
    """A parameter of a function of this module, by the function's index."""

    function: int
    name: str


class Result(msgspec.Struct, frozen=True, array_like=True, tag="r", gc=False):
    """What a call of this module returns (or yields as a context manager), by the call's index."""

    call: int


class EnvironmentRead(msgspec.Struct, frozen=True, array_like=True, tag="e", gc=False):
    """A read of an environment variable; ``default`` is None where there is none (``os.environ[KEY]``)."""

    key: str
    default: Expression | None
    at: Span


class Template(msgspec.Struct, frozen=True, array_like=True, tag="t", gc=False):
    """Text put together from parts: f-strings, ``+``, ``%``, ``str.format`` and ``join`` of a display."""

    parts: tuple[Expression, ...]


class Display(msgspec.Struct, frozen=True, array_like=True, tag="l", gc=False):
    """A list, tuple or set display."""

    items: tuple[Expression, ...]


class Dictionary(msgspec.Struct, frozen=True, array_like=True, tag="d", gc=False):
    """A dict display or ``dict(...)``; an unpacked mapping has the key None."""

    entries: tuple[tuple[Expression | None, Expression], ...]


class Choice(msgspec.Struct, frozen=True, array_like=True, tag="c", gc=False):
    """One of several: ``a or b``, ``a if c else b``, a variable assigned in branches. The first is the most usual.

    ``is_fallback``: an option holds only where those before it are empty (``a or b``; ``if a is None: a = b``).
    """

    options: tuple[Expression, ...]
    is_fallback: bool = False


class Element(msgspec.Struct, frozen=True, array_like=True, tag="o", gc=False):
    """An element of an iterable: what a loop or comprehension variable stands for."""

    iterable: Expression


class Comprehension(msgspec.Struct, frozen=True, array_like=True, tag="h", gc=False):
    """A list, set or generator comprehension whose elements all look like ``element``; how many there are is open."""

    element: Expression


class Lambda(msgspec.Struct, frozen=True, array_like=True, tag="f", gc=False):
    """A lambda by what it returns, its own parameters being UNKNOWN."""

    value: Expression


class Operation(msgspec.Struct, frozen=True, array_like=True, tag="x", gc=False):
    """Arithmetic on values that one file does not tell. ``operator``: ``-``, ``*``, ``/`` or ``//``."""

    operator: str
    left: Expression
    right: Expression


Expression = (
    Literal
    | Reference
    | Member
    | Item
    | Parameter
    | Result
    | EnvironmentRead
    | Template
    | Display
    | Dictionary
    | Choice
    | Element
    | Comprehension
    | Lambda
    | Operation
    | Unknown
)


class Argument(msgspec.Struct, frozen=True, array_like=True, gc=False):
    """One argument. ``name`` is None for a positional one, ``*`` and ``**`` for unpacked ones."""

    at: Span
    name: str | None
    value: Expression


class Loop(msgspec.Struct, frozen=True, array_like=True, gc=False):
    """The innermost loop around a call, inside the same function. ``kind``: ``for``, ``while`` or ``comprehension``."""

    at: Span
    kind: str
    over: Expression


class PythonCall(Fact, frozen=True, array_like=True, gc=False):
    """A call. ``at`` spans the whole call expression.

    ``function`` is the index of the enclosing function in the module, None at module or class level. ``catches`` are
    the qualified exception names of the ``try`` blocks around it (innermost first; ``BaseException`` for a bare
    ``except``). ``contexts`` are the expressions of the ``with`` blocks around it, innermost last. ``branch`` is true
    under an ``if``, ``except`` or conditional expression of its function.
    """

    callee: Expression
    arguments: tuple[Argument, ...]
    function: int | None = None
    loop: Loop | None = None
    awaited: bool = False
    catches: tuple[str, ...] = ()
    contexts: tuple[Expression, ...] = ()
    branch: bool = False

    @property
    def name(self) -> str:
        """The dotted callee, with ``?`` for a base that is no name: ``requests.get``, ``?.execute``."""
        callee = self.callee
        return callee.name if type(callee) is Reference else dotted(callee)

    def argument(self, name: str, position: int | None = None) -> Argument | None:
        """The argument by keyword, else by position (counted from 0, among those before any ``*`` unpacking)."""
        index = 0
        for one in self.arguments:
            if one.name == name:
                return one
        for one in self.arguments:
            if one.name == "*":
                return None
            if one.name is None:
                if index == position:
                    return one
                index += 1
        return None

    @property
    def is_open(self) -> bool:
        """Whether ``*args`` or ``**kwargs`` may give arguments that are not seen here."""
        return any(one.name in ("*", "**") for one in self.arguments)


class PythonParameter(msgspec.Struct, frozen=True, array_like=True, gc=False):
    """A parameter. ``kind``: ``positional``, ``keyword``, ``*`` or ``**``. ``default`` is None where there is none."""

    name: str
    kind: str
    default: Expression | None = None
    annotation: Expression | None = None


class PythonFunction(Fact, frozen=True, array_like=True, gc=False):
    """A function or method. ``at`` spans its ``def`` line up to the colon, ``end_line`` is the last line of its body.

    ``name`` is qualified (``<module>.C.method``, nested ones ``<module>.outer.inner``); ``parent`` is the index of the
    function around it; ``owner`` the qualified name of its class. ``returns`` are what it returns, and what it yields
    where it is a generator; ``annotation`` is the annotation of what it returns.
    """

    name: str
    end_line: int
    parameters: tuple[PythonParameter, ...]
    decorators: tuple[Expression, ...] = ()
    decorator_spans: tuple[Span, ...] = ()
    owner: str | None = None
    parent: int | None = None
    is_async: bool = False
    is_generator: bool = False
    returns: tuple[Expression, ...] = ()
    docstring: bool = False
    annotation: Expression | None = None


class PythonClass(Fact, frozen=True, array_like=True, gc=False):
    """A class. ``name`` is qualified, ``bases`` are its positional bases; ``at`` spans its ``class`` line."""

    name: str
    bases: tuple[Expression, ...] = ()
    decorators: tuple[Expression, ...] = ()
    keywords: tuple[Argument, ...] = ()
    function: int | None = None


class PythonAssignment(Fact, frozen=True, array_like=True, gc=False):
    """An assignment to a module name, class attribute, ``self`` attribute, or an item or attribute of one.

    ``target`` is a Reference (``<module>.NAME``, ``<module>.C.attr``) or an Item or Member of one; local variables are
    inlined where they are used and do not appear. ``value_at`` spans the value. ``branch`` is true where it may not
    happen (under an ``if``, ``except``, loop). ``augmented``: it changes what was there (``a.b += 1``, and
    ``a.b = a.b + 1``).
    """

    target: Expression
    value: Expression
    value_at: Span
    function: int | None = None
    annotation: Expression | None = None
    augmented: bool = False
    branch: bool = False


class PythonImport(Fact, frozen=True, array_like=True, gc=False):
    """An import, one fact a name. ``module`` is absolute; ``name`` is None for ``import module``, ``*`` for a star.

    ``alias`` is the local name that it binds (``a`` for ``import a.b``); ``level`` is the number of leading dots,
    ``typing_only`` is true under ``if TYPE_CHECKING``. An import above the root keeps its dots (``..shared``).
    """

    module: str
    name: str | None
    alias: str
    level: int = 0
    function: int | None = None
    typing_only: bool = False


class PythonString(Fact, frozen=True, array_like=True, gc=False):
    """A string literal that has a name: assigned, passed by keyword, a dict entry, a default, a comparison.

    ``context``: ``assignment``, ``keyword``, ``entry``, ``default``, ``comparison``. ``at`` spans the literal.
    """

    name: str
    value: str
    context: str
    function: int | None = None


class PythonRaise(Fact, frozen=True, array_like=True, gc=False):
    """A ``raise``; ``exception`` is None for a bare one."""

    exception: Expression | None
    function: int | None = None


class PythonHandler(Fact, frozen=True, array_like=True, gc=False):
    """An ``except`` clause. ``exceptions`` are qualified; ``reraises`` is true where a path of its body raises."""

    exceptions: tuple[str, ...]
    function: int | None
    reraises: bool
    body: Span


class Look(msgspec.Struct, frozen=True, array_like=True, gc=False):
    """One thing that a condition looks at. ``asks``: ``present`` (``x``, ``x is not None``, ``len(x) > 0``),
    ``absent``, ``equal`` for every other comparison, ``in`` and ``not in`` for a container."""

    value: Expression
    asks: str


class PythonTest(Fact, frozen=True, array_like=True, gc=False):
    """An ``if``. ``at`` spans its head, ``body`` and ``other`` (its ``else``) what runs behind it.

    One whose condition says nothing (no ``looks``) is left out where nothing but its body hangs on it.

    ``leaves`` is true where its body surely returns, raises or continues; then it decides on what follows up to the
    line ``until``, the end of the branch or loop around it (None: of the function).
    """

    looks: tuple[Look, ...]
    function: int | None
    body: Span
    other: Span | None = None
    leaves: bool = False
    until: int | None = None


class PythonRetryLoop(Fact, frozen=True, array_like=True, gc=False):
    """A loop that does a thing again after it failed: a success leaves it, a failure goes around.

    ``at`` spans its head, ``tried`` what is tried; ``catches`` are the qualified exceptions after which it goes on.
    ``limit``: ``attempts``, ``time``, ``none`` or ``unknown``; ``rounds`` counts them, None where nothing seen does.
    ``wait`` between two rounds: ``none``, ``constant``, ``random``, ``growing`` or ``unknown``.
    """

    function: int | None
    tried: Span
    catches: tuple[str, ...]
    limit: str
    rounds: Expression | None
    wait: str
    jitter: Truth


TOO_LARGE = Unknown("too large to follow")
"""What stands for a value that has so many parts that inlining it again and again would cost too much."""

encode_facts = msgspec.msgpack.Encoder().encode
"""What ``encoded_calls`` and ``encoded_strings`` are made by."""

_NOTHING = encode_facts(())
_decode_calls = msgspec.msgpack.Decoder(tuple[PythonCall, ...]).decode
_decode_strings = msgspec.msgpack.Decoder(tuple[PythonString, ...]).decode


class PythonModule(Fact, frozen=True, array_like=True, gc=True, dict=True):
    """One Python file. ``name`` is its dotted path from the root (without ``__init__``); ``main`` is the span of its
    ``if __name__ == "__main__"`` test. Indexes in its facts point into its own tuples.

    Calls and strings stay encoded until they are asked for: they are two thirds of what a module says, and nobody asks
    for those of most tests.
    """

    name: str
    is_package: bool
    imports: tuple[PythonImport, ...] = ()
    assignments: tuple[PythonAssignment, ...] = ()
    functions: tuple[PythonFunction, ...] = ()
    classes: tuple[PythonClass, ...] = ()
    encoded_calls: bytes = _NOTHING
    encoded_strings: bytes = _NOTHING
    raises: tuple[PythonRaise, ...] = ()
    handlers: tuple[PythonHandler, ...] = ()
    main: Span | None = None
    lines: int = 0
    tests: tuple[PythonTest, ...] = ()
    retries: tuple[PythonRetryLoop, ...] = ()

    @cached_property
    def calls(self) -> tuple[PythonCall, ...]:
        """Its calls, in the order of the source."""
        return _decode_calls(self.encoded_calls)

    @cached_property
    def strings(self) -> tuple[PythonString, ...]:
        """Its string literals that have a name."""
        return _decode_strings(self.encoded_strings)


def dotted(expression: Expression) -> str:
    """An expression as a dotted name, ``?`` standing for whatever is no name."""
    if isinstance(expression, Reference):
        return expression.name
    if isinstance(expression, Member):
        return f"{dotted(expression.base)}.{expression.name}"
    return "?"
