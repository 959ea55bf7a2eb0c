"""The contact table's columns: those imitated, and the names of the others (dataverse.md 9.2)."""

from collections.abc import Mapping
from types import MappingProxyType
from typing import Final

from dataverse_emulator.state.columns import Column, Kind

_ALLOW: Final = MappingProxyType({0: "Allow", 1: "Do Not Allow"})
_FOLLOW: Final = MappingProxyType({0: "Do Not Allow", 1: "Allow"})
_YES_NO: Final = MappingProxyType({0: "No", 1: "Yes"})
_SEND: Final = MappingProxyType({0: "Send", 1: "Do Not Send"})
_METHOD: Final = MappingProxyType({1: "Any", 2: "Email", 3: "Phone", 4: "Fax", 5: "Mail"})
_STATE: Final = MappingProxyType({0: "Active", 1: "Inactive"})
_STATUS: Final = MappingProxyType({1: "Active", 2: "Inactive"})


def _text(schema: str, number: int, label: str, length: int, form: str = "Text") -> Column:
    return Column(schema.lower(), Kind.TEXT, schema, number, label, max_length=length, format=form)


def _flag(
    schema: str, number: int, label: str, options: Mapping[int, str], *, default: bool = False
) -> Column:
    return Column(schema.lower(), Kind.BOOLEAN, schema, number, label, default=default, options=options)


def _set_by_system(schema: str, kind: Kind, number: int, label: str, target: str | None = None) -> Column:
    return Column(schema.lower(), kind, schema, number, label, create=False, update=False, target=target)


# The order is the order of a row's cells; the state code relies on nothing but the names.
CONTACT_COLUMNS: Final[tuple[Column, ...]] = (
    Column("contactid", Kind.GUID, "ContactId", 1, "Contact", update=False),
    _set_by_system("VersionNumber", Kind.BIGINT, 68, "Version Number"),
    _text("EMailAddress1", 42, "Email", 100, "Email"),
    _text("EMailAddress2", 45, "Email Address 2", 100, "Email"),
    _text("EMailAddress3", 47, "Email Address 3", 100, "Email"),
    _text("FirstName", 19, "First Name", 50),
    _text("MiddleName", 22, "Middle Name", 50),
    _text("LastName", 23, "Last Name", 50),
    Column("fullname", Kind.TEXT, "FullName", 26, "Full Name", 160, "Text", create=False, update=False),
    _flag("DoNotBulkEMail", 54, "Do not allow Bulk Emails", _ALLOW),
    _flag("DoNotEMail", 52, "Do not allow Emails", _ALLOW),
    _flag("DoNotPhone", 48, "Do not allow Phone Calls", _ALLOW),
    _flag("DoNotFax", 51, "Do not allow Faxes", _ALLOW),
    _flag("DoNotPostalMail", 53, "Do not allow Mails", _ALLOW),
    _flag("DoNotBulkPostalMail", 55, "Do not allow Bulk Mails", _YES_NO),
    _flag("FollowEmail", 249, "Follow Email Activity", _FOLLOW, default=True),
    _flag("DoNotSendMM", 178, "Send Marketing Materials", _SEND),
    _flag("MarketingOnly", 306, "Marketing Only", _YES_NO),
    Column(
        "preferredcontactmethodcode",
        Kind.CHOICE,
        "PreferredContactMethodCode",
        5,
        "Preferred Method of Contact",
        default=1,
        options=_METHOD,
    ),
    Column("statecode", Kind.STATE, "StateCode", 76, "Status", default=0, create=False, options=_STATE),
    Column("statuscode", Kind.STATUS, "StatusCode", 78, "Status Reason", default=1, options=_STATUS),
    Column(
        "merged",
        Kind.BOOLEAN,
        "Merged",
        180,
        "Merged",
        default=False,
        create=False,
        update=False,
        options=_YES_NO,
    ),
    _set_by_system("MasterId", Kind.LOOKUP, 175, "Master ID", "contact"),
    _set_by_system("CreatedOn", Kind.WHEN, 60, "Created On"),
    _set_by_system("ModifiedOn", Kind.WHEN, 63, "Modified On"),
    _set_by_system("CreatedBy", Kind.LOOKUP, 62, "Created By", "systemuser"),
    _set_by_system("ModifiedBy", Kind.LOOKUP, 64, "Modified By", "systemuser"),
    _text("Telephone1", 71, "Business Phone", 50),
    _text("MobilePhone", 69, "Mobile Phone", 50),
    _text("JobTitle", 18, "Job Title", 100),
)

