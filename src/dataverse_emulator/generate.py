"""A seeded crowd of contacts as messy as real ones."""

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
_CHUNK: Final = 1000
_YEARS_S: Final = 5 * 365 * 86_400


def fill(organization: Organization, count: int, seed: int) -> None:
    """Add `count` contacts; the same seed on the same organisation gives the same rows."""
    table = organization.table("contact")
    chance = Random(f"{seed}/{len(table)}")  # noqa: S311 - realism, not secrecy
    at, user = organization.sources.now(), organization.identity.system.user_id
    maker = _Maker(chance, int(at))
    columns: dict[str, list[Cell]] = {name: [] for name in _VARYING}
    add = [held.append for held in columns.values()]
    for number in range(count):
        for append, value in zip(add, maker.row(number, organization.next_version()), strict=True):
            append(value)
    table.extend(columns, _shared(organization, user), at)


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
    return {name: value for name, value in (values | owner).items() if name not in _VARYING}


_VARYING: Final = (
    "contactid", "versionnumber", "firstname", "lastname", "fullname", "emailaddress1", "jobtitle",
    "telephone1", "donotbulkemail", "createdon", "modifiedon", "statecode", "statuscode", "merged",
    "masterid",
)  # fmt: skip


class _Maker:
    """Makes rows; keeps recent addresses so that some contacts share one."""

    def __init__(self, chance: Random, now: int) -> None:
        self._chance = chance
        self._now = now
        self._emails: list[str] = []
        self._last_active: str | None = None

    def row(self, at: int, version: int) -> tuple[Cell, ...]:
        """One contact, in the order of the columns that vary."""
        chance, roll = self._chance, self._chance.random
        first, last = chance.choice(_FIRST), chance.choice(_LAST)
        row_id = _guid(chance.getrandbits(128))
        email = self._email(first, last, at)
        title = chance.choice(_TITLES)
        phone = f"+46 8 {chance.randrange(10**6, 10**7)}" if roll() < 0.5 else None
        refused = self._consent(roll())
        created = self._now - int(roll() * _YEARS_S)
        names = (first, last, f"{first} {last}")
        life = self._life(row_id, roll())
        return (row_id, version, *names, email, title, phone, refused, created, created, *life)

    def _consent(self, roll: float) -> Cell:
        # 12 % refuse; a few old rows never got a value.
        return None if roll < 0.004 else roll < 0.124

    def _life(self, row_id: str, roll: float) -> tuple[Cell, ...]:
        """State, status, whether merged, and into which."""
        if roll < 0.004 and self._last_active is not None:
            return (1, 2, True, self._last_active)
        if roll < 0.05:
            return (1, 2, False, None)
        self._last_active = row_id
        return (0, 1, False, None)

    def _email(self, first: str, last: str, at: int) -> str | None:
        chance, roll = self._chance, self._chance.random()
        if roll < 0.04:
            return None
        if roll < 0.07 and self._emails:
            return chance.choice(self._emails)
        email = f"{_LOCAL[first]}.{_LOCAL[last]}{at}@{chance.choice(_DOMAINS)}"
        if roll < 0.12:
            email = email.title() if roll < 0.1 else email.upper()
        elif roll < 0.13:
            email = f" {email} "
        if len(self._emails) < _CHUNK:
            self._emails.append(email)
        else:
            self._emails[at % _CHUNK] = email
        return email


def _local_part(name: str) -> str:
    """As mail systems make them: plain lower-case letters; other alphabets get a stand-in."""
    letters = normalize("NFKD", name.lower()).encode("ascii", "ignore").decode()
    return "".join(filter(str.isalpha, letters)) or "kontakt"


_LOCAL: Final = {name: _local_part(name) for name in (*_FIRST, *_LAST)}


def _guid(bits: int) -> str:
    digits = f"{bits:032x}"
    return f"{digits[:8]}-{digits[8:12]}-4{digits[13:16]}-a{digits[17:20]}-{digits[20:]}"
