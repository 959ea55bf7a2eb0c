"""A person's own page: what we hold and may send, changed by them alone and without a login (S2, S3)."""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime
from functools import reduce
from operator import or_

from assent.errors import Conflict
from assent.policy.permission import LegalBasis
from assent.ports import Act, Evidence
from assent.services.application import HERSELF, Application
from assent.services.links import Invited, read_token
from assent.store.brands import Brand
from assent.store.preference_pages import Mailed, Sheet, mailed, sheet


@dataclass(frozen=True, slots=True)
class Choice:
    """A category as the page shows it."""

    bit: int
    name: str
    description: str
    yes: bool


@dataclass(frozen=True, slots=True)
class PreferencePage:
    """What a person sees of themselves.

    `revision` is given back when something is saved: it tells a form that was open while the answers
    changed elsewhere.
    """

    brand: Brand
    shown_name: str
    masked_email: str
    basis: LegalBasis
    since: datetime
    created_at: datetime
    in_crm: bool
    choices: tuple[Choice, ...]
    revision: int

    @property
    def account_name(self) -> str:
        """Who writes, as people know them."""
        return self.brand.name

    @property
    def withdrawn(self) -> bool:
        """Whether the person said no to all mail."""
        return self.basis is LegalBasis.WITHDRAWN


@dataclass(frozen=True, slots=True)
class Wish:
    """What was asked for: only the controls that were moved, by the bit of their category.

    `revision` is the page's. `resume` answers the question whether mail may come again, `stop_all` is
    the full opt-out, its own control.
    """

    moved: Mapping[int, bool] = field(default_factory=dict)
    revision: int = 0
    resume: bool | None = None
    stop_all: bool = False


@dataclass(frozen=True, slots=True)
class Saved:
    """What a wish led to.

    `asks` tells that the person is Withdrawn and turned a category on, so that the question is due
    (S2). `unsaved` tells that something asked for on an old page was not done: only refusals are.
    """

    on: tuple[int, ...] = ()
    off: tuple[int, ...] = ()
    stopped: bool = False
    resumed: bool = False
    asks: bool = False
    unsaved: bool = False


async def page(app: Application, token: str) -> PreferencePage:
    """The page of the person a link belongs to; raises Unknown for a link that is none of ours."""
    invited = await read_token(app, token)
    return _page(await _sheet(app, invited))


async def save(app: Application, token: str, wish: Wish, *, evidence: Evidence) -> Saved:
    """Do what a person asked for: moved controls alone are touched (S3), and toggles never change the basis.

    A refusal always is an act, however old the page. Permission is given only on a page that is still
    true, so that a form sent twice, or again from a browser's history, cannot undo a later refusal.
    Raises Unknown for a link that is none of ours.
    """
    invited = await read_token(app, token)
    while True:
        found = await _sheet(app, invited)
        decided = decide(found, wish)
        act = Act(
            invited.contact_id,
            basis=_basis(decided),
            answered=reduce(or_, decided.on + decided.off, 0),
            value=reduce(or_, decided.on, 0),
            # Whoever says yes says it to what was shown; another look turns a late yes down.
            revision=found.revision if decided.on or decided.resumed else None,
        )
        try:
            if act.answered or act.basis is not None:
                await app.act(invited.account_id, HERSELF, [act], _from(invited, evidence))
        except Conflict:
            continue
        return decided


@dataclass(frozen=True, slots=True)
class Leaving:
    """What a one-click link stops, and whether it is stopped; `category` is None for all mail."""

    brand: Brand
    masked_email: str
    revision: int
    category: str | None
    stopped: bool
    withdrawn: bool

    @property
    def account_name(self) -> str:
        """Who writes, as people know them."""
        return self.brand.name


async def leaving(app: Application, token: str) -> Leaving:
    """What one click on a link would stop. Raises Unknown for a link that is none of ours."""
    return _leaving(await _mailed(app, await read_token(app, token)))


async def unsubscribe(app: Application, token: str, *, evidence: Evidence) -> Leaving:
    """Stop what the link's mail belonged to: its category, or all mail where it had none.

    Always an act, even if it repeats what stands (S3); see docs/decisions on one-click unsubscribing.
    Raises Unknown for a link that is none of ours.
    """
    invited = await read_token(app, token)
    found, proof = await _mailed(app, invited), _from(invited, evidence)
    if found.category is None:
        act = Act(invited.contact_id, basis=LegalBasis.WITHDRAWN, evidence=proof)
    else:
        act = Act(invited.contact_id, answered=found.category.bit, evidence=proof)
    await app.click(invited.account_id, act)
    before = _leaving(found)
    return replace(before, stopped=True, withdrawn=before.withdrawn or found.category is None)


def decide(found: Sheet, wish: Wish) -> Saved:
    """What a wish leads to, given what stands."""
    known = {category.bit for category in found.categories}
    off = tuple(sorted(bit for bit, yes in wish.moved.items() if bit in known and not yes))
    asked = tuple(sorted(bit for bit, yes in wish.moved.items() if bit in known and yes))
    fresh = wish.revision == found.revision
    on = asked if fresh else ()
    late = [bit for bit in asked if not fresh and not found.value & bit]
    if wish.stop_all:
        return Saved(on, off, stopped=True, unsaved=bool(late))
    wants = bool(wish.resume) and not found.basis.positive
    return Saved(
        on,
        off,
        resumed=wants and fresh,
        asks=bool(on) and found.basis is LegalBasis.WITHDRAWN and wish.resume is None,
        unsaved=bool(late) or (wants and not fresh),
    )


def _basis(decided: Saved) -> LegalBasis | None:
    if decided.stopped:
        return LegalBasis.WITHDRAWN
    return LegalBasis.CONSENT if decided.resumed else None


async def _sheet(app: Application, invited: Invited) -> Sheet:
    return await app.store.database.read(lambda c: sheet(c, invited.account_id, invited.contact_id))


async def _mailed(app: Application, invited: Invited) -> Mailed:
    return await app.store.database.read(
        lambda c: mailed(c, invited.account_id, invited.contact_id, invited.send_id)
    )


def _leaving(found: Mailed) -> Leaving:
    withdrawn, category = found.basis is LegalBasis.WITHDRAWN, found.category
    return Leaving(
        brand=found.brand,
        masked_email=masked(found.email),
        revision=found.revision,
        category=category.name if category else None,
        stopped=withdrawn or (category is not None and not found.value & category.bit),
        withdrawn=withdrawn,
    )


def _from(invited: Invited, evidence: Evidence) -> Evidence:
    if not invited.send_id:
        return evidence
    return replace(evidence, source=f"{evidence.source}, from send {invited.send_id}")


def _page(found: Sheet) -> PreferencePage:
    choices = tuple(
        Choice(one.bit, one.name, one.description, bool(found.value & one.bit)) for one in found.categories
    )
    return PreferencePage(
        brand=found.brand,
        shown_name=f"{found.first_name} {found.last_name}".strip(),
        masked_email=masked(found.email),
        basis=found.basis,
        since=found.since,
        created_at=found.created_at,
        in_crm=found.in_crm,
        choices=choices,
        revision=found.revision,
    )


def masked(email: str) -> str:
    """An address as its owner recognises it and nobody else learns it."""
    local, _, domain = email.rpartition("@")
    return f"{local[:1]}•••@{domain}"
