"""Verification of TLS certificates and of JSON Web Tokens."""
