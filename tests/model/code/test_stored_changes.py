"""Calls that change a database, in each library as public code uses it: what they do, and to which table."""

from __future__ import annotations

import textwrap

import pytest

from archlint.core.span import start_of
from archlint.model.code.consistency.stored_changes import change_of, read_statement
from archlint.model.code.scope import code_scope
from tests.model.code.python_systems import system_of

CHANGING = {
    "SQLAlchemy's session": (
        """
        from sqlalchemy import create_engine
        from sqlalchemy.orm import declarative_base, sessionmaker

        Base = declarative_base()
        Session = sessionmaker(create_engine("postgresql://db/shop"))

        class Order(Base):
            __tablename__ = "orders"

        def work(order_id):
            session = Session()
            order = Order()
            session.add(order)
            session.query(Order).filter(Order.id == order_id).update({"state": "paid"})
            session.query(Order).filter(Order.id == order_id).delete()
            session.commit()
        """,
        ["insert of Order", "update of Order", "delete of Order", "commit"],
    ),
    "SQLAlchemy's statements, asynchronous": (
        """
        from sqlalchemy import delete, insert, text, update
        from sqlalchemy.ext.asyncio import AsyncSession

        from models import Order

        async def work(session: AsyncSession):
            await session.execute(insert(Order).values(state="new"))
            await session.execute(update(Order).where(Order.id == 1).values(state="paid"))
            await session.execute(delete(Order).where(Order.id == 1))
            await session.execute(text("UPDATE orders SET state = 'paid'"))
            await session.commit()
        """,
        ["insert of Order", "update of Order", "delete of Order", "update of orders", "commit"],
    ),
    "SQLAlchemy's tables": (
        """
        from sqlalchemy import Column, Integer, MetaData, Table, create_engine

        orders = Table("orders", MetaData(), Column("id", Integer))

        def work():
            with create_engine("postgresql://db/shop").begin() as connection:
                connection.execute(orders.insert().values(id=1))
                connection.execute(orders.delete())
        """,
        ["insert of orders", "delete of orders"],
    ),
    "Flask-SQLAlchemy": (
        """
        from flask_sqlalchemy import SQLAlchemy

        db = SQLAlchemy()

        class Order(db.Model):
            id = db.Column(db.Integer, primary_key=True)

        def work(order_id):
            db.session.add(Order())
            Order.query.filter_by(id=order_id).delete()
            db.session.commit()
        """,
        ["insert of Order", "delete of Order", "commit"],
    ),
    "Django": (
        """
        from django.db import models
        from django.shortcuts import get_object_or_404

        class Order(models.Model):
            state = models.CharField()

        def work(order_id):
            Order.objects.create(state="new")
            Order.objects.filter(pk=order_id).update(state="paid")
            order = Order.objects.get(pk=order_id)
            order.save()
            Order(state="new").save()
            get_object_or_404(Order, pk=order_id).delete()
        """,
        ["insert of Order", "update of Order", "insert of Order", "insert of Order", "delete of Order"],
    ),
    "Django REST framework": (
        """
        from rest_framework import viewsets

        class Orders(viewsets.ModelViewSet):
            def perform_create(self, serializer):
                serializer.save()
        """,
        ["insert"],
    ),
    "psycopg": (
        """
        import psycopg

        def work():
            with psycopg.connect("dbname=shop") as connection:
                connection.execute("INSERT INTO orders (id, state) VALUES (%s, %s)", (1, "new"))
                connection.execute("SELECT * FROM orders")
                cursor = connection.cursor()
                cursor.execute("DELETE FROM shop.orders WHERE id = %s", (1,))
        """,
        ["insert of orders", "delete of orders"],
    ),
    "asyncpg": (
        """
        import asyncpg

        async def work(name):
            connection = await asyncpg.connect("postgresql://db/shop")
            return await connection.fetchval(f"INSERT INTO orders (name) VALUES ('{name}') RETURNING id")
        """,
        ["insert of orders"],
    ),
    "pymongo": (
        """
        from pymongo import MongoClient

        database = MongoClient("mongodb://mongo").shop

        def work():
            database.orders.insert_one({"state": "new"})
            database["orders"].update_one({"_id": 1}, {"$set": {"state": "paid"}})
            database.orders.find_one({"_id": 1})
        """,
        ["insert of orders", "update of orders"],
    ),
    "motor, held by an object": (
        """
        from motor.motor_asyncio import AsyncIOMotorClient

        class Orders:
            def __init__(self):
                self.orders = AsyncIOMotorClient("mongodb://mongo").shop["orders"]

            async def work(self):
                await self.orders.delete_one({"_id": 1})
        """,
        ["delete of orders"],
    ),
    "DynamoDB": (
        """
        import boto3

        table = boto3.resource("dynamodb").Table("orders")

        def work():
            table.put_item(Item={"id": 1})
            boto3.client("dynamodb").delete_item(TableName="orders", Key={})
        """,
        ["insert of orders", "delete of orders"],
    ),
    "GridFS": (
        """
        import gridfs
        from pymongo import MongoClient

        files = gridfs.GridFS(MongoClient("mongodb://mongo").videos)

        def work(video):
            return files.put(video)
        """,
        ["insert of GridFS"],
    ),
    "peewee": (
        """
        from peewee import Model

        class Order(Model):
            pass

        def work():
            Order.create(state="new")
            Order().save()
        """,
        ["insert of Order", "insert of Order"],
    ),
    "redis-om": (
        """
        from redis_om import HashModel

        class Order(HashModel):
            state: str

        def work(order: Order):
            order.save()
        """,
        ["insert of Order"],
    ),
    "Firestore": (
        """
        from google.cloud import firestore

        client = firestore.Client()

        def work():
            client.collection("orders").document("1").set({"state": "new"})
        """,
        ["insert"],
    ),
}


