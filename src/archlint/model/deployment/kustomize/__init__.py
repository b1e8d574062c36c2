"""Kustomizations, rendered: overlays over bases and components, into objects that keep the places of their sources.

In come the kustomizations, manifests and env files of the workspace; out comes, for each kustomization that no other
one builds upon, what it deploys. A base is judged through its overlays only. What lies elsewhere (remote bases,
plugins, charts to inflate) makes a rendering incomplete, and what does not fit is a gap; the rest goes on.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import field

from archlint.core import tree
from archlint.core.facts.base import Gap
from archlint.core.facts.documents import ConfigValue, KubernetesObject, Kustomization
from archlint.core.record import dataclass
from archlint.core.tree import Mapping, Node
from archlint.model.deployment.kustomize.generators import generate
from archlint.model.deployment.kustomize.objects import Resource, as_object, resource
from archlint.model.deployment.kustomize.patches import patch
from archlint.model.deployment.kustomize.replacements import replace_values
from archlint.model.deployment.kustomize.transformers import transform
from archlint.model.index import FactIndex
from archlint.model.paths import join, parent

_DEPTH_LIMIT = 32
_OBJECT_LIMIT = 20_000
_BELOW = ("resources", "bases", "components")
_PLUGINS = ("generators", "transformers", "validators", "helmCharts", "helmChartInflationGenerator")
_REMOTE = ("://", "github.com/", "git@", "git::", "?ref=")


@dataclass
class Rendering:
    """What one kustomization deploys. ``path`` is its directory; ``files`` are the manifests that went into it."""

    path: str
    objects: list[KubernetesObject]
    is_complete: bool = True
    gaps: list[Gap] = field(default_factory=list)


def render_all(index: FactIndex) -> list[Rendering]:
    """A rendering of each kustomization that no other one uses; components on their own deploy nothing."""
    workspace = _Workspace(index)
    return [workspace.rendering(path) for path in workspace.tops]


def built_upon(index: FactIndex) -> set[str]:
    """The files that kustomizations name as resources or patches: no one deploys them by themselves."""
    found: set[str] = set()
    for one in index.of(Kustomization):
        directory = parent(one.at.path)
        texts = [tree.text(item) for key in (*_BELOW, "patchesStrategicMerge") for item in tree.items(one.tree, key)]
        texts += [
            tree.text(item, "path") for key in ("patches", "patchesJson6902") for item in tree.items(one.tree, key)
        ]
        texts += [tree.text(item, "path") for item in tree.items(one.tree, "replacements")]
        for text in texts:
            path = join(directory, text) if text and "\n" not in text and not _is_remote(text) else None
            if path:
                found.add(path)
    return found


@dataclass
class _Built:
    """What a kustomization comes to, for those that build upon it."""

    resources: list[Resource]
    is_complete: bool
    gaps: list[Gap]


class _Workspace:
    def __init__(self, index: FactIndex) -> None:
        self._kustomizations = {parent(one.at.path): one for one in index.of(Kustomization)}
        self._objects: dict[str, list[KubernetesObject]] = {}
        for found in index.of(KubernetesObject):
            self._objects.setdefault(found.at.path, []).append(found)
        self._index = index
        self._built: dict[str, _Built] = {}

    @property
    def tops(self) -> list[str]:
        """The directories of the kustomizations that no other one uses."""
        used: set[str] = set()
        for directory, one in self._kustomizations.items():
            for key in _BELOW:
                for item in tree.items(one.tree, key):
                    path = join(directory, tree.text(item) or "")
                    if path is not None and path != directory:
                        used.add(path)
        return sorted(
            directory
            for directory, one in self._kustomizations.items()
            if directory not in used and tree.text(one.tree, "kind") != "Component"
        )

    def rendering(self, directory: str) -> Rendering:
        """What the kustomization of the directory deploys."""
        built = self._build(directory, ())
        return Rendering(directory, [as_object(one) for one in built.resources], built.is_complete, built.gaps)

    def _build(self, directory: str, stack: tuple[str, ...]) -> _Built:
        known = self._built.get(directory)
        if known is None:
            known = self._build_upon(directory, [], stack)
            self._built[directory] = known
        return known

    def _build_upon(self, directory: str, resources: list[Resource], stack: tuple[str, ...]) -> _Built:
        """What the kustomization makes of the resources that it is laid over (none, unless it is a component)."""
        one = self._kustomizations[directory]
        built = _Built(list(resources), is_complete=True, gaps=[])
        if directory in stack or len(stack) > _DEPTH_LIMIT:
            built.is_complete = False
            return built
        stack = (*stack, directory)
        for key in ("resources", "bases"):
            for item in tree.items(one.tree, key):
                self._add(built, directory, item, stack)
        for item in tree.items(one.tree, "components"):
            path = self._local(directory, item)
            if path is None or path not in self._kustomizations:
                built.is_complete = False
                continue
            component = self._build_upon(path, built.resources, stack)
            built.resources = component.resources
            built.is_complete = built.is_complete and component.is_complete
            built.gaps += component.gaps
        if any(tree.entry(one.tree, key) is not None for key in _PLUGINS):
            built.is_complete = False
        built.resources = generate(one.tree, built.resources, self._env_file)
        built.resources, gaps = patch(one.tree, built.resources, self._patch_file)
        built.resources = transform(one.tree, built.resources)
        built.resources = replace_values(one.tree, built.resources)
        built.gaps += gaps
        built.is_complete = built.is_complete and not gaps
        return built

    def _add(self, built: _Built, directory: str, item: Node, stack: tuple[str, ...]) -> None:
        path = self._local(directory, item)
        if path is not None and path in self._kustomizations:
            below = self._build(path, stack)
            built.resources += below.resources
            built.is_complete = built.is_complete and below.is_complete
            built.gaps += [gap for gap in below.gaps if gap not in built.gaps]
        elif path is not None and path in self._objects:
            built.resources += [resource(found) for found in self._objects[path] if found.kind != "Kustomization"]
        else:
            built.is_complete = False
        if len(built.resources) > _OBJECT_LIMIT:
            del built.resources[_OBJECT_LIMIT:]
            built.is_complete = False

    def _local(self, directory: str, item: Node) -> str | None:
        text = tree.text(item)
        return join(directory, text) if text and not _is_remote(text) else None

    def _env_file(self, path: str) -> Sequence[ConfigValue] | None:
        found = [one for one in self._index.at(path) if isinstance(one, ConfigValue)]
        return found or None

    def _patch_file(self, path: str) -> tuple[Node, ...] | None:
        """The documents of a patch file: objects, or the list of a JSON patch, which was read as configuration."""
        objects = self._objects.get(path)
        if objects is not None:
            return tuple(one.tree for one in objects)
        values = self._env_file(path)
        return (_unflattened(values),) if values else None


def _is_remote(text: str) -> bool:
    return any(mark in text for mark in _REMOTE)


def _unflattened(values: Iterable[ConfigValue]) -> Node:
    """The tree of a configuration file's dotted values."""
    root: dict[str, object] = {}
    at = None
    for one in values:
        at = at or one.at
        level = root
        parts = one.key.split(".")
        for part in parts[:-1]:
            below = level.setdefault(part, {})
            if not isinstance(below, dict):
                break
            level = below
        else:
            text = "" if one.value is None else str(one.value)
            level[parts[-1]] = tree.Scalar(one.at, one.value, text)
    return _tree_of(root)


def _tree_of(level: dict[str, object]) -> Node:
    below = {key: _tree_of(one) if isinstance(one, dict) else one for key, one in level.items()}
    nodes = {key: one for key, one in below.items() if isinstance(one, (tree.Scalar, Mapping, tree.Sequence))}
    at = next(iter(nodes.values())).at
    if all(key.isdigit() for key in nodes):
        return tree.Sequence(at, tuple(nodes.values()))
    return Mapping(at, tuple(tree.Entry(key, one.at, one) for key, one in nodes.items()))


__all__ = ["Rendering", "built_upon", "render_all"]
