"""One Dataverse organisation in memory: everything the wire does goes through here."""

from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, replace
from threading import RLock
from typing import TYPE_CHECKING, Any

from dataverse_emulator.state.choices import Choices
from dataverse_emulator.state.definitions import Model
from dataverse_emulator.state.events import Event, Values
from dataverse_emulator.state.identity import Identity, User
from dataverse_emulator.state.lock import Lock
from dataverse_emulator.state.seeds import SEED_VERSION, Facts, seeds
from dataverse_emulator.state.sources import Sources, derived_id
from dataverse_emulator.state.standard import standard_model
from dataverse_emulator.state.table import VERSION, Table

if TYPE_CHECKING:
    from dataverse_emulator.state.files import StoredFile, Upload

_FIRST_VERSION = 1_000_000


@dataclass(frozen=True, slots=True)
class Settings:
    """The organisation's own facts (dataverse.md 1.3, 3.4, 7.2).

    `languages` are provisioned beside the base one; `role_of_new_users` is the security role of whoever is
    seen for the first time ("" for none); `outsiders` are clients and people who are no members (1.4);
    `form_variants` name what makers did to the contact forms (8.5, `state/form_variants.py`); fiscal years
    begin on a month and day and have 1, 2, 4, 12 or 13 periods.
    """

    name: str = "unqemulated"
    language_code: int = 1033
    languages: tuple[int, ...] = (1030, 1031, 1036, 1044, 1053)
    expire_change_tracking_in_days: int = 7
    is_audit_enabled: bool = False
    role_of_new_users: str = "System Administrator"
    outsiders: frozenset[str] = frozenset()
    form_variants: tuple[str, ...] = ()
    fiscal_year_starts: tuple[int, int] = (1, 1)
    fiscal_periods: int = 4

    @property
    def provisioned(self) -> tuple[int, ...]:
        """Every language labels may be in, the base one first."""
        return tuple(dict.fromkeys((self.language_code, *self.languages)))