# Real columns without an imitation: asking for one is answered 501, not "no such property".
_OTHER_NAMES: Final = """
    accountid accountrolecode address1_addressid address1_addresstypecode address1_city
    address1_composite address1_country address1_county address1_fax address1_freighttermscode
    address1_latitude address1_line1 address1_line2 address1_line3 address1_longitude address1_name
    address1_postalcode address1_postofficebox address1_primarycontactname address1_shippingmethodcode
    address1_stateorprovince address1_telephone1 address1_telephone2 address1_telephone3
    address1_upszone address1_utcoffset address2_addressid address2_addresstypecode address2_city
    address2_composite address2_country address2_county address2_fax address2_freighttermscode
    address2_latitude address2_line1 address2_line2 address2_line3 address2_longitude address2_name
    address2_postalcode address2_postofficebox address2_primarycontactname address2_shippingmethodcode
    address2_stateorprovince address2_telephone1 address2_telephone2 address2_telephone3
    address2_upszone address2_utcoffset address3_addressid address3_addresstypecode address3_city
    address3_composite address3_country address3_county address3_fax address3_freighttermscode
    address3_latitude address3_line1 address3_line2 address3_line3 address3_longitude address3_name
    address3_postalcode address3_postofficebox address3_primarycontactname address3_shippingmethodcode
    address3_stateorprovince address3_telephone1 address3_telephone2 address3_telephone3
    address3_upszone address3_utcoffset adx_confirmremovepassword adx_createdbyipaddress
    adx_createdbyusername adx_identity_accessfailedcount adx_identity_emailaddress1confirmed
    adx_identity_lastsuccessfullogin adx_identity_locallogindisabled adx_identity_lockoutenabled
    adx_identity_lockoutenddate adx_identity_logonenabled adx_identity_mobilephoneconfirmed
    adx_identity_newpassword adx_identity_passwordhash adx_identity_securitystamp
    adx_identity_twofactorenabled adx_identity_username adx_modifiedbyipaddress adx_modifiedbyusername
    adx_organizationname adx_preferredlcid adx_profilealert adx_profilealertdate
    adx_profilealertinstructions adx_profileisanonymous adx_profilelastactivity adx_profilemodifiedon
    adx_publicprofilecopy adx_timezone aging30 aging30_base aging60 aging60_base aging90 aging90_base
    anniversary annualincome annualincome_base assistantname assistantphone birthdate business2 callback
    childrensnames company cra05_calculated1 createdbyexternalparty createdonbehalfby creditlimit
    creditlimit_base creditonhold customersizecode customertypecode department description educationcode
    employeeid entityimageid exchangerate externaluseridentifier familystatuscode fax ftpsiteurl
    gendercode governmentid haschildrencode home2 importsequencenumber isautocreate isbackofficecustomer
    isprivate lastonholdtime lastusedincampaign leadsourcecode managername managerphone
    modifiedbyexternalparty modifiedonbehalfby msa_managingpartnerid msdyn_disablewebtracking
    msdyn_isminor msdyn_isminorwithparentalconsent msdyn_portaltermsagreementdate mspp_userpreferredlcid
    nickname numberofchildren onholdtime overriddencreatedon ownerid owningbusinessunit owningteam
    owninguser pager parentcontactid parentcustomerid participatesinworkflow paymenttermscode
    preferredappointmentdaycode preferredappointmenttimecode preferredsystemuserid processid salutation
    shippingmethodcode slaid slainvokedid spousesname stageid subscriptionid suffix telephone2
    telephone3 territorycode timespentbymeonemailandmeetings timezoneruleversionnumber
    transactioncurrencyid traversedpath utcconversiontimezonecode websiteurl yomifirstname yomifullname
    yomilastname yomimiddlename
"""
UNIMITATED: Final = frozenset(_OTHER_NAMES.split())
