"""Datastores, who shares them, and as whom services connect."""

from __future__ import annotations

from python_systems import system_of

from archlint.core.system.data import Datastore, DatastoreUse
from archlint.core.values import is_unknown

ENGINE = """
    import os
    from fastapi import FastAPI
    from sqlalchemy import create_engine
    app = FastAPI()
    engine = create_engine(os.environ["DATABASE_URL"])
"""
URL = "postgresql://app:pw@db:5432/shop"


def shared(draft_files: dict[str, str], services: tuple[str, ...], variables: object = None) -> list[tuple[str, ...]]:
    draft = system_of(draft_files, services, variables)  # type: ignore[arg-type]
    return [(one.database or "", *one.services) for one in draft.select(Datastore) if len(one.services) > 1]


def test_two_services_with_one_connection_string_share_its_database() -> None:
    files = {"orders/app.py": ENGINE, "billing/app.py": ENGINE}
    variables = {"orders": {"DATABASE_URL": URL}, "billing": {"DATABASE_URL": URL}}
    assert shared(files, ("orders", "billing"), variables) == [("shop", "billing", "orders")]


def test_two_databases_on_one_server_are_not_shared() -> None:
    files = {"orders/app.py": ENGINE, "billing/app.py": ENGINE}
    variables = {"orders": {"DATABASE_URL": URL}, "billing": {"DATABASE_URL": URL.replace("shop", "billing")}}
    assert shared(files, ("orders", "billing"), variables) == []


def test_two_unknown_addresses_are_not_known_to_be_one() -> None:
    assert shared({"orders/app.py": ENGINE, "billing/app.py": ENGINE}, ("orders", "billing")) == []


def test_the_default_of_the_code_does_not_hold_where_the_environment_sets_the_variable() -> None:
    text = ENGINE.replace('os.environ["DATABASE_URL"]', f'os.getenv("DATABASE_URL", "{URL}")')
    files = {"orders/app.py": text, "billing/app.py": text}
    assert shared(files, ("orders", "billing")) == [("shop", "billing", "orders")]
    variables = {"orders": {"DATABASE_URL": "postgresql://app@other/orders"}}
    assert shared(files, ("orders", "billing"), variables) == []


def test_a_mongo_database_is_named_where_the_client_is_used() -> None:
    client = """
        from flask import Flask
        from pymongo import MongoClient
        app = Flask(__name__)
        client = MongoClient("mongo", 27017)
        orders = client["orders"].items
        client.stock.items.find_one({})
    """
    draft = system_of({"orders/app.py": client}, ("orders",))
    assert sorted(str(one.database) for one in draft.select(DatastoreUse)) == ["orders", "stock"]


def test_a_shared_module_connects_for_the_services_that_use_it() -> None:
    common = """
        from sqlalchemy import create_engine

        class Database:
            def __init__(self, url="postgresql://app@db/shop"):
                self.engine = create_engine(url)

        def helper():
            return 1
    """
    uses = """
        from common.database import Database
        database = Database()
    """
    only_helps = """
        from common.database import helper
        helper()
    """
    files = {
        "common/database.py": common,
        "orders/main.py": uses,
        "billing/main.py": uses,
        "search/main.py": only_helps,
    }
    assert shared(files, ("orders", "billing", "search")) == [("shop", "billing", "orders")]


def test_variables_of_one_prefix_tell_a_database_in_any_language() -> None:
    draft = system_of(
        {},
        ("orders",),
        {"orders": {"DB_HOST": "postgres", "DB_NAME": "orders", "DB_USER": "postgres", "API_HOST": "x"}},
    )
    (use,) = draft.select(DatastoreUse)
    assert (use.engine, use.host, use.database, use.account, use.is_superuser) == (
        "postgresql", "postgres", "orders", "postgres", True,
    )  # fmt: skip


def test_an_account_of_the_services_own_is_no_superuser() -> None:
    draft = system_of({"orders/app.py": ENGINE}, ("orders",), {"orders": {"DATABASE_URL": URL}})
    (use,) = draft.select(DatastoreUse)
    assert use.is_superuser is False


def test_an_account_from_a_variable_that_nothing_sets_is_unknown() -> None:
    draft = system_of({"orders/app.py": ENGINE}, ("orders",))
    (use,) = draft.select(DatastoreUse)
    assert is_unknown(use.is_superuser)


def test_a_redis_index_is_shared_only_where_both_write() -> None:
    writes = """
        import redis
        cache = redis.Redis(host="redis", db=1)
        cache.set("a", 1)
    """
    reads = writes.replace('set("a", 1)', 'get("a")')
    assert shared({"a/main.py": writes, "b/main.py": writes}, ("a", "b")) == [("1", "a", "b")]
    assert shared({"a/main.py": writes, "b/main.py": reads}, ("a", "b")) == []
