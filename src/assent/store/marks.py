"""What is remembered of addresses: refusals left behind (I3), erasures (I6), suppressions (G3).

The table holds keyed hashes only; without the account's key nobody can tell whose they are.
"""

import hashlib
import hmac
from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import Connection, bindparam, or_, select

from assent.errors import Invalid, Unknown
from assent.ledger.seal import Vault
from assent.policy.address import normalise
from assent.policy.identity import AddressMarks
from assent.store.batches import chunked
from assent.store.dialects import insert
from assent.store.schema import accounts, address_marks

#: What is known of an address nothing is remembered of.
NOTHING = AddressMarks()

_KEY = select(accounts.c.mark_key).where(accounts.c.account_id == bindparam("account_id"))
_MARKS = ("refused", "erased", "suppressed", "complained")
_OF = select(address_marks.c.digest, *(address_marks.c[name] for name in _MARKS)).where(
    address_marks.c.account_id == bindparam("account_id"),
    address_marks.c.digest.in_(bindparam("digests", expanding=True)),
)
_NEW = insert(address_marks)
_ADD = _NEW.on_conflict_do_update(
    index_elements=["account_id", "digest"],
    set_={name: or_(address_marks.c[name], _NEW.excluded[name]) for name in _MARKS}
    | {"at": _NEW.excluded.at},
)


@dataclass(frozen=True, slots=True)
class Marks:
    """Reads and sets marks by address, under the account's own key."""

    vault: Vault

    def of(
        self, connection: Connection, account_id: int, addresses: Collection[str]
    ) -> dict[str, AddressMarks]:
        """What is remembered of normalised addresses; absent means nothing."""
        digests = self.digests(connection, account_id, addresses)
        found = {}
        for piece in chunked(digests):
            asked = {"account_id": account_id, "digests": piece}
            for digest, *said in connection.execute(_OF, asked).all():
                found[digests[digest]] = AddressMarks(*said)
        return found

    def add(
        self,
        connection: Connection,
        account_id: int,
        addresses: Collection[str],
        mark: AddressMarks,
        at: datetime,
    ) -> None:
        """Add marks to addresses; what was remembered of them before stays."""
        if not addresses:
            return
        rows = [
            {
                "account_id": account_id,
                "digest": digest,
                "refused": mark.refused,
                "erased": mark.erased,
                "suppressed": mark.suppressed,
                "complained": mark.complained,
                "at": at,
            }
            for digest in sorted(self.digests(connection, account_id, addresses))
        ]
        connection.execute(_ADD, rows)

    def lift(
        self, connection: Connection, account_id: int, address: str, mark: AddressMarks, at: datetime
    ) -> None:
        """Take marks off an address: by its owner's confirmed sign-up (I6), or a bounce by a person (G3)."""
        (digest,) = self.digests(connection, account_id, [address])
        connection.execute(
            address_marks.update()
            .where(address_marks.c.account_id == account_id, address_marks.c.digest == digest)
            .values(at=at, **{name: False for name in _MARKS if getattr(mark, name)})
        )

    def key(self, connection: Connection, account_id: int) -> bytes:
        """The account's own key, which no rotation of the installation's changes; raises Unknown."""
        wrapped = connection.execute(_KEY, {"account_id": account_id}).scalar_one_or_none()
        if wrapped is None:
            raise Unknown(f"there is no account {account_id}")
        return self.vault.unwrap(wrapped)

    def digests(
        self, connection: Connection, account_id: int, addresses: Collection[str]
    ) -> dict[bytes, str]:
        """The keyed hashes of normalised addresses, which alone are kept."""
        if not addresses:
            return {}
        key = self.key(connection, account_id)
        return {hmac.digest(key, address.encode(), hashlib.sha256): address for address in addresses}


def address_of(text: str) -> str:
    """Normalise an address somebody gave; raises Invalid where there is none in the text."""
    address = normalise(text)
    if address is None or len(address) > 320:
        raise Invalid("this is not an email address; expected something like name@example.com")
    return address
