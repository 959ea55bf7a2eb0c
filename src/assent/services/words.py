"""The words for people: holds, questions, verdicts and where contacts came from, each said in one place."""

from collections.abc import Mapping

from assent.policy.identity import Origin
from assent.policy.permission import BulkEmail
from assent.policy.plan import Request
from assent.policy.sides import Hold

#: The Bulk Email toggle as Dynamics shows it.
TOGGLE_WORDS: Mapping[BulkEmail, str] = {
    BulkEmail.ALLOW: "Allow",
    BulkEmail.DO_NOT_ALLOW: "Do not allow",
    BulkEmail.NULL: "empty",
    BulkEmail.UNREAD: "not readable",
}

#: Why a contact is held, and what ends it.
HOLD_WORDS: Mapping[str, str] = {
    Hold.EMAIL_CONFLICT.value: (
        "The email address was changed here and in Dynamics. The one from Dynamics was kept; look which is "
        "right, then release the contact."
    ),
    Hold.ADDRESS_TAKEN.value: (
        "Its row in Dynamics got an address that another contact holds, or that was erased. Correct the "
        "address on one side; the hold then ends by itself."
    ),
    Hold.CRM_DELETED.value: (
        "Its row in Dynamics was deleted. Decide whether the contact may still be mailed, then release it."
    ),
    Hold.JOINED.value: (
        "Its rows in Dynamics moved to the contact that holds their new address. This one is kept for its "
        "history; release it only if the old address belongs to somebody who may be mailed."
    ),
    Hold.ERASING.value: (
        "The person is being erased: Do not allow is written to their rows in Dynamics first. Then nothing "
        "is left of them here but a keyed hash of the address that keeps them from being created again."
    ),
}

#: The same in a few words, for lists and files.
HOLD_SHORT: Mapping[str, str] = {
    Hold.EMAIL_CONFLICT.value: "email changed on both sides",
    Hold.ADDRESS_TAKEN.value: "address belongs to another contact",
    Hold.CRM_DELETED.value: "deleted in Dynamics",
    Hold.JOINED.value: "joined to another contact",
    Hold.ERASING.value: "being erased",
}

#: What a question asks; the stricter answer applies until somebody answers.
REQUEST_WORDS: Mapping[Request, str] = {
    Request.GRANT_HELD: (
        "Somebody in Dynamics set Bulk Email to Allow for a person who is Withdrawn. By the connection's "
        "setting a person here decides: may mail resume?"
    ),
    Request.GRANT_SET_ASIDE: (
        "A permission given here met a refusal in Dynamics that may be newer, so the refusal holds. "
        "Does the permission still stand?"
    ),
}

ORIGIN_WORDS: Mapping[Origin, str] = {
    Origin.PERSON: "created in the hub",
    Origin.BULK: "imported",
    Origin.OTHER_CONNECTION: "first seen in Dynamics",
}

#: What a person decided about a connection, as the ledger names it.
DECISIONS: Mapping[str, str] = {
    "approve": "setup may write what its plan shows",
    "retry": "setup tries again",
    "tab": "the toggles go on the form and tab named",
    "new_tab": "the toggles get a tab of their own",
    "skip": "setup goes on without toggles on a form, or without the list of categories",
    "adopt": "the column that was there is used",
    "credentials": "new credentials",
    "remove": "what setup made is removed",
}
