"""The token endpoint, bearer tokens and who the caller is."""

from base64 import b64encode
from collections.abc import AsyncIterator

import pytest
import pytest_asyncio
from aiohttp import ClientSession

from dataverse_emulator import Sources, create_organization, running, seeded_ids

from .api import Api, Clock, Reply

GOOD = {
    "grant_type": "client_credentials",
    "client_id": "11111111-2222-3333-4444-555555555555",
    "client_secret": "s3cret",
    "scope": "https://org.crm4.dynamics.com/.default",
}


@pytest_asyncio.fixture(loop_scope="session")
async def strict(clock: Clock) -> AsyncIterator[Api]:
    """An emulator that knows one client."""
    clients = {GOOD["client_id"]: GOOD["client_secret"]}
    organization = create_organization(sources=Sources(clock, seeded_ids(7)), strict=True, clients=clients)
    async with running(organization) as found, ClientSession() as session:
        yield Api(session, found.url, None)


async def sign_in(api: Api, **changed: str) -> Reply:
    """Ask for a token."""
    form = "&".join(f"{name}={value}" for name, value in {**GOOD, **changed}.items() if value)
    return await api.call("POST", f"{api.url}/tenant/oauth2/v2.0/token", raw=form.encode())


async def test_token_reply(api: Api) -> None:
    """The documented members and no refresh token (dataverse.md 1.1)."""
    reply = await sign_in(api)
    assert reply.status == 200
    assert reply.json.keys() == {"token_type", "expires_in", "ext_expires_in", "access_token"}
    assert (reply.json["token_type"], reply.json["expires_in"]) == ("Bearer", 3599)


async def test_token_is_the_application_user(api: Api) -> None:
    """The token's user is the systemuser with that applicationid (1.2)."""
    token = (await sign_in(api)).json["access_token"]
    me = (await api.user(token).get("WhoAmI")).json["UserId"]
    row = (await api.get(f"systemusers({me})?$select=fullname,applicationid")).json
    assert row["applicationid"] == GOOD["client_id"]
    found = await api.get(f"systemusers?$select=systemuserid&$filter=applicationid eq {GOOD['client_id']}")
    assert [user["systemuserid"] for user in found.value] == [me]


@pytest.mark.parametrize(
    ("changed", "status", "number"),
    [
        ({"client_secret": "wrong"}, 401, 7000215),
        ({"client_id": "unknown"}, 401, 7000215),
        ({"client_secret": ""}, 401, 7000218),
        ({"grant_type": "password"}, 400, 70003),
        ({"scope": ""}, 400, 900144),
        ({"scope": "https://org/api"}, 400, 70011),
    ],
)
async def test_strict_failures(strict: Api, changed: dict[str, str], status: int, number: int) -> None:
    """A wrong secret or form has the shape of section 1.1."""
    reply = await sign_in(strict, **changed)
    assert (reply.status, reply.json["error_codes"]) == (status, [number])
    assert reply.json["error_description"].startswith(f"AADSTS{number}: ")


async def test_strict_accepts_only_issued_tokens(strict: Api, clock: Clock) -> None:
    """Others, and expired ones, get 401 with a challenge (1.4)."""
    token = (await sign_in(strict)).json["access_token"]
    assert (await strict.user(token).get("WhoAmI")).status == 200
    assert (await strict.user("made-up").get("WhoAmI")).status == 401
    clock.now += 3600
    late = await strict.user(token).get("WhoAmI")
    assert (late.status, late.text) == (401, "")
    assert late.headers["WWW-Authenticate"].startswith("Bearer authorization_uri=")


@pytest.mark.parametrize("header", ["", "Bearer ", "Basic abc"])
async def test_no_bearer_no_entry(api: Api, header: str) -> None:
    """Without a bearer token even a lenient emulator answers 401 (1.4)."""
    assert (await api.user(None).get("contacts", Authorization=header)).status == 401


async def test_who_am_i_headers(api: Api) -> None:
    """The headers marked in section 1.3."""
    reply = await api.get("WhoAmI")
    assert reply.headers["Content-Type"] == "application/json; odata.metadata=minimal"
    assert reply.headers["OData-Version"] == "4.0"
    assert reply.headers["x-ms-dop-hint"] == "48"
    assert reply.headers["x-ms-ratelimit-time-remaining-xrm-requests"] == "1,200.00"
    assert reply.headers["x-ms-ratelimit-burst-remaining-xrm-requests"] == "5999"
    assert "ARRAffinity" in reply.headers["Set-Cookie"]
    assert reply.headers["REQ_ID"] == reply.headers["x-ms-service-request-id"]
    assert reply.json.keys() == {"@odata.context", "BusinessUnitId", "UserId", "OrganizationId"}


async def test_organization_facts(api: Api) -> None:
    """The facts setup reads (1.3, 3.4, 7.2)."""
    row = (
        await api.get("organizations?$select=languagecode,expirechangetrackingindays,isauditenabled")
    ).value[0]
    assert (row["languagecode"], row["expirechangetrackingindays"], row["isauditenabled"]) == (1033, 7, False)
    assert row["organizationid"] == (await api.get("WhoAmI")).json["OrganizationId"]
    assert (await api.get("RetrieveVersion()")).json["Version"].startswith("9.2.")


async def test_a_client_may_name_itself_by_basic(strict: Api) -> None:
    """As OAuth libraries do by default (RFC 6749, 2.3.1)."""
    form = b"grant_type=client_credentials&scope=https%3A%2F%2Forg%2F.default"
    for secret, status in ((GOOD["client_secret"], 200), ("wrong", 401)):
        basic = b64encode(f"{GOOD['client_id']}:{secret}".encode()).decode()
        url = f"{strict.url}/tenant/oauth2/v2.0/token"
        reply = await strict.call("POST", url, raw=form, Authorization=f"Basic {basic}")
        assert reply.status == status


async def test_the_older_token_address(strict: Api, clock: Clock) -> None:
    """It takes a resource in place of a scope and gives numbers as texts (1.1)."""
    form = {**GOOD, "resource": "https://org.crm4.dynamics.com/"}
    del form["scope"]
    text = "&".join(f"{name}={value}" for name, value in form.items())
    reply = await strict.call("POST", f"{strict.url}/tenant/oauth2/token", raw=text.encode())
    assert (reply.json["expires_in"], reply.json["resource"]) == ("3599", "https://org.crm4.dynamics.com/")
    assert int(reply.json["expires_on"]) == int(clock.now) + 3599
    assert (await strict.user(reply.json["access_token"]).get("WhoAmI")).status == 200
    without = text.replace("resource", "other").encode()
    assert (await strict.call("POST", f"{strict.url}/tenant/oauth2/token", raw=without)).status == 400
