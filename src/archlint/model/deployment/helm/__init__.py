"""Helm charts, rendered with their default values into objects that keep the places of their sources.

In come charts, values and templates as facts; out comes what each chart deploys that is no other one's dependency.
Nothing of a chart is executed: the templates are evaluated by ``evaluate``, within limits. A template that cannot be
evaluated is a gap, and its chart then incomplete; the rest goes on.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import field

from archlint.core import tree
from archlint.core.facts.base import Gap
from archlint.core.facts.documents import HelmTemplate, KubernetesObject
from archlint.core.record import dataclass
from archlint.core.span import Span
from archlint.core.tree import Mapping
from archlint.model.deployment.helm.charts import Chart, Charts
from archlint.model.deployment.helm.evaluate import Renderer
from archlint.model.deployment.helm.functions import FUNCTIONS
from archlint.model.deployment.helm.nodes import Block, Template
from archlint.model.deployment.helm.placing import UNKNOWN_PART, place
from archlint.model.deployment.helm.syntax import parse
from archlint.model.deployment.helm.values import OPEN, TemplateError, Value, of_node
from archlint.model.index import FactIndex
from archlint.model.paths import names

NAMESPACE = "default"
"""Where a release goes that nothing is said of; objects of it are taken for ones that say no namespace."""

_VERSION = "v1.33.0"
_API_VERSIONS = names(
    "v1 apps/v1 batch/v1 autoscaling/v1 autoscaling/v2 policy/v1 networking.k8s.io/v1 rbac.authorization.k8s.io/v1 "
    "storage.k8s.io/v1 apiextensions.k8s.io/v1 admissionregistration.k8s.io/v1 apiregistration.k8s.io/v1 "
    "authentication.k8s.io/v1 authorization.k8s.io/v1 certificates.k8s.io/v1 coordination.k8s.io/v1 "
    "discovery.k8s.io/v1 events.k8s.io/v1 node.k8s.io/v1 scheduling.k8s.io/v1 flowcontrol.apiserver.k8s.io/v1"
)
"""What the API server of a plain cluster serves, as `helm template` assumes it."""


@dataclass
class ChartRendering:
    """What a chart deploys. ``path`` is its directory."""

    path: str
    objects: list[KubernetesObject]
    is_complete: bool = True
    gaps: list[Gap] = field(default_factory=list)


def render_charts(index: FactIndex) -> tuple[list[ChartRendering], list[HelmTemplate]]:
    """The renderings of the charts that are installed by themselves, and the templates that belong to no chart."""
    charts = Charts(index)
    parsed: dict[str, Template | TemplateError] = {}
    return [_rendered(charts.load(path), parsed) for path in charts.tops], charts.strays


def _rendered(chart: Chart, parsed: dict[str, Template | TemplateError]) -> ChartRendering:
    result = ChartRendering(chart.path, [])
    every = list(_every(chart))
    defines: dict[str, list[Block]] = {}
    sources: list[tuple[HelmTemplate, Chart]] = []
    for one in reversed(every):
        for source in one.templates:
            template = _parsed(source, parsed)
            if isinstance(template, Template):
                defines.update(template.defines)
                defines[_name(one, source.at.path)] = template.blocks
            if not one.is_library and _prints(source.at.path, one.path):
                sources.append((source, one))
    lacks = any(one.lacks for one in every)
    result.is_complete = not lacks
    renderer = Renderer(FUNCTIONS, defines, lacks_library=lacks)
    contexts = {id(one): _context(one, chart) for one in every}
    # Helm's own order, the deepest and last first: some charts have a template that prepares the values of the others.
    sources.sort(key=lambda one: (one[0].at.path.count("/"), one[0].at.path), reverse=True)
    for source, one in sources:
        _render(result, source, _parsed(source, parsed), renderer, contexts[id(one)], one)
    return result


def _render(
    result: ChartRendering,
    source: HelmTemplate,
    template: Template | TemplateError,
    renderer: Renderer,
    context: Value,
    chart: Chart,
) -> None:
    try:
        if isinstance(template, TemplateError):
            raise template
        own = Value({**context.mapping, "Template": _template(chart, source.at.path)})
        nodes, gaps = place(renderer.render(template, own), source.at.path)
    except TemplateError as error:
        at = error.at if error.at is not None and error.at.path else source.at
        reason = f"the template cannot be rendered with the chart's default values: {error}"
        nodes, gaps = [], [Gap(Span(at.path, at.line, at.column, at.line, at.column + 1), "template", reason)]
    if gaps:
        result.is_complete = False
        result.gaps += [gap for gap in gaps if gap not in result.gaps]
    for node in nodes:
        if isinstance(node, Mapping):
            result.objects.extend(_objects(node))


def _parsed(source: HelmTemplate, parsed: dict[str, Template | TemplateError]) -> Template | TemplateError:
    path = source.at.path
    if path not in parsed:
        try:
            parsed[path] = parse(source.text, path)
        except TemplateError as error:
            parsed[path] = error
        except RecursionError:
            parsed[path] = TemplateError("blocks are nested too deep")
    return parsed[path]


def _every(chart: Chart) -> Iterator[Chart]:
    yield chart
    for one in chart.subcharts:
        yield from _every(one)


def _prints(path: str, chart: str) -> bool:
    """Whether the template makes manifests: partials do not, and tests are no part of what is deployed."""
    name = path.rpartition("/")[2]
    is_test = path[len(chart) :].lstrip("/").startswith("templates/tests/")
    return not (name.startswith("_") or name.endswith(".tpl") or is_test)


def _name(chart: Chart, path: str) -> str:
    """The name that templates call a file's template by."""
    return f"{chart.name}/{path[len(chart.path) :].lstrip('/')}"


