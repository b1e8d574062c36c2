"""Where found secrets are put: each place once, however many environments, overlays or anchors lead to it."""

from __future__ import annotations

from dataclasses import field

from archlint.core import tree
from archlint.core.facts.documents import HelmValues
from archlint.core.record import dataclass
from archlint.core.span import Span, first_line
from archlint.core.system.security import SecretExposure
from archlint.core.values import Place, Truth
from archlint.model.draft import Draft
from archlint.model.secrets.value import Secret


@dataclass
class Collector:
    """Adds secrets to the draft. ``seen`` are the places that have one, by path, line and column; a line of a chart's
    values counts once, whatever its templates make of it."""

    draft: Draft
    seen: set[tuple[str, int, int, str]] = field(default_factory=set)
    _values: frozenset[str] = field(init=False)

    def __post_init__(self) -> None:
        self._values = frozenset(one.at.path for one in self.draft.index.of(HelmValues))

    def add(
        self,
        secret: Secret | None,
        place: str,
        at: Span,
        name: str,
        *,
        owner: str = "",
        service: str | None = None,
        environment: str | None = None,
        in_force: Truth = True,
        related: tuple[Place, ...] = (),
    ) -> None:
        """Add a secret, unless there is none or its place has been reported."""
        if secret is None:
            return
        spot = (at.path, at.line, at.column, name if place == "environment" else "")
        if at.path in self._values:
            spot = (at.path, at.line, 0, "")
        if spot in self.seen:
            return
        self.seen.add(spot)
        self.draft.add(
            SecretExposure(
                at=at,
                name=name or secret.kind,
                key=f"{place}/{at.path}/{owner}/{name}",
                place=place,
                hint=secret.hint,
                service=service,
                environment=environment,
                in_force=in_force,
                related=related,
            )
        )


def on_its_line(key: Span, value: tree.Node) -> Span:
    """An entry with its value where both stand on one line, else the value's first line."""
    at = value.at
    if at.path == key.path and at.line == key.line:
        return Span(
            key.path,
            key.line,
            key.column,
            at.line,
            max(at.end_column, key.end_column) if at.end_line == at.line else key.end_column,
        )
    return first_line(at)
