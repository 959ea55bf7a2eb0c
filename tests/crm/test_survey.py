"""What an organisation tells when it is connected; what it does not tell hides nothing else."""

import re
from collections.abc import Mapping
from pathlib import Path
from uuid import UUID

import msgspec

from assent.crm.privileges import CATALOGUE, RUN_TIME, SETUP
from assent.crm.survey import Survey, Writer
from assent.crm.transport import Request, Response

NOT_THERE = Response(404, {}, b'{"error":{"code":"0x80060888","message":""}}')
ME, ERP, ANNA = (UUID(int=number) for number in (1, 2, 3))


def test_the_two_roles_are_documented_privilege_by_privilege() -> None:
    """Whoever makes the roles copies them from the page; no more and no less than what is checked."""
    page = (Path(__file__).parents[2] / "docs" / "dynamics.md").read_text()
    roles = page.partition("## Two roles")[2].partition("## ")[0]
    run_time, setup = roles.partition("| setup |")[::2]
    assert set(RUN_TIME) == set(re.findall(r"prv\w+", run_time))
    assert {*SETUP, *CATALOGUE} == set(re.findall(r"prv\w+", setup))


class Told:
    """A transport that answers by the beginning of an address, and with 501 to anything else."""

    def __init__(self, answers: Mapping[str, object]) -> None:
        self.answers = answers

    async def send(self, request: Request) -> Response:
        """The prepared answer."""
        for start, body in self.answers.items():
            if request.path.startswith(start):
                if isinstance(body, Response):
                    return body
                return Response(200, {}, msgspec.json.encode(body))
        return Response(501, {}, b"")


def role(*names: str, depth: str = "Global") -> dict[str, object]:
    """The answer of RetrieveUserPrivileges."""
    return {"RolePrivileges": [{"PrivilegeName": name, "Depth": depth} for name in names]}


async def test_everything_that_is_told_is_found() -> None:
    """Version, languages, auditing, counts, budget, writers by share, other consent, secured columns."""
    rows = [{"_modifiedby_value": str(who)} for who in (ERP, ERP, ANNA, ME)]
    table = "EntityDefinitions(LogicalName='contact')"
    found = await Survey(
        Told(
            {
                "RetrieveVersion": {"Version": "9.2.26"},
                "RetrieveProvisionedLanguages": {"RetrieveProvisionedLanguages": [1033, 1053]},
                "organizations": {"isauditenabled": True},
                f"{table}/Attributes": {"value": [{"LogicalName": "donotbulkemail"}]},
                table: {"IsAuditEnabled": {"Value": True}},
                "RetrieveTotalRecordCount": {"EntityRecordCountCollection": {"Values": [120_000]}},
                "WhoAmI": Response(200, {"x-ms-ratelimit-burst-remaining-xrm-requests": "5,998.00"}, b"{}"),
                f"systemusers({ME})/": role(*RUN_TIME),
                f"systemusers({ERP})": {"fullname": "# erp", "applicationid": str(UUID(int=9))},
                f"systemusers({ANNA})": {"fullname": "Anna", "applicationid": None},
                "contacts?": {"value": rows},
                "EntityDefinitions(LogicalName='asn_": NOT_THERE,
                "EntityDefinitions(LogicalName='msdynmkt": {"LogicalName": "msdynmkt_contactpointconsent4"},
            }
        )
    ).findings(UUID(int=7), ME)
    assert ("9.2.26", (1033, 1053), True) == (found.version, found.languages, found.auditing)
    assert (120_000, 5998, True) == (found.contacts, found.requests_left, found.contact_point_consent)
    assert ((), SETUP, ("donotbulkemail",)) == (found.missing_run_time, found.missing_setup, found.secured)
    assert (Writer(ERP, "# erp", True, 2), Writer(ANNA, "Anna", False, 1)) == found.writers
    assert {} == found.untold


async def test_privileges_on_the_category_table_are_missed_once_there_is_one() -> None:
    """No role can have them before setup made it, so they keep nobody from beginning (10)."""
    whole = role(*RUN_TIME, *(name.swapcase() for name in SETUP))
    table = "EntityDefinitions(LogicalName='asn_subscriptioncategory')"
    for there, missing in ((NOT_THERE, ()), ({"MetadataId": "m"}, CATALOGUE)):
        told = Told({"systemusers": whole, table: there})
        assert missing == (await Survey(told).findings(UUID(int=7), ME)).missing_setup


async def test_a_privilege_below_organisation_depth_is_missing() -> None:
    """Through a team every depth is told as Basic: such a role must be given to the user itself (10)."""
    shallow = {"systemusers": role(*RUN_TIME, *SETUP, depth="Basic")}
    found = await Survey(Told(shallow)).findings(UUID(int=7), ME)
    assert (RUN_TIME, SETUP) == (found.missing_run_time, found.missing_setup)


async def test_what_is_not_told_is_said_and_hides_nothing() -> None:
    """An organisation that refuses everything still is connected; each fact says why it is not known."""
    found = await Survey(Told({})).findings(UUID(int=7), ME)
    assert {None} == {found.version, found.contacts, found.missing_setup, found.writers}
    assert {"version", "privileges", "auditing", "contacts", "writers", "secured"} <= found.untold.keys()


async def test_no_other_consent_where_the_table_is_not_there() -> None:
    """404 is an answer."""
    found = await Survey(Told({"EntityDefinitions(LogicalName='msdynmkt": NOT_THERE})).findings(
        UUID(int=7), ME
    )
    assert found.contact_point_consent is False
