"""Image references: ``registry/path/name:tag@digest`` taken apart, and whether their tag moves.

In comes the text as a manifest has it; what stands for something unknown (a template, an unresolved variable) stays
UNKNOWN.
"""

from __future__ import annotations

from archlint.core.record import dataclass, pattern
from archlint.core.span import Span
from archlint.core.system.workloads import Image
from archlint.core.values import UNKNOWN, Truth, Unknown

_VERSION = pattern(r"\d")
_COMMIT = pattern(r"^(?=.*[a-f])[0-9a-f]{7,40}$")
_HOLES = ("${", "{{", "$(", "<%", "$")
_DOCKER_HUB = ("docker.io/library/", "index.docker.io/library/", "docker.io/", "index.docker.io/", "library/")


@dataclass(frozen=True)
class Reference:
    """The parts of an image reference."""

    repository: str
    tag: str | Unknown | None
    digest: str | Unknown | None


def parse(text: str) -> Reference:
    """The parts of the reference; Docker Hub's implied registry and ``library/`` are left out."""
    text, _, digest = text.partition("@")
    head, separator, last = text.rpartition("/")
    name, colon, tag = last.partition(":")
    repository = head + separator + name
    for prefix in _DOCKER_HUB:
        if repository.startswith(prefix) and repository != prefix:
            repository = repository[len(prefix) :]
            break
    return Reference(
        repository=repository,
        tag=(UNKNOWN if _is_open(tag) else tag) if colon and tag else None,
        digest=(UNKNOWN if _is_open(digest) else digest) if digest else None,
    )


def is_mutable(reference: Reference) -> Truth:
    """Whether what the reference names can change: no digest, and no tag or one with no version number in it."""
    if reference.digest is not None:
        return False
    tag = reference.tag
    if tag is None and _is_open(reference.repository):
        return UNKNOWN
    if any(letter.isupper() for letter in last_part(reference.repository)):
        return UNKNOWN  # no image has a capital letter in its name: something fills it in
    if isinstance(tag, Unknown):
        return UNKNOWN
    return tag is None or not (_VERSION.search(tag) or _COMMIT.match(tag))


def image(text: str, at: Span, key: str) -> Image:
    """The reference as a subject."""
    reference = parse(text)
    return Image(
        at=at,
        name=text,
        key=key,
        repository=reference.repository,
        tag=reference.tag,
        digest=reference.digest,
        is_mutable=is_mutable(reference),
    )


def last_part(repository: str) -> str:
    """The image's own name: the last part of its repository."""
    return repository.rpartition("/")[2]


def _is_open(text: str) -> bool:
    return any(hole in text for hole in _HOLES)
