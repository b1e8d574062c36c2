from __future__ import annotations

import pytest
from deployment_systems import build, deployment

from archlint.core import tree
from archlint.core.facts.documents import KubernetesObject
from archlint.core.values import is_unknown
from archlint.model.deployment.environments import deployed
from archlint.model.deployment.helm.evaluate import Renderer
from archlint.model.deployment.helm.functions import FUNCTIONS
from archlint.model.deployment.helm.syntax import parse
from archlint.model.deployment.helm.values import TemplateError, of_plain, text_of
from archlint.model.draft import Draft

CHART = "apiVersion: v2\nname: orders\nversion: 1.0.0\nappVersion: 2.3.4\n"
DEPLOYMENT = """\
apiVersion: apps/v1
kind: Deployment
metadata:
  name: {{ include "orders.fullname" . }}
spec:
  replicas: {{ .Values.replicas }}
  template:
    metadata:
      labels:
        {{- include "orders.labels" . | nindent 8 }}
    spec:
      containers:
        - name: {{ .Chart.Name }}
          image: "{{ .Values.image.repository }}:{{ .Values.image.tag | default .Chart.AppVersion }}"
          env:
            - name: STOCK_URL
              value: {{ .Values.stock | quote }}
            - name: QUEUE_URL
              value: amqp://{{ .Values.queue.host }}:5672
          {{- with .Values.resources }}
          resources:
            {{- toYaml . | nindent 12 }}
          {{- end }}
"""
HELPERS = """\
{{- define "orders.fullname" -}}
{{- printf "%s-%s" .Release.Name "api" | trunc 63 | trimSuffix "-" -}}
{{- end -}}
{{- define "orders.labels" -}}
app: {{ .Chart.Name }}
release: {{ .Release.Name }}
{{- end }}
"""
VALUES = """\
replicas: 1
image:
  repository: registry.example.com/orders
  tag: ""
stock: http://stock
queue: {host: rabbit}
resources:
  limits:
    memory: 64Mi
"""
FILES = {
    "orders/Chart.yaml": CHART,
    "orders/values.yaml": VALUES,
    "orders/templates/_helpers.tpl": HELPERS,
    "orders/templates/deployment.yaml": DEPLOYMENT,
}


def chart(template: str, values: str = "", **files: str) -> Draft:
    return build({"Chart.yaml": CHART, "values.yaml": values or "a: 1\n", "templates/a.yaml": template, **files})


def objects(draft: Draft) -> list[KubernetesObject]:
    return [item for one in deployed(draft) for item in one.objects]


def printed(template: str, **values: object) -> str:
    parsed = parse(template, "t.yaml")
    renderer = Renderer(FUNCTIONS, parsed.defines, lacks_library=False)
    return text_of(renderer.render(parsed, of_plain({"Values": values})))


def test_what_a_template_says_stands_in_the_template_and_what_values_say_in_the_values() -> None:
    draft = build(FILES)
    (environment,) = draft.environments
    assert (environment.name, environment.kind, environment.is_complete, draft.gaps) == ("orders", "helm", True, [])
    (workload,) = draft.workloads
    assert (workload.name, str(workload.at)) == ("orders-api", "orders/templates/deployment.yaml:4:3")
    assert (workload.replicas, str(workload.replicas_at)) == (1, "orders/templates/deployment.yaml:6:3")
    assert dict(workload.labels) == {"app": "orders", "release": "orders"}
    (container,) = workload.containers
    assert (container.name, str(container.at)) == ("orders", "orders/templates/deployment.yaml:13:11")
    assert container.image is not None
    assert container.image.name == "registry.example.com/orders:2.3.4"
    assert str(container.image.at) == "orders/templates/deployment.yaml:14:11"
    assert [(one.name, one.value, str(one.at)) for one in container.variables] == [
        ("STOCK_URL", "http://stock", "orders/values.yaml:5:8"),
        ("QUEUE_URL", "amqp://rabbit:5672", "orders/templates/deployment.yaml:19:15"),
    ]
    assert [str(place.at) for place in container.variables[0].chain] == ["orders/templates/deployment.yaml:17:15"]
    (found,) = objects(draft)
    memory = tree.get(found.tree, "spec", "template", "spec", "containers", 0, "resources", "limits", "memory")
    assert memory is not None
    assert (tree.text(memory), str(memory.at)) == ("64Mi", "orders/values.yaml:9:13")


