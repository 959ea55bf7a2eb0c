"""The token endpoint and the bearer check (dataverse.md 1.1, 1.4)."""

import re
from urllib.parse import parse_qsl

from dataverse_emulator.state.identity import TOKEN_LIFETIME_S, Identity, User
from dataverse_emulator.wire.answers import Answer, encode

TOKEN_PATH = re.compile(r"/([^/]+)/oauth2/v2\.0/token")
_ASSERTION_TYPE = "urn:ietf:params:oauth:client-assertion-type:jwt-bearer"


def token(identity: Identity, body: bytes) -> Answer:
    """Client credentials in, bearer out; outside strict mode every client is known."""
    try:
        form = dict(parse_qsl(body.decode("ascii"), strict_parsing=True, max_num_fields=20))
    except (ValueError, UnicodeDecodeError):
        return _failed(400, "invalid_request", 900144, "The request body must be a form.")
    if form.get("grant_type") != "client_credentials":
        return _failed(400, "unsupported_grant_type", 70003, "Only client_credentials is imitated.")
    for name in ("client_id", "scope"):
        if not form.get(name):
            text = f"The request body must contain the following parameter: '{name}'."
            return _failed(400, "invalid_request", 900144, text)
    if not form["scope"].endswith("/.default"):
        text = f"The provided value for the input parameter 'scope' is not valid: {form['scope'][:80]}."
        return _failed(400, "invalid_scope", 70011, text)
    secret = form.get("client_secret", "")
    if not secret and form.get("client_assertion_type") == _ASSERTION_TYPE:
        secret = form.get("client_assertion", "")
    if not secret:
        text = "The request body must contain the following parameter: 'client_assertion' or 'client_secret'."
        return _failed(401, "invalid_client", 7000218, text)
    issued = identity.issue(form["client_id"], secret)
    if issued is None:
        text = f"Invalid client secret provided for app '{form['client_id'][:60]}'."
        return _failed(401, "invalid_client", 7000215, text)
    lifetime = TOKEN_LIFETIME_S
    reply = {
        "token_type": "Bearer",
        "expires_in": lifetime,
        "ext_expires_in": lifetime,
        "access_token": issued,
    }
    return Answer(200, {"Content-Type": "application/json; charset=utf-8"}, encode(reply))


def _failed(status: int, error: str, number: int, text: str) -> Answer:
    body = {"error": error, "error_description": f"AADSTS{number}: {text}", "error_codes": [number]}
    return Answer(status, {"Content-Type": "application/json; charset=utf-8"}, encode(body))


def caller(identity: Identity, authorization: str | None) -> User | None:
    """The user an Authorization header names, if it names one."""
    scheme, _, text = (authorization or "").partition(" ")
    return identity.bearer(text.strip()) if scheme.lower() == "bearer" else None


def unauthorized(root: str) -> Answer:
    """401 with an empty body and where to get a token (1.4)."""
    host = root.partition("/api/")[0]
    challenge = f"Bearer authorization_uri={host}/common/oauth2/authorize, resource_id={host}/"
    return Answer(401, {"WWW-Authenticate": challenge})