class Organization:
    """Rows, metadata, users, and the one version counter that orders every change (dataverse.md 2.6)."""

    def __init__(
        self,
        sources: Sources,
        settings: Settings | None = None,
        choices: Choices | None = None,
        *,
        strict: bool = False,
        clients: dict[str, str] | None = None,
    ) -> None:
        self.sources = sources
        self.settings = settings or Settings()
        self.choices = choices or Choices()
        self.model = standard_model()
        self.edits: Mapping[tuple[str, ...], Mapping[str, Any]] = {}
        self.rights: tuple[object, dict[str, Any]] = (None, {})
        self.index_jobs: tuple[tuple[float, str, str], ...] = ()
        self.outbox: list[Event] = []
        self.bypassed: frozenset[str] = frozenset()
        self.lock = Lock()
        self.pending_audits: list[tuple[float, Values]] = []
        self.files: dict[str, StoredFile] = {}
        self.uploads: dict[str, Upload] = {}
        self._founded = sources.now()
        self._name_ids()
        self._tables: dict[str, Table] = {}
        self._drafts: dict[str, Table] = {}
        self._model_versions: dict[str, int] = {}
        self._version = _FIRST_VERSION
        self._undo: list[Callable[[], None]] | None = None
        # Tests look at an organisation from one thread while a server changes it from another.
        self._alone = RLock()
        self.identity = Identity(sources, dict(clients or {}), self._welcome, strict=strict)

    def snapshot(self) -> "Organization":
        """A copy as of now that changes on its own (a backup, a sandbox); only the sources are shared."""
        twin = Organization.__new__(Organization)
        with self._alone:
            twin._become(self)
        return twin

    def restore(self, kept: "Organization") -> None:
        """Become what the snapshot is; it stays as it is and can be restored again.

        Tokens issued since go on: signing in is not the organisation's.
        """
        with self._alone:
            since = self.identity
            self._become(kept)
            self.identity.honour(since)

    def _become(self, other: "Organization") -> None:
        assert other._undo is None, "a snapshot is of one moment, so not within a transaction"
        alone = self.__dict__.get("_alone") or RLock()
        self.__dict__.update(other.__dict__)
        self._alone = alone
        self.outbox, self.rights = other.outbox.copy(), (None, {})
        self.pending_audits, self.files = other.pending_audits.copy(), other.files.copy()
        self.uploads = {token: begun.copy() for token, begun in other.uploads.items()}
        self._tables = {name: table.copy() for name, table in other._tables.items()}
        self._drafts = {name: table.copy() for name, table in other._drafts.items()}
        self._model_versions = other._model_versions.copy()
        self.identity = other.identity.copy(self.sources, self._welcome)

    def __deepcopy__(self, _memo: object) -> "Organization":
        return self.snapshot()

    def rename(self, name: str) -> None:
        """Become another organisation with the same content, as a sandbox made from production is."""
        self.settings = replace(self.settings, name=name)
        self._tables.pop("organization", None)
        self._name_ids()

    def _name_ids(self) -> None:
        self.organization_id = derived_id("organization", self.settings.name)
        self.business_unit_id = derived_id("businessunit", self.settings.name)
        self.currency_id = derived_id("transactioncurrency", self.settings.name)

    # -- tables ---------------------------------------------------------------------------------------

    def table(self, name: str) -> Table:
        """The rows of a table, by logical name; KeyError when the model has no such table."""
        found = self._tables.get(name)
        if found is None:
            found = self._tables[name] = Table(self.model.tables[name])
            facts = Facts(
                self.organization_id, self.business_unit_id, self.currency_id, self.settings.name,
                self.settings.language_code, self.settings.expire_change_tracking_in_days,
                is_audit_enabled=self.settings.is_audit_enabled,
                languages=self.settings.provisioned, form_variants=self.settings.form_variants,
            )  # fmt: skip
            for row in seeds(name, facts, self.model):
                found.insert({**row, VERSION: SEED_VERSION}, self._founded)
        return found

    def unpublished(self, name: str) -> Table:
        """The layer above a table whose changes wait for a publish (dataverse.md 8.1)."""
        if name not in self._drafts:
            self._drafts[name] = Table(self.model.tables[name])
        return self._drafts[name]

    def change_model(self, model: Model) -> None:
        """Put another model in place; tables that left it lose their rows."""
        before, self.model = self.model, model
        gone = {name: self._tables.pop(name) for name in [*self._tables] if name not in model.tables}
        for name in [name for name in self._drafts if name not in model.tables]:
            del self._drafts[name]
        for held in (self._tables, self._drafts):
            for name, table in held.items():
                table.definition = model.tables[name]

        def undo() -> None:
            self._tables.update(gone)
            self.change_model(before)

        self.on_undo(undo)

    def metadata_changed(self, *tables: str) -> None:
        """Columns came or went (of every table when none is named): delta tokens may be void (3.4)."""
        version = self.next_version()
        for name in tables or self.model.tables:
            self._model_versions[name] = version

    def model_version(self, table: str | None = None) -> int:
        """The version of the newest metadata change, of a table or of any; 0 when there was none."""
        if table is None:
            return max(self._model_versions.values(), default=0)
        return self._model_versions.get(table, 0)

    # -- versions, transactions, events ---------------------------------------------------------------

    @property
    def version(self) -> int:
        """The newest version handed out."""
        return self._version

    def next_version(self) -> int:
        """One more, for ever upward, also when the change is later undone."""
        self._version += 1
        return self._version

    def next_versions(self, count: int) -> range:
        """So many more at once."""
        first = self._version + 1
        self._version += count
        return range(first, first + count)

    @contextmanager
    def transaction(self) -> Iterator[None]:
        """All or nothing: on a refusal every change inside is undone and its events dropped."""
        with self._alone:
            if self._undo is not None:
                yield
            else:
                yield from self._whole()

    def _whole(self) -> Iterator[None]:
        self._undo, waiting = [], len(self.outbox)
        try:
            yield
        except BaseException:
            undos, self._undo = self._undo, None
            for undo in reversed(undos):
                undo()
            del self.outbox[waiting:]
            raise
        finally:
            self._undo = None
            for table in self._tables.values():
                table.settle()

    def on_undo(self, undo: Callable[[], None]) -> None:
        """Say how the change just made is taken back."""
        if self._undo is not None:
            self._undo.append(undo)

    def take_events(self) -> list[Event]:
        """The committed events not yet taken, for the dispatcher."""
        taken, self.outbox = self.outbox, []
        return taken

    def _welcome(self, user: User) -> None:
        """A user seen for the first time has a row like any other (1.2)."""
        at = self.sources.now()
        self.table("systemuser").insert(
            {
                "systemuserid": user.user_id,
                "fullname": user.name,
                "lastname": user.name,
                "domainname": user.name,
                "applicationid": user.application_guid,
                "businessunitid": self.business_unit_id,
                "organizationid": self.organization_id,
                "isdisabled": False,
                "createdon": int(at),
                "modifiedon": int(at),
                VERSION: self.next_version(),
            },
            at,
        )
        if self.settings.role_of_new_users:
            self._give_role(user.user_id, self.settings.role_of_new_users)

    def _give_role(self, user_id: str, name: str) -> None:
        roles, pairs = self.table("role"), self.table("systemuserroles")
        found = roles.find(name=name)
        if found is None:
            raise LookupError(f"there is no security role {name!r} for new users")
        row = {pairs.definition.key: derived_id("systemuserroles", user_id, name), "systemuserid": user_id}
        pairs.insert({**row, "roleid": roles.row_id(found), VERSION: SEED_VERSION}, self.sources.now())
