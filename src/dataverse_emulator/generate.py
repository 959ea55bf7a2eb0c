"""A seeded crowd of contacts as messy as real ones, made column by column because crowds are large."""

from collections.abc import Iterator, Sequence
from random import Random
from typing import Final
from unicodedata import normalize

from dataverse_emulator.state.columns import Cell
from dataverse_emulator.state.organization import Organization

_FIRST_NAMES: Final = """
    Anna Björn Chloé Dimitrios Elif François Grzegorz Håkon Inés Jürgen Kateřina Łukasz María Nguyễn Oliver
    Paweł Quentin Renée Søren Tomáš Ursula Viktória William Xenia Yusuf Zoë Aiko Priya Ahmed Mei Иван Γιώργος
"""
_LAST_NAMES: Final = """
    Andersson Müller O'Brien García Nowak Dvořák Jensen Öztürk Rossi Dubois van-der-Berg Kovács Ström
    Papadopoulos Smith Şahin Lindqvist Hernández Schäfer Novák Nygård Wiśniewska Tanaka Sharma Haddad Li
"""
_DOMAIN_NAMES: Final = """
    example.com example.org example.net mail.example kund.example firma.example büro.example
    xn--bro-hoa.example smörgås.example contoso.example fabrikam.example
"""
_FIRST: Final = _FIRST_NAMES.split()
_LAST: Final = _LAST_NAMES.split()
_DOMAINS: Final = _DOMAIN_NAMES.split()
_TITLES: Final = (None, None, "CEO", "Sales Manager", "Inköpare", "Geschäftsführer", "Directrice", "Buyer")
_PHONES: Final = ("+46 8 {}", "+46 8 {}", "+49-30-{}", "0{}", "(0){} ext. 4")
_YEARS_S: Final = 5 * 365 * 86_400
# As many rows are made at a time: what is only needed while making them stays small.
_CHUNK: Final = 50_000
# A shared address is that of somebody about so many rows before.
_NEIGHBOURS: Final = 1000

Columns = dict[str, Sequence[Cell]]


def fill(organization: Organization, count: int, seed: int) -> None:
    """Add `count` contacts; the same seed on the same organisation gives the same rows."""
    table = organization.table("contact")
    chance = Random(f"{seed}/{len(table)}")  # noqa: S311 - realism, not secrecy
    at, user = organization.sources.now(), organization.identity.system.user_id
    shared = _shared(organization, user)
    for columns in people(chance, int(at), count):
        columns["versionnumber"] = organization.next_versions(len(columns["contactid"]))
        table.extend(columns, {n: v for n, v in shared.items() if n not in columns}, at)


def _shared(organization: Organization, user: str) -> dict[str, Cell]:
    """What every generated row says; columns added by customisers are null on older rows (7.3)."""
    definition = organization.table("contact").definition
    values = {name: v for name, v in definition.defaults.items() if not definition.columns[name].custom}
    owner: dict[str, Cell] = {
        "createdby": user,
        "modifiedby": user,
        "ownerid": user,
        "owneridtype": "systemuser",
        "owninguser": user,
        "owningbusinessunit": organization.business_unit_id,
    }
    return values | owner


def people(chance: Random, now: int, count: int) -> Iterator[Columns]:
    """So many contacts, some thousands at a time, by column.

    They lie in the order of their ids, as in a database that keeps rows by key, so that pages are near.
    """
    ids, master = sorted(_guids(chance, count)), None
    for start in range(0, count, _CHUNK):
        columns = _some(chance, now, start, ids[start : start + _CHUNK], master)
        yield columns
        master = _first_active(columns) or master


def _first_active(columns: Columns) -> str | None:
    states = zip(columns["contactid"], columns["statecode"], strict=True)
    return next((str(row_id) for row_id, state in states if state == 0), None)


