"""One Dataverse organisation in memory: everything the wire does goes through here."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass

from dataverse_emulator.state.choices import Choices
from dataverse_emulator.state.columns import guid
from dataverse_emulator.state.contacts import Contacts
from dataverse_emulator.state.events import Event
from dataverse_emulator.state.forms import Forms, Views
from dataverse_emulator.state.identity import Identity
from dataverse_emulator.state.registers import Registers
from dataverse_emulator.state.registrations import add_message_catalogue
from dataverse_emulator.state.sources import Sources, derived_id


@dataclass(frozen=True, slots=True)
class Settings:
    """The organisation's own facts (dataverse.md 1.3, 3.4, 7.2)."""

    name: str = "unqemulated"
    language_code: int = 1033
    expire_change_tracking_in_days: int = 7
    is_audit_enabled: bool = False


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
        self.organization_id = derived_id("organization", self.settings.name)
        self.business_unit_id = derived_id("businessunit", self.settings.name)
        self.identity = Identity(sources, dict(clients or {}), strict=strict)
        self.contacts = Contacts()
        self._version = 1_000_000
        self.registers = Registers(sources)
        self.forms = Forms(self.registers["systemforms"], self.next_version())
        self.views = Views(self.registers["savedqueries"], self.next_version())
        self.outbox: list[Event] = []
        self.metadata_version = 0
        self._undo: list[Callable[[], None]] | None = None
        add_message_catalogue(self.registers, self.next_version())
        self._add_organization_row()

    @property
    def version(self) -> int:
        """The newest version handed out."""
        return self._version

    def next_version(self) -> int:
        """One more, for ever upward, also when the change is later undone."""
        self._version += 1
        return self._version

    @contextmanager
    def transaction(self) -> Iterator[None]:
        """All or nothing: on a refusal every contact change inside is undone and its events dropped."""
        if self._undo is not None:
            yield
            return
        self._undo, waiting = [], len(self.outbox)
        try:
            yield
        except BaseException:
            for undo in reversed(self._undo):
                undo()
            del self.outbox[waiting:]
            raise
        finally:
            self._undo = None
            self.contacts.settle()

    def on_undo(self, undo: Callable[[], None]) -> None:
        """Say how the change just made is taken back."""
        if self._undo is not None:
            self._undo.append(undo)

    def take_events(self) -> list[Event]:
        """The committed events not yet taken, for the dispatcher."""
        taken, self.outbox = self.outbox, []
        return taken

    def metadata_changed(self) -> None:
        """A contact column came or went: delta tokens of before may be void (dataverse.md 3.4)."""
        self.metadata_version = self.next_version()

    def refresh_users(self) -> None:
        """Show the users known by now in the systemuser table."""
        register = self.registers["systemusers"]
        for user in self.identity.users.values():
            if user.user_id not in register.rows:
                row = {"fullname": user.name, "applicationid": guid(user.application_id or "")}
                register.add(row, self.next_version(), user.user_id)

    def _add_organization_row(self) -> None:
        facts = self.settings
        row = {
            "name": facts.name,
            "languagecode": facts.language_code,
            "expirechangetrackingindays": facts.expire_change_tracking_in_days,
            "isauditenabled": facts.is_audit_enabled,
        }
        self.registers["organizations"].add(row, self.next_version(), self.organization_id)
