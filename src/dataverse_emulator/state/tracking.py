"""Change tracking by version: tokens, deltas, deletions last, expiry (dataverse.md section 3)."""

from dataclasses import dataclass
from datetime import UTC, datetime
from itertools import islice

from dataverse_emulator.state.log import Deletion
from dataverse_emulator.state.organization import Organization
from dataverse_emulator.state.problems import Problem, Refusal, bad_syntax
from dataverse_emulator.state.table import VERSION, Table

_DAY_S = 86_400
_STAMP = "%m/%d/%Y %H:%M:%S"


@dataclass(frozen=True, slots=True)
class Token:
    """What a deltaLink carries: a version and the time it was given out (3.2)."""

    version: int
    issued: float

    def text(self) -> str:
        """`<version>!MM/dd/yyyy HH:mm:ss`."""
        return f"{self.version}!{datetime.fromtimestamp(self.issued, UTC).strftime(_STAMP)}"


@dataclass(frozen=True, slots=True)
class Reach:
    """How far a paged delta has come: rows up to `after`, then deletions, none newer than `until`."""

    after: int
    until: int
    in_deletions: bool = False


@dataclass(frozen=True, slots=True)
class Delta:
    """One page of changes, rows by position; `rest` is set while more pages follow."""

    rows: list[int]
    gone: list[Deletion]
    rest: Reach | None


def parsed(text: str) -> Token:
    """The token in a deltaLink."""
    version, _, stamp = text.partition("!")
    try:
        issued = datetime.strptime(stamp, _STAMP).replace(tzinfo=UTC).timestamp()
        if not version.isascii() or not version.isdigit() or len(version) > 18:
            raise ValueError(version)
        return Token(int(version), issued)
    except ValueError:
        raise bad_syntax("The $deltatoken is not valid.") from None


def token_now(organization: Organization, table: Table) -> Token:
    """A token that covers everything visible to change tracking at this moment."""
    return Token(watermark(organization, table), organization.sources.now())


def watermark(organization: Organization, table: Table) -> int:
    """The newest version change tracking shows; behind by the chosen lag (3.5)."""
    lag = organization.choices.tracking_lag_s
    if lag <= 0:
        return organization.version
    return table.log.version_at(organization.sources.now() - lag, organization.version)


def check_fresh(organization: Organization, table: Table, token: Token) -> None:
    """Refuse a token that is too old or, by choice, of before a metadata change (3.4)."""
    age = organization.sources.now() - token.issued
    expired = age > organization.settings.expire_change_tracking_in_days * _DAY_S
    changed = organization.model_version(table.definition.name)
    if organization.choices.metadata_expires_delta and token.version < changed:
        expired = True
    if expired:
        raise Refusal(
            Problem.EXPIRED_VERSION_STAMP,
            "Version stamp associated with the client has expired. Please perform a full sync.",
        )


def delta_page(
    organization: Organization, table: Table, token: Token, reach: Reach | None, size: int
) -> Delta:
    """Changes since the token by version, then deletions; each row once with its present state (3.3)."""
    reach = reach or Reach(token.version, watermark(organization, table))
    rows = list[int]()
    if not reach.in_deletions:
        rows = list(islice(table.changed(reach.after, reach.until), size + 1))
        if len(rows) > size:
            return Delta(rows[:size], [], Reach(table.cell(rows[size - 1], VERSION), reach.until))
        reach = Reach(token.version, reach.until, in_deletions=True)
    room = size - len(rows)
    gone = list(islice(table.deleted(reach.after, reach.until), room + 1))
    if len(gone) > room:
        # A page may be full of rows; then the deletions begin where the token does.
        at = gone[room - 1].version if room else reach.after
        return Delta(rows, gone[:room], Reach(at, reach.until, in_deletions=True))
    return Delta(rows, gone, None)


def changes(organization: Organization, table: Table, token: Token) -> int:
    """How many rows a delta would bring, deletions included (3.3)."""
    until = watermark(organization, table)
    return sum(1 for _ in table.changed(token.version, until)) + sum(
        1 for _ in table.deleted(token.version, until)
    )