def _some(chance: Random, now: int, start: int, ids: list[str], master: str | None) -> Columns:
    """The contacts of these ids; `master` is a live row of an earlier lot, if there is one."""
    size = len(ids)
    firsts, lasts = chance.choices(_FIRST, k=size), chance.choices(_LAST, k=size)
    names = [_FULL[first][last] for first, last in zip(firsts, lasts, strict=True)]
    created = [now - int(roll * _YEARS_S) for roll in _rolls(chance, size)]
    columns: Columns = {
        "contactid": ids,
        "firstname": firsts,
        "lastname": lasts,
        "fullname": names,
        "emailaddress1": _emails(chance, firsts, lasts, start),
        "jobtitle": chance.choices(_TITLES, k=size),
        "telephone1": list(_phones(chance, size)),
        # 12 % refuse; a few old rows never got a value.
        "donotbulkemail": [None if r < 0.004 else r < 0.124 for r in _rolls(chance, size)],
        "createdon": created,
        "modifiedon": created,
    }
    return columns | _lives(ids, _rolls(chance, size), master)


def _rolls(chance: Random, count: int) -> list[float]:
    roll = chance.random
    return [roll() for _ in range(count)]


def _guids(chance: Random, count: int) -> list[str]:
    digits = chance.randbytes(16 * count).hex()
    return [
        f"{digits[at:at + 8]}-{digits[at + 8:at + 12]}-4{digits[at + 13:at + 16]}"
        f"-a{digits[at + 17:at + 20]}-{digits[at + 20:at + 32]}"
        for at in range(0, 32 * count, 32)
    ]  # fmt: skip


def _phones(chance: Random, count: int) -> Iterator[str | None]:
    """Half of them have one, in no agreed form."""
    for roll, number in zip(_rolls(chance, count), _rolls(chance, count), strict=True):
        form = _PHONES[int(number * 997) % len(_PHONES)]
        yield form.format(int(10**6 + number * 9 * 10**6)) if roll < 0.5 else None


def _lives(ids: list[str], rolls: list[float], master: str | None) -> Columns:
    """State, status, whether merged and into which: one in twenty is inactive, a few of those merged."""
    states: list[Cell] = [int(roll < 0.05) for roll in rolls]
    masters: list[Cell] = [None] * len(ids)
    for at, roll in enumerate(rolls):
        if roll >= 0.05:
            master = ids[at]
        elif roll < 0.004:
            masters[at] = master
    return {
        "statecode": states,
        "statuscode": [2 if state else 1 for state in states],
        "merged": [found is not None for found in masters],
        "masterid": masters,
    }


def _emails(chance: Random, firsts: list[str], lasts: list[str], start: int) -> list[Cell]:
    """Most have one of their own; some share one, and some were typed carelessly."""
    domains = chance.choices(_DOMAINS, k=len(firsts))
    found: list[Cell] = [
        f"{_LOCAL[first]}.{_LOCAL[last]}{number}@{domain}"
        for number, (first, last, domain) in enumerate(zip(firsts, lasts, domains, strict=True), start)
    ]
    for at, roll in enumerate(_rolls(chance, len(firsts))):
        if roll < 0.13:
            found[at] = _careless(str(found[at]), roll, found[max(0, at - 1 - int(roll * 1e6) % _NEIGHBOURS)])
    return found


def _careless(email: str, roll: float, neighbours: Cell) -> Cell:
    if roll < 0.04:
        return None
    if roll < 0.07:
        return neighbours
    if roll < 0.12:
        return email.title() if roll < 0.1 else email.upper()
    return f" {email} "


def _local_part(name: str) -> str:
    """As mail systems make them: plain lower-case letters; other alphabets get a stand-in."""
    letters = normalize("NFKD", name.lower()).encode("ascii", "ignore").decode()
    return "".join(filter(str.isalpha, letters)) or "kontakt"


_LOCAL: Final = {name: _local_part(name) for name in (*_FIRST, *_LAST)}
# Made once, so that equal names are one object.
_FULL: Final = {first: {last: f"{first} {last}" for last in _LAST} for first in _FIRST}
