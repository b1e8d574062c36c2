"""What a shell text waits for before it goes on."""

from __future__ import annotations

import pytest

from archlint.model.startup import hosts_waited_for


@pytest.mark.parametrize(
    ("text", "hosts"),
    [
        ("until nc -z orders 8000; do sleep 1; done", ["orders"]),
        ("while ! curl -sf http://orders:8000/health; do sleep 2; done", ["orders"]),
        ("until wget -qO- http://${ORDERS_ADDR}/; do sleep 2; done", ["orders"]),
        ("./wait-for-it.sh orders:8000 -- python app.py", ["orders"]),
        ("dockerize -wait tcp://orders:8000 -timeout 60s python app.py", ["orders"]),
        ("until pg_isready -h db -p 5432; do sleep 1; done", ["db"]),
        ("until nslookup orders.default.svc.cluster.local; do sleep 2; done", ["orders.default.svc.cluster.local"]),
        ("while ! (echo > /dev/tcp/orders/8000); do sleep 1; done", ["orders"]),
        ("curl http://orders:8000/health", []),
        ("for f in *.sql; do psql -f $f; done", []),
        ("while true; do curl http://localhost:8000; sleep 1; done", []),
    ],
)
def test_wait_loops_name_the_hosts_that_they_wait_for(text: str, hosts: list[str]) -> None:
    assert hosts_waited_for(text, {"ORDERS_ADDR": "orders:80"}) == hosts
