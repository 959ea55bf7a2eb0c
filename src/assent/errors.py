"""One tree of errors, split by what the caller must do.

AssentError
├── Retry             again later, nothing is wrong with the request
│   ├── Throttled       the other system asked for a pause (service protection limits)
│   ├── Locked          a customisation runs in the organisation; metadata must wait
│   └── Unreachable     no answer, a broken answer, or a gateway error
├── ReadAgain         the world moved: read, decide anew
│   ├── VersionChanged  a conditional write found another version (M6)
│   └── TokenExpired    the change token is too old or the metadata changed: full compare
│       └── TokenFromFuture  it is ahead of the organisation: a restore (M7)
├── Refused           the other system says no; a person must look
│   ├── SignInRefused   wrong or expired secret, unknown tenant, no application user
│   ├── PrivilegeMissing  a named privilege is missing
│   ├── NotDataverse    the address answers, but it is not a Dataverse organisation
│   ├── ColumnMissing   a column was deleted there, or is not known yet
│   ├── RowRefused      one row was refused for its own sake
│   └── WrongOrganisation  the organisation id is not the one connected (M7)
├── Invalid           what was given is wrong; the giver must correct it
│   ├── Unknown         no such account, connection, contact ...
│   │   └── Erased        there was one, who was erased (I6)
│   ├── Forbidden       a wrong or missing key, or nobody is signed in
│   ├── NotAllowed      a role that may not do this
│   ├── Conflict        it contradicts what stands: taken, begun already, looked at too long ago
│   └── TooMany         too often or too much; `after_s` says when again
├── Paused            setup waits for a person's choice
└── Bug               ours; stop
"""


class AssentError(Exception):
    """Something went wrong; the text says what happened, what it means and what to do."""


class Retry(AssentError):
    """Try again later; nothing is wrong with the request."""

    def __init__(self, message: str, *, after_s: float | None = None) -> None:
        super().__init__(message)
        self.after_s = after_s


class Throttled(Retry):
    """The organisation's service protection limits were met; wait as long as it asks."""


class Locked(Retry):
    """Another customisation is running in the organisation; metadata changes must wait."""


class Unreachable(Retry):
    """No usable answer came; for a write it is unknown whether it took effect."""


class ReadAgain(AssentError):
    """The world moved since it was read: read and decide anew."""


class VersionChanged(ReadAgain):
    """A conditional write met another version than the one read (M6)."""


class TokenExpired(ReadAgain):
    """The change token is no longer honoured: a full compare is due."""


class TokenFromFuture(TokenExpired):
    """The change token is ahead of the organisation: it was restored to an earlier day (M7)."""


class Refused(AssentError):
    """The other system says no; repeating will not help, a person must look."""

    def __init__(self, message: str, *, code: str = "") -> None:
        super().__init__(message)
        self.code = code


class SignInRefused(Refused):
    """Sign-in failed: wrong or expired secret, unknown tenant, or no application user."""


class PrivilegeMissing(Refused):
    """The application user lacks a privilege; `privilege` names it when the answer did."""

    def __init__(self, message: str, *, code: str = "", privilege: str = "") -> None:
        super().__init__(message, code=code)
        self.privilege = privilege


class NotDataverse(Refused):
    """The address answers, but not as the Dataverse Web API does."""


class ColumnMissing(Refused):
    """A column that is synced is not known there: somebody deleted it, or it was made a moment ago."""


class RowRefused(Refused):
    """One row was refused for its own sake (validation, a plug-in, it does not exist)."""


class WrongOrganisation(Refused):
    """The organisation id is not the connected one: a copy or a restore (M7)."""


class Invalid(AssentError):
    """What was given is wrong; the text says what is expected."""


class Unknown(Invalid):
    """There is no such thing in this account."""


class Erased(Unknown):
    """The person was erased, or is being erased: no mail goes to them, and nothing is left to change (I6)."""


class Forbidden(Invalid):
    """The key is wrong or missing, or nobody is signed in."""


class NotAllowed(Invalid):
    """The caller is known, but their role may not do this."""


class Conflict(Invalid):
    """It contradicts what stands now: a name that is taken, something begun already, an old preview."""


class TooMany(Invalid):
    """Too often or too much; `after_s` tells when to try again, where that helps."""

    def __init__(self, message: str, *, after_s: float | None = None) -> None:
        super().__init__(message)
        self.after_s = after_s


class Paused(AssentError):
    """Setup stopped before writing and waits for a choice; `reason` is a code, `evidence` data."""

    def __init__(self, reason: str, message: str, *, evidence: dict[str, object] | None = None) -> None:
        super().__init__(message)
        self.reason = reason
        self.evidence = evidence or {}


class Bug(AssentError):
    """An invariant of ours does not hold; stop rather than guess."""