def _context(chart: Chart, top: Chart) -> Value:
    return Value(
        {
            "Values": chart.values,
            "Chart": _about(chart),
            "Release": Value(
                {
                    "Name": Value(top.name),
                    "Namespace": Value(NAMESPACE),
                    "Service": Value("Helm"),
                    "IsInstall": Value(True),
                    "IsUpgrade": Value(False),
                    "Revision": Value(1),
                }
            ),
            "Capabilities": Value(
                {
                    "KubeVersion": Value(
                        {
                            "Version": Value(_VERSION),
                            "GitVersion": Value(_VERSION),
                            "Major": Value("1"),
                            "Minor": Value(_VERSION.split(".")[1]),
                        }
                    ),
                    "APIVersions": Value({"Has": Value(_has_api)}),
                    "HelmVersion": Value({"Version": Value("v3.18.0")}),
                }
            ),
            "Files": Value(
                {name: Value(_unread) for name in ("Get", "GetBytes", "Glob", "Lines", "AsConfig", "AsSecrets")}
            ),
            "Subcharts": Value({one.name: _context(one, top) for one in chart.subcharts}),
        }
    )


def _about(chart: Chart) -> Value:
    found: dict[str, Value] = {}
    for one in chart.tree.entries:
        key = {"apiVersion": "APIVersion"}.get(one.key, one.key[:1].upper() + one.key[1:])
        found[key] = of_node(one.value)
    found["Name"] = Value(chart.name, found["Name"].at if "Name" in found else None)
    for key in ("Version", "AppVersion"):
        value = found.get(key)
        if value is not None and not isinstance(value.data, str):
            node = tree.entry(chart.tree, key[:1].lower() + key[1:])
            text = tree.text(node.value) if node is not None else None
            found[key] = Value(text or "", value.at)
    return Value(found)


def _template(chart: Chart, path: str) -> Value:
    return Value({"Name": Value(_name(chart, path)), "BasePath": Value(f"{chart.name}/templates")})


def _has_api(arguments: list[Value]) -> Value:
    text = arguments[0].text
    return Value(text in _API_VERSIONS or text.rpartition("/")[0] in _API_VERSIONS)


def _unread(_: list[Value]) -> Value:
    """Files of a chart are not read: what they hold is not known."""
    return Value(OPEN)


def _objects(document: Mapping) -> Iterator[KubernetesObject]:
    api_version, kind = tree.text(document, "apiVersion"), tree.text(document, "kind")
    if not api_version or not kind:
        return
    items = tree.get(document, "items")
    if kind == "List" and isinstance(items, tree.Sequence):
        for item in items.items:
            if isinstance(item, Mapping):
                yield from _objects(item)
        return
    hook = tree.text(document, "metadata", "annotations", "helm.sh/hook") or ""
    if any(one.strip().startswith("test") for one in hook.split(",")):
        return
    namespace = tree.text(document, "metadata", "namespace")
    name = tree.text(document, "metadata", "name") or tree.text(document, "metadata", "generateName") or ""
    yield KubernetesObject(
        document.at, api_version, kind, name, None if namespace in (NAMESPACE, "") else namespace, document
    )


__all__ = ["UNKNOWN_PART", "ChartRendering", "render_charts"]
