"""People, the only source of intent: contacts, marketers, reps, the ERP; each act is written down."""

from collections.abc import Awaitable, Callable, Coroutine, Mapping
from dataclasses import dataclass, field, replace
from typing import Any
from uuid import UUID

from sqlalchemy import select

from assent.policy.address import normalise
from assent.policy.audience import EVERYBODY
from assent.policy.bulk import BulkAction, BulkKind
from assent.policy.permission import LegalBasis
from assent.policy.sides import PERMISSION, Hold
from assent.ports import Evidence
from assent.services import bulk, erasing, imports, preferences, questions
from assent.services.contacts import ContactChange, NewContact, change, create, release_hold
from assent.services.importing import ImportOptions
from assent.services.joins import take_apart
from assent.services.links import links
from assent.services.preferences import Wish
from assent.store.schema import contacts

from .faults import Fault
from .lab import COLUMNS, WATCHED, address, row_says
from .script import HARMLESS, Move, Step
from .truth import HUB, Commit, Deed, Entity
from .world import Site, Worker, World

POSITIVE = tuple(basis for basis in LegalBasis if basis.positive)
CATEGORY_BITS = (1, 2)

Doing = Callable[[Worker], Coroutine[Any, Any, Any]]


@dataclass(frozen=True, slots=True)
class Known:
    """A contact as its table row stands."""

    contact_id: UUID
    email: str
    basis: LegalBasis
    hold: str | None


