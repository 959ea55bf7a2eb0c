"""What a request needs a privilege for before anything else is looked at (dataverse.md 10, 3.1)."""

import re
from collections.abc import Mapping, Sequence
from dataclasses import replace
from types import MappingProxyType
from typing import Final

from dataverse_emulator.state import security
from dataverse_emulator.state.columns import guid
from dataverse_emulator.state.identity import User
from dataverse_emulator.state.organization import Organization
from dataverse_emulator.state.problems import Problem, Refusal, row_missing
from dataverse_emulator.state.table import Table
from dataverse_emulator.wire import requests
from dataverse_emulator.wire.answers import Call
from dataverse_emulator.wire.requests import Segment

_NAMES: Final = re.compile(r"\w+")
_VERBS: Final = MappingProxyType({"GET": "Read", "POST": "Create", "PUT": "Write", "DELETE": "Delete"})
_DEFINITIONS: Final = MappingProxyType(
    {
        "EntityDefinitions": "Entity",
        "RelationshipDefinitions": "Relationship",
        "GlobalOptionSetDefinitions": "OptionSet",
    }
)
_BELOW_TABLES: Final = MappingProxyType({"Attributes": "Attribute", "Keys": "EntityKey"})
#: What actions without a table of their own ask for.
_ACTIONS: Final[Mapping[str, str]] = MappingProxyType(
    {
        "PublishXml": "prvPublishCustomization",
        "PublishAllXml": "prvPublishCustomization",
        "AddSolutionComponent": "prvWriteSolution",
        "Merge": "prvMerge",
        "BulkDelete": "prvBulkDelete",
        "RetrieveMetadataChanges": "prvReadEntity",
        "RetrieveRecordChangeHistory": "prvReadRecordAuditHistory",
        "RetrieveAttributeChangeHistory": "prvReadRecordAuditHistory",
        "ReactivateEntityKey": "prvCreateEntityKey",
        "CreateEntities": "prvCreateEntity",
        "CreateCustomerRelationships": "prvCreateRelationship",
        "CreatePolymorphicLookupAttribute": "prvCreateRelationship",
        "RetrieveDependenciesForDelete": "prvReadCustomization",
        **dict.fromkeys(
            (
                "InsertOptionValue",
                "InsertStatusValue",
                "UpdateOptionValue",
                "UpdateStateValue",
                "DeleteOptionValue",
                "OrderOption",
            ),
            "prvWriteAttribute",
        ),
    }
)


def member(organization: Organization, user: User) -> None:
    """Refuse who is not in the organisation, or no longer (1.4)."""
    names = {user.name, user.application_id}
    if names & organization.settings.outsiders:
        raise Refusal(Problem.NOT_A_MEMBER, "The user is not a member of the organization.")
    users = organization.table("systemuser")
    position = users.position(user.user_id)
    if position is not None and users.cell(position, "isdisabled"):
        raise Refusal(
            Problem.USER_DISABLED,
            "The specified user is either disabled or is not a member of any business unit.",
        )


def impersonated(organization: Organization, call: Call) -> Call:
    """The call as of the user its headers name, if the caller may act for others (2.2)."""
    for header, column in (
        ("callerobjectid", "azureactivedirectoryobjectid"),
        ("mscrmcallerid", "systemuserid"),
    ):
        text = call.headers.get(header)
        if text is None:
            continue
        if "prvActOnBehalfOfAnotherUser" not in security.held(organization, call.user.user_id):
            raise Refusal(
                Problem.CANNOT_ACT_ON_BEHALF,
                "User does not have the privilege to act on behalf another user: "
                f"prvActOnBehalfOfAnotherUser is missing (Id={call.user.user_id}).",
            )
        users, wanted = organization.table("systemuser"), guid(text)
        found = users.holding((column,), (wanted,)) if wanted else []
        if not found:
            raise row_missing("systemuser", text[:60])
        user = User(users.row_id(found[0]), str(users.cell(found[0], "fullname")), behind=call.user.user_id)
        return replace(call, user=user)
    return call


def check(organization: Organization, call: Call, path: Sequence[Segment]) -> None:
    """Refuse what is about no table's rows without its privilege (10)."""
    if path[0].name in _DEFINITIONS:
        _definitions(organization, call, path)
    elif (privilege := _ACTIONS.get(path[0].name)) is not None:
        security.require(organization, call.user, privilege)


def _definitions(organization: Organization, call: Call, path: Sequence[Segment]) -> None:
    """Refuse to read or change definitions without the privilege for that kind (10)."""
    what = _DEFINITIONS[path[0].name]
    if what == "Entity" and len(path) > 1:
        what = _BELOW_TABLES.get(path[1].name, "Relationship" if "Relationship" in path[1].name else what)
    if call.method in _VERBS:
        security.require(organization, call.user, f"prv{_VERBS[call.method]}{what}")


def readable(organization: Organization, call: Call, table: Table) -> list[int] | None:
    """The rows the caller may read, all when None; change tracking needs all (3.1)."""
    found = security.readable(organization, call.user, table)
    given = requests.options(call.query)
    secured = [column.name for column in table.definition.columns.values() if column.secured]
    if secured:
        asked = set(_NAMES.findall(f"{given.get('$filter', '')} {given.get('$orderby', '')}"))
        named = [name for name in secured if asked & {name, f"_{name}_value"}]
        security.require_columns(organization, call.user, table.definition, named, "canread")
    tracked = requests.preferences(call.headers.get("prefer")).track_changes or "$deltatoken" in given
    if found is not None and tracked:
        raise Refusal(
            Problem.PRIVILEGE_DENIED,
            "Change tracking needs Read at organization level on "
            f"{table.definition.name}: prvRead{table.definition.schema_name}.",
        )
    return found
