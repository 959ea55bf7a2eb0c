"""The list of categories in Dynamics, against the emulator over real HTTP: made, kept, reported, removed."""

from dataclasses import replace
from typing import Any

import msgspec
import pytest

from assent.crm.removing import DataverseRemoval
from assent.crm.requests import catalogue as calls
from assent.crm.setup import DataverseSetup
from assent.crm.transport import Response
from assent.errors import Locked, Paused, PrivilegeMissing, Retry
from assent.ports.setup import Action, CatalogueRow, Component

from .samples import RealClock, Script, StillClock, answer, refused
from .world import World, organisation

NEWS = CatalogueRow("asn_sub_news", "Newsletters", "What is new,\nonce a month", 0, archived=False)
EVENTS = CatalogueRow("asn_sub_events", "Events & fairs", "", 1, archived=False)
ROWS = (NEWS, EVENTS)
TABLE = f"EntityDefinitions(LogicalName='{calls.TABLE}')"
SET = "asn_subscriptioncategories"


async def rows(world: World) -> list[tuple[Any, ...]]:
    """What everybody can read there."""
    found = (await world.rep("GET", f"{SET}?$select={calls.SELECT}"))["value"]
    names = calls.SELECT.split(",")
    return sorted(tuple(row[name] for name in names) for row in found)


async def parts(world: World, *wanted: CatalogueRow) -> list[Component]:
    """The catalogue's parts that are not as they should be."""
    found = await world.setup.components((), wanted or ROWS, "")
    kinds = ("table", "column of the categories", "category row")
    strange = [part for part in found if part.action is not Action.KEEP and part.kind in kinds]
    return strange + [part for part in found if part.name == "of the categories"]


async def test_a_table_of_the_organisation_lists_the_categories() -> None:
    """One row each, in our solution, owned by nobody, in a view of its own; done twice it is the same."""
    async with organisation() as world:
        assert ["create"] * 4 == [part.action.value for part in await parts(world)]
        await world.setup.ensure_catalogue(ROWS)
        before = world.emulator.organization.version
        await world.setup.ensure_catalogue(ROWS)
        assert before == world.emulator.organization.version
        assert [] == await parts(world)
        assert await rows(world) == [
            ("Events & fairs", None, "asn_sub_events", 1, False, 0),
            ("Newsletters", "What is new,\nonce a month", "asn_sub_news", 0, False, 0),
        ]
        definition = await world.rep("GET", TABLE)
        assert "OrganizationOwned" == definition["OwnershipType"]
        members = (await world.rep("GET", "solutioncomponents?$filter=componenttype%20eq%201"))["value"]
        assert [definition["MetadataId"]] == [one["objectid"] for one in members]
        views = f"savedqueries?$select=name&$filter=returnedtypecode%20eq%20'{calls.TABLE}'"
        assert ["Subscription categories"] == [
            one["name"] for one in (await world.rep("GET", views))["value"]
        ]
        await world.setup.publish()


async def test_changes_of_categories_arrive_in_few_requests() -> None:
    """Renamed, described, moved, archived, one added, one gone: read once, written once (design 3)."""
    async with organisation() as world:
        await world.setup.ensure_catalogue([*ROWS, replace(NEWS, column="asn_gone", name="Gone")])
        moved = replace(NEWS, name="Weekly", description="Every week", position=1)
        archived = replace(EVENTS, position=0, archived=True)
        added = replace(NEWS, column="asn_more", name="More", position=2)
        sent = world.client.requests_sent
        await world.setup.ensure_catalogue([moved, archived, added])
        assert world.client.requests_sent - sent <= 6
        assert await rows(world) == [
            ("Events & fairs", None, "asn_sub_events", 0, True, 0),
            ("More", "What is new,\nonce a month", "asn_more", 2, False, 0),
            ("Weekly", "Every week", "asn_sub_news", 1, False, 0),
        ]


