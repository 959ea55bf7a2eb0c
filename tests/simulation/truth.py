"""What people did, when it took effect, and whose entities are the same person's: all the judges know."""

from collections.abc import Callable, Iterable, Mapping
from contextvars import ContextVar
from dataclasses import dataclass, field
from uuid import UUID

from assent.policy.address import normalise
from assent.policy.permission import LegalBasis

#: A contact of the hub (connection 0), or a row of an organisation.
Entity = tuple[int, UUID]

HUB = 0


@dataclass(eq=False, slots=True)
class Deed:
    """One person's act on one field of one entity; `at` is when it took effect, None while it did not.

    `undone` is since when nobody can be held to it: its organisation was put back to a backup, or its
    column went.
    """

    entity: Entity
    field: int
    yes: bool
    by: str
    basis: LegalBasis | None = None
    marker: str = ""
    at: float | None = None
    email: str | None = None
    undone: float | None = None

    def __str__(self) -> str:
        """The deed in one line."""
        side = "hub" if self.entity[0] == HUB else f"crm{self.entity[0]}"
        what = self.basis.name if self.basis is not None else ("yes" if self.yes else "no")
        when = "never" if self.at is None else f"{self.at:9.3f}"
        lost = " (undone by a restore)" if self.undone is not None else ""
        return f"{when}  {self.by:<8} {side} {str(self.entity[1])[:8]} field {self.field}: {what}{lost}"


@dataclass(eq=False, slots=True)
class Commit:
    """What takes effect with the commit of the running task's write.

    `about` is called right before it, and what it gives right behind it. Where several writes are
    needed, `armed` is switched on before the one that counts.
    """

    deeds: tuple[Deed, ...] = ()
    about: Callable[[], Callable[[], None]] | None = None
    armed: bool = True


COMMIT: ContextVar[Commit | None] = ContextVar("commit", default=None)


@dataclass(slots=True)
class Truth:
    """Everything people did in one history, and who is who by the addresses ever borne."""

    deeds: list[Deed] = field(default_factory=list)
    beginnings: dict[tuple[Entity, int], bool] = field(default_factory=dict)
    first_basis: dict[Entity, LegalBasis] = field(default_factory=dict)
    touches: list[tuple[Entity, float]] = field(default_factory=list)  # rows saved, whatever for
    sweeps: list[tuple[float, float]] = field(default_factory=list)  # those that met no trouble
    rehoused: set[Entity] = field(default_factory=set)  # whose address was changed
    said: dict[tuple[Entity, int], bool] = field(default_factory=dict)  # what rows said last, nulls apart
    silenced: set[Entity] = field(default_factory=set)  # whose basis somebody took back
    erased: dict[str, UUID] = field(default_factory=dict)  # addresses, and whose they were (I6)
    erased_rows: dict[Entity, float] = field(default_factory=dict)  # their active rows, and since when
    barred: set[str] = field(default_factory=set)  # addresses of those rows, when erased or since
    cast: set[Entity] = field(default_factory=set)  # who was there from the beginning
    put_back: dict[Entity, tuple[int, float]] = field(default_factory=dict)  # the version lost, and when
    unheard: set[Entity] = field(default_factory=set)  # rows whose last save no webhook told of
    overtaken: set[Entity] = field(default_factory=set)  # of those, whom nobody can tell
    _parents: dict[object, object] = field(default_factory=dict)

    def born(self, entity: Entity, email: str | None, says: dict[int, bool]) -> None:
        """An entity comes to be, saying this."""
        self.bears(entity, email)
        for what, yes in says.items():
            self.beginnings[entity, what] = yes

    def bears(self, entity: Entity, email: str | None) -> None:
        """An entity bears an address from now on: whoever ever bore it may be the same person."""
        self._find(entity)
        address = normalise(email)
        if address is not None:
            self.same(entity, address)
            if entity in self.erased_rows:
                self.barred.add(address)

    def same(self, one: object, other: object) -> None:
        """Two are one person, or may be."""
        a, b = self._find(one), self._find(other)
        if a != b:
            self._parents[a] = b

    def kin(self, entity: Entity) -> object:
        """What stands for everybody who may be the same person."""
        return self._find(entity)

    def stirred(self) -> list[float]:
        """When anybody did anything."""
        return [deed.at for deed in self.deeds if deed.at is not None] + [at for _, at in self.touches]

    def lost(self, at: float, which: Callable[[Deed], bool]) -> None:
        """What became of these deeds in the CRM may be unseen for ever: a restore, a column that went."""
        for deed in self.deeds:
            if deed.entity[0] != HUB and deed.at is not None and which(deed):
                deed.undone = at

    def restored(self, connection_id: int, versions: Mapping[UUID, int], at: float) -> None:
        """Rows that stood at these versions are as a backup has them."""
        self.put_back |= {(connection_id, row_id): (version, at) for row_id, version in versions.items()}

    def saved(self, entity: Entity, version: int, at: float, *, told: bool, watched: bool) -> None:
        """Somebody saved a row, which came to this version; `told` says that webhooks arrive.

        They tell of saves of `watched` columns alone: of others the version is not known here.

        A row put back and saved until its version is above the one known of it tells nobody that it was
        put back: what it says is taken for its rep's word, against whatever was said before (M7).
        """
        lost, when = self.put_back.get(entity, (version, 0.0))
        if entity not in self.put_back:
            (self.unheard.discard if watched else self.unheard.add)(entity)
        elif version > lost or not told or entity in self.unheard:
            del self.put_back[entity]
            self.overtaken.add(entity)
            kin = self.kin(entity)
            for deed in self.deeds:
                if deed.at is not None and deed.at <= when and self.kin(deed.entity) == kin:
                    deed.undone = at

    def unprovable(self, entity: Entity) -> bool:
        """Whether a row of an entity's kin was put back and nobody can tell (M7)."""
        kin = self.kin(entity)
        return any(self.kin(one) == kin for one in self.overtaken)

    def done(self, entity: Entity, what: int | None = None) -> list[Deed]:
        """Deeds that took effect on an entity's kin, oldest first."""
        kin = self.kin(entity)
        found = [
            d
            for d in self.deeds
            if d.at is not None and self.kin(d.entity) == kin and what in (None, d.field)
        ]
        return sorted(found, key=lambda deed: deed.at or 0.0)

    def newest_is_refusal(self, entities: Iterable[Entity], what: int, before: float) -> Deed | None:
        """The refusal that nobody of the kin granted over before a moment, if the newest deed is one.

        A refusal undone by a restore need not have been seen; a grant undone by one may have been.
        """
        mine = set(entities)
        last_no: Deed | None = None
        for deed in sorted((d for d in self.deeds if d.at is not None), key=lambda d: d.at or 0.0):
            if deed.field != what or (deed.at or 0.0) >= before:
                continue
            if not deed.yes and deed.entity in mine and deed.undone is None:
                last_no = deed
            elif deed.yes and any(self.kin(deed.entity) == self.kin(e) for e in mine):
                last_no = None
        return last_no

    def granted_since(self, refusal: Deed, until: float) -> bool:
        """Whether somebody granted what was refused, after it and by a moment."""
        return any(
            deed.yes and (refusal.at or 0.0) < (deed.at or 0.0) <= until
            for deed in self.done(refusal.entity, refusal.field)
        )

    def _find(self, one: object) -> object:
        parent = self._parents.setdefault(one, one)
        while parent != one:
            grand = self._parents[parent]
            self._parents[one] = grand
            one, parent = parent, grand
        return one
