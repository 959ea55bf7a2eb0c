"""Users and the tokens that name them (dataverse.md 1.1, 1.2)."""

from collections.abc import Callable
from dataclasses import dataclass, replace

from dataverse_emulator.state.columns import guid
from dataverse_emulator.state.sources import Sources, derived_id

TOKEN_LIFETIME_S = 3599


@dataclass(frozen=True, slots=True)
class User:
    """Somebody who may act; `application_id` is set for application users.

    `behind` is the id of the user who acts in this one's name (impersonation, dataverse.md 2.2).
    """

    user_id: str
    name: str
    application_id: str | None = None
    behind: str | None = None

    @property
    def application_guid(self) -> str | None:
        """The application's id where it is a guid, as real ones are."""
        return guid(self.application_id or "")


@dataclass(frozen=True, slots=True)
class _Token:
    user: User
    expires: float


class Identity:
    """Who may come in, and as whom; `arrived` hears of each user when first seen."""

    def __init__(
        self, sources: Sources, clients: dict[str, str], arrived: Callable[[User], None], *, strict: bool
    ) -> None:
        self.strict = strict
        self.clients = clients
        self.users: dict[str, User] = {}
        self._sources = sources
        self._arrived = arrived
        self._tokens: dict[str, _Token] = {}
        self.system = self._known(User(derived_id("systemuser", "SYSTEM"), "SYSTEM"))

    def copy(self, sources: Sources, arrived: Callable[[User], None]) -> "Identity":
        """The same users and tokens, for a copy of the organisation."""
        twin = Identity.__new__(Identity)
        twin.strict, twin.clients, twin.users = self.strict, dict(self.clients), dict(self.users)
        twin._sources, twin._arrived, twin._tokens = sources, arrived, dict(self._tokens)
        twin.system = self.system
        return twin

    def honour(self, other: "Identity") -> None:
        """Let the tokens of another identity of the same directory in too."""
        self._tokens |= other._tokens

    def issue(self, client_id: str, client_secret: str) -> str | None:
        """A token for the client's application user, or nothing when the secret is not right."""
        if self.strict and (not client_secret or self.clients.get(client_id) != client_secret):
            return None
        text = f"issued.{self._sources.new_id()}"
        self._tokens[text] = _Token(self.application(client_id), self._sources.now() + TOKEN_LIFETIME_S)
        return text

    def application(self, client_id: str) -> User:
        """The one application user of that app registration (1.2)."""
        user_id = derived_id("systemuser", "application", client_id)
        return self._known(User(user_id, f"# {client_id}", client_id))

    def bearer(self, text: str) -> User | None:
        """The user a bearer token names; outside strict mode any text names a user of its own."""
        token = self._tokens.get(text)
        if token is not None:
            return token.user if self._sources.now() < token.expires else None
        if self.strict or not text:
            return None
        return self.person(text)

    def person(self, name: str) -> User:
        """An interactive user, made when first seen."""
        return self._known(User(derived_id("systemuser", name), name))

    def expire(self, text: str) -> None:
        """One token stops working, if it was issued here."""
        if text in self._tokens:
            self._tokens[text] = replace(self._tokens[text], expires=0)

    def expire_all(self) -> None:
        """Every token issued so far stops working (a fault to test renewal)."""
        self._tokens = {text: replace(token, expires=0) for text, token in self._tokens.items()}

    def _known(self, user: User) -> User:
        found = self.users.get(user.user_id)
        if found is None:
            found = self.users[user.user_id] = user
            self._arrived(user)
        return found