async def test_what_others_did_to_the_list_is_told_and_put_right() -> None:
    """A row added, one deleted, one changed, one deactivated, a column and the view deleted."""
    async with organisation() as world:
        third = replace(NEWS, column="asn_third", name="Third", position=2)
        wanted = (*ROWS, third)
        await world.setup.ensure_catalogue(wanted)
        before = await rows(world)
        await world.rep("POST", SET, {calls.NAME: "Gossip"})
        await world.rep("DELETE", f"{SET}({calls.row_id(EVENTS)})")
        await world.rep("PATCH", f"{SET}({calls.row_id(NEWS)})", {calls.NAME: "Spam", calls.POSITION: 7})
        await world.rep("PATCH", f"{SET}({calls.row_id(third)})", {"statecode": 1, "statuscode": 2})
        await world.rep("DELETE", f"savedqueries({calls.view_id()})")
        told = {(part.kind, part.name, part.action) for part in await parts(world, *wanted)}
        assert told == {
            ("category row", "Gossip", Action.REMOVE),
            ("category row", "Events & fairs", Action.CREATE),
            ("category row", "Newsletters", Action.CHANGE),
            ("category row", "Third", Action.CHANGE),
            ("view", "of the categories", Action.CREATE),
        }
        (changed,) = [part for part in await parts(world, *wanted) if part.name == "Newsletters"]
        assert ("called Spam, at position 7", "called Newsletters, at position 0") == (
            changed.before,
            changed.after,
        )
        await world.setup.ensure_catalogue(wanted)
        assert ([], before) == (await parts(world, *wanted), await rows(world))


async def test_a_deleted_column_of_the_list_is_made_again() -> None:
    """The table is mended before its rows are asked for; one of another type is somebody's."""
    async with organisation() as world:
        await world.setup.ensure_catalogue(ROWS)
        before = await rows(world)
        await world.rep("DELETE", f"savedqueries({calls.view_id()})")
        await world.rep("DELETE", f"{TABLE}/Attributes(LogicalName='{calls.POSITION}')")
        (column, _) = await parts(world)
        assert (f"{calls.TABLE}.{calls.POSITION}", Action.CREATE) == (column.name, column.action)
        await world.setup.ensure_catalogue(ROWS)
        assert before == await rows(world)
        await world.rep("DELETE", f"savedqueries({calls.view_id()})")
        await world.rep("DELETE", f"{TABLE}/Attributes(LogicalName='{calls.POSITION}')")
        label = {"LocalizedLabels": [{"Label": "Position", "LanguageCode": 1033}]}
        body = {
            "@odata.type": "Microsoft.Dynamics.CRM.StringAttributeMetadata",
            "SchemaName": "asn_Position",
            "DisplayName": label,
            "MaxLength": 10,
        }
        await world.rep("POST", f"{TABLE}/Attributes", body)
        (column, _) = await parts(world)
        assert Action.BLOCKED is column.action
        with pytest.raises(Paused) as caught:
            await world.setup.ensure_catalogue(ROWS)
        assert "column_type" == caught.value.reason


async def test_a_table_somebody_else_made_is_left_alone() -> None:
    """Ours is known by its metadata id in our solution; another of the name is a person's to decide."""
    async with organisation() as world:
        made = calls.create_table(1033)
        await world.rep("POST", "EntityDefinitions", msgspec.json.decode(made.body))
        (part,) = (await parts(world))[:1]
        assert ("table", Action.BLOCKED) == (part.kind, part.action)
        with pytest.raises(Paused) as caught:
            await world.setup.ensure_catalogue(ROWS)
        assert "table_foreign" == caught.value.reason
        assert [] == await rows(world)
        removal = DataverseRemoval(world.client, language=1033)
        (kept,) = [part for part in await removal.parts() if part.kind == "table"]
        assert (Action.KEEP, "Assent did not make it") == (kept.action, kept.after)
        assert [] == await removal.remove_catalogue()
        await world.rep("GET", TABLE)


