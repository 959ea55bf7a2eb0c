"""The documented ways in which Dataverse says no, and the one way in which this stand-in does."""

from collections.abc import Mapping
from enum import Enum
from types import MappingProxyType
from typing import Final


class Problem(Enum):
    """A reason for refusing, by the name Microsoft gives it (dataverse.md 2.8, 3.4, 5.1, 7.7)."""

    OBJECT_DOES_NOT_EXIST = "ObjectDoesNotExist"
    INVALID_ARGUMENT = "InvalidArgument"
    DUPLICATE_RECORD = "DuplicateRecord"
    DUPLICATES_FOUND = "DuplicateRecordsFound"
    VERSION_MISMATCH = "ConcurrencyVersionMismatch"
    UNKNOWN_PROPERTY = "UnknownProperty"
    UNKNOWN_RESOURCE = "UnknownResource"
    BAD_SYNTAX = "CrmHttpError"
    BAD_PAYLOAD = "PayloadError"
    MISSING_CONTENT_ID = "MissingContentId"
    STRING_TOO_LONG = "StringLengthTooLong"
    OUT_OF_RANGE = "AttributeValueOutOfRange"
    KEY_ROW_MISSING = "RecordNotFoundByEntityKey"
    DUPLICATE_KEY = "DuplicateRecordEntityKey"
    NOT_A_KEY = "EntityKeyNotDefined"
    NO_SUCH_COLUMN = "QueryBuilderNoAttribute"
    NO_SUCH_TABLE = "QueryBuilderNoEntity"
    TOO_MANY_CONDITIONS = "TooManyConditionsInQuery"
    TOO_MANY_LINKS = "TooManyLinkEntitiesInQuery"
    SQL_TIMEOUT = "SqlTimeout"
    INVALID_XML = "InvalidXml"
    BAD_EXPAND = "UnsupportedExpand"
    TOO_MANY_TO_AGGREGATE = "AggregateQueryRecordLimitExceeded"
    BAD_STATUS_PAIR = "InvalidStateCodeStatusCode"
    DUPLICATE_COLUMN = "DuplicateAttributeSchemaName"
    DUPLICATE_NAME = "DuplicateName"
    BAD_SCHEMA_NAME = "InvalidSchemaName"
    COMPONENT_IN_USE = "CannotDeleteInUseComponent"
    CANNOT_DELETE_ASSOCIATED = "CannotDeleteDueToAssociation"
    EXPIRED_VERSION_STAMP = "ExpiredVersionStamp"
    FORM_XML = "ImportFormXmlError"
    INVALID_LANGUAGE = "InvalidLanguageCode"
    DUPLICATE_RELATIONSHIP = "EntityRelationshipSchemaNameNotUnique"
    RELATIONSHIP_NAME_TOO_LONG = "RelationshipNameLengthExceedsLimit"
    DUPLICATE_OPTION_SET = "InvalidOptionSetSchemaName"
    OPTION_SET_IN_USE = "CannotDeleteInUseOptionSet"
    OPTION_NOT_UNIQUE = "PicklistValueNotUnique"
    OPTION_WRONG_TYPE = "InsertOptionValueInvalidType"
    NOT_CUSTOM = "AttributeIsNotCustomAttribute"
    CHILD_COLUMN = "CannotDeleteChildAttribute"
    PRIMARY_COLUMN = "CannotDeletePrimaryUIAttribute"
    NOT_CUSTOM_RELATIONSHIP = "RelationshipIsNotCustomRelationship"
    CANNOT_DELETE_METADATA = "CannotDeleteMetadata"
    BAD_CASCADE = "InvalidCascadeLinkType"
    KEY_NAME_EXISTS = "EntityKeyNameExists"
    KEY_COLUMNS_EXIST = "EntityKeyWithSelectedAttributesExists"
    BAD_KEY = "InvalidEntityKeyOperation"
    KEY_NOT_FAILED = "ReactivateEntityKeyOnlyForFailedJobs"
    KEY_SECURED = "CannotSecureEntityKeyAttribute"
    VIEW_FIXED = "SavedQueryIsNotCustomizable"
    FORM_KEPT = "CannotDeleteSystemForm"
    PRIVILEGE_DENIED = "PrivilegeDenied"
    CANNOT_ACT_ON_BEHALF = "CannotActOnBehalfOfAnotherUser"
    USER_DISABLED = "UserDisabled"
    NO_ROLES = "UserNotAssignedRoles"
    NOT_A_MEMBER = "UserNotMemberOfOrg"
    SECURED_READ = "AttributePermissionReadIsMissing"
    SECURED_CREATE = "AttributePrivilegeCreateIsMissing"
    SECURED_UPDATE = "AttributePermissionUpdateIsMissing"
    CUSTOMIZATION_LOCK = "CustomizationLockException"
    TOO_MANY_REQUESTS = "ServiceProtectionRequests"
    TOO_MUCH_TIME = "ServiceProtectionExecutionTime"
    TOO_MANY_AT_ONCE = "ServiceProtectionConcurrency"
    METHOD_NOT_ALLOWED = "NotSupported"
    TOO_LARGE = "PayloadTooLarge"
    REQUEST_TIMEOUT = "RequestTimeout"
    UNAVAILABLE = "ServiceUnavailable"
    NOT_IMPLEMENTED = "NotImplemented"


