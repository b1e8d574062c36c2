"""Which calls change a database, and which table of it.

In: a call. Out: a StoredChange with the verb, the table (model, collection) as far as it is named, and the columns that
SQL names. Caches, search indexes and object stores are no databases here, nor is a record whose class is not known.
"""

from __future__ import annotations

import re
from collections.abc import Iterator

from archlint.core.facts.python import (
    Display,
    Expression,
    Item,
    Literal,
    Member,
    Parameter,
    PythonCall,
    Reference,
    Result,
)
from archlint.core.record import dataclass, pattern
from archlint.core.span import Span
from archlint.core.values import Unknown
from archlint.model.code.messaging.message_effects import sql_of
from archlint.model.code.messaging.message_libraries import SESSION, SQL_CALLS
from archlint.model.code.objects import base_of, class_named, class_of, literal_text
from archlint.model.draft import Draft
from archlint.model.program.program import Module

_TABLE = r"(?:ONLY\s+)?(?P<table>[\w.\"`\[\]{}$]+)"
_STATEMENT = pattern(
    r"(?:\s|--[^\n]*\n|\(|WITH\b.{0,2000}?\)\s*(?=INSERT|UPDATE|DELETE|MERGE))*"
    rf"(?:(?P<insert>INSERT|REPLACE|UPSERT|MERGE)\s+(?:OR\s+\w+\s+|IGNORE\s+)?INTO\s+{_TABLE}"
    rf"|(?P<update>UPDATE)\s+{_TABLE.replace('<table>', '<updated>')}\s+(?:AS\s+)?(?:\w+\s+)?SET\b"
    rf"|(?P<delete>DELETE\s+FROM|TRUNCATE(?:\s+TABLE)?)\s+{_TABLE.replace('<table>', '<deleted>')})",
    re.I | re.S,
)
_INSERTED = pattern(r"INTO\s+\S+\s*\(([^()]{1,2000})\)", re.I)
_SET = pattern(r"\bSET\b(.{1,2000}?)(?:\bWHERE\b|\bRETURNING\b|$)", re.I | re.S)
_ASSIGNED = pattern(r"(?:^|,)\s*[\"`]?(\w+)[\"`]?\s*=")
_BUILDER = pattern(r"(sqlalchemy|sqlmodel)(\.(sql|expression|dml|dialects\.\w+))*\.(insert|update|delete)$")
_ADDED = frozenset({"add", "add_all", "merge", "bulk_save_objects", "bulk_insert_mappings", "bulk_update_mappings"})
_MONGO = {
    **dict.fromkeys(("insert_one", "insert_many", "bulk_write"), "insert"),
    **dict.fromkeys(
        ("update_one", "update_many", "find_one_and_update", "replace_one", "find_one_and_replace"), "update"
    ),
    **dict.fromkeys(("delete_one", "delete_many", "find_one_and_delete"), "delete"),
}
_DYNAMO = {
    **dict.fromkeys(("put_item", "transact_write_items", "batch_write_item"), "insert"),
    "update_item": "update",
    "delete_item": "delete",
}
_RECORD = {
    **dict.fromkeys(
        ("create", "acreate", "bulk_create", "abulk_create", "insert", "insert_many", "abulk_insert"), "insert"
    ),
    **dict.fromkeys(
        ("get_or_create", "update_or_create", "aget_or_create", "aupdate_or_create", "save", "asave"), "insert"
    ),
    **dict.fromkeys(("update", "aupdate", "bulk_update", "abulk_update", "replace", "upsert"), "update"),
    **dict.fromkeys(("delete", "adelete", "delete_instance", "raw_delete"), "delete"),
}
_RECORD_BASES = (
    "django.db.models.",
    "django.contrib.auth.models.",
    "django.contrib.auth.base_user.",
    "django.contrib.gis.db.models.",
    "rest_framework.serializers.ModelSerializer",
    "rest_framework.serializers.HyperlinkedModelSerializer",
    "django.forms.ModelForm",
    "django.forms.models.ModelForm",
    "model_utils.models.",
    "django_extensions.db.models.",
    "peewee.Model",
    "playhouse.",
    "tortoise.models.Model",
    "tortoise.Model",
    "mongoengine.",
    "flask_mongoengine.",
    "beanie.",
    "odmantic.",
    "redis_om.",
    "aredis_om.",
    "pynamodb.models.",
    "gino.",
    "ormar.Model",
    "piccolo.table.Table",
    "cassandra.cqlengine.models.",
)
"""The bases of classes whose instances are records: saving one changes the database."""
_DOCUMENTS = {
    "google.cloud.firestore": {
        "set": "insert",
        "add": "insert",
        "create": "insert",
        "update": "update",
        "delete": "delete",
    },
    "azure.cosmos": {
        "create_item": "insert",
        "upsert_item": "insert",
        "replace_item": "update",
        "delete_item": "delete",
    },
    "prisma": {
        "create": "insert",
        "create_many": "insert",
        "upsert": "insert",
        "update": "update",
        "update_many": "update",
        "delete": "delete",
        "delete_many": "delete",
    },
    "couchbase": {"insert": "insert", "upsert": "insert", "replace": "update", "remove": "delete"},
}
"""Clients whose methods tell only together with the library."""
_STORED = frozenset({"put", "upload_from_stream", "open_upload_stream"})
_GRIDFS = pattern(r"(^|\.|_)(grid)?fs(_|\.|$)|gridfs", re.I)
NAMES = (
    SQL_CALLS
    | _ADDED
    | {"commit", "flush", "exec", *_MONGO, *_DYNAMO, *_RECORD, *_STORED}
    | {name for methods in _DOCUMENTS.values() for name in methods}
)
"""The last parts of all calls that may change a database."""
_MOST_LINKS = 12


