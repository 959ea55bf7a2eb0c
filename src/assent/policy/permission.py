"""The legal basis, the CRM's Bulk Email toggle, and the lens between them (rules T1-T7)."""

from dataclasses import dataclass
from enum import Enum, IntEnum
from uuid import UUID


class LegalBasis(IntEnum):
    """Why marketing mail may be sent to a contact, or that it may not.

    The numbers are what the store and the ledger keep; they never change meaning.
    """

    NONE = 0
    CONSENT = 1
    LEGITIMATE_INTEREST = 2
    CONTRACT = 3
    REQUIRED_BY_LAW = 4
    VITAL_INTERESTS = 5
    PUBLIC_INTEREST = 6
    WITHDRAWN = 7

    @property
    def positive(self) -> bool:
        """Whether mail may be sent on this basis (the six positive ones)."""
        return self not in (LegalBasis.NONE, LegalBasis.WITHDRAWN)


class BulkEmail(IntEnum):
    """What a CRM row's `donotbulkemail` was read to hold.

    UNREAD means the column was missing from the row (column security): it was not read, which is
    never the same as cleared (T6).
    """

    ALLOW = 0
    DO_NOT_ALLOW = 1
    NULL = 2
    UNREAD = 3


class Stance(Enum):
    """What one side says about one field when it comes to a merge."""

    YES = "yes"
    NO = "no"
    SILENT = "silent"


#: T6, T7: None, null and unread are the absence of an opinion and no party to a merge.
BASIS_STANCE = {basis: Stance.YES if basis.positive else Stance.SILENT for basis in LegalBasis} | {
    LegalBasis.WITHDRAWN: Stance.NO
}
TOGGLE_STANCE = {
    BulkEmail.ALLOW: Stance.YES,
    BulkEmail.DO_NOT_ALLOW: Stance.NO,
    BulkEmail.NULL: Stance.SILENT,
    BulkEmail.UNREAD: Stance.SILENT,
}


def project(basis: LegalBasis) -> BulkEmail | None:
    """Tell what the toggle shows for a basis; None for `NONE`, which writes nothing (T1)."""
    match BASIS_STANCE[basis]:
        case Stance.YES:
            return BulkEmail.ALLOW
        case Stance.NO:
            return BulkEmail.DO_NOT_ALLOW
        case Stance.SILENT:
            return None


class OnAllow(Enum):
    """What a real change from Do not allow to Allow in the CRM becomes (T3), per connection."""

    CONSENT = "consent"
    RESTORE = "restore"
    HOLD = "hold"


@dataclass(frozen=True, slots=True)
class AllowPolicy:
    """A connection's answer to T3: the rule, and the CRM writers whose Allows are always held."""

    on_allow: OnAllow = OnAllow.CONSENT
    held_writers: frozenset[UUID] = frozenset()


#: What a new connection starts with: Allow by a rep becomes Consent (T3).
CONSENT_ON_ALLOW = AllowPolicy()


@dataclass(frozen=True, slots=True)
class Lifted:
    """The basis a change of the toggle leads to; `held` means Do not allow is written back (T3)."""

    basis: LegalBasis
    held: bool = False


def agree(basis: LegalBasis, toggle: BulkEmail) -> bool:
    """Tell whether a basis and a toggle say the same, so that nothing needs writing.

    None agrees with Allow and null, never with Do not allow (T7); null and unread agree with
    whatever stands in the hub until the backfill reaches them, except a refusal, which is written
    at once (T6); Do not allow agrees with Withdrawn alone (T2).
    """
    if toggle is BulkEmail.UNREAD:
        return True
    if toggle is BulkEmail.NULL:
        return basis is not LegalBasis.WITHDRAWN
    return project(basis) is toggle or (basis is LegalBasis.NONE and toggle is BulkEmail.ALLOW)


def lift(
    basis: LegalBasis,
    toggle: BulkEmail,
    *,
    policy: AllowPolicy = CONSENT_ON_ALLOW,
    writer: UUID | None = None,
    last_positive: LegalBasis | None = None,
    refused_personally: bool = False,
) -> Lifted:
    """Tell what basis a *real change* of the toggle leads to (T2, T3).

    Laws (T4): lifting what was projected changes nothing; projecting what was lifted gives the
    toggle asked for, except when held. `last_positive` is the last positive basis held and
    `refused_personally` whether the withdrawal was the contact's own act; both matter to RESTORE.
    """
    match TOGGLE_STANCE[toggle]:
        case Stance.NO:
            return Lifted(LegalBasis.WITHDRAWN)
        case Stance.SILENT:
            return Lifted(basis)
        case Stance.YES if basis.positive:
            return Lifted(basis)
    if policy.on_allow is OnAllow.HOLD or (writer is not None and writer in policy.held_writers):
        return Lifted(basis, held=True)
    if policy.on_allow is OnAllow.RESTORE:
        if last_positive is None or refused_personally:
            return Lifted(basis, held=True)
        return Lifted(last_positive)
    return Lifted(LegalBasis.CONSENT)