CODES: Final[Mapping[Problem, str]] = MappingProxyType(
    {
        Problem.OBJECT_DOES_NOT_EXIST: "0x80040217",
        Problem.INVALID_ARGUMENT: "0x80040203",
        Problem.DUPLICATE_RECORD: "0x80040237",
        Problem.DUPLICATES_FOUND: "0x80040333",
        Problem.VERSION_MISMATCH: "0x80060882",
        Problem.UNKNOWN_PROPERTY: "0x80060888",
        Problem.UNKNOWN_RESOURCE: "0x80060888",
        Problem.BAD_SYNTAX: "0x8006088a",
        Problem.BAD_PAYLOAD: "0x80048d19",
        Problem.MISSING_CONTENT_ID: "0x80060888",
        Problem.STRING_TOO_LONG: "0x80044331",
        Problem.OUT_OF_RANGE: "0x80044330",
        Problem.KEY_ROW_MISSING: "0x80060891",
        Problem.DUPLICATE_KEY: "0x80060892",
        Problem.NOT_A_KEY: "0x80060890",
        Problem.NO_SUCH_COLUMN: "0x80041103",
        Problem.NO_SUCH_TABLE: "0x80041102",
        Problem.TOO_MANY_CONDITIONS: "0x8004430c",
        Problem.TOO_MANY_LINKS: "0x8004430d",
        Problem.SQL_TIMEOUT: "0x80044151",
        Problem.INVALID_XML: "0x80040201",
        Problem.BAD_EXPAND: "0x80060888",
        Problem.TOO_MANY_TO_AGGREGATE: "0x8004e023",
        Problem.BAD_STATUS_PAIR: "0x80048408",
        Problem.DUPLICATE_COLUMN: "0x80047013",
        Problem.DUPLICATE_NAME: "0x80047010",
        Problem.BAD_SCHEMA_NAME: "0x8004700b",
        Problem.COMPONENT_IN_USE: "0x8004f01f",
        Problem.CANNOT_DELETE_ASSOCIATED: "0x80040227",
        Problem.EXPIRED_VERSION_STAMP: "0x80044352",
        Problem.FORM_XML: "0x80048007",
        Problem.INVALID_LANGUAGE: "0x80044195",
        Problem.DUPLICATE_RELATIONSHIP: "0x8004432b",
        Problem.RELATIONSHIP_NAME_TOO_LONG: "0x8004802a",
        Problem.DUPLICATE_OPTION_SET: "0x80044345",
        Problem.OPTION_SET_IN_USE: "0x80048417",
        Problem.OPTION_NOT_UNIQUE: "0x80044310",
        Problem.OPTION_WRONG_TYPE: "0x80044320",
        Problem.NOT_CUSTOM: "0x80047009",
        Problem.CHILD_COLUMN: "0x80047016",
        Problem.PRIMARY_COLUMN: "0x80047002",
        Problem.NOT_CUSTOM_RELATIONSHIP: "0x8004700a",
        Problem.CANNOT_DELETE_METADATA: "0x8004f032",
        Problem.BAD_CASCADE: "0x80048204",
        Problem.KEY_NAME_EXISTS: "0x80060893",
        Problem.KEY_COLUMNS_EXIST: "0x80060894",
        Problem.BAD_KEY: "0x8006088f",
        Problem.KEY_NOT_FAILED: "0x80060897",
        Problem.KEY_SECURED: "0x80060896",
        Problem.VIEW_FIXED: "0x80047017",
        Problem.FORM_KEPT: "0x8004f652",
        Problem.PRIVILEGE_DENIED: "0x80040220",
        Problem.CANNOT_ACT_ON_BEHALF: "0x8004a110",
        Problem.USER_DISABLED: "0x80040225",
        Problem.NO_ROLES: "0x80042f09",
        Problem.NOT_A_MEMBER: "0x80072560",
        Problem.SECURED_READ: "0x8004f504",
        Problem.SECURED_CREATE: "0x8004f502",
        Problem.SECURED_UPDATE: "0x8004f507",
        Problem.CUSTOMIZATION_LOCK: "0x80071151",
        Problem.TOO_MANY_REQUESTS: "0x80072322",
        Problem.TOO_MUCH_TIME: "0x80072321",
        Problem.TOO_MANY_AT_ONCE: "0x80072326",
        Problem.METHOD_NOT_ALLOWED: "0x0",
        Problem.TOO_LARGE: "0x0",
        Problem.REQUEST_TIMEOUT: "0x0",
        Problem.UNAVAILABLE: "0x0",
        Problem.NOT_IMPLEMENTED: "NotImplemented",
    }
)


