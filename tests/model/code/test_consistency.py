"""Functions that change several stores or services: what counts as one piece of work, and what keeps it together."""

from __future__ import annotations

import textwrap
from collections.abc import Mapping

from archlint.core.system.consistency import DualWrite, Saga
from archlint.core.values import Unknown
from archlint.model.code.calls.http import add_http_calls
from archlint.model.code.consistency.dual_writes import add_dual_writes
from archlint.model.code.consistency.sagas import add_sagas
from tests.model.code.python_systems import system_of

START = """
import os
import pika
import requests
from sqlalchemy.orm import Session

from models import Order

channel = pika.BlockingConnection().channel()
session = Session()
PAYMENTS = os.environ["PAYMENTS_URL"]
STOCK = os.environ["STOCK_URL"]

def publish(order):
    channel.basic_publish(exchange="", routing_key="orders", body=order)

def store(order):
    session.add(order)
    session.commit()

def pay(order):
    requests.post(f"{PAYMENTS}/charges", json=order)

def reserve(order):
    requests.post(f"{STOCK}/reservations", json=order)
"""
END = '\n\nif __name__ == "__main__":\n    print()\n'


def dual_writes(text: str, others: Mapping[str, str] | None = None) -> list[tuple[str, str]]:
    """The functions that do both, and the text of the line that publishes."""
    main = START + textwrap.dedent(text) + END
    files = {"shop/main.py": main, **(others or {})}
    services = tuple(sorted({path.partition("/")[0] for path in files}))
    draft = system_of(files, services)
    add_dual_writes(draft)
    found = [one for one in draft.select(DualWrite) if one.protection is None]
    return sorted((one.name, files[one.at.path].splitlines()[one.at.line - 1].strip()) for one in found)


def sagas(text: str) -> list[tuple[str, bool | str]]:
    """The functions that change two services, and what undoes the first step: False for nothing."""
    draft = system_of({"shop/main.py": START + textwrap.dedent(text) + END}, ("shop",))
    add_http_calls(draft)
    add_sagas(draft)
    return [
        (one.name, "unknown" if isinstance(one.compensation, Unknown) else one.compensation is not None)
        for one in draft.select(Saga)
    ]


def test_a_function_that_calls_one_that_stores_and_one_that_publishes_does_both() -> None:
    assert dual_writes(
        """
        def place(order):
            store(order)
            publish(order)
        """
    ) == [("shop.place", "publish(order)")]


def test_the_lowest_function_that_does_both_is_named_alone() -> None:
    assert dual_writes(
        """
        def place(order):
            store(order)
            publish(order)

        def handle(request):
            place(request)
            store(request)
        """
    ) == [("shop.place", "publish(order)")]


def test_publishing_before_the_commit_counts_as_well() -> None:
    assert dual_writes(
        """
        def place(order):
            session.add(order)
            publish(order)
            session.commit()
        """
    ) == [("shop.place", "publish(order)")]


def test_what_is_given_to_a_pool_or_a_hook_is_part_of_the_work() -> None:
    assert dual_writes(
        """
        from django.db import transaction

        def place(order, tasks):
            store(order)
            tasks.add_task(publish, order)

        def cancel(order):
            store(order)

            def tell():
                publish(order)

            transaction.on_commit(tell)
        """
    ) == [("shop.cancel", "transaction.on_commit(tell)"), ("shop.place", "tasks.add_task(publish, order)")]


def test_a_branch_that_only_publishes_and_one_that_only_stores_are_no_pair() -> None:
    assert (
        dual_writes(
            """
            def place(order, known):
                if known:
                    publish(order)
                else:
                    store(order)

            def refuse(order, known):
                if known:
                    publish(order)
                    return
                store(order)
            """
        )
        == []
    )


def test_one_switch_that_is_asked_twice_keeps_the_two_apart() -> None:
    text = """
        def place(order):
            if order and not is_queued():
                store(order)
            order.place()
            if is_queued():
                publish(order)

        def again(order):
            if not order.number:
                store(order)
            if order.number:
                publish(order)
        """
    assert [name for name, _ in dual_writes(text)] == ["shop.again"]


def test_the_publication_behind_the_change_is_named_where_another_branch_publishes_too() -> None:
    assert dual_writes(
        """
        def place(order, known):
            if known:
                publish(None)
                return
            store(order)
            publish(order)
        """
    ) == [("shop.place", "publish(order)")]


def test_telling_that_the_change_failed_is_no_dual_write() -> None:
    assert (
        dual_writes(
            """
            def place(order):
                try:
                    store(order)
                except ValueError:
                    publish(order)
            """
        )
        == []
    )