def test_charts_per_service_are_one_environment() -> None:
    draft = build({
        f"charts/{name}/{path}": text
        for name in ("orders", "stock")
        for path, text in {
            "Chart.yaml": f"apiVersion: v2\nname: {name}\n",
            "templates/deployment.yaml": deployment("{{ .Chart.Name }}"),
        }.items()
    })  # fmt: skip
    assert [(one.name, one.kind) for one in draft.environments] == [("charts", "helm")]
    assert [one.name for one in draft.workloads] == ["orders", "stock"]


def test_a_chart_beside_manifests_of_the_same_service_is_an_environment_of_its_own() -> None:
    draft = build({**FILES, "k8s/orders.yaml": deployment("orders")})
    assert [(one.name, one.kind) for one in draft.environments] == [("k8s", "kubernetes"), ("orders", "helm")]


def test_a_parent_sets_the_values_of_its_subcharts_and_switches_them_off() -> None:
    files = {
        "Chart.yaml": "apiVersion: v2\nname: shop\ndependencies:\n  - name: stock\n  - name: audit\n"
        "    condition: audit.enabled\n",
        "values.yaml": "global: {registry: r.example.com}\nstock: {tag: '7.0'}\naudit: {enabled: false}\n",
        "charts/stock/Chart.yaml": "name: stock\n",
        "charts/stock/values.yaml": "tag: '1.0'\n",
        "charts/stock/templates/stock.yaml": deployment("stock", "{{ .Values.global.registry }}/s:{{ .Values.tag }}"),
        "charts/audit/Chart.yaml": "name: audit\n",
        "charts/audit/templates/audit.yaml": deployment("audit"),
    }
    draft = build(files)
    assert [(one.name, one.is_complete) for one in draft.environments] == [(".", True)]
    (workload,) = draft.workloads
    assert workload.containers[0].image is not None
    assert workload.containers[0].image.name == "r.example.com/s:7.0"


def test_a_subchart_that_is_not_there_leaves_the_environment_incomplete_and_its_templates_unknown() -> None:
    draft = build({
        "Chart.yaml": "name: shop\ndependencies:\n  - name: common\n    repository: https://charts.example.com\n",
        "templates/orders.yaml": deployment("orders", more='          args: [{{ include "common.x" . | quote }}]\n'),
    })  # fmt: skip
    assert [one.is_complete for one in draft.environments] == [False]
    assert [one.name for one in draft.workloads] == ["orders"]
    assert is_unknown(draft.containers[0].arguments)


def test_what_no_scan_can_know_is_unknown() -> None:
    more = (
        "          env:\n            - name: TOKEN\n              value: {{ randAlphaNum 8 }}\n"
        '            - name: URL\n              value: http://{{ required "say it" .Values.host }}/v1\n'
    )
    (container,) = chart(deployment("orders", more=more)).containers
    assert [(one.name, is_unknown(one.value), one.partial) for one in container.variables] == [
        ("TOKEN", True, None),
        ("URL", True, "http://{}/v1"),
    ]


@pytest.mark.parametrize(
    ("template", "place", "reason"),
    [
        ("a: {{ nonsense 1 }}\n", "templates/a.yaml:1:4", "function nonsense is not known"),
        ("a: b\n{{ fail `no` }}\n", "templates/a.yaml:2:1", "refuses to be rendered"),
        ("{{ .Values.x.y }}\n", "templates/a.yaml:1:1", "nothing sets .Values.x, which .Values.x.y needs"),
        ("a: 1\n{{ if .Values.a }}\n", "templates/a.yaml:3:1", "a block is not closed by end"),
        ("a: [1\nb: {{ .Values.a }}\n", "templates/a.yaml:2:2", "what the template renders to is not valid YAML"),
        ('{{ define "x" }}{{ include "x" . }}{{ end }}{{ include "x" . }}', "templates/a.yaml:1:17", "too deep"),
        ("{{ range until 9000 }}{{ range until 9000 }}{{ end }}{{ end }}", "templates/a.yaml:1:23", "too many steps"),
        ('{{ regexMatch "(a+)+$" "aaaa" }}', "templates/a.yaml:1:1", "regular expression"),
    ],
)
def test_what_cannot_be_rendered_is_a_gap_and_the_rest_goes_on(template: str, place: str, reason: str) -> None:
    draft = chart(template, **{"templates/b.yaml": deployment("orders")})
    (gap,) = draft.gaps
    assert (str(gap.at), gap.kind) == (place, "template")
    assert reason in gap.reason
    assert [(one.name, one.is_complete) for one in draft.environments] == [(".", False)]


