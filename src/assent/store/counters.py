"""Numbers given out in order: revisions of an account's contacts, and ids that are never used twice."""

from sqlalchemy import Connection, bindparam, select, update

from assent.errors import Unknown
from assent.store.dialects import insert
from assent.store.schema import accounts, counters

#: The account whose counters number things of the whole installation.
INSTALLATION = 0

_LOCK = (
    select(accounts.c.account_id)
    .where(accounts.c.account_id == bindparam("account_id"))
    .with_for_update(key_share=True)
)
_REVISIONS = (
    update(accounts)
    .where(accounts.c.account_id == bindparam("at_account"))
    .values(revision=accounts.c.revision + bindparam("count"))
    .returning(accounts.c.revision)
)
_FIRST = insert(counters)
_NUMBERS = _FIRST.on_conflict_do_update(
    index_elements=["account_id", "name"], set_={"value": counters.c.value + _FIRST.excluded.value}
).returning(counters.c.value)


def lock_account(connection: Connection, account_id: int) -> None:
    """Let no other writer change this account's contacts or ledger until the transaction ends.

    Taken before any other lock, so that writers never wait for each other in a circle. Rows that only
    refer to the account, a notice's or a wait's, are written meanwhile: whoever writes them may hold
    contacts already. Raises Unknown for an account that does not exist.
    """
    if connection.execute(_LOCK, {"account_id": account_id}).first() is None:
        raise Unknown(f"there is no account {account_id}")


def take_revisions(connection: Connection, account_id: int, count: int) -> range:
    """Take the next `count` revisions; each is above every one given before."""
    taken = connection.execute(_REVISIONS, {"at_account": account_id, "count": count})
    last = taken.scalar_one_or_none()
    if last is None:
        raise Unknown(f"there is no account {account_id}")
    return range(last - count + 1, last + 1)


def take_numbers(connection: Connection, account_id: int, name: str, count: int = 1) -> range:
    """Take the next `count` numbers of a counter; they are never given again, used or not."""
    values = {"account_id": account_id, "name": name, "value": count}
    last = connection.execute(_NUMBERS, values).scalar_one()
    return range(last - count + 1, last + 1)
