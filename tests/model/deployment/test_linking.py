"""Names of workloads, images and directories that mean one thing."""

from __future__ import annotations

import pytest

from archlint.model.linking import normal


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        ("orders", "orders"),
        ("orders-orders", "orders"),
        ("orders-service", "orders"),
        ("ordersservice", "orders"),
        ("Orders_API", "orders"),
        ("service", "service"),
    ],
)
def test_a_name_is_what_it_says_without_filling_and_repetition(name: str, expected: str) -> None:
    assert normal(name) == expected
