"""Change data capture that the scan shows: Debezium connectors, and the databases that they read.

In: JSON, YAML and properties of the scan, and the datastores that services use. Out: for a service the connector that
publishes what its database holds; None where there is none, UNKNOWN where one reads a database that cannot be told.
"""

from __future__ import annotations

from archlint.core.facts.documents import ConfigValue, KubernetesObject
from archlint.core.record import dataclass
from archlint.core.span import Span
from archlint.core.system.data import DatastoreUse
from archlint.core.tree import text
from archlint.core.values import Setting, Unknown, known
from archlint.model.draft import Draft

_CLASS = "connector.class"
_DATABASE = ("database.dbname", "database.names", "database.include.list", "database.server.name", "topic.prefix")


@dataclass(frozen=True)
class _Connector:
    at: Span
    host: str | None
    databases: frozenset[str]


def captured(draft: Draft, service: str) -> Setting[str] | Unknown | None:
    """What publishes the changes of the service's database."""
    connectors = draft.memo.get("connectors")
    if not isinstance(connectors, list):
        connectors = draft.memo["connectors"] = _connectors(draft)
    if not connectors:
        return None
    uses = [one for one in draft.select(DatastoreUse) if one.service == service]
    for connector in connectors:
        for use in uses:
            names = {known(use.host), known(use.database)} - {None}
            if not names:
                return Unknown("a connector may capture its database")
            if connector.host in names or connector.databases & names:
                return Setting("change data capture", "platform", connector.at)
    return None if uses else Unknown("a connector may capture its database")


def _connectors(draft: Draft) -> list[_Connector]:
    found = []
    for one in draft.index.of(ConfigValue):
        if one.key.endswith(_CLASS) and isinstance(one.value, str) and "debezium" in one.value:
            prefix = one.key.removesuffix(_CLASS)
            values = {
                other.key.removeprefix(prefix): str(other.value)
                for other in draft.index.at(one.at.path)
                if isinstance(other, ConfigValue) and other.key.startswith(prefix)
            }
            found.append(_connector(one.at, values))
    for manifest in draft.index.of(KubernetesObject):
        if manifest.kind != "KafkaConnector":
            continue
        if "debezium" in (text(manifest.tree, "spec", "class") or ""):
            keys = ("database.hostname", *_DATABASE)
            values = {key: text(manifest.tree, "spec", "config", key) or "" for key in keys}
            found.append(_connector(manifest.at, values))
    return found


def _connector(at: Span, values: dict[str, str]) -> _Connector:
    databases = {part.strip() for key in _DATABASE for part in values.get(key, "").split(",") if part.strip()}
    return _Connector(at, values.get("database.hostname"), frozenset(databases))
