"""A person in, a plan out: what to write where, decided before anything is written.

The plan is what previews print, what brakes inspect, what the engine carries out and what tests
compare. Nothing here reads a clock or a store.
"""

import dataclasses
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import timedelta
from enum import Enum
from functools import reduce
from operator import or_
from uuid import UUID

from assent.policy.address import normalise
from assent.policy.identity import EmailMove, follow_address, last_agreed
from assent.policy.merge import SILENT_SIDE, Decision, Rule, Side, Touch, crm_when, decide, hub_when
from assent.policy.permission import (
    BASIS_STANCE,
    CONSENT_ON_ALLOW,
    TOGGLE_STANCE,
    AllowPolicy,
    BulkEmail,
    LegalBasis,
    Stance,
    agree,
    lift,
    project,
)
from assent.policy.sides import ADDRESS, PERMISSION, Base, Contact, Hold, Link, LinkKey, Person, Row, bits
from assent.policy.sightings import acted, answer, is_ours


@dataclass(frozen=True, slots=True)
class Terms:
    """What an account and its connections fixed beforehand.

    `categories` is the mask of active ones; `allow` holds each connection's answer to T3 by its id,
    `CONSENT_ON_ALLOW` where none is given; `skew` is the measured difference of the clocks. With
    `fill`, columns that are null beside a Yes or a positive basis are written too (T6). Nobody can
    move to an address in `taken`: another contact holds it, or it is barred. `ourselves` are the users
    this software is in the organisations.
    """

    categories: int
    allow: Mapping[int, AllowPolicy] = dataclasses.field(default_factory=dict)
    skew: timedelta = timedelta(seconds=5)
    fill: bool = False
    taken: frozenset[str] = frozenset()
    ourselves: frozenset[UUID] = frozenset()


class Request(Enum):
    """A question only a person can answer; the stricter answer applies meanwhile."""

    GRANT_HELD = "grant_held"  # a rep's Allow under the hold policy (T3)
    GRANT_SET_ASIDE = "grant_set_aside"  # a hub grant against a refusal that may be newer (M3)


@dataclass(frozen=True, slots=True)
class FieldChange:
    """One field of the hub contact before and after, the rule, and the row whose act caused it."""

    field: int
    old: int | str
    new: int | str
    rule: str
    cause: LinkKey | None


@dataclass(frozen=True, slots=True)
class RowWrite:
    """The columns of one CRM row to write, and nothing else (M6).

    `if_version` is set when the write could lift a refusal, or moves an address: it must then be
    conditional on the version read. `lifts` names the fields whose refusal it replaces: filling a
    blank with Yes lifts nothing.
    """

    key: LinkKey
    toggle: BulkEmail | None = None
    fields: int = 0
    value: int = 0
    email: str | None = None
    if_version: int | None = None
    lifts: int = 0

    @property
    def touched(self) -> int:
        """Every field this write names, as one mask."""
        permission = PERMISSION if self.toggle is not None else 0
        return self.fields | permission | (ADDRESS if self.email is not None else 0)

    @property
    def granted(self) -> int:
        """The fields this write sets to Allow or Yes."""
        return (self.fields & self.value) | (PERMISSION if self.toggle is BulkEmail.ALLOW else 0)


@dataclass(frozen=True, slots=True)
class Plan:
    """What one person needs: the hub's new state, row writes, and questions for people."""

    before: Contact
    after: Contact
    changes: tuple[FieldChange, ...] = ()
    writes: tuple[RowWrite, ...] = ()
    requests: tuple[Request, ...] = ()

    @property
    def idle(self) -> bool:
        """Nothing to write anywhere; the base may still have to move."""
        return not self.moves_hub and not self.writes

    @property
    def moves_hub(self) -> bool:
        """Whether the hub has something to store: changes, a hold, or a question."""
        return bool(self.changes or self.requests) or self.after.hold != self.before.hold

    @property
    def grants(self) -> bool:
        """Whether carrying this out gives mail permission anywhere; what brakes count."""
        lifted = self.after.basis.positive and not self.before.basis.positive
        return lifted or bool(self.after.value & ~self.before.value) or any(w.lifts for w in self.writes)


def _order(link: Link) -> tuple[int, int]:
    """The order of a person's rows, so that the order they come in never decides anything (I2)."""
    return link.key.connection_id, link.key.row_id.int


def based(link: Link) -> Base | None:
    """The link's base, unless the row came back to life since: that merges without one (I4)."""
    if link.base is None or link.row is None:
        return link.base
    return None if link.row.active and not link.base.active else link.base


