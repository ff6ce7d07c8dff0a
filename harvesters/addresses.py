"""Where a request must not lead, and what a stored link must not carry.

Loopback, private and other addresses that are not public are refused. Links lose what tells nothing
of the page and something of the visit: campaign marks, click ids, session ids.
"""

import re
import socket
from ipaddress import IPv4Address, IPv6Address, IPv6Network, ip_address

from harvesters.base import ResponseRefused

_NAT64 = IPv6Network("64:ff9b::/96")
_IPV4_BITS = 0xFFFFFFFF
_TRACKING = re.compile(
    r"(?:amp;)*(?:utm_[^=]*|fbclid|gclid|dclid|msclkid|mc_[ce]id|phpsessid|replytocom)(?:=|$)"
    r"|(?:amp;)*(?:sid|s)=[0-9a-f]{32}$",  # boards' sessions; a shorter `s` is a search
    re.IGNORECASE,
)


def without_tracking(url: str) -> str:
    """Return an address without the parameters of its query that only follow a visitor.

    What stays keeps its spelling and order, since servers and erasures compare addresses as texts.
    """
    page, asks, rest = url.partition("?")
    query, marks, fragment = rest.partition("#")
    if not asks or "#" in page:
        return url
    parts = query.split("&")
    kept = [part for part in parts if not _TRACKING.match(part)]
    if len(kept) == len(parts):
        return url
    left = "&".join(kept).removeprefix("amp;")  # of an ampersand that HTML wrote out
    return f"{page}{asks if kept else ''}{left}{marks}{fragment}"


def refuse_private(host: str, *, port: int, resolve: bool) -> None:
    """Refuse a host that is, or resolves to, an address which is not public.

    Parameters
    ----------
    host : str
        Name or literal address.
    port : int
        Port that will be connected to.
    resolve : bool
        Whether names are looked up; literal addresses and `localhost` are refused in any case.

    Raises
    ------
    ResponseRefused
        If any of its addresses is private.
    OSError
        If the name cannot be resolved.
    """
    name = host.strip("[]").rstrip(".").lower()
    literal = _literal(name)
    if literal is not None:
        refuse_address(name)
    elif name == "localhost" or name.endswith((".localhost", ".local", ".internal")):
        raise _refusal(name)
    elif resolve:
        for *_, address in socket.getaddrinfo(name, port, type=socket.SOCK_STREAM):
            refuse_address(str(address[0]), named=name)


def refuse_address(address: str, *, named: str | None = None) -> None:
    """Refuse a literal address that is not public, as `ResponseRefused`."""
    literal = _literal(address.partition("%")[0])
    if literal is None or not _is_public(literal):
        raise _refusal(named or address)


def _literal(text: str) -> IPv4Address | IPv6Address | None:
    try:
        return ip_address(text)
    except ValueError:
        return None


def _is_public(address: IPv4Address | IPv6Address) -> bool:
    if isinstance(address, IPv6Address):
        inner = address.ipv4_mapped or address.sixtofour
        if address in _NAT64:
            inner = IPv4Address(int(address) & _IPV4_BITS)
        if inner is not None:
            return _is_public(inner)
    return address.is_global and not address.is_multicast


def _refusal(host: str) -> ResponseRefused:
    return ResponseRefused(
        f"{host} is not a public address; only a simulated source may live on a private one"
    )
