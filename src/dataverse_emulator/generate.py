"""A seeded crowd of contacts as messy as real ones."""

from random import Random
from typing import Final
from unicodedata import normalize

from dataverse_emulator.state.columns import Cell
from dataverse_emulator.state.contacts import SLOT, Row
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
    chance = Random(f"{seed}/{len(organization.contacts)}")  # noqa: S311 - realism, not secrecy
    now, user = organization.sources.now(), organization.identity.system.user_id
    maker = _Maker(organization, chance, user, now)
    insert = organization.contacts.insert
    for at in range(count):
        insert(maker.row(at), now)


class _Maker:
    """Makes rows; keeps recent addresses so that some contacts share one."""

    def __init__(self, organization: Organization, chance: Random, user: str, now: float) -> None:
        self._organization = organization
        self._chance = chance
        self._user = user
        self._now = int(now)
        self._emails: list[str] = []
        self._last_active: str | None = None
        contacts = organization.contacts
        self._blank = contacts.blank()
        for name, column in contacts.columns.items():
            # Columns added by customisers are null on rows older than they are (7.3).
            self._blank[contacts.slots[name]] = None if column.custom else column.default

    def row(self, at: int) -> Row:
        """One contact."""
        chance, row, roll = self._chance, self._blank.copy(), self._chance.random
        first, last = chance.choice(_FIRST), chance.choice(_LAST)
        row_id = _guid(chance.getrandbits(128))
        row[SLOT["contactid"]] = row_id
        row[SLOT["versionnumber"]] = self._organization.next_version()
        row[SLOT["firstname"]], row[SLOT["lastname"]] = first, last
        row[SLOT["fullname"]] = f"{first} {last}"
        row[SLOT["emailaddress1"]] = self._email(first, last, at)
        row[SLOT["jobtitle"]] = chance.choice(_TITLES)
        if roll() < 0.5:
            row[SLOT["telephone1"]] = f"+46 8 {chance.randrange(10**6, 10**7)}"
        row[SLOT["donotbulkemail"]] = self._consent(roll())
        created = self._now - int(roll() * _YEARS_S)
        row[SLOT["createdon"]] = row[SLOT["modifiedon"]] = created
        row[SLOT["createdby"]] = row[SLOT["modifiedby"]] = self._user
        self._life(row, row_id, roll())
        return row

    def _consent(self, roll: float) -> Cell:
        # 12 % refuse; a few old rows never got a value.
        return None if roll < 0.004 else roll < 0.124

    def _life(self, row: Row, row_id: str, roll: float) -> None:
        if roll < 0.05:
            row[SLOT["statecode"]], row[SLOT["statuscode"]] = 1, 2
            if roll < 0.004 and self._last_active is not None:
                row[SLOT["merged"]], row[SLOT["masterid"]] = True, self._last_active
            return
        self._last_active = row_id

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