def plan_person(person: Person, terms: Terms) -> Plan:
    """Decide everything for one person; the same input always gives the same plan.

    Every link must carry a sighting that is proved to coexist with the contact's revision.
    """
    contact = person.contact
    if _still(person, terms):
        return Plan(contact, contact)
    rows = sorted((link for link in person.links if link.row is not None), key=_order)
    if _erasing(contact):
        return Plan(contact, contact, writes=_last_refusal(rows))
    permission = decide([_hub_permission(contact, rows), *(_row_permission(link, terms) for link in rows)])
    basis, requests, changes = _lift(contact, rows, permission, terms)
    value, category_changes, set_aside = _subscriptions(contact, rows, terms)
    requests += set_aside
    changes += category_changes
    email, hold, address_change = _address(contact, rows, terms.taken)
    changes += address_change
    after = Contact(
        contact_id=contact.contact_id,
        email=email,
        revision=contact.revision,
        basis=basis,
        value=value,
        last_positive=next((b for b in (basis, contact.basis) if b.positive), contact.last_positive),
        refused_personally=contact.refused_personally and basis is contact.basis,
        hold=hold,
        acted=contact.acted,
        synced=contact.synced | reduce(or_, (change.field for change in changes), 0),
    )
    writes = tuple(w for link in rows if (w := _write(after, link, terms)) is not None)
    return Plan(contact, after, tuple(changes), writes, tuple(dict.fromkeys(requests)))


def _still(person: Person, terms: Terms) -> bool:
    """Whether nothing stirred on either side since every base: almost everybody, almost always (M1)."""
    contact = person.contact
    if _parted(contact):
        return False  # the address it could not have may be free by now (I3)
    for link in person.links:
        base, row = link.base, link.row
        if row is None or base is None or link.hub_touched or link.crm_touched or link.refused:
            return False
        if row.version != base.crm_version or contact.revision != base.hub_revision or not row.active:
            return False
        if (contact.basis, contact.value, contact.email) != (base.basis, base.value, base.email):
            return False
        if row.toggle is not base.toggle:
            return False
        blank = terms.categories & ~row.known & ~row.unread
        if blank & ~contact.value or (terms.fill and (blank or row.toggle is BulkEmail.NULL)):
            return False
        if terms.categories & row.known & (row.value ^ contact.value):
            return False
    return True


def settle(contact: Contact, link: Link, categories: int) -> Base | None:
    """Give the base both sides are now proved to agree on, or None while they do not (M4).

    An inactive row needs no agreement: nothing is written to it, and what it refused was counted.
    """
    row = link.row
    if row is None:
        return None
    known = row.known & categories
    if row.active and not agree(contact.basis, row.toggle):
        return None
    if row.active and not _erasing(contact):
        same = not (row.value ^ contact.value) & known and not ~contact.value & categories & ~(
            known | row.unread
        )
        if not (same and (normalise(row.email) in (contact.email, None) or _parted(contact))):
            return None
    held = contact.value if row.active else (contact.value & ~known) | (row.value & known)
    return Base(
        hub_revision=contact.revision,
        crm_version=row.version,
        basis=contact.basis,
        toggle=row.toggle,
        known=known,
        value=held,
        email=last_agreed(contact, link) if _parted(contact) else normalise(row.email),
        active=row.active,
    )


def _parted(contact: Contact) -> bool:
    """Whether the two sides keep different addresses until a person decides (I3)."""
    return contact.hold == Hold.ADDRESS_TAKEN.value


def _erasing(contact: Contact) -> bool:
    """Whether the person is being erased: refused for good, whatever any side says from now on (I6)."""
    return contact.hold == Hold.ERASING.value


def _last_refusal(links: Sequence[Link]) -> tuple[RowWrite, ...]:
    """Do not allow for every row that can be written and does not say so, and nothing else (I6)."""
    open_ = (BulkEmail.ALLOW, BulkEmail.NULL)
    due = [link.key for link in links if link.row and link.row.active and link.row.toggle in open_]
    return tuple(RowWrite(key, BulkEmail.DO_NOT_ALLOW) for key in due)


def _shared(links: Sequence[Link]) -> list[tuple[Link, Base]]:
    """The links whose base both sides agreed on; an inactive row's records the row alone (I4)."""
    return [(link, base) for link in links if (base := based(link)) is not None and base.active]


def _hub_touch(contact: Contact, links: Sequence[Link], field: int, differs: Sequence[bool]) -> Touch:
    """Whether somebody acted in the hub: marked so, or the value moved and it was not the sync (M3)."""
    bases = [link for link, _ in _shared(links)]
    if not bases:
        return Touch.FIRST_SEEN
    moved = any(differs) and not contact.synced & field
    return Touch.TOUCHED if moved or any(link.hub_touched & field for link in bases) else Touch.UNTOUCHED