@dataclass(frozen=True)
class StoredChange:
    """One change. ``verb``: ``insert``, ``update``, ``delete`` or ``commit`` (of whatever the session holds)."""

    verb: str
    at: Span
    table: str | None = None
    columns: tuple[str, ...] = ()

    @property
    def shown(self) -> str:
        """The change as a message prints it."""
        return self.verb if self.table is None else f"{self.verb} of {self.table}"


def change_of(draft: Draft, call: PythonCall, module: Module) -> StoredChange | None:
    """What the call changes in a database; None where it changes nothing there, or is not known to."""
    last = call.name.rpartition(".")[2]
    if last not in NAMES:
        return None
    if last in _MONGO:
        return StoredChange(_MONGO[last], call.at, collection_of(call.callee))
    if last in _DYNAMO:
        return StoredChange(_DYNAMO[last], call.at, _dynamo_table(draft, call, module))
    if last in SQL_CALLS or last == "exec":
        return _statement(draft, call, module) or _supabase(call, module)
    if last in ("commit", "flush"):
        return StoredChange("commit", call.at) if is_session(draft, call, module) else None
    if last in _ADDED and call.arguments and is_session(draft, call, module):
        return StoredChange("update" if "update" in last else "insert", call.at, _added(draft, call, module))
    return _record(draft, call, module, last)


def is_session(draft: Draft, call: PythonCall, module: Module) -> bool:
    """Whether the call is one on a database session."""
    name = draft.program.callee(call, module)
    if name.startswith(("requests.", "httpx.", "aiohttp.", "kafka.", "aiokafka.", "confluent_kafka.", "git.")):
        return False
    return bool(SESSION.search(call.name.rpartition(".")[0]) or SESSION.search(name.rpartition(".")[0]))


def chain_of(call: PythonCall, module: Module) -> Iterator[PythonCall]:
    """The call and those that it is chained to: ``c()``, ``b()``, ``a()`` of ``a().b().c()``."""
    for _ in range(_MOST_LINKS):
        yield call
        base = call.callee.base if isinstance(call.callee, Member) else None
        inner = module.call(base.call) if isinstance(base, Result) else None
        if inner is None:
            return
        call = inner


def collection_of(callee: Expression) -> str | None:
    """The collection in ``db["orders"].insert_one`` and ``db.orders.insert_one``."""
    base = callee.base if isinstance(callee, Member) else None
    if isinstance(callee, Reference):
        return _last(callee.name.rpartition(".")[0])
    if isinstance(base, Item):
        return literal_text(base.key)
    return base.name if isinstance(base, Member | Parameter) else None


def read_statement(text: str, at: Span) -> StoredChange | None:
    """What SQL text changes."""
    match = _STATEMENT.match(text[:20_000])
    if match is None:
        return None
    table = match["table"] or match["updated"] or match["deleted"] or ""
    name = re.sub(r"[\"`\[\]]", "", table).rpartition(".")[2].strip("{}") or None
    if match["insert"]:
        named = _INSERTED.search(text)
        columns = tuple(re.findall(r"\w+", named[1])) if named else ()
        return StoredChange("insert", at, name, columns)
    if match["update"]:
        given = _SET.search(text)
        return StoredChange("update", at, name, tuple(_ASSIGNED.findall(given[1])) if given else ())
    return StoredChange("delete", at, name)


def _statement(draft: Draft, call: PythonCall, module: Module) -> StoredChange | None:
    if not call.arguments:
        return None
    built = _built_statement(draft, call.arguments[0].value, call, module)
    if built is not None:
        return built
    text = sql_of(draft, call, module)
    return read_statement(text, call.at) if text else None


def _built_statement(draft: Draft, value: Expression, call: PythonCall, module: Module) -> StoredChange | None:
    """``insert(Order).values(…)``, ``orders.update().where(…)`` and the like."""
    made = draft.program.origin(value, module) if not isinstance(value, Result) else None
    first, where = (module.call(value.call), module) if isinstance(value, Result) else made or (None, module)
    if first is None:
        return None
    for link in chain_of(first, where):
        last = link.name.rpartition(".")[2]
        if last not in ("insert", "update", "delete"):
            continue
        if _BUILDER.match(draft.program.callee(link, where)):
            given = link.arguments[0].value if link.arguments else None
            return StoredChange(last, call.at, _named(draft, given, where) if given is not None else None)
        if "." in link.name:
            return StoredChange(last, call.at, _last(link.name.rpartition(".")[0]))
    return None