@dataclass(slots=True)
class People:
    """Plays the moves of people in one world."""

    world: World
    acts: dict[Move, Callable[[Step], Awaitable[None]]] = field(default_factory=dict)
    count: int = 0

    def __post_init__(self) -> None:
        self.acts = {
            Move.BASIS: self._basis,
            Move.TAKE_BACK: self._take_back,
            Move.WITHDRAW: self._withdraw,
            Move.ANSWER_CATEGORY: self._category,
            Move.PAGE: self._page,
            Move.OPT_OUT: self._opt_out,
            Move.RESUME: self._resume,
            Move.ONE_CLICK: self._one_click,
            Move.HUB_EMAIL: self._hub_email,
            Move.HUB_NEW: self._hub_new,
            Move.BULK: self._bulk,
            Move.IMPORT: self._import,
            Move.CONFIRM: self._confirm,
            Move.RELEASE: self._release,
            Move.PART: self._part,
            Move.ERASE: self._erase,
            Move.TOGGLE: self._toggle,
            Move.DITHER: self._dither,
            Move.TICK_BOX: self._tick,
            Move.PHONE: self._phone,
            Move.SAME: self._same,
            Move.CLEAR: self._clear,
            Move.ROW_EMAIL: self._row_email,
            Move.SWAP: self._swap,
            Move.ROW_NEW: self._row_new,
            Move.SLEEP: self._sleep,
            Move.WAKE: self._wake,
            Move.DELETE: self._delete,
            Move.MERGE: self._merge,
            Move.ROBOT: self._robot,
            Move.ROBOT_ALLOWS: self._robot_allows,
        }

    # --- looking -------------------------------------------------------------------------------------

    def contacts(self) -> list[Known]:
        """Every contact, in the order of its address."""
        t = contacts.c
        statement = select(t.contact_id, t.email, t.basis, t.hold).order_by(t.email)
        found = self.world.store.database._read(lambda c: c.execute(statement).all())
        return [Known(one, email, LegalBasis(basis), hold) for one, email, basis, hold in found]

    def contact(self, step: Step) -> Known:
        """The contact a step is about."""
        known = self.contacts()
        return known[step.who % len(known)]

    def row(self, step: Step, *, asleep: bool = False) -> tuple[Site, UUID, dict[str, Any]] | None:
        """The row a step is about, among those that are active, or those that are not."""
        site = self.world.site(step.site)
        rows = [(k, row) for k, row in self.world.rows(site).items() if bool(row["statecode"]) is asleep]
        rows.sort(key=lambda pair: (str(pair[1]["emailaddress1"]).strip().lower(), str(pair[0])))
        if not rows:
            return None
        row_id, row = rows[step.who % len(rows)]
        return site, row_id, row

    # --- in the hub ----------------------------------------------------------------------------------

    def _marked(self) -> str:
        self.count += 1
        return f"deed-{self.count}"

    def _evidence(self, marker: str) -> Evidence:
        return Evidence(marker, "simulation")

    async def _serve(self, doing: Doing, *deeds: Deed, watched: bool = False) -> None:
        for deed in deeds:
            self.world.truth.deeds.append(deed)
        await self.world.served(doing, Commit(deeds))

    def _deed(self, contact: Known, what: int, yes: bool, by: str, **more: Any) -> Deed:
        return Deed((HUB, contact.contact_id), what, yes, by, marker=self._marked(), **more)

    async def _set(self, contact: Known, deed: Deed, changed: ContactChange) -> None:
        world = self.world
        await self._serve(
            lambda w: change(w.app, world.staff, contact.contact_id, changed, self._evidence(deed.marker)),
            deed,
        )

    async def _basis(self, step: Step) -> None:
        contact, basis = self.contact(step), POSITIVE[step.other % len(POSITIVE)]
        deed = self._deed(contact, PERMISSION, True, "marketer", basis=basis)
        await self._set(contact, deed, ContactChange(basis=basis))

    async def _take_back(self, step: Step) -> None:
        """None is the absence of an opinion: no deed, neither a grant nor a refusal (T7)."""
        world, contact = self.world, self.contact(step)
        world.truth.silenced.add((HUB, contact.contact_id))
        changed = ContactChange(basis=LegalBasis.NONE)
        await world.served(lambda w: change(w.app, world.staff, contact.contact_id, changed))

    async def _withdraw(self, step: Step) -> None:
        contact = self.contact(step)
        deed = self._deed(contact, PERMISSION, False, "marketer", basis=LegalBasis.WITHDRAWN)
        await self._set(contact, deed, ContactChange(basis=LegalBasis.WITHDRAWN))

    async def _category(self, step: Step) -> None:
        contact = self.contact(step)
        deed = self._deed(contact, step.field, step.yes, "marketer")
        await self._set(contact, deed, ContactChange(subscriptions={step.field: step.yes}))

    async def _on_page(self, contact: Known, deed: Deed, wish: Wish) -> None:
        async def saving(worker: Worker) -> None:
            token = (await links(worker.app, self.world.account_id)).token(contact.contact_id)
            page = await preferences.page(worker.app, token)
            seen = Wish(wish.moved, page.revision, wish.resume, wish.stop_all)
            await preferences.save(worker.app, token, seen, evidence=self._evidence(deed.marker))

        await self._serve(saving, deed)

    async def _page(self, step: Step) -> None:
        contact = self.contact(step)
        deed = self._deed(contact, step.field, step.yes, "contact")
        await self._on_page(contact, deed, Wish({step.field: step.yes}))

    async def _opt_out(self, step: Step) -> None:
        contact = self.contact(step)
        deed = self._deed(contact, PERMISSION, False, "contact", basis=LegalBasis.WITHDRAWN)
        await self._on_page(contact, deed, Wish(stop_all=True))

    async def _resume(self, step: Step) -> None:
        contact = self.contact(step)
        deed = self._deed(contact, PERMISSION, True, "contact", basis=LegalBasis.CONSENT)
        await self._on_page(contact, deed, Wish(resume=True))

    async def _one_click(self, step: Step) -> None:
        contact = self.contact(step)
        deed = self._deed(contact, PERMISSION, False, "contact", basis=LegalBasis.WITHDRAWN)

        async def clicking(worker: Worker) -> None:
            token = (await links(worker.app, self.world.account_id)).token(contact.contact_id)
            await preferences.unsubscribe(worker.app, token, evidence=self._evidence(deed.marker))

        await self._serve(clicking, deed)

    async def _hub_email(self, step: Step) -> None:
        contact = self.contact(step)
        email = self._some_address(step)
        deed = self._deed(contact, 0, True, "marketer", email=email)
        await self._set(contact, deed, ContactChange(email=email))

    async def _hub_new(self, step: Step) -> None:
        email, basis = (
            self._some_address(step),
            (*POSITIVE, LegalBasis.NONE, LegalBasis.WITHDRAWN)[step.other],
        )
        refused = step.field if step.yes else 0
        world, marker = self.world, self._marked()

        def born(_: Known | None, new: Known | None) -> None:
            if new is not None:
                entity = (HUB, new.contact_id)
                world.truth.born(entity, email, {1: not refused & 1, 2: not refused & 2})
                world.truth.first_basis[entity] = LegalBasis.NONE
                if new.basis is not LegalBasis.NONE:
                    at = world.clock.seconds()
                    yes = new.basis.positive
                    deed = Deed(entity, PERMISSION, yes, "sign-up", basis=new.basis, marker=marker, at=at)
                    world.truth.deeds.append(deed)

        new = NewContact(email, basis=basis, unsubscribed=refused)
        commit = Commit((), self._watch(email, born))
        await world.served(lambda w: create(w.app, world.staff, new, self._evidence(marker)), commit)

    def _watch(
        self, email: str, tell: Callable[[Known | None, Known | None], None]
    ) -> Callable[[], Callable[[], None]]:
        """Look at the holder of an address right before a commit and right behind it."""
        address = normalise(email)

        def holder() -> Known | None:
            return next((one for one in self.contacts() if one.email == address), None)

        def about() -> Callable[[], None]:
            before = holder()
            return lambda: tell(before, holder())

        return about

    async def _bulk(self, step: Step) -> None:
        basis = POSITIVE[step.other % len(POSITIVE)] if step.yes else LegalBasis.WITHDRAWN
        world, marker = self.world, self._marked()
        action = BulkAction(BulkKind.SET_BASIS, basis)

        async def doing(worker: Worker) -> None:
            seen = await bulk.preview(worker.app, world.staff, EVERYBODY, action)
            await bulk.apply(worker.app, world.staff, EVERYBODY, action, seen.token, self._evidence(marker))

        await world.served(doing, Commit((), self._noting(basis, marker, "bulk")))

    def _noting(self, basis: LegalBasis, marker: str, by: str) -> Callable[[], Callable[[], None]]:
        """Note whom an action on many did something to; none of them may be lifted from Withdrawn (I7)."""

        def about() -> Callable[[], None]:
            before = {one.contact_id: one for one in self.contacts()}
            return lambda: self._note(before, basis, marker, by)

        return about

    def _note(self, before: Mapping[UUID, Known], basis: LegalBasis, marker: str, by: str) -> None:
        world = self.world
        for one in self.contacts():
            old = before.get(one.contact_id)
            entity: Entity = (HUB, one.contact_id)
            if old is None:
                world.truth.born(entity, one.email, {1: True, 2: True})
                world.truth.first_basis[entity] = LegalBasis.NONE
            was = LegalBasis.NONE if old is None else old.basis
            if was is LegalBasis.WITHDRAWN and one.basis.positive:
                world.complaints.append(f"I7: {by} lifted Withdrawn")
            if one.basis is basis and (was is not basis or (by == "bulk" and not basis.positive)):
                at, yes = world.clock.seconds(), basis.positive
                world.truth.deeds.append(Deed(entity, PERMISSION, yes, by, basis=basis, marker=marker, at=at))

    async def _import(self, step: Step) -> None:
        world, marker = self.world, self._marked()
        addresses = {address(step.who), self._some_address(step)}
        basis = LegalBasis.CONSENT if step.yes else LegalBasis.WITHDRAWN
        word = "Consent" if step.yes else "Withdrawn"
        data = "\n".join(["Email,Legal basis", *(f"{one},{word}" for one in sorted(addresses))]).encode()
        options = ImportOptions(evidence=marker, create_rows=step.field == 1)

        async def doing(worker: Worker) -> None:
            item = await imports.upload(worker.app, world.staff, "people.csv", data)
            seen = await imports.preview(worker.app, world.staff, item.import_id, options)
            commit.armed = True
            await imports.apply(worker.app, world.staff, item.import_id, seen.token, options)

        commit = Commit((), self._noting(basis, marker, "import"), armed=False)
        await world.served(doing, commit)

    async def _confirm(self, step: Step) -> None:
        world, marker = self.world, self._marked()
        open_ones = await world.store.accounts.requests(world.account_id)
        if not open_ones:
            return
        asked = open_ones[step.who % len(open_ones)]
        if not step.yes:
            await world.served(
                lambda w: questions.answer(w.app, world.staff, asked.request_id, questions.Answer(False))
            )
            return
        deed = Deed(
            (HUB, asked.contact_id), PERMISSION, True, "marketer", basis=LegalBasis.CONSENT, marker=marker
        )
        await self._serve(
            lambda w: questions.answer(
                w.app, world.staff, asked.request_id, questions.Answer(True), self._evidence(marker)
            ),
            deed,
        )

    async def _release(self, step: Step) -> None:
        held = [one for one in self.contacts() if one.hold]
        if held:
            one = held[step.who % len(held)]
            await self.world.served(lambda w: release_hold(w.app, self.world.staff, one.contact_id))

    async def _part(self, step: Step) -> None:
        joined = [one for one in self.contacts() if one.hold == Hold.JOINED.value]
        if joined:
            one = joined[step.who % len(joined)]
            await self.world.served(lambda w: take_apart(w.app, self.world.staff, one.contact_id))

    async def _erase(self, step: Step) -> None:
        world, contact = self.world, self.contact(step)
        deed = self._deed(contact, PERMISSION, False, "privacy", basis=LegalBasis.WITHDRAWN)

        def about() -> Callable[[], None]:
            email = world.addresses().get(contact.contact_id, contact.email)
            return lambda: self._erased(email, contact.contact_id)

        world.truth.deeds.append(deed)
        await world.served(
            lambda w: erasing.start(w.app, world.staff, contact.contact_id, self._evidence(deed.marker)),
            Commit((deed,), about),
        )

    def _erased(self, email: str, contact_id: UUID) -> None:
        truth, now = self.world.truth, self.world.clock.seconds()
        truth.erased[email] = contact_id
        truth.bears((HUB, contact_id), email)
        for number, row_id in self.world.linked(contact_id):
            truth.same((HUB, contact_id), (number, row_id))
            truth.erased_rows[number, row_id] = now
            truth.bears((number, row_id), self.world.rows(self.world.site(number))[row_id]["emailaddress1"])

    def _some_address(self, step: Step) -> str:
        """One of the cast's addresses, or a new one; in people's own spelling."""
        plain = address(step.other) if step.other < 6 else f"new{self.count}@x.example"
        return plain if step.yes else f" {plain.upper()}"

    # --- in Dynamics ---------------------------------------------------------------------------------

    def _save(self, where: tuple[Site, UUID], columns: dict[str, Any], by: str = "rep") -> None:
        """Somebody saves a form; what does not change a value is no act (M3)."""
        site, row_id = where
        columns = {
            name: value
            for name, value in columns.items()
            if name in site.organization.model.tables["contact"].columns
        }
        row = self.world.rows(site)[row_id]
        self.world.truth.bears((site.connection_id, row_id), row["emailaddress1"])
        before = row_says(row)
        (site.robot if by == "erp" else site.rep).save(row_id, **columns)
        now, entity = self.world.clock.seconds(), (site.connection_id, row_id)
        self.world.truth.touches.append((entity, now))
        said = self.world.truth.said
        # Emptied before anybody was told or looked, perhaps: then nobody can know of that No (P1).
        harmless = self.world.trouble.on <= HARMLESS
        told = now - self.world.wire.told_within_s if harmless else 0.0
        gone = {what for what in before if columns.get(COLUMNS[what], 0) is None}
        self.world.truth.lost(
            now, lambda deed: deed.entity == entity and deed.field in gone and (deed.at or 0.0) > told
        )
        version = int(self.world.rows(site)[row_id]["versionnumber"])
        self.world.truth.saved(
            entity,
            version,
            now,
            told=self.world.trouble.on <= HARMLESS | {Fault.RESTORED},
            watched=bool(columns.keys() & WATCHED),
        )
        said.update({(entity, what): yes for what, yes in before.items()})
        for what, yes in row_says(self.world.rows(site)[row_id]).items():
            # What never refused grants nothing by filling a blank; what did before it was emptied does (T6).
            act = said.get((entity, what), True) is not yes or (what not in before and not yes)
            if act and COLUMNS[what] in columns:
                self.world.truth.deeds.append(Deed(entity, what, yes, by, at=now))
        if "emailaddress1" in columns:
            self.world.truth.bears(entity, columns["emailaddress1"])
            self.world.truth.rehoused.add(entity)
        site.announce()

    async def _toggle(self, step: Step) -> None:
        if found := self.row(step):
            self._save(found[:2], {"donotbulkemail": not step.yes})

    async def _dither(self, step: Step) -> None:
        if found := self.row(step):
            now = bool(found[2]["donotbulkemail"])
            self._save(found[:2], {"donotbulkemail": not now})
            self._save(found[:2], {"donotbulkemail": now})

    async def _tick(self, step: Step) -> None:
        if found := self.row(step):
            self._save(found[:2], {COLUMNS[step.field]: step.yes})

    async def _phone(self, step: Step) -> None:
        if found := self.row(step):
            self._save(found[:2], {"telephone1": str(self.count)})

    async def _same(self, step: Step) -> None:
        if found := self.row(step):
            site, row_id, row = found
            self._save((site, row_id), {name: row[name] for name in COLUMNS.values() if name in row})

    async def _clear(self, step: Step) -> None:
        if found := self.row(step):
            self._save(found[:2], {COLUMNS[step.field]: None})

    async def _row_email(self, step: Step) -> None:
        if found := self.row(step):
            email = None if step.other == 7 and step.yes else self._some_address(step)
            self._save(found[:2], {"emailaddress1": email})

    async def _swap(self, step: Step) -> None:
        one, other = self.row(step), self.row(replace(step, who=step.other))
        if one and other and one[1] != other[1]:
            site, first, second = one[0], one[1], other[1]
            emails = one[2]["emailaddress1"], other[2]["emailaddress1"]
            self._save((site, first), {"emailaddress1": emails[1]})
            self._save((site, second), {"emailaddress1": emails[0]})

    async def _row_new(self, step: Step) -> None:
        site, email = self.world.site(step.site), self._some_address(step)
        columns: dict[str, Any] = {"donotbulkemail": True} if step.yes else {}
        if step.field == 2 and step.yes and "asn_events" in site.organization.model.tables["contact"].columns:
            columns["asn_events"] = False
        row_id = site.rep.create(email, **columns)
        says = row_says(self.world.rows(site)[row_id])
        entity, now = (site.connection_id, row_id), self.world.clock.seconds()
        self.world.truth.born(entity, email, {what: yes for what, yes in says.items() if yes})
        for what, yes in says.items():
            if not yes:
                self.world.truth.deeds.append(Deed(entity, what, yes, "rep", at=now))
        site.announce()

    async def _sleep(self, step: Step) -> None:
        if found := self.row(step):
            self._save(found[:2], {"statecode": 1})

    async def _wake(self, step: Step) -> None:
        if (found := self.row(step, asleep=True)) and not found[2]["merged"]:
            self._save(found[:2], {"statecode": 0})

    async def _delete(self, step: Step) -> None:
        if found := self.row(step):
            found[0].rep.delete(found[1])
            found[0].announce()

    async def _merge(self, step: Step) -> None:
        one, other = self.row(step), self.row(replace(step, who=step.other))
        if one and other and one[1] != other[1]:
            site, target, subordinate = one[0], one[1], other[1]
            site.rep.merge(target, subordinate)
            self.world.truth.same((site.connection_id, target), (site.connection_id, subordinate))
            site.announce()

    async def _robot(self, step: Step) -> None:
        site = self.world.site(step.site)
        for row_id, row in self.world.rows(site).items():
            if not row["statecode"]:
                self._save(
                    (site, row_id),
                    {"telephone1": str(self.count), "emailaddress1": row["emailaddress1"]},
                    by="erp",
                )

    async def _robot_allows(self, step: Step) -> None:
        site = self.world.site(step.site)
        for row_id, row in self.world.rows(site).items():
            if not row["statecode"]:
                self._save((site, row_id), {"donotbulkemail": False}, by="erp")
