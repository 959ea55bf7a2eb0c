"""Who calls and what they may do: roles, rights, and the caller every service asks for."""

from dataclasses import dataclass
from enum import Enum

from assent.errors import NotAllowed
from assent.ports import SYSTEM, Actor


class Role(Enum):
    """What a user or an API key is for (design section 6)."""

    ADMIN = "admin"
    SUPPORT = "support"
    MARKETER = "marketer"
    PRIVACY = "privacy"
    READER = "reader"
    MAILER = "mailer"  # a mail provider's key: it reports what came back, and nothing else


class Right(Enum):
    """One kind of thing that may be done; the value completes "may not ..."."""

    READ = "look at contacts, categories, sends and connections"
    EXPORT = "export contacts"
    EDIT = "change a contact"
    BULK = "change many contacts or import them"
    CATEGORIES = "change categories, sign-up forms and the look of pages"
    SEND = "prepare or start sends"
    OPERATE = "sweep, retry, or decide for a paused setup"
    CONNECT = "add, change or remove connections"
    PEOPLE = "manage users, API keys and outgoing webhooks"
    LEDGER = "read the evidence in the ledger"
    ERASE = "erase a person"
    RETURNS = "report bounces and complaints"
    SUPPRESSIONS = "let mail go to an address again that bounced"


_EVERYBODY = frozenset(Role) - {Role.MAILER}

#: Which roles have which right; every cell is decided.
RIGHTS: dict[Right, frozenset[Role]] = {
    Right.READ: _EVERYBODY,
    Right.EXPORT: frozenset({Role.ADMIN, Role.MARKETER, Role.PRIVACY}),
    Right.EDIT: frozenset({Role.ADMIN, Role.SUPPORT, Role.MARKETER, Role.PRIVACY}),
    Right.BULK: frozenset({Role.ADMIN, Role.MARKETER}),
    Right.CATEGORIES: frozenset({Role.ADMIN, Role.MARKETER}),
    Right.SEND: frozenset({Role.ADMIN, Role.MARKETER}),
    Right.OPERATE: frozenset({Role.ADMIN, Role.SUPPORT}),
    Right.CONNECT: frozenset({Role.ADMIN}),
    Right.PEOPLE: frozenset({Role.ADMIN}),
    Right.LEDGER: frozenset({Role.ADMIN, Role.SUPPORT, Role.PRIVACY}),
    Right.ERASE: frozenset({Role.ADMIN, Role.PRIVACY}),
    Right.RETURNS: frozenset({Role.ADMIN, Role.MAILER}),
    Right.SUPPRESSIONS: frozenset({Role.ADMIN, Role.PRIVACY}),
}


@dataclass(frozen=True, slots=True)
class Caller:
    """Who calls: one account, one actor, and what they may do there."""

    account_id: int
    actor: Actor
    rights: frozenset[Right]
    role: Role | None = None
    name: str = ""

    def require(self, right: Right) -> None:
        """Raise NotAllowed unless the caller has the right."""
        if right not in self.rights:
            who = f"The role {self.role.value}" if self.role else "This link"
            raise NotAllowed(f"{who} may not {right.value}. An admin can give another role.")

    def may(self, right: Right) -> bool:
        """Whether the caller has the right; pages hide what may not be done."""
        return right in self.rights


def caller(account_id: int, actor: Actor, role: Role, name: str = "") -> Caller:
    """A caller with everything a role may do."""
    rights = frozenset(right for right, roles in RIGHTS.items() if role in roles)
    return Caller(account_id, actor, rights, role, name)


def operator(account_id: int) -> Caller:
    """Whoever sits at the machine: the command line and the demo."""
    return Caller(account_id, SYSTEM, frozenset(Right), Role.ADMIN, "operator")
