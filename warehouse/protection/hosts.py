"""Hosts as opt-outs name them: forum.example with and without www and port is one host."""

from functools import lru_cache
from urllib.parse import urlsplit

from warehouse.protection.keys import KeyRing


def plain_host(address: str) -> str:
    """Return the host of an address, or of a host as people write it; empty where there is none."""
    text = address.strip().lower()
    try:
        name = urlsplit(text if "//" in text else f"//{text}").hostname or ""
    except ValueError:
        return ""
    return name.rstrip(".").removeprefix("www.")


def host_hash(keys: KeyRing, address: str | None) -> str | None:
    """Return the keyed hash of the host of an address, by which it can opt out."""
    return _hash(keys, address) if address else None


@lru_cache(maxsize=4096)
def _hash(keys: KeyRing, address: str) -> str | None:
    host = plain_host(address)
    return keys.erasure_hash("host", host) if host else None