def _supabase(call: PythonCall, module: Module) -> StoredChange | None:
    if call.arguments or call.name.rpartition(".")[2] != "execute":
        return None
    links = [(one.name.rpartition(".")[2], one) for one in chain_of(call, module)]
    verb = next((name for name, _ in links if name in ("insert", "update", "upsert", "delete")), None)
    table = next((one for name, one in links if name in ("table", "from_")), None)
    if verb is None or table is None or not table.arguments:
        return None
    value = table.arguments[0].value
    return StoredChange("insert" if verb == "upsert" else verb, call.at, literal_text(value))


def _record(draft: Draft, call: PythonCall, module: Module, last: str) -> StoredChange | None:
    if last in _STORED:
        return _stored_file(draft, call, module)
    name = draft.program.callee(call, module)
    for library, methods in _DOCUMENTS.items():
        if last in methods and name.startswith(f"{library}."):
            return StoredChange(methods[last], call.at)
    verb = _RECORD.get(last)
    if verb is None:
        return None
    if _BUILDER.match(name):
        return None
    links = list(chain_of(call, module))
    for written in [*(one.name for one in links), name]:
        if ".objects." in f"{written}.":
            return StoredChange(verb, call.at, _last(written.partition(".objects")[0]))
    for link in links:
        if link.name.endswith("get_object_or_404") and link.arguments and link is not call:
            return StoredChange(verb, call.at, _named(draft, link.arguments[0].value, module))
    given = call.arguments[0].value if call.arguments else None
    if last == "delete" and given is not None and literal_text(given) is None and is_session(draft, call, module):
        return StoredChange(verb, call.at, _named(draft, given, module))
    if verb != "insert":
        asked = next((one for one in links if one.name.rpartition(".")[2] == "query" and one.arguments), None)
        if asked is not None and is_session(draft, asked, module):
            return StoredChange(verb, call.at, _named(draft, asked.arguments[0].value, module))
        if any(one.name.rpartition(".")[0].endswith(".query") for one in links):
            return StoredChange(verb, call.at, _last(links[-1].name.partition(".query")[0]))
    if name.startswith(_RECORD_BASES):
        base = base_of(call.callee)
        return StoredChange(verb, call.at, _named(draft, base, module) if base is not None else None)
    owner = _record_class(draft, name)
    if owner is not None:
        return StoredChange(verb, call.at, _last(owner))
    if last == "save" and name == "?.save" and _is_serializer(call, module):
        return StoredChange(verb, call.at)
    return None


def _is_serializer(call: PythonCall, module: Module) -> bool:
    """``serializer.save()`` in ``perform_create``: the framework passes the serializer of the model."""
    base = call.callee.base if isinstance(call.callee, Member) else None
    return (
        isinstance(base, Parameter)
        and base.name == "serializer"
        and any(one.module.startswith("rest_framework") for one in module.facts.imports)
    )


def _record_class(draft: Draft, name: str) -> str | None:
    """The class of records among the beginnings of a qualified name, the longest first."""
    owner = name.rpartition(".")[0]
    for _ in range(4):
        if not owner or owner.startswith("?"):
            return None
        if class_named(draft, owner) is not None:
            bases = draft.program.bases(owner)
            known = () if isinstance(bases, Unknown) else bases
            return owner if any(one.startswith(_RECORD_BASES) for one in known) else None
        owner = owner.rpartition(".")[0]
    return None


def _stored_file(draft: Draft, call: PythonCall, module: Module) -> StoredChange | None:
    name = draft.program.callee(call, module)
    base = call.callee.base if isinstance(call.callee, Member) else None
    called = base.name if isinstance(base, Parameter) else call.name.rpartition(".")[0]
    if "gridfs" in name.lower() or (name.startswith("?") and _GRIDFS.search(called)):
        return StoredChange("insert", call.at, "GridFS")
    return None


def _dynamo_table(draft: Draft, call: PythonCall, module: Module) -> str | None:
    given = call.argument("TableName")
    if given is not None:
        return literal_text(given.value)
    base = call.callee.base if isinstance(call.callee, Member) else None
    if isinstance(call.callee, Reference):
        base = Reference(call.callee.name.rpartition(".")[0])
    made = draft.program.origin(base, module) if base is not None else None
    if made is not None and made[0].name.endswith("Table") and made[0].arguments:
        return literal_text(made[0].arguments[0].value)
    return None


def _added(draft: Draft, call: PythonCall, module: Module) -> str | None:
    value = call.arguments[0].value
    if isinstance(value, Display) and value.items:
        value = value.items[0]
    return _named(draft, value, module)


def _named(draft: Draft, value: Expression, module: Module) -> str | None:
    """The class or table that an expression names or is made of."""
    if isinstance(value, Literal):
        return None
    found = _last(class_of(draft, value, module))
    return found if found and (found[0].isupper() or isinstance(value, Reference)) and found != "?" else None


def _last(name: str) -> str | None:
    last = name.rpartition(".")[2]
    return last if last not in ("", "?", "Model") else None