class Refusal(Exception):
    """The organisation will not do what was asked; carries the documented reason and text."""

    def __init__(self, problem: Problem, message: str) -> None:
        super().__init__(message)
        self.problem = problem
        self.message = message

    @property
    def code(self) -> str:
        """The code as printed in an error body (dataverse.md 2.8)."""
        return CODES[self.problem]


def not_implemented(subject: str, detail: str) -> Refusal:
    """The loud answer for everything without a documented source or not yet imitated (style.md 4.2)."""
    return Refusal(Problem.NOT_IMPLEMENTED, f"The Dataverse emulator does not implement {subject}: {detail}")


def no_such_property(name: str, logical_name: str) -> Refusal:
    """A property unknown in a query (dataverse.md 2.5)."""
    return Refusal(
        Problem.UNKNOWN_PROPERTY,
        f"Could not find a property named '{name}' on type 'Microsoft.Dynamics.CRM.{logical_name}'.",
    )


def bad_payload(set_name: str, detail: str) -> Refusal:
    """A body that cannot be read against the model (dataverse.md 2.5)."""
    return Refusal(
        Problem.BAD_PAYLOAD,
        f"Error identified in Payload provided by the user for Entity :'{set_name}', "
        f"For more information on this error please follow this help link . ---->  InnerException : {detail}",
    )


def row_missing(logical_name: str, row_id: str) -> Refusal:
    """The addressed row is not there (dataverse.md 2.6)."""
    return Refusal(Problem.OBJECT_DOES_NOT_EXIST, f"{logical_name} With Id = {row_id} Does Not Exist")


def bad_syntax(message: str) -> Refusal:
    """Text that does not parse (dataverse.md 2.8, generic parse error)."""
    return Refusal(Problem.BAD_SYNTAX, message)
