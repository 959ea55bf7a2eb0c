"""Setup against the Dataverse emulator over real HTTP: the contract of `CrmSetup`, and webhooks."""

from dataclasses import replace

import pytest

from assent.crm.forms import Edited, Unchanged, place_section
from assent.crm.setup import DataverseSetup
from assent.errors import Locked, Paused
from assent.policy.sides import PERMISSION

from .samples import COLUMNS, EVENTS, NEWS, Script, StillClock, answer, ids, refused
from .world import door, organisation


async def test_setup_may_be_repeated() -> None:
    """Solution, columns, form and publish a second time change nothing (design 5.2)."""
    async with organisation(setup=False) as world:
        placements = []
        for made_now in (True, False):
            await world.setup.ensure_solution()
            assert [await world.setup.ensure_column(one) for one in (NEWS, EVENTS)] == [made_now] * 2
            (form,) = await world.setup.main_forms()
            assert (form.customisable, form.name) == (True, "Contact")
            placed = place_section(form.xml, (NEWS, EVENTS), 1033)
            placements.append(type(placed))
            if isinstance(placed, Edited):
                await world.setup.save_form(form.form_id, placed.xml)
            await world.setup.publish()
        assert placements == [Edited, Unchanged]
        assert (
            len((await world.rep("GET", "solutions?$filter=uniquename%20eq%20'assent_connector'"))["value"])
            == 1
        )
        (form,) = await world.setup.main_forms()
        published = await world.rep("GET", f"systemforms({form.form_id})?$select=formxml")
        assert "asn_sub_events" in published["formxml"]


async def test_a_makers_draft_is_kept() -> None:
    """The edit starts from the unpublished form, or a maker's unfinished work would be lost (8.1)."""
    async with organisation() as world:
        (form,) = await world.setup.main_forms()
        draft = form.xml.replace('description="Details"', 'description="More"')
        await world.rep("PATCH", f"systemforms({form.form_id})", {"formxml": draft})
        (again,) = await world.setup.main_forms()
        assert 'description="More"' in again.xml


async def test_a_renamed_category_is_relabelled() -> None:
    """The column keeps its name for ever and takes the category's new label, seen once published."""
    async with organisation() as world:
        assert await world.setup.ensure_column(replace(NEWS, name="Weekly news")) is False
        await world.setup.publish()
        path = "EntityDefinitions(LogicalName='contact')/Attributes(LogicalName='asn_sub_news')"
        found = await world.rep("GET", path)
        assert found["DisplayName"]["LocalizedLabels"][0]["Label"] == "Weekly news"


async def test_setup_pauses_where_a_person_must_choose() -> None:
    """A form Dynamics refuses pauses setup; a running import is waited for (5.2, 7.7)."""
    async with organisation() as world:
        (form,) = await world.setup.main_forms()
        with pytest.raises(Paused) as caught:
            await world.setup.save_form(form.form_id, form.xml.replace("<tab ", '<tab wrong="1" ', 1))
        assert caught.value.reason == "form_refused"
        await world.control("faults", customization_lock=1)
        with pytest.raises(Locked):
            await world.setup.publish()


async def test_what_happens_in_the_organisation_is_told() -> None:
    """Create, update, delete and merge arrive with the key, naming rows and refusals (6.1-6.4, M8)."""
    async with organisation() as world, door() as hook:
        await world.setup.ensure_webhooks(hook.url, 'k<"&>', COLUMNS.watched)
        ann, ben = ids(2)
        await world.born(ann, emailaddress1="ann@x.example", asn_sub_news=False)
        await world.rep("PATCH", f"contacts({ann})", {"firstname": "Ann"})
        await world.rep("PATCH", f"contacts({ann})", {"donotbulkemail": True})
        version = (await world.row(ann)).version
        await world.rep("DELETE", f"contacts({ann})")
        await world.emulator.webhooks_idle()
        told = {(n.operation, n.refused, n.version) for n in hook.notices()}
        refused = PERMISSION | NEWS.bit
        assert told == {
            ("create", NEWS.bit, 0),
            ("update", PERMISSION, version),
            ("delete", refused, version),
        }
        assert set(hook.keys) == {'k<"&>'}
        hook.bodies.clear()
        await world.born(ann)
        await world.born(ben)
        entity = {"@odata.type": "Microsoft.Dynamics.CRM.contact"}
        merge = {
            "Target": entity | {"contactid": str(ann)},
            "Subordinate": entity | {"contactid": str(ben)},
            "UpdateContent": entity | {"emailaddress1": "ann@x.example"},
            "PerformParentingChecks": False,
        }
        await world.rep("POST", "Merge", merge)
        await world.emulator.webhooks_idle()
        assert {n.row_id for n in hook.notices() if n.operation == "merge"} == {ann, ben}
        assert (await world.row(ben)).merged_into == ann


