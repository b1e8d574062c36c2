"""archlint: an architecture conformance linter for microservice systems."""

__version__ = "0.1.0"
