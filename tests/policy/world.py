"""A hub, some CRM rows and the people who use them, for stories that end in a judgement."""

from dataclasses import dataclass, field, replace

from assent.policy.permission import BASIS_STANCE, BulkEmail, LegalBasis, Stance
from assent.policy.plan import Plan, RowWrite, Terms, plan_person, settle
from assent.policy.sides import ADDRESS, PERMISSION, Contact, Link, LinkKey, Person, Row
from assent.policy.sightings import absorb

from .samples import ALLOW, DENY, REP, TERMS, US, at


def written(row: Row, write: RowWrite) -> Row:
    """The row after a write of ours."""
    return replace(
        row,
        version=row.version + 1,
        toggle=row.toggle if write.toggle is None else write.toggle,
        known=row.known | write.fields,
        value=(row.value & ~write.fields) | (write.value & write.fields),
        email=row.email if write.email is None else write.email,
        modified_by=US,
    )


def carried_out(person: Person, plan: Plan) -> Person:
    """Both sides after the plan: the hub holds `after`, the rows what was written, nothing settled yet."""
    contact = replace(plan.after, revision=person.contact.revision + bool(plan.changes))
    writes = {write.key: write for write in plan.writes}
    links = tuple(
        replace(link, row=written(link.row, writes[link.key])) if link.row and link.key in writes else link
        for link in person.links
    )
    return Person(contact, links)


def settled(person: Person, terms: Terms = TERMS) -> Person | None:
    """The person with every base moved and every mark gone, or None while some link disagrees (M4)."""
    links = []
    for link in person.links:
        base = settle(person.contact, link, terms.categories)
        if base is None and link.row is not None:
            return None
        links.append(
            replace(link, base=base, hub_touched=0, crm_touched=0, intended=0, intended_value=0, refused=0)
        )
    return Person(person.contact, tuple(links))


@dataclass
class World:
    """One person; time passes only when told. Every act of a person is in `acts`, the sync's never."""

    contact: Contact
    links: dict[LinkKey, Link]
    rows: dict[LinkKey, Row]
    offset: float = 0  # how far the CRM's clock is ahead
    now: float = 1000
    acts: list[tuple[str, Stance]] = field(default_factory=list)

    def _move(self, key: LinkKey, row: Row) -> None:
        moment = at(int(self.now + self.offset))  # modifiedon has whole seconds
        self.rows[key] = replace(row, version=self.rows[key].version + 1, modified_at=moment)

    def hub(self, basis: LegalBasis) -> None:
        """The contact, or somebody in the hub, sets the basis; an act even when it repeats (M3)."""
        self.contact = replace(
            self.contact,
            basis=basis,
            revision=self.contact.revision + 1,
            last_positive=basis if basis.positive else self.contact.last_positive,
            acted={PERMISSION: at(self.now)},
        )
        for key, link in self.links.items():
            self.links[key] = replace(link, hub_touched=link.hub_touched | PERMISSION)
        self.acts.append(("hub", BASIS_STANCE[basis]))

    def rep(self, key: LinkKey, toggle: BulkEmail) -> None:
        """A rep sets the toggle; setting what stands already moves the row and is no act (M3)."""
        row = self.rows[key]
        if row.toggle is not toggle:
            self.acts.append((str(key.row_id), Stance.YES if toggle is ALLOW else Stance.NO))
        self._move(key, replace(row, toggle=toggle, modified_by=REP))

    def edit(self, key: LinkKey) -> None:
        """A rep changes something else: the version moves, the toggle does not."""
        self._move(key, replace(self.rows[key], modified_by=REP))

    def see(self, key: LinkKey, row: Row | None = None, read_at: float | None = None) -> None:
        """The sync reads a row, or hears late of what it once held."""
        when = at(self.now if read_at is None else read_at)
        self.links[key] = absorb(
            self.links[key], row or self.rows[key], read_at=when, read_revision=self.contact.revision
        )

    def reconcile(self, crash: str = "") -> Plan:
        """Read everything, plan, act, settle; a crash may come after the hub changed or after the writes."""
        for key in self.links:
            self.see(key)
        plan = plan_person(Person(self.contact, tuple(self.links.values())), TERMS)
        person = carried_out(Person(self.contact, tuple(self.links.values())), plan)
        self.contact = person.contact
        if crash == "after the hub":
            return plan
        writes = {write.key: write for write in plan.writes}
        for link in person.links:
            if link.key in writes:
                write = writes[link.key]
                assert link.row is not None
                self._move(link.key, link.row)
                value = write.value | (PERMISSION if write.toggle is ALLOW else 0)
                self.links[link.key] = replace(
                    self.links[link.key], intended=write.touched & ~ADDRESS, intended_value=value
                )
        if crash == "after the writes":
            return plan
        for key in self.links:
            self.see(key)
        done = settled(Person(self.contact, tuple(self.links.values())))
        if done is not None:
            self.links = {k.key: replace(k, same_at=at(self.now), read_at=at(self.now)) for k in done.links}
        return plan

    @property
    def refused_everywhere(self) -> bool:
        """Whether both sides say no."""
        return self.contact.basis is LegalBasis.WITHDRAWN and all(
            r.toggle is DENY for r in self.rows.values()
        )

    @property
    def granted_everywhere(self) -> bool:
        """Whether both sides say yes."""
        return self.contact.basis.positive and all(r.toggle is ALLOW for r in self.rows.values())
