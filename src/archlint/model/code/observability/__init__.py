"""Logs, metrics, traces and debug switches of each service."""