def _hub_permission(contact: Contact, links: Sequence[Link]) -> Side:
    differs = [base.basis is not contact.basis for _, base in _shared(links)]
    touch = _hub_touch(contact, links, PERMISSION, differs)
    return Side(BASIS_STANCE[contact.basis], touch, hub_when(contact.acted.get(PERMISSION)))


def _hub_subscription(contact: Contact, links: Sequence[Link], field: int) -> Side:
    differs = [bool((base.value ^ contact.value) & field) for _, base in _shared(links)]
    touch = _hub_touch(contact, links, field, differs)
    stance = Stance.YES if contact.value & field else Stance.NO
    return Side(stance, touch, hub_when(contact.acted.get(field)))


def _row_permission(link: Link, terms: Terms) -> Side:
    row, base = link.row, based(link)
    assert row is not None
    old = None if base is None else TOGGLE_STANCE[base.toggle]
    return _row_side(link, row, PERMISSION, TOGGLE_STANCE[row.toggle], old, terms)


def _row_subscription(link: Link, field: int, terms: Terms) -> Side:
    row, base = link.row, based(link)
    assert row is not None
    old = None if base is None else answer(base.known, base.value, field)
    return _row_side(link, row, field, answer(row.known, row.value, field), old, terms)


def _row_side(link: Link, row: Row, field: int, now: Stance, old: Stance | None, terms: Terms) -> Side:
    """Say what a row holds in one field and what is known of acts there since the base (M3).

    A refusal reported by a notice and overwritten by us, or emptied, unseen stands as an act (M8).
    Turning null is no act, and what was null before grants nothing by becoming Yes (T6).
    """
    when = crm_when(old_value_seen_at=link.same_at, modified_at=row.modified_at, skew=terms.skew)
    if link.refused & field and _replaced_unseen(link, row, field, now):
        return Side(Stance.NO, Touch.TOUCHED, when)
    touched = bool(link.crm_touched & field)
    if now is Stance.SILENT and touched and old is not Stance.NO:
        return Side(Stance.NO, Touch.TOUCHED, when)  # it refused before it turned null, which is no act
    if now is Stance.SILENT or (now is Stance.YES and not row.active):
        return SILENT_SIDE
    if old is None:
        return Side(now, Touch.FIRST_SEEN, when)
    ours = is_ours(link, field, now)
    if touched or (acted(old, now) and not ours):
        # Our own write of a Yes is no act (M4); what was touched before it was decided by it.
        return Side(now, Touch.UNTOUCHED if ours and now is Stance.YES else Touch.TOUCHED, when)
    base = based(link)
    if base is not None and not base.active:
        return SILENT_SIDE  # its refusal was counted when made or first seen (I4)
    # One that was put to sleep since may have refused again right before.
    moved = base is not None and row.version > base.crm_version
    maybe = moved and not (ours and now is Stance.YES)
    return Side(now, Touch.MAYBE if maybe else Touch.UNTOUCHED, when)


def _replaced_unseen(link: Link, row: Row, field: int, now: Stance) -> bool:
    """Whether a refusal that a notice reported was replaced before we read it, by nobody's act (M8).

    By our own grant, or by being emptied (T6). What a notice tells of a version the base covers is old.
    """
    if now is Stance.NO or row.version < link.refused_version:
        return False
    if now is Stance.SILENT:
        return link.base is None or link.refused_version > link.base.crm_version
    return bool(link.intended & (link.intended_value | link.intended_both) & field)


def _lift(
    contact: Contact, links: Sequence[Link], decision: Decision, terms: Terms
) -> tuple[LegalBasis, tuple[Request, ...], list[FieldChange]]:
    """Turn the decision on permission into a basis, keeping every nuance the hub holds (T1-T5).

    An Allow that came with a save of ours, which did not set it, may be a person's of right before, or a
    restore's that we wrote over: nobody can tell, so a person is asked (T3, M7).
    """
    if decision.stance is Stance.SILENT:
        return contact.basis, (), []
    if decision.stance is Stance.NO:
        requests = (Request.GRANT_SET_ASIDE,) if decision.set_aside else ()
        cause = links[decision.refusal - 1].key if decision.refusal else None
        return (
            LegalBasis.WITHDRAWN,
            requests,
            _basis_change(contact, LegalBasis.WITHDRAWN, decision.rule.value, cause),
        )
    if 0 in decision.grants or not decision.grants:
        return contact.basis, (), []  # both say Yes: the hub's basis stays (M2)
    for index in decision.grants:
        link = links[index - 1]
        lifted = lift(
            LegalBasis.WITHDRAWN,
            BulkEmail.ALLOW,
            policy=terms.allow.get(link.key.connection_id, CONSENT_ON_ALLOW),
            writer=_writer(link),
            last_positive=contact.last_positive,
            refused_personally=contact.refused_personally,
        )
        if not lifted.held and _writer(link) not in terms.ourselves:
            # Refused and allowed again between two looks: no real change is left to see (P5).
            basis = contact.basis if contact.basis.positive else lifted.basis
            return basis, (), _basis_change(contact, basis, "T3", link.key)
    key = links[decision.grants[0] - 1].key
    withdrawn = _basis_change(contact, LegalBasis.WITHDRAWN, "T3", key)
    return LegalBasis.WITHDRAWN, (Request.GRANT_HELD,), withdrawn


