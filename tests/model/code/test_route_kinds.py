"""What a path says about its route."""

from __future__ import annotations

import pytest

from archlint.model.code.serving.kinds import kind_of


@pytest.mark.parametrize(
    ("path", "kind"),
    [
        ("/health", "health"),
        ("/health/live", "health"),
        ("/api/v1/healthz", "health"),
        ("/_healthz", "health"),
        ("/livez", "health"),
        ("/ping", "health"),
        ("/flask-health-check", "health"),
        ("/orders/health", "health"),
        ("/mental-health-courses", "business"),
        ("/orders/{id}/status", "business"),
        ("/orders/{id}/health", "business"),
        ("/metrics", "metrics"),
        ("/metrics/{name}", "business"),
        ("/docs", "docs"),
        ("/openapi.json", "docs"),
        ("/static/{path}", "static"),
        ("/orders", "business"),
        ("/", "business"),
    ],
)
def test_a_path_tells_what_a_route_is_for(path: str, kind: str) -> None:
    assert kind_of(path, ("GET",), []) == kind


def test_health_and_metrics_are_read() -> None:
    assert kind_of("/health", ("POST",), []) == "business"
    assert kind_of("/metrics", ("POST",), []) == "business"
