"""Which version of a library a file runs with, as far as the requirements around it say.

In: the requirements of the workspace. Out: whether the version in use is older than a given one, and which of several
libraries is required at all. A requirement that leaves both open gives UNKNOWN.
"""

from __future__ import annotations

import re
from collections.abc import Iterator

from archlint.core.facts.python import Display, Literal
from archlint.core.facts.requirements import PythonRequirement
from archlint.core.record import dataclass, pattern
from archlint.core.span import Span
from archlint.core.values import Place, Truth, Unknown
from archlint.model.draft import Draft
from archlint.model.program.program import Module

Version = tuple[int, ...]

_CLAUSE = pattern(r"(?P<operator>===|==|~=|<=|>=|!=|<|>|\^|~|=)?\s*v?(?P<version>\d+(?:\.\d+)*)(?P<wild>\.\*)?")
_REQUIREMENT = pattern(r"\s*(?P<name>[A-Za-z0-9][\w.-]*?)\s*(?:\[[^\]]*\])?\s*(?P<specifier>[<>=!~].*)?$")
_SEPARATORS = pattern(r"[-_.]+")
_NOT_KNOWN = Unknown("the version in use is not known")


@dataclass(frozen=True)
class _Required:
    """What one requirement says of a package's version, and where."""

    specifier: str
    at: Span


@dataclass(frozen=True, eq=False)
class Needs:
    """The requirements that hold for a service's module: those nearest to the service, then those nearest to it."""

    draft: Draft
    paths: tuple[str, ...]

    def __call__(self, *packages: str) -> bool:
        """Whether any of the packages is required for production."""
        return any(_required(self.draft, path, package) for path in self.paths for package in packages)

    def is_older(self, package: str, version: Version) -> Truth:
        """Whether the process runs with a version of the package below the given one."""
        answers = (_is_older(one.specifier, version) for one in self._of(package))
        return next((one for one in answers if not isinstance(one, Unknown)), _NOT_KNOWN)

    def places(self, package: str) -> tuple[Place, ...]:
        """Where the version of the package is said."""
        return tuple(Place(one.at, f"{package}{one.specifier} is required here") for one in self._of(package)[:1])

    def _of(self, package: str) -> list[_Required]:
        return [one for path in self.paths for one in _required(self.draft, path, package)]


def needs_of(draft: Draft, service: str, path: str) -> Needs:
    """The requirements for a file of a service."""
    owner = draft.service(service)
    return Needs(draft, (f"{owner.directory}/", path) if owner is not None and owner.directory else (path,))


def _required(draft: Draft, path: str, package: str) -> list[_Required]:
    """What is required of the package in the nearest directory upward that says any, development left out."""
    homes = _by_package(draft).get(package, {})
    directory = path
    while homes and directory:
        directory = directory.rpartition("/")[0]
        if directory in homes:
            return homes[directory]
    # A workspace that states it once, wherever that is, means it for all.
    return [one for found in homes.values() for one in found] if len(homes) == 1 else []


def _by_package(draft: Draft) -> dict[str, dict[str, list[_Required]]]:
    """The specifiers of each package by the directory that they hold for."""
    known = draft.memo.get("requirements by package")
    if isinstance(known, dict):
        return known
    found: dict[str, dict[str, list[_Required]]] = {}
    for one in draft.index.of(PythonRequirement):
        if not one.development:
            home = one.at.path.rpartition("/")[0]
            # requirements/base.txt holds for the directory above.
            home = home.removesuffix("requirements").rstrip("/") if home.endswith("requirements") else home
            found.setdefault(one.name, {}).setdefault(home, []).append(_Required(one.specifier, one.at))
    for path, module in draft.program.modules.items():
        if path == "setup.py" or path.endswith("/setup.py"):
            for name, required in _of_setup(module):
                found.setdefault(name, {}).setdefault(path.rpartition("/")[0], []).append(required)
    draft.memo["requirements by package"] = found
    return found


def _of_setup(module: Module) -> Iterator[tuple[str, _Required]]:
    """The names and specifiers in the ``install_requires`` of a ``setup.py``."""
    for call in module.calls_named({"setup"}):
        given = call.argument("install_requires")
        if given is None or not isinstance(given.value, Display):
            continue
        for one in given.value.items:
            match = _REQUIREMENT.match(one.value) if isinstance(one, Literal) and isinstance(one.value, str) else None
            if match:
                yield _SEPARATORS.sub("-", match["name"]).lower(), _Required(match["specifier"] or "", given.at)


def _is_older(specifier: str, version: Version) -> Truth:
    specifier = specifier.partition(";")[0]
    for clause in specifier.split(","):
        match = _CLAUSE.match(clause.strip())
        if match is None:
            continue
        given = _numbers(match["version"])
        operator = match["operator"] or "=="
        if operator in ("==", "===", "="):
            return _padded(given, version) < version
        if operator in ("~=", "^", "~"):
            # The highest that they allow lies below the next number.
            kept = _kept(operator, given)
            if _padded(given, version) >= version:
                return False
            return (*kept[:-1], kept[-1] + 1) <= version[: len(kept)] or _NOT_KNOWN
        if operator in ("<", "<=") and given <= version and (operator == "<" or given < version):
            return True
        if operator in (">", ">=") and _padded(given, version) >= version:
            return False
    return _NOT_KNOWN


def _kept(operator: str, given: Version) -> Version:
    if operator == "~=":
        return given[:-1] or given
    if operator == "~":
        return given[:2]
    first = next((place for place, one in enumerate(given) if one), len(given) - 1)
    return given[: first + 1]


def _numbers(text: str) -> Version:
    return tuple(int(part) for part in re.split(r"\.", text) if part)


def _padded(given: Version, version: Version) -> Version:
    return given + (0,) * (len(version) - len(given))
