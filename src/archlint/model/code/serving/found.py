"""Routes as a framework declares them, and the prefixes that routers get where they are mounted.

In: routers, mounts and routes of one service's code. Out: full paths, UNKNOWN where a prefix is not resolved or a
router is never seen to be mounted.
"""

from __future__ import annotations

from dataclasses import field

from archlint.core.facts.python import PythonCall, PythonFunction
from archlint.core.record import dataclass, pattern
from archlint.core.span import Span
from archlint.core.values import Unknown
from archlint.model.code.objects import Key
from archlint.model.program.program import HOLE, Module

NEVER_MOUNTED = Unknown("its router is not seen to be mounted")
_MOST_PREFIXES = 4
_MOST_HOPS = 8


@dataclass(frozen=True)
class Found:
    """A route below its router. ``path`` is the framework's, normalised; ``kind`` is None where the path tells.

    ``call`` declares it, in ``module``; ``function`` is what it decorates.
    """

    at: Span
    path: str | Unknown
    methods: tuple[str, ...]
    handler: str
    framework: str
    router: Key | None = None
    kind: str | None = None
    protocol: str = "http"
    call: PythonCall | None = None
    module: Module | None = None
    function: PythonFunction | None = None


@dataclass(frozen=True)
class Router:
    """Something that routes are declared on. ``is_application``: it is served as it is. ``call`` made it."""

    key: Key
    framework: str
    is_application: bool
    prefix: str | Unknown = ""
    at: Span | None = None
    call: PythonCall | None = None
    module: Module | None = None


@dataclass(frozen=True)
class Mount:
    """A router below another one. ``replaces``: its prefix stands instead of the router's own (Flask). ``call`` mounts
    it."""

    parent: Key | None
    child: Key
    prefix: str | Unknown | None
    replaces: bool = False
    call: PythonCall | None = None
    module: Module | None = None


@dataclass
class Served:
    """All that one service's code declares."""

    routers: dict[Key, Router] = field(default_factory=dict)
    mounts: dict[Key, list[Mount]] = field(default_factory=dict)
    routes: list[Found] = field(default_factory=list)
    frameworks: dict[str, Span] = field(default_factory=dict)
    opaque: list[Unknown] = field(default_factory=list)
    """Reasons why there may be more routes than those found."""

    def mount(self, mount: Mount) -> None:
        """Take in a mount."""
        if mount.parent != mount.child:
            self.mounts.setdefault(mount.child, []).append(mount)

    def paths(self, route: Found) -> list[str | Unknown]:
        """The full paths of a route, one a mount of its router."""
        if isinstance(route.path, Unknown):
            return [route.path]
        found: list[str | Unknown] = []
        for prefix in self._prefixes(route.router, 0):
            path = prefix if isinstance(prefix, Unknown) else join(prefix, route.path)
            if path not in found:
                found.append(path)
        return found[:_MOST_PREFIXES] or [route.path]

    def _prefixes(self, key: Key | None, depth: int) -> list[str | Unknown]:
        router = self.routers.get(key) if key is not None else None
        if router is None:
            return [""]
        if depth > _MOST_HOPS:
            return [Unknown("routers are mounted too deep")]
        mounts = self.mounts.get(router.key, [])
        if not mounts:
            return [router.prefix if router.is_application else NEVER_MOUNTED]
        found: list[str | Unknown] = []
        for mount in mounts:
            own: str | Unknown = router.prefix
            if mount.prefix is not None:
                own = mount.prefix if mount.replaces else _both(mount.prefix, router.prefix)
            for outer in self._prefixes(mount.parent, depth + 1):
                found.append(_both(outer, own))
        return found[:_MOST_PREFIXES]


def _both(one: str | Unknown, other: str | Unknown) -> str | Unknown:
    if isinstance(one, Unknown):
        return one
    if isinstance(other, Unknown):
        return other
    return join(one, other) if one and other else one + other


def join(prefix: str, path: str) -> str:
    """A path below a prefix, with one slash between them."""
    if not prefix:
        return path if path.startswith("/") else "/" + path
    return prefix.rstrip("/") + ("/" + path.lstrip("/") if path else "") or "/"


_FLASK = pattern(r"<(?:[^:<>]+:)?([A-Za-z_]\w*)>")
_SANIC = pattern(r"<([A-Za-z_]\w*)(?::[^<>]*)?>")
_BRACES = pattern(r"\{([A-Za-z_]\w*)(?:[:=!](?:[^{}]|\{[^{}]*\})*)?\}")
_GROUP = pattern(r"\((?:\?P<(\w+)>|\?:)?(?:[^()]|\([^()]*\))*\)[?*+]?")


def from_angles(path: str, converter_first: bool = True) -> str:
    """``/orders/<int:id>`` (Flask, Django), or with ``<id:int>`` (Sanic, Bottle), as ``/orders/{id}``."""
    return (_FLASK if converter_first else _SANIC).sub(r"{\1}", path)


def from_braces(path: str) -> str:
    """``/orders/{id:int}`` as ``/orders/{id}``."""
    return _BRACES.sub(r"{\1}", path)


def from_regex(path: str) -> str:
    r"""``^orders/(?P<id>\d+)/$`` as ``orders/{id}/``; an unnamed group is ``{}``."""
    path = path.removeprefix("^").removesuffix("$").removesuffix(r"\Z").removesuffix("/?")
    return _GROUP.sub(lambda match: f"{{{match[1] or ''}}}", path).replace("\\", "")


def exact(text: str | None, is_exact: bool) -> str | Unknown:
    """The path, UNKNOWN where parts of it are not known."""
    if text is None or (not is_exact and HOLE in text):
        return Unknown("part of the path is not known")
    return text