def changes(text: str) -> list[str]:
    main = f'{textwrap.dedent(text)}\n\nif __name__ == "__main__":\n    print()\n'
    draft = system_of({"shop/main.py": main}, ("shop",))
    found = [(change_of(draft, call, module)) for module in code_scope(draft).modules() for call in module.facts.calls]
    return [one.shown for one in sorted((one for one in found if one), key=lambda one: (one.at.line, -one.at.end_line))]


@pytest.mark.parametrize("library", CHANGING)
def test_a_library_changes_what_its_reference_says(library: str) -> None:
    text, expected = CHANGING[library]
    assert changes(text) == expected


UNCHANGING = {
    "a set": "seen = set()\nseen.add(1)\n{}.update(a=1)",
    "a request that deletes at another service": "import requests\n\nsession = requests.Session()\nsession.delete('http://a')",
    "a commit of offsets": "from kafka import KafkaConsumer\n\nconsumer = KafkaConsumer('a')\nconsumer.commit()",
    "a cache": "import redis\n\nredis.Redis().set('a', 1)",
    "a picture": "from PIL import Image\n\nImage.open('a').save('b')",
    "a read": "import psycopg\n\npsycopg.connect('').execute('SELECT 1')",
    "a search index": "from elasticsearch import Elasticsearch\n\nElasticsearch('a').index(index='a', document={})",
    "an object store": "import boto3\n\nboto3.client('s3').put_object(Bucket='a', Key='b')",
}


@pytest.mark.parametrize("what", UNCHANGING)
def test_what_is_no_database_is_not_changed(what: str) -> None:
    assert changes(UNCHANGING[what]) == []


@pytest.mark.parametrize(
    ("text", "shown", "columns"),
    [
        ("insert into orders(id, state) values (1, 'new')", "insert of orders", ("id", "state")),
        (
            'UPDATE "shop"."orders" SET state = %s, paid_at = now() WHERE id = 1',
            "update of orders",
            ("state", "paid_at"),
        ),
        ("UPDATE orders AS o SET state = 1", "update of orders", ("state",)),
        ("DELETE FROM ONLY orders WHERE id = 1", "delete of orders", ()),
        ("TRUNCATE TABLE `orders`", "delete of orders", ()),
        ("WITH old AS (SELECT id FROM orders) DELETE FROM orders USING old", "delete of orders", ()),
        ("-- the newest\n  INSERT OR REPLACE INTO orders VALUES (1)", "insert of orders", ()),
        ("MERGE INTO orders USING new ON true", "insert of orders", ()),
    ],
)
def test_a_statement_names_its_table_and_columns(text: str, shown: str, columns: tuple[str, ...]) -> None:
    found = read_statement(text, start_of("a.py"))
    assert found is not None
    assert (found.shown, found.columns) == (shown, columns)


@pytest.mark.parametrize("text", ["SELECT * FROM orders FOR UPDATE", "CREATE TABLE orders (id int)", "UPDATE", ""])
def test_a_statement_that_changes_no_row_is_none(text: str) -> None:
    assert read_statement(text, start_of("a.py")) is None


def test_a_statement_counts_whole_whatever_its_table_comes_from() -> None:
    code = """
        import sqlite3

        TABLE = "orders"
        cursor = sqlite3.connect("shop.sqlite").cursor()

        def work(name):
            cursor.execute(f"INSERT INTO {TABLE} (phone) VALUES (?)", (name,))
            cursor.execute(f"INSERT INTO {name} (phone) VALUES (?)", (name,))
            cursor.execute(f"SELECT * FROM {TABLE}")
        """
    assert changes(code) == ["insert of orders", "insert"]
