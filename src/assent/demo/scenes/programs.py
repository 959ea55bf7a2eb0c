"""Scenes of another program at work: keys and roles, requests repeated, files imported, categories made."""

from contextlib import AbstractAsyncContextManager
from typing import Any

import aiohttp

from assent.demo.claims import Found, expect
from assent.demo.stage import Stage
from assent.demo.watching import choose, person, until
from assent.policy.permission import LegalBasis
from assent.services import people
from assent.services.access import Role


async def _calling(on: Stage, role: Role) -> aiohttp.ClientSession:
    """A program with a key of its own."""
    made = await people.make_key(on.app, on.operator, f"tour ({role.value})", role)
    return aiohttp.ClientSession(f"{on.url}/api/v1/", headers={"Authorization": f"Bearer {made.secret}"})


async def _expect(answering: AbstractAsyncContextManager[aiohttp.ClientResponse], status: int) -> Any:
    async with answering as answer:
        told = await answer.json(content_type=None)
        expect(answer.status == status, f"{answer.url.path} answered {answer.status}, not {status}: {told}")
        return told


async def keys_and_repeats(on: Stage) -> Found:
    """A request sent twice is done once; a reader may not write; another account's things do not exist."""
    new = {"email": "patience.program@api.example", "first_name": "Patience"}
    repeat = {"Idempotency-Key": "tour-1"}
    async with await _calling(on, Role.MARKETER) as session:
        made = await _expect(session.post("contacts", json=new, headers=repeat), 201)
        again = await _expect(session.post("contacts", json=new, headers=repeat), 201)
        expect(made == again, "the same request, sent again, was answered otherwise")
        await _expect(session.post("contacts", json=new), 409)
        listed = await _expect(session.get("contacts", params={"text": "patience.program"}), 200)
        expect(len(listed["items"]) == 1, f"{len(listed['items'])} contacts came of one request")
        await _expect(session.get("contacts/00000000-0000-4000-8000-000000000000"), 404)
        rubbish = {"Content-Type": "application/json"}
        await _expect(session.post("contacts", data=b"{not json", headers=rubbish), 400)
    async with await _calling(on, Role.READER) as session:
        await _expect(session.post("contacts", json=new), 403)
    async with aiohttp.ClientSession(f"{on.url}/api/v1/") as session:
        await _expect(session.get("contacts"), 401)
        operations = (await _expect(session.get("openapi.json"), 200))["paths"]
    return {"operations": sum(len(methods) for methods in operations.values())}


async def imports_a_file(on: Stage) -> Found:
    """A file with an error is told by line and column, nothing is half-done, and Withdrawn stays."""
    (withdrawn,) = await choose(on, LegalBasis.CONSENT)
    address = withdrawn.contact.email
    async with await _calling(on, Role.MARKETER) as session:
        stop = {"basis": "withdrawn"}
        await _expect(session.patch(f"contacts/{withdrawn.contact.contact_id}", json=stop), 200)
        rows = ["ida.import@file.example;Consent", f"{address};Consent", "not an address;Consent"]
        data = "\n".join(["E-mail;Legal basis", *rows]).encode()
        kind = {"Content-Type": "text/csv"}
        made = await _expect(session.post("imports?name=fair.csv", data=data, headers=kind), 201)
        at = f"imports/{made['import_id']}"
        options: dict[str, object] = {"evidence": "Signed up at the fair"}
        seen = await _expect(session.post(f"{at}/preview", json=options), 200)
        expect([e["line"] for e in seen["errors"]] == [4], f"the errors were {seen['errors']}")
        apply = {"token": seen["token"], "options": options}
        await _expect(session.post(f"{at}/apply", json=apply), 400)
        found = await _expect(session.get("contacts", params={"text": "ida.import"}), 200)
        expect(not found["items"], "half a file was imported")
        options = {**options, "leave_out_errors": True}
        seen = await _expect(session.post(f"{at}/preview", json=options), 200)
        await _expect(session.post(f"{at}/apply", json={"token": seen["token"], "options": options}), 200)
        found = await _expect(session.get("contacts", params={"text": "ida.import"}), 200)
        expect(len(found["items"]) == 1, "the good row was not imported")
    basis = (await person(on, withdrawn.contact.contact_id)).contact.basis
    expect(basis is LegalBasis.WITHDRAWN, f"an import made a Withdrawn contact {basis.name} (I7)")
    return {"counts": {name: count for name, count in seen["counts"].items() if count}}


async def adds_a_category(on: Stage) -> Found:
    """A category made in the hub has its column in Dynamics, and is synced, while contacts go on."""
    async with await _calling(on, Role.ADMIN) as session:
        made = await _expect(session.post("categories", json={"name": "Harbour reports"}), 201)
        (mine,) = [
            category
            for category in await on.app.store.accounts.categories(on.account_id)
            if category.name == made["name"]
        ]
        column = mine.schema_name.lower()

        async def there() -> bool:
            try:
                rows = await on.rep.rows(f"contactid,{column}")
            except aiohttp.ClientResponseError:  # Dynamics does not know the column yet
                return False
            return bool(rows)

        seconds = await until(on, there, "the column in Dynamics")

        async def synced() -> bool:
            connections = await on.app.store.accounts.connections(on.account_id)
            return all(connection.made & mine.bit for connection in connections)

        await until(on, synced, "the category synced")
        (chosen,) = await choose(on, LegalBasis.CONSENT)
        row_id, answer = chosen.links[0].key.row_id, {"category": made["number"], "subscribed": False}
        change = {"subscriptions": [answer]}
        await _expect(session.patch(f"contacts/{chosen.contact.contact_id}", json=change), 200)

        async def refused() -> bool:
            row = await on.rep.row(row_id)
            return row is not None and row[column] is False

        await until(on, refused, "the No on the row")
        await _expect(session.post(f"categories/{made['number']}/archive", json={}), 200)
    return {"seconds": seconds}