async def test_the_table_goes_unless_others_refer_to_it() -> None:
    """A lookup of somebody's keeps it, with the reason; then it goes with its view, twice without error."""
    async with organisation() as world:
        await world.setup.ensure_catalogue(ROWS)
        label = {"LocalizedLabels": [{"Label": "Topic", "LanguageCode": 1033}]}
        lookup = {
            "@odata.type": "Microsoft.Dynamics.CRM.LookupAttributeMetadata",
            "SchemaName": "new_TopicId",
            "DisplayName": label,
        }
        relation = {
            "@odata.type": "Microsoft.Dynamics.CRM.OneToManyRelationshipMetadata",
            "SchemaName": "new_topic_contact",
            "ReferencedEntity": calls.TABLE,
            "ReferencedAttribute": calls.KEY,
            "ReferencingEntity": "contact",
            "Lookup": lookup,
        }
        await world.rep("POST", "RelationshipDefinitions", relation)
        removal = DataverseRemoval(world.client, language=1033)
        (left,) = await removal.remove_catalogue()
        assert ("table", Action.KEEP) == (left.kind, left.action)
        assert "refers to it" in left.after
        await world.rep("DELETE", "RelationshipDefinitions(SchemaName='new_topic_contact')")
        assert [] == await removal.remove_catalogue() == await removal.remove_catalogue()
        assert [] == [part for part in await removal.parts() if part.kind == "table"]


async def test_a_running_customisation_is_waited_for() -> None:
    """The table's making respects the lock of the organisation (7.7)."""
    async with organisation() as world:
        await world.control("faults", customization_lock=1)
        with pytest.raises(Locked):
            await world.setup.ensure_catalogue(ROWS)
        await world.setup.ensure_catalogue(ROWS)
        assert [] == await parts(world)


DEFINITION = answer(
    {
        "MetadataId": "m",
        "EntitySetName": SET,
        "ObjectTypeCode": 10_001,
        "Attributes": [{"LogicalName": name, "AttributeType": kind} for name, kind in calls.types().items()],
    }
)


def batched(*bodies: object) -> Response:
    """A batch's answer with these bodies."""
    pieces = [
        b"--b\r\nContent-Type: application/http\r\n\r\nHTTP/1.1 200 OK\r\n\r\n" + msgspec.json.encode(body)
        for body in bodies
    ]
    return Response(
        200, {"content-type": "multipart/mixed; boundary=b"}, b"\r\n".join(pieces) + b"\r\n--b--\r\n"
    )


OURS = (
    batched({"value": [{"solutionid": "s"}]}),
    batched({"value": [{"objectid": "m"}]}),
    batched({"value": [{"savedqueryid": "v"}]}),
)


async def test_a_new_table_is_waited_for() -> None:
    """It may be unknown for half a minute (7.6): setup looks again, and comes back later after that."""
    unknown = refused(404, "0x80060888", "Resource not found for the segment")
    clock = StillClock()
    script = Script(DEFINITION, *OURS, unknown, unknown, answer({"value": []}))
    await DataverseSetup(script, clock, language=1033).ensure_catalogue(())
    assert [3.0, 10.0] == clock.slept
    script = Script(DEFINITION, *OURS, *[unknown] * 4)
    with pytest.raises(Retry):
        await DataverseSetup(script, StillClock(), language=1033).ensure_catalogue(())


async def test_missing_privileges_on_the_new_table_are_named_all_at_once() -> None:
    """They exist only since the table does, so no role could have them before (10)."""
    text = "Principal user is missing prvReadasn_SubscriptionCategory privilege"
    script = Script(DEFINITION, *OURS, refused(403, "0x80040220", text))
    with pytest.raises(PrivilegeMissing, match="prvWriteasn_SubscriptionCategory") as caught:
        await DataverseSetup(script, RealClock(), language=1033).ensure_catalogue(ROWS)
    assert "prvReadasn_SubscriptionCategory" == caught.value.privilege
