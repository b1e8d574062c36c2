"""What RabbitMQ brokers are set up with: policies that name a dead-letter exchange, and declared queues.

In: definitions files, the topology operator's objects, ``rabbitmqctl set_policy`` lines, Terraform's
``rabbitmq_policy`` and ``rabbitmq_queue``. Out: policies by the pattern of the queues that they hold for, queues by
name. A pattern is only taken apart as far as a prefix goes: nothing from the scanned tree runs as an expression.
"""

from __future__ import annotations

import json
from collections.abc import Iterator

from archlint.core.facts.documents import ConfigValue, KubernetesObject, ShellScript
from archlint.core.record import dataclass, pattern
from archlint.core.span import Span, first_line
from archlint.core.tree import Mapping, Scalar, get
from archlint.core.values import Truth, Unknown
from archlint.model.deployment.terraform.module import terraform_modules
from archlint.model.draft import Draft

_EXCHANGE = "dead-letter-exchange"
_SET_POLICY = pattern(r"rabbitmqctl[^\n]*\sset_policy\s(?P<rest>[^\n]*dead-letter-exchange[^\n]*)")
_QUOTED = pattern(r"\"([^\"]*)\"|'([^']*)'|(\S+)")
_PLAIN = pattern(r"[\w.\-]*$")
_MOST = 200_000
_MEMO = "broker settings"


@dataclass(frozen=True)
class Policy:
    """A policy that sends failed messages on, and the pattern of the queues that it holds for."""

    pattern: str | Unknown
    at: Span

    def holds_for(self, queue: str) -> Truth:
        """Whether the queue is one of them, as far as the pattern is plain."""
        if isinstance(self.pattern, Unknown):
            return self.pattern
        text = self.pattern.replace("\\.", ".").replace("\\-", "-")
        if text in ("", ".*", "^", "^.*", "^.*$", ".*$"):
            return True
        begins, ends = text.startswith("^"), text.endswith("$") and not text.endswith(".*$")
        core = text.removeprefix("^").removesuffix("$").removesuffix(".*")
        if not _PLAIN.match(core):
            return Unknown("a pattern that is not taken apart")
        if begins:
            return queue == core if ends else queue.startswith(core)
        return queue.endswith(core) if ends else core in queue


@dataclass(frozen=True)
class BrokerQueue:
    """A queue that the broker is set up with."""

    name: str
    has_dead_letter: bool
    at: Span


@dataclass(frozen=True)
class BrokerSettings:
    """All of a workspace's."""

    policies: tuple[Policy, ...] = ()
    queues: tuple[BrokerQueue, ...] = ()


def broker_settings(draft: Draft) -> BrokerSettings:
    """What the scanned brokers are set up with; worked out once."""
    found = draft.memo.get(_MEMO)
    if not isinstance(found, BrokerSettings):
        parts = [*_definitions(draft), *_objects(draft), *_scripts(draft), *_terraform(draft)]
        found = draft.memo[_MEMO] = BrokerSettings(
            tuple(one for one in parts if isinstance(one, Policy)),
            tuple(one for one in parts if isinstance(one, BrokerQueue)),
        )
    return found


def _definitions(draft: Draft) -> Iterator[Policy | BrokerQueue]:
    """``definitions.json`` as ``rabbitmqctl export_definitions`` writes it."""
    paths = {
        one.at.path
        for one in draft.index.of(ConfigValue)
        if one.key in ("rabbit_version", "rabbitmq_version") or one.key.endswith(f".definition.{_EXCHANGE}")
    }
    for path in sorted(paths):
        values = {one.key: one for one in draft.index.at(path) if isinstance(one, ConfigValue)}
        for key, value in values.items():
            kind, _, rest = key.partition(".")
            number, _, name = rest.partition(".")
            if kind == "policies" and name == f"definition.{_EXCHANGE}":
                given = values.get(f"policies.{number}.pattern")
                yield Policy(str(given.value) if given is not None else ".*", value.at)
            elif kind == "queues" and name == "name":
                argued = f"queues.{number}.arguments.x-{_EXCHANGE}" in values
                yield BrokerQueue(str(value.value), argued, value.at)


def _objects(draft: Draft) -> Iterator[Policy | BrokerQueue]:
    """Objects of the messaging topology operator, and definitions in a ConfigMap."""
    for one in draft.index.of(KubernetesObject):
        if one.api_version.startswith("rabbitmq.com/"):
            spec = get(one.tree, "spec")
            if one.kind == "Policy" and get(spec, "definition", _EXCHANGE) is not None:
                given = get(spec, "pattern")
                yield Policy(given.text if isinstance(given, Scalar) else ".*", first_line(one.at))
            elif one.kind == "Queue":
                given = get(spec, "name")
                name = given.text if isinstance(given, Scalar) else one.name
                yield BrokerQueue(name, get(spec, "arguments", f"x-{_EXCHANGE}") is not None, first_line(one.at))
        elif one.kind == "ConfigMap":
            data = get(one.tree, "data")
            for entry in data.entries if isinstance(data, Mapping) else ():
                if isinstance(entry.value, Scalar) and _EXCHANGE in entry.value.text:
                    yield from _texts(entry.value.text, entry.at)


def _texts(text: str, at: Span) -> Iterator[Policy | BrokerQueue]:
    try:
        document = json.loads(text) if len(text) < _MOST else None
    except (ValueError, RecursionError):
        return
    if not isinstance(document, dict):
        return
    for policy in _dicts(document.get("policies")):
        if _EXCHANGE in str(policy.get("definition")):
            yield Policy(str(policy.get("pattern", ".*")), at)
    for queue in _dicts(document.get("queues")):
        yield BrokerQueue(str(queue.get("name")), f"x-{_EXCHANGE}" in str(queue.get("arguments")), at)


def _dicts(value: object) -> Iterator[dict[str, object]]:
    for one in value if isinstance(value, list) else ():
        if isinstance(one, dict):
            yield one


def _scripts(draft: Draft) -> Iterator[Policy]:
    for script in draft.index.of(ShellScript):
        for match in _SET_POLICY.finditer(script.text):
            line = script.text.count("\n", 0, match.start()) + 1
            words = [
                next((part for part in one.groups() if part is not None), "") for one in _QUOTED.finditer(match["rest"])
            ]
            plain = [word for word in words if not word.startswith("-")]
            yield Policy(
                plain[1] if len(plain) > 1 else Unknown("a line that is not understood"),
                Span(script.at.path, line, 1, line, 2),
            )


def _terraform(draft: Draft) -> Iterator[Policy | BrokerQueue]:
    for module in terraform_modules(draft):
        for resource in module.of("rabbitmq_policy"):
            definition = resource.value("policy", "definition")
            if isinstance(definition, dict) and _EXCHANGE not in definition:
                continue
            given = resource.value("policy", "pattern")
            yield Policy(given if isinstance(given, str) else Unknown("a pattern of a variable"), resource.at)
        for resource in module.of("rabbitmq_queue"):
            name = resource.value("name")
            given = [resource.value("settings", one) for one in ("arguments", "arguments_json")]
            if isinstance(name, str) and not any(isinstance(one, Unknown) for one in given):
                yield BrokerQueue(name, f"x-{_EXCHANGE}" in str(given), resource.at)