async def test_webhooks_are_repaired() -> None:
    """A moved address, a new key, new columns and a step somebody disabled are put right (6.5)."""
    async with organisation() as world, door() as hook:
        await world.setup.ensure_webhooks("http://127.0.0.1:9/old", "old", ("donotbulkemail",))
        steps = (await world.rep("GET", "sdkmessageprocessingsteps"))["value"]
        assert len(steps) == 4
        for step in steps:
            path = f"sdkmessageprocessingsteps({step['sdkmessageprocessingstepid']})"
            await world.rep("PATCH", path, {"statecode": 1, "statuscode": 2})
        for _ in range(2):
            await world.setup.ensure_webhooks(hook.url, "new", COLUMNS.watched)
        assert len((await world.rep("GET", "sdkmessageprocessingsteps"))["value"]) == 4
        assert len((await world.rep("GET", "sdkmessageprocessingstepimages"))["value"]) == 2
        assert len((await world.rep("GET", "serviceendpoints"))["value"]) == 1
        (ann,) = ids(1)
        await world.born(ann)
        await world.rep("PATCH", f"contacts({ann})", {"asn_sub_events": False})
        await world.rep("DELETE", f"contacts({ann})")
        await world.emulator.webhooks_idle()
        told = {(notice.operation, notice.refused) for notice in hook.notices()}
        assert told == {("create", 0), ("update", EVENTS.bit), ("delete", EVENTS.bit)}
        assert set(hook.keys) == {"new"}


#: The contact table has a column of the category's name.
THERE = answer({"value": [{"LogicalName": NEWS.logical_name, "MetadataId": "1"}]})


async def test_a_new_column_is_waited_for() -> None:
    """A new column may be unknown for half a minute (7.6): setup looks again before it goes on."""
    unknown = refused(400, "0x80060888", "Could not find a property named 'asn_sub_news'")
    clock = StillClock()
    script = Script(answer({"value": []}), answer(status=204), unknown, unknown, answer({"value": []}))
    setup = DataverseSetup(script, clock, language=1033)
    assert await setup.ensure_column(NEWS)
    await setup.spread([NEWS])
    assert clock.slept == [3.0, 10.0]


async def test_a_column_of_another_type_pauses() -> None:
    """A column of that name with other data is somebody's: a person decides (design 5.2)."""
    script = Script(THERE, answer({"AttributeType": "String"}))
    with pytest.raises(Paused) as caught:
        await DataverseSetup(script, StillClock(), language=1033).ensure_column(NEWS)
    assert (caught.value.reason, caught.value.evidence["type"]) == ("column_type", "String")


async def test_a_column_made_meanwhile_counts_as_there() -> None:
    """Two setups at once: the duplicate's code means it exists, then its type is verified (7.3)."""
    there = {"AttributeType": "Boolean", "DefaultValue": True, "DisplayName": {"LocalizedLabels": []}}
    script = Script(
        answer({"value": []}),
        refused(400, "0x80047013"),
        answer(there),
        answer(there),
        answer(status=204),
    )
    setup = DataverseSetup(script, StillClock(), language=1033)
    assert await setup.ensure_column(NEWS, adopt=True) is False
    assert [request.method for request in script.asked] == ["GET", "POST", "GET", "GET", "PUT"]