def test_a_relay_that_marks_what_it_published_is_none() -> None:
    assert (
        dual_writes(
            """
            def forward():
                for message in session.query(Order).all():
                    publish(message)
                    message.published = True
                session.commit()

            def forward_rows(connection):
                for row in connection.execute("SELECT * FROM messages FOR UPDATE SKIP LOCKED"):
                    publish(row)
                connection.execute("UPDATE messages SET state = 'old'")

            def index_articles(connection):
                for row in connection.execute("SELECT * FROM articles WHERE NOT processed_by_search"):
                    publish(row)
                    connection.execute("UPDATE articles SET processed_by_search = true WHERE id = 1")
                session.commit()

            def publish_pending():
                publish("x")
                store("x")
            """
        )
        == []
    )


def test_an_answer_a_second_attempt_and_a_dead_letter_are_no_events() -> None:
    assert (
        dual_writes(
            """
            def answer(order, properties):
                store(order)
                channel.basic_publish(exchange="", routing_key=properties.reply_to, body=order)

            def _retry_message(order):
                channel.basic_publish(exchange="", routing_key="orders", body=order)

            def handle(order):
                store(order)
                _retry_message(order)

            def give_up(order):
                store(order)
                channel.basic_publish(exchange="", routing_key="orders.dlq", body=order)
            """
        )
        == []
    )


def test_a_job_of_the_service_itself_is_no_event_but_one_of_another_service_is() -> None:
    tasks = """
from celery import Celery

app = Celery(broker="amqp://rabbitmq")

@app.task
def charge(order):
    print(order)

if __name__ == "__main__":
    print()
"""
    text = """
    from celery import Celery

    from billing.tasks import charge

    app = Celery(broker="amqp://rabbitmq")

    @app.task
    def resize(order):
        print(order)

    def place(order):
        store(order)
        resize.delay(order)

    def bill(order):
        store(order)
        charge.delay(order)

    def ship(order):
        store(order)
        app.send_task("warehouse.ship", args=[order])
    """
    assert dual_writes(text, {"billing/tasks.py": tasks}) == [
        ("shop.bill", "charge.delay(order)"),
        ("shop.ship", 'app.send_task("warehouse.ship", args=[order])'),
    ]


def test_two_steps_in_two_services_are_a_saga_without_compensation() -> None:
    assert sagas(
        """
        def place(order):
            reserve(order)
            pay(order)
        """
    ) == [("shop.place", False)]


def test_steps_in_one_service_in_branches_or_in_an_endless_loop_are_none() -> None:
    assert (
        sagas(
            """
            def twice(order):
                pay(order)
                pay(order)

            def either(order, wants):
                if wants == "stock":
                    reserve(order)
                else:
                    pay(order)

            def serve():
                while True:
                    reserve(None)
                    pay(None)

            def seed_orders(order):
                reserve(order)
                pay(order)
            """
        )
        == []
    )


def test_all_reservations_stand_when_the_payment_behind_the_loop_fails() -> None:
    assert sagas(
        """
        def place(orders):
            for order in orders:
                reserve(order)
            pay(orders)
        """
    ) == [("shop.place", False)]


def test_a_step_back_may_stand_in_the_handler_in_its_caller_or_behind_a_name() -> None:
    assert sagas(
        """
        def first(order):
            reserve(order)
            try:
                pay(order)
            except requests.RequestException:
                requests.delete(f"{STOCK}/reservations/{order}")
                raise

        def second(order):
            reserve(order)
            pay(order)

        def outer(order):
            try:
                second(order)
            except requests.RequestException:
                cancel_reservation(order)

        def cancel_reservation(order):
            requests.delete(f"{STOCK}/reservations/{order}")

        def third(order, stack):
            reserve(order)
            stack.callback(cancel_reservation, order)
            pay(order)
        """
    ) == [("shop.first", True), ("shop.second", True), ("shop.third", True)]


def test_rolling_back_the_own_session_undoes_no_step() -> None:
    assert sagas(
        """
        def place(order):
            reserve(order)
            try:
                pay(order)
            except requests.RequestException:
                session.rollback()
                raise
        """
    ) == [("shop.place", False)]


def test_a_message_that_comes_again_tries_the_whole_again() -> None:
    assert sagas(
        """
        def handle(channel, method, properties, body):
            reserve(body)
            pay(body)
            channel.basic_ack(method.delivery_tag)

        channel.basic_consume(queue="orders", on_message_callback=handle)
        """
    ) == [("shop.handle", "unknown")]


def test_searches_mails_and_refreshed_copies_are_no_steps() -> None:
    assert (
        sagas(
            """
            def place(order):
                pay(order)
                requests.post(f"{STOCK}/search", json=order)
                requests.post(os.environ["MAILS"] + "/notifications", json=order)
                requests.post(os.environ["SEARCH"] + "/reindex", json=order)
                requests.get(f"{STOCK}/products")
            """
        )
        == []
    )