def test_tests_partials_and_libraries_deploy_nothing() -> None:
    hook = deployment("check").replace("metadata:\n", "metadata:\n  annotations:\n    helm.sh/hook: test\n", 1)
    draft = build({
        "a/Chart.yaml": "name: a\n",
        "a/templates/tests/check.yaml": deployment("check"),
        "a/templates/hook.yaml": hook,
        "a/templates/_partial.yaml": deployment("part"),
        "library/Chart.yaml": "name: library\ntype: library\n",
        "library/templates/orders.yaml": deployment("orders"),
    })  # fmt: skip
    assert draft.workloads == []


@pytest.mark.parametrize(
    ("template", "text"),
    [
        ("a {{- 1 -}} b", "a1b"),
        ("{{/* nothing */}}x{{- /* nothing */ -}} y", "xy"),
        ("{{ if eq .Values.a 2 }}two{{ else if gt .Values.a 0 }}one{{ else }}none{{ end }}", "one"),
        ("{{ range $i, $x := .Values.list }}{{ $i }}={{ $x }};{{ else }}none{{ end }}", "0=x;1=y;"),
        ("{{ range $k, $v := .Values.map }}{{ $k }}{{ $v }}{{ end }}", "p8q9"),
        ("{{ range .Values.list }}{{ if eq . `y` }}{{ break }}{{ end }}{{ . }}{{ end }}", "x"),
        ("{{ with .Values.map }}{{ .p }}{{ $.Values.a }}{{ else }}no{{ end }}", "81"),
        ("{{ $x := 1 }}{{ if true }}{{ $x = 2 }}{{ end }}{{ $x }}", "2"),
        ("{{ .Values.nothing }}|{{ ((.Values.nothing).deep).er }}", "|"),
        ("{{ and .Values.nothing .Values.nothing.deep }}{{ or .Values.a (fail `x`) }}", "1"),
        ('{{ printf "%s-%d-%q-%v-%05d" "a" 3 "b" true 42 }}', 'a-3-"b"-true-00042'),
        ("{{ .Values.map | toYaml | nindent 2 }}", "\n  p: 8\n  q: 9"),
        ("{{ .Values.map | toJson }}", '{"p":8,"q":9}'),
        ('{{ list "b" "a" | sortAlpha | join "," }}', "a,b"),
        ('{{ dict "x" 1 | merge (dict "x" 2 "y" 3) | toJson }}', '{"x":2,"y":3}'),
        ('{{ hasKey .Values.map "p" }} {{ get .Values.map "q" }} {{ index .Values.list 1 }}', "true 9 y"),
        ('{{ ternary "yes" "no" (contains "b" "abc") }} {{ coalesce "" nil "z" }}', "yes z"),
        ('{{ "ab" | upper | b64enc }} {{ "a.b" | replace "." "-" }} {{ "x" | quote }}', 'QUI= a-b "x"'),
        ('{{ semverCompare ">=1.19-0" "v1.33.0" }} {{ semverCompare "<1.14-0 || ^2" "1.33.0" }}', "true false"),
        ('{{ add 1 2 3 }} {{ sub 5 2 }} {{ div 7 2 }} {{ mul 2 3 }} {{ int "42" }}', "6 3 3 6 42"),
        ('{{ tpl "{{ .Values.a }}!" . }} {{ define "x" }}<{{ . }}>{{ end }}{{ include "x" 7 }}', "1! <7>"),
        ('{{ regexReplaceAll "[^a-z]+" "a1b2" "-" }} {{ regexMatch "^a" "ab" }}', "a-b- true"),
        ("{{ kindIs `string` `x` }} {{ kindOf .Values.map }} {{ len .Values.list }}", "true map 2"),
        ('{{ `{{ raw }}` }} {{ "}}" }}', "{{ raw }} }}"),
        ('{{ splitList "/" "a/b" | last }} {{ trunc -2 "abcd" }} {{ "abc" | trimPrefix "a" }}', "b cd bc"),
        ("{{ $d := dict }}{{ $_ := set $d `k` `v` }}{{ $d.k }}", "v"),
    ],
)
def test_templates_print_what_go_prints(template: str, text: str) -> None:
    assert printed(template, a=1, list=["x", "y"], map={"p": 8, "q": 9}) == text


@pytest.mark.parametrize(
    "template", ["{{", "{{ }}", "{{ end }}", "{{ ( }}", "{{ if }}{{ end }}", '{{ "x }}', "{{ $x }}"]
)
def test_what_is_no_template_is_refused(template: str) -> None:
    with pytest.raises(TemplateError):
        printed(template)


def test_output_is_bounded() -> None:
    with pytest.raises(TemplateError, match="too much"):
        printed("{{ $x := repeat 99999 `x` }}{{ range until 9999 }}{{ $x }}{{ end }}")
