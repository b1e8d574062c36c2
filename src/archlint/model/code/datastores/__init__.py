"""Databases, caches and brokers that code connects to, as whom, and how long it waits for them."""
