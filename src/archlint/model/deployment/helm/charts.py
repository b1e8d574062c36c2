"""Charts: which there are, what they are made of, and the values that each of them is rendered with.

In come Chart.yaml, values.yaml and templates as facts; out come charts with their subcharts, as Helm puts them
together: a parent's values over a subchart's own, ``global`` for all, ``condition`` and ``tags`` to switch them off. A
dependency that is not in the scan makes the chart incomplete.
"""

from __future__ import annotations

from dataclasses import field

from archlint.core import tree
from archlint.core.facts.documents import HelmChart, HelmTemplate, HelmValues
from archlint.core.record import dataclass
from archlint.core.tree import Node
from archlint.model.deployment.helm.functions.collections import copied
from archlint.model.deployment.helm.values import Value, of_node
from archlint.model.index import FactIndex
from archlint.model.paths import join

_DEPTH_LIMIT = 8
_COUNT_LIMIT = 300


@dataclass
class Chart:
    """A chart in place: ``name`` is what its parent calls it, ``values`` are the ones in force."""

    path: str
    name: str
    tree: tree.Mapping
    values: Value
    templates: list[HelmTemplate]
    subcharts: list[Chart] = field(default_factory=list)
    lacks: list[str] = field(default_factory=list)
    """The dependencies that are not in the scan."""

    @property
    def is_library(self) -> bool:
        """Whether it only lends its templates."""
        return tree.text(self.tree, "type") == "library"


class Charts:
    """The charts of a workspace by their directories."""

    def __init__(self, index: FactIndex) -> None:
        self._charts = {one.at.path.rpartition("/")[0]: one for one in index.of(HelmChart)}
        self._values = {one.at.path: one.tree for one in index.of(HelmValues)}
        self._templates: dict[str, list[HelmTemplate]] = {}
        self._loads = 0
        self.strays: list[HelmTemplate] = []
        """Templates that belong to no chart."""
        for one in index.of(HelmTemplate):
            directory = self._chart_of(one.at.path)
            if directory is None:
                self.strays.append(one)
            else:
                self._templates.setdefault(directory, []).append(one)

    @property
    def tops(self) -> list[str]:
        """The charts that are installed by themselves: neither libraries nor in another one's dependencies."""
        used = {
            path
            for directory in self._charts
            for item in self._dependencies(directory)
            if (path := _file(directory, item))
        }
        return sorted(
            directory
            for directory, one in self._charts.items()
            if directory not in used and not self._is_vendored(directory) and tree.text(one.tree, "type") != "library"
        )

    def load(self, directory: str) -> Chart:
        """The chart with its default values, and all that it brings along."""
        chart = self._charts[directory]
        self._loads = 0
        return self._loaded(directory, tree.text(chart.tree, "name") or directory.rpartition("/")[2], None, 0)

    def _loaded(self, directory: str, name: str, given: Value | None, depth: int) -> Chart:
        chart = self._charts[directory]
        own = of_node(self._values.get(_below(directory, "values.yaml")))
        values = overlaid(own if isinstance(own.data, dict) else Value({}), given)
        result = Chart(directory, name, chart.tree, values, self._templates.get(directory, []))
        self._loads += 1
        if depth > _DEPTH_LIMIT or self._loads > _COUNT_LIMIT:
            return result
        listed = self._dependencies(directory)
        found: dict[str, str] = {}
        for item in listed:
            wanted = tree.text(item, "name") or ""
            if not _is_enabled(item, values):
                found[wanted] = ""
                continue
            path = _file(directory, item)
            if path is None or path not in self._charts:
                path = self._vendored(directory, wanted)
            found[wanted] = path or ""
            if path is None:
                result.lacks.append(wanted)
            else:
                self._add(result, path, tree.text(item, "alias") or wanted, depth)
        names = {path for path in found.values() if path}
        for path in sorted(self._charts):
            if path.startswith(_below(directory, "charts/")) and "/" not in path[len(_below(directory, "charts/")) :]:
                own_name = tree.text(self._charts[path].tree, "name") or ""
                if path not in names and own_name not in found:
                    self._add(result, path, own_name, depth)
        return result

    def _add(self, parent: Chart, path: str, name: str, depth: int) -> None:
        given = copied(parent.values.mapping.get(name, Value({})))
        shared = parent.values.mapping.get("global")
        if shared is not None and isinstance(given.data, dict):
            given.data["global"] = overlaid(copied(given.mapping.get("global", Value({}))), copied(shared))
        child = self._loaded(path, name, given, depth + 1)
        if isinstance(parent.values.data, dict):
            parent.values.data[name] = child.values
        parent.subcharts.append(child)

    def _dependencies(self, directory: str) -> tuple[Node, ...]:
        return tree.items(self._charts[directory].tree, "dependencies")

    def _vendored(self, directory: str, name: str) -> str | None:
        for path, one in self._charts.items():
            rest = path[len(_below(directory, "charts/")) :]
            if path.startswith(_below(directory, "charts/")) and "/" not in rest and name in (rest, one.name):
                return path
        return None

    def _is_vendored(self, directory: str) -> bool:
        """Whether it lies in another chart's ``charts`` directory."""
        head, mark, _ = f"/{directory}/".rpartition("/charts/")
        return bool(mark) and head.lstrip("/") in self._charts

    def _chart_of(self, path: str) -> str | None:
        position = len(path)
        while (position := path.rfind("/", 0, position)) >= 0:
            if path[:position] in self._charts:
                rest = path[position + 1 :]
                return path[:position] if rest.startswith("templates/") else None
        return "" if "" in self._charts and path.startswith("templates/") else None


def overlaid(below: Value, above: Value | None) -> Value:
    """Values over others: dicts are merged, null takes a key away, everything else replaces."""
    if above is None or not isinstance(above.data, dict) or not isinstance(below.data, dict):
        return below if above is None or above.data is None else above
    result = dict(below.data)
    keys = dict(below.keys or {})
    for key, one in above.data.items():
        if one.data is None:
            result.pop(key, None)
            continue
        old = result.get(key)
        result[key] = overlaid(old, one) if old is not None else one
        if above.keys and key in above.keys:
            keys[key] = above.keys[key]
    return Value(result, above.at or below.at, keys=keys)


def _is_enabled(item: Node, values: Value) -> bool:
    for condition in (tree.text(item, "condition") or "").split(","):
        found = _at(values, condition.strip())
        if found is not None and isinstance(found.data, bool):
            return found.data
    tags = values.mapping.get("tags", Value({})).mapping
    switched = [tags[name].data for one in tree.items(item, "tags") if (name := tree.text(one) or "") in tags]
    return not switched or any(one is True for one in switched)


def _at(values: Value, path: str) -> Value | None:
    found: Value | None = values
    for part in path.split(".") if path else ():
        found = found.mapping.get(part) if found is not None else None
    return found if path else None


def _file(directory: str, item: Node) -> str | None:
    repository = tree.text(item, "repository") or ""
    return join(directory, repository.removeprefix("file://")) if repository.startswith("file://") else None


def _below(directory: str, name: str) -> str:
    return f"{directory}/{name}" if directory else name
