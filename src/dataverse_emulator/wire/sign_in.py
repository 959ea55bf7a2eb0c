"""The token endpoint and the bearer check (dataverse.md 1.1, 1.4)."""

import re
from base64 import b64decode
from collections.abc import Mapping
from urllib.parse import parse_qsl, unquote_plus

from dataverse_emulator.state.identity import TOKEN_LIFETIME_S, Identity, User
from dataverse_emulator.state.organization import Organization
from dataverse_emulator.wire.answers import Answer, encode

TOKEN_PATH = re.compile(r"/([^/]+)/oauth2/(v2\.0/)?token")
_ASSERTION_TYPE = "urn:ietf:params:oauth:client-assertion-type:jwt-bearer"


def token(organization: Organization, path: str, headers: Mapping[str, str], body: bytes) -> Answer:
    """Client credentials in, bearer out; outside strict mode every client is known.

    Clients name themselves in the form or by HTTP Basic, as OAuth has it (RFC 6749, 2.3.1). The older
    address, without `v2.0`, takes a `resource` in place of a scope and answers numbers as texts.
    """
    try:
        form = dict(parse_qsl(body.decode("ascii"), strict_parsing=True, max_num_fields=20))
    except (ValueError, UnicodeDecodeError):
        return _failed(400, "invalid_request", 900144, "The request body must be a form.")
    if form.get("grant_type") != "client_credentials":
        return _failed(400, "unsupported_grant_type", 70003, "Only client_credentials is imitated.")
    form |= _basic(headers.get("authorization", ""))
    older = "/v2.0/" not in path
    for name in ("client_id", "resource" if older else "scope"):
        if not form.get(name):
            text = f"The request body must contain the following parameter: '{name}'."
            return _failed(400, "invalid_request", 900144, text)
    if not older and not form["scope"].endswith("/.default"):
        text = f"The provided value for the input parameter 'scope' is not valid: {form['scope'][:80]}."
        return _failed(400, "invalid_scope", 70011, text)
    secret = form.get("client_secret", "")
    if not secret and form.get("client_assertion_type") == _ASSERTION_TYPE:
        secret = form.get("client_assertion", "")
    if not secret:
        text = "The request body must contain the following parameter: 'client_assertion' or 'client_secret'."
        return _failed(401, "invalid_client", 7000218, text)
    issued = organization.identity.issue(form["client_id"], secret)
    if issued is None:
        text = f"Invalid client secret provided for app '{form['client_id'][:60]}'."
        return _failed(401, "invalid_client", 7000215, text)
    reply = _issued(issued, int(organization.sources.now()), form["resource"] if older else None)
    return Answer(200, {"Content-Type": "application/json; charset=utf-8"}, encode(reply))


def _basic(authorization: str) -> dict[str, str]:
    scheme, _, text = authorization.partition(" ")
    if scheme.lower() != "basic":
        return {}
    try:
        name, _, secret = b64decode(text, validate=True).decode("utf-8").partition(":")
    except ValueError:
        return {}
    return {"client_id": unquote_plus(name), "client_secret": unquote_plus(secret)}


def _issued(text: str, now: int, resource: str | None) -> dict[str, object]:
    lifetime = TOKEN_LIFETIME_S
    found: dict[str, object] = {"token_type": "Bearer", "expires_in": lifetime, "ext_expires_in": lifetime}
    if resource is not None:
        found = {name: str(value) for name, value in found.items()}
        found |= {"expires_on": str(now + lifetime), "not_before": str(now), "resource": resource}
    return {**found, "access_token": text}


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