def _writer(link: Link) -> UUID | None:
    """Who moved the toggle, as far as it was seen; a later edit of another column does not matter."""
    return link.toggled_by or (link.row.modified_by if link.row else None)


def _basis_change(contact: Contact, new: LegalBasis, rule: str, cause: LinkKey | None) -> list[FieldChange]:
    if contact.basis is new:
        return []
    return [FieldChange(PERMISSION, int(contact.basis), int(new), rule, cause)]


def _subscriptions(
    contact: Contact, links: Sequence[Link], terms: Terms
) -> tuple[int, list[FieldChange], tuple[Request, ...]]:
    """Decide every category in which anything stirred; the rest cannot change (M1)."""
    stirred = 0
    for link in links:
        row, base = link.row, based(link)
        assert row is not None
        stirred |= (
            link.hub_touched | link.crm_touched | link.refused | (row.known & (row.value ^ contact.value))
        )
        if base is not None:
            stirred |= contact.value ^ base.value
    value, changes, set_aside = contact.value, [], False
    for field in bits(stirred & terms.categories):
        sides = [_hub_subscription(contact, links, field)]
        sides += [_row_subscription(link, field, terms) for link in links]
        decision = decide(sides)
        set_aside |= decision.set_aside
        wanted = field if decision.stance is Stance.YES else 0
        if (contact.value & field) != wanted:
            value ^= field
            deciders = decision.grants[:1] if wanted else (decision.refusal or 0,)
            cause = links[deciders[0] - 1].key if deciders and deciders[0] else None
            changes.append(FieldChange(field, int(not wanted), int(bool(wanted)), decision.rule.value, cause))
    return value, changes, (Request.GRANT_SET_ASIDE,) if set_aside else ()


def _address(
    contact: Contact, links: Sequence[Link], taken: frozenset[str]
) -> tuple[str, str | None, list[FieldChange]]:
    """Follow an address changed in the CRM, or hold the contact until somebody looks (I3).

    It is held where both sides changed the address, and where the row's new one cannot be had; the
    latter ends by itself once it can.
    """
    hold = None if _parted(contact) else contact.hold
    for link in links:
        move = follow_address(contact, link)
        new = normalise(link.row.email) if link.row else None
        if move not in (EmailMove.HUB_FOLLOWS, EmailMove.CONFLICT) or new is None:
            continue
        if new in taken:
            return contact.email, Hold.ADDRESS_TAKEN.value, []
        hold = Hold.EMAIL_CONFLICT.value if move is EmailMove.CONFLICT else hold
        return new, hold, [FieldChange(ADDRESS, contact.email, new, "I3", link.key)]
    return contact.email, hold, []


def _write(contact: Contact, link: Link, terms: Terms) -> RowWrite | None:
    """Name the columns of one active row that must change for it to agree with the contact.

    A null column beside a Yes or a positive basis is left to the paced backfill (T6); a refusal is
    written over null at once. Inactive rows are never written to (I4).
    """
    row = link.row
    if row is None or not row.active:
        return None
    blank = terms.categories & ~row.known & ~row.unread
    fields = (terms.categories & row.known & (row.value ^ contact.value)) | (blank & ~contact.value)
    toggle = None if agree(contact.basis, row.toggle) else project(contact.basis)
    if terms.fill:
        fields |= blank
        toggle = project(contact.basis) if row.toggle is BulkEmail.NULL else toggle
    # Without a base the row's address is only another spelling of who it is, unless somebody changed it here.
    follows = link.base is not None or bool(link.hub_touched & ADDRESS)
    moves = not _parted(contact) and follows and normalise(row.email) not in (contact.email, None)
    email = contact.email if moves else None
    if toggle is None and not fields and email is None:
        return None
    lifts = fields & row.known & contact.value
    if toggle is BulkEmail.ALLOW and row.toggle is BulkEmail.DO_NOT_ALLOW:
        lifts |= PERMISSION
    write = RowWrite(link.key, toggle, fields, contact.value & fields, email, lifts=lifts)
    return write if not write.granted and email is None else replace(write, if_version=row.version)


#: Rules a plan may name, for the ledger's readers and for tests.
RULES = frozenset({rule.value for rule in Rule} | {"T3", "I3"})
