"""A small OpenID Connect provider in a process of its own: discovery, keys, authorization code with PKCE, RS256.

It signs in whoever the test named last (``POST /next``), without asking, and refuses whatever a provider should refuse.
"""

import base64
import hashlib
import json
import secrets
import sys
import time
from http.client import HTTPConnection
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import parse_qs, urlencode, urlsplit

import jwt
from cryptography.hazmat.primitives.asymmetric import rsa
from jwt.algorithms import RSAAlgorithm

from tests.engines.process import ChildProcess

CLIENT, SECRET, KEY_ID = "chat", "a secret of both", "key-1"


class Refused(Exception):
    """A request that a provider does not take."""


class Provider:
    """What the endpoints share."""

    def __init__(self, issuer: str) -> None:
        self.issuer = issuer
        self.key, self.foreign_key = (rsa.generate_private_key(65537, 2048) for _ in range(2))
        self.person: dict[str, Any] = {}
        self.codes: dict[str, dict[str, Any]] = {}
        self.people: dict[str, dict[str, Any]] = {}  # by access token

    def discover(self) -> dict[str, Any]:
        return {
            "issuer": self.issuer,
            "authorization_endpoint": f"{self.issuer}/authorize",
            "token_endpoint": f"{self.issuer}/token",
            "userinfo_endpoint": f"{self.issuer}/userinfo",
            "jwks_uri": f"{self.issuer}/keys",
            "token_endpoint_auth_methods_supported": ["client_secret_post"],
        }

    def keys(self) -> dict[str, Any]:
        public = RSAAlgorithm.to_jwk(self.key.public_key(), as_dict=True)
        return {"keys": [public | {"kid": KEY_ID, "use": "sig", "alg": "RS256"}]}

    def authorize(self, query: dict[str, str]) -> str:
        """Where the browser goes on to."""
        wanted = (query["response_type"], query["client_id"], query["code_challenge_method"])
        if wanted != ("code", CLIENT, "S256") or not query["state"] or "openid" not in query["scope"].split():
            raise Refused
        code = secrets.token_urlsafe()
        self.codes[code] = query | {"person": dict(self.person)}
        return f"{query['redirect_uri']}?{urlencode({'code': code, 'state': query['state']})}"

    def exchange(self, form: dict[str, str]) -> dict[str, Any]:
        """Tokens for a code, once, for whoever began."""
        asked = self.codes.pop(form["code"])
        digest = hashlib.sha256(form["code_verifier"].encode()).digest()
        challenge = base64.urlsafe_b64encode(digest).rstrip(b"=").decode()
        given = (form["client_id"], form["client_secret"], form["redirect_uri"], challenge)
        if given != (CLIENT, SECRET, asked["redirect_uri"], asked["code_challenge"]):
            raise Refused
        person, access = asked["person"], secrets.token_urlsafe()
        key = self.foreign_key if person.pop("forged", False) else self.key
        now = int(time.time())
        claims = {"iss": self.issuer, "aud": CLIENT, "iat": now, "exp": now + 300, "jti": secrets.token_hex()}
        self.people[access] = person
        id_token = jwt.encode(claims | person, key, algorithm="RS256", headers={"kid": KEY_ID})
        return {"access_token": access, "token_type": "Bearer", "expires_in": 300, "id_token": id_token}


class Handler(BaseHTTPRequestHandler):
    """The endpoints."""

    provider: Provider

    def do_GET(self) -> None:
        at = urlsplit(self.path)
        query = {name: values[0] for name, values in parse_qs(at.query).items()}
        match at.path:
            case "/.well-known/openid-configuration":
                self.answer(self.provider.discover)
            case "/keys":
                self.answer(self.provider.keys)
            case "/userinfo":
                access = self.headers["Authorization"].removeprefix("Bearer ")
                self.answer(lambda: self.provider.people[access])
            case "/authorize":
                self.answer(lambda: self.provider.authorize(query))
            case _:
                self.send_error(404)

    def do_POST(self) -> None:
        body = self.rfile.read(int(self.headers["Content-Length"])).decode()
        if self.path == "/next":
            self.provider.person = json.loads(body)
            self.answer(dict)
        else:
            self.answer(lambda: self.provider.exchange({name: values[0] for name, values in parse_qs(body).items()}))

    def answer(self, make: Any) -> None:
        try:
            made = make()
        except (KeyError, Refused):
            self.send_error(400)
            return
        if isinstance(made, str):
            self.send_response(302)
            self.send_header("Location", made)
            self.send_header("Content-Length", "0")
            self.end_headers()
            return
        raw = json.dumps(made).encode()
        self.send_response(200)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(raw)))
        self.end_headers()
        self.wfile.write(raw)


class ProviderProcess(ChildProcess):
    """The provider, from the tests' side."""

    name = "openid"

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    def command(self) -> list[str]:
        return [sys.executable, "-m", __name__, str(self.port)]

    def is_ready(self) -> bool:
        try:
            return self._ask("GET", "/keys") == 200
        except OSError:
            return False

    def signs_in(self, **person: Any) -> None:
        """Name whoever is signed in from now on, with the claims about them."""
        assert self._ask("POST", "/next", json.dumps(person)) == 200

    def _ask(self, method: str, path: str, body: str = "") -> int:
        connection = HTTPConnection("127.0.0.1", self.port, timeout=2)
        try:
            connection.request(method, path, body, {"Content-Length": str(len(body.encode()))})
            return connection.getresponse().status
        finally:
            connection.close()


if __name__ == "__main__":
    port = int(sys.argv[1])
    Handler.provider = Provider(f"http://127.0.0.1:{port}")
    ThreadingHTTPServer(("127.0.0.1", port), Handler).serve_forever()
