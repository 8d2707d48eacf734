"""Who may ask: what stands between the network and the routes.

A page of another site must not reach the studio through its visitor's browser. Its requests come with another Host
(DNS rebinding), with another Origin, without the header that only the studio's own page sends, or without the cookie.
"""

import hmac
import ipaddress
import json
import secrets
import socket
from dataclasses import dataclass
from urllib.parse import parse_qsl, urlencode, urlsplit

from starlette.datastructures import Headers, MutableHeaders
from starlette.types import ASGIApp, Message, Receive, Scope, Send

HEADER = "frugan-studio"  # what state changes must carry
_POLICY = (
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' blob: data:; connect-src 'self'; "
    "base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
)
_HEADERS = {
    "x-content-type-options": "nosniff",
    "referrer-policy": "no-referrer",
    "cross-origin-opener-policy": "same-origin",
    "cross-origin-resource-policy": "same-origin",
}
_READING = ("GET", "HEAD")
_LOOPBACK = ("127.0.0.1", "localhost", "::1")


@dataclass(frozen=True)
class Rules:
    """
    Attributes:
        host: address that the studio listens at.
        token: "" where it listens only to this machine.
    """

    host: str
    token: str = ""

    @classmethod
    def of(cls, host: str) -> "Rules":
        """A token for every host but the loopback."""
        return cls(host, "" if is_loopback(host) else secrets.token_urlsafe(24))

    def allows_host(self, name: str) -> bool:
        """Whether a Host header's name can be this machine's. Any port: a tunnel may have another."""
        if is_loopback(name):
            return True
        if not self.token:
            return False
        return _is_address(name) or name.casefold() in {self.host, socket.gethostname(), socket.getfqdn()}

    def knows(self, given: str) -> bool:
        """Compares in constant time."""
        return hmac.compare_digest(given.encode(errors="replace"), self.token.encode())


def is_loopback(host: str) -> bool:
    """Whether only this machine can reach the address."""
    try:
        return host.casefold() in _LOOPBACK or ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False


class Guard:
    """Refuses what the rules do not allow, and gives every answer its headers."""

    def __init__(self, app: ASGIApp, rules: Rules) -> None:
        self.app, self.rules = app, rules

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] == "lifespan":
            await self.app(scope, receive, send)
            return
        if scope["type"] != "http":  # no websockets here
            return

        async def with_headers(message: Message) -> None:
            if message["type"] == "http.response.start":
                headers = MutableHeaders(scope=message)
                headers.setdefault("content-security-policy", _POLICY)
                for name, value in _HEADERS.items():
                    headers[name] = value
            await send(message)

        refusal = self._refusal(scope)
        if refusal is not None:
            await _answer(with_headers, *refusal)
            return
        token = dict(parse_qsl(scope["query_string"].decode("latin-1"))).get("token")
        if self.rules.token and token is not None and not scope["path"].startswith("/api/"):
            await self._let_in(scope, with_headers)
            return
        await self.app(scope, receive, with_headers)

    def _refusal(self, scope: Scope) -> tuple[int, str] | None:
        """Status and sentence, if the request is not allowed."""
        headers = Headers(scope=scope)
        host = headers.get("host", "")
        name = _name_of(host)
        if len(headers.getlist("host")) != 1 or name is None or not self.rules.allows_host(name):
            return (
                403,
                f"host {host[:80]!a}: this studio is not called so. Open it by the address that it printed.",
            )
        origin = headers.get("origin")
        if origin is not None and urlsplit_safe(origin) != ("http", host):
            return 403, "origin: a page of another site asks. Open the studio by itself."
        navigates = scope["method"] in _READING and headers.get("sec-fetch-mode") == "navigate"
        if headers.get("sec-fetch-site") in ("cross-site", "same-site") and (
            not navigates or scope["path"].startswith("/api/")
        ):
            return 403, "site: a page of another site asks. Open the studio by itself."
        if scope["method"] not in _READING and headers.get(HEADER) != "1":
            return 403, f"header: changes need the header {HEADER}: 1, which no other site can send."
        if self.rules.token and not self._is_known(headers, scope):
            return 401, "token: it is missing or wrong. Open the link that `frugan studio` printed."
        return None

    def _is_known(self, headers: Headers, scope: Scope) -> bool:
        given = [_cookie(headers.get("cookie", ""), _cookie_name(scope))]
        scheme, _, value = headers.get("authorization", "").partition(" ")
        given += [value] if scheme.casefold() == "bearer" else []
        if not scope["path"].startswith("/api/"):
            given += [value for key, value in parse_qsl(scope["query_string"].decode("latin-1")) if key == "token"]
        return any(self.rules.knows(each) for each in given)

    async def _let_in(self, scope: Scope, send: Send) -> None:
        """Keep the token in a cookie, and take it out of the address."""
        query = [(key, value) for key, value in parse_qsl(scope["query_string"].decode("latin-1")) if key != "token"]
        # One slash: two would begin the name of another host.
        target = "/" + scope["path"].lstrip("/") + (f"?{urlencode(query)}" if query else "")
        cookie = f"{_cookie_name(scope)}={self.rules.token}; HttpOnly; SameSite=Strict; Path=/"
        await _answer(send, 303, "", {"location": target, "set-cookie": cookie})


def urlsplit_safe(text: str) -> tuple[str, str] | None:
    """Scheme and host with port, if it is an address."""
    try:
        split = urlsplit(text)
    except ValueError:
        return None
    return split.scheme, split.netloc


def _name_of(host: str) -> str | None:
    """A Host header without its port."""
    try:
        split = urlsplit(f"//{host}")
        if split.netloc != host or "@" in host or split.port == 0:
            return None
        return split.hostname
    except ValueError:
        return None


def _is_address(name: str) -> bool:
    try:
        ipaddress.ip_address(name)
    except ValueError:
        return False
    return True


def _cookie_name(scope: Scope) -> str:
    """Cookies do not tell ports apart, and two studios may run."""
    server = scope.get("server") or ("", 0)
    return f"frugan-studio-{server[1]}"


def _cookie(header: str, name: str) -> str:
    for pair in header.split(";"):
        key, _, value = pair.strip().partition("=")
        if key == name:
            return value
    return ""


async def _answer(send: Send, status: int, sentence: str, extra: dict[str, str] | None = None) -> None:
    body = json.dumps({"error": sentence}).encode() if sentence else b""
    headers = {"content-type": "application/json", "content-length": str(len(body)), **(extra or {})}
    encoded = [(key.encode("latin-1"), value.encode("latin-1", errors="replace")) for key, value in headers.items()]
    await send({"type": "http.response.start", "status": status, "headers": encoded})
    await send({"type": "http.response.body", "body": body})
