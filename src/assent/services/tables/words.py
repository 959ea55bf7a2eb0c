"""The words people write in files, in English, Swedish, German and French, and the ones we write."""

import unicodedata
from collections.abc import Mapping
from enum import Enum
from typing import TypeVar

from assent.policy.permission import LegalBasis

_Meaning = TypeVar("_Meaning")


class Field(Enum):
    """What a column of a file may mean."""

    EMAIL = "email"
    FIRST_NAME = "first_name"
    LAST_NAME = "last_name"
    BASIS = "legal_basis"
    EVIDENCE = "evidence"
    SOURCE = "evidence_source"
    CATEGORY = "category"
    IGNORE = "ignore"


#: Each field as a person would say it.
FIELD_WORDS = {
    Field.EMAIL: "the email address",
    Field.FIRST_NAME: "the first name",
    Field.LAST_NAME: "the last name",
    Field.BASIS: "the legal basis",
    Field.EVIDENCE: "the evidence",
    Field.SOURCE: "the source of the evidence",
}

#: The legal bases as the console and files say them.
BASIS_WORDS = {
    LegalBasis.NONE: "None",
    LegalBasis.CONSENT: "Consent",
    LegalBasis.LEGITIMATE_INTEREST: "Legitimate interest",
    LegalBasis.CONTRACT: "Contract",
    LegalBasis.REQUIRED_BY_LAW: "Required by law",
    LegalBasis.VITAL_INTERESTS: "Protect vital interests",
    LegalBasis.PUBLIC_INTEREST: "Public interest",
    LegalBasis.WITHDRAWN: "Withdrawn",
}


def key(text: str) -> str:
    """Give what is compared of a word: letters and digits, without case, accents or punctuation."""
    return "".join(letter for letter in unicodedata.normalize("NFKD", text.casefold()) if letter.isalnum())


def _by_key(words: Mapping[_Meaning, str]) -> dict[str, _Meaning]:
    return {key(word): meaning for meaning, spelled in words.items() for word in spelled.split(", ")}


_FIELDS = {
    Field.EMAIL: (
        "email, email address, mail, mail address, primary email, emailaddress1, "
        "e-post, e-postadress, epost adress, mejl, mejladress, mailadress, "
        "E-Mail-Adresse, Mailadresse, "
        "adresse e-mail, adresse mail, courriel, adresse courriel, adresse électronique, mél"
    ),
    Field.FIRST_NAME: (
        "first name, first, given name, forename, förnamn, tilltalsnamn, Vorname, Rufname, prénom"
    ),
    Field.LAST_NAME: (
        "last name, last, surname, family name, efternamn, "
        "Nachname, Familienname, Zuname, nom, nom de famille"
    ),
    Field.BASIS: (
        "legal basis, lawful basis, legal ground, rättslig grund, laglig grund, "
        "Rechtsgrundlage, base légale, base juridique, fondement juridique"
    ),
    Field.EVIDENCE: (
        "evidence, evidence text, proof, consent text, bevis, underlag, samtyckestext, "
        "Nachweis, Beleg, Einwilligungstext, preuve, justificatif, texte du consentement"
    ),
    Field.SOURCE: (
        "evidence source, source, consent source, källa, samtyckeskälla, "
        "Quelle, Herkunft, source du consentement, origine"
    ),
}

_BASES = {
    LegalBasis.NONE: "none, no legal basis, ingen, keine, aucune, aucun",
    LegalBasis.CONSENT: "consent, samtycke, Einwilligung, Zustimmung, consentement",
    LegalBasis.LEGITIMATE_INTEREST: (
        "legitimate interest, legitimate interests, berättigat intresse, intresseavvägning, "
        "berechtigtes Interesse, berechtigte Interessen, intérêt légitime, intérêts légitimes"
    ),
    LegalBasis.CONTRACT: "contract, avtal, Vertrag, Vertragserfüllung, contrat",
    LegalBasis.REQUIRED_BY_LAW: (
        "required by law, legal obligation, rättslig förpliktelse, krävs enligt lag, "
        "rechtliche Verpflichtung, gesetzlich vorgeschrieben, obligation légale, exigé par la loi"
    ),
    LegalBasis.VITAL_INTERESTS: (
        "vital interests, vital interest, protect vital interests, grundläggande intressen, "
        "skydda grundläggande intressen, vitala intressen, lebenswichtige Interessen, "
        "Schutz lebenswichtiger Interessen, intérêts vitaux, sauvegarde des intérêts vitaux"
    ),
    LegalBasis.PUBLIC_INTEREST: (
        "public interest, allmänt intresse, uppgift av allmänt intresse, öffentliches Interesse, "
        "intérêt public, mission d'intérêt public"
    ),
    LegalBasis.WITHDRAWN: (
        "withdrawn, consent withdrawn, återkallat, återkallad, återkallat samtycke, återtaget, "
        "widerrufen, Widerruf, Einwilligung widerrufen, retiré, révoqué, consentement retiré"
    ),
}

_ANSWERS = {
    True: "yes, y, true, 1, on, x, ja, j, sant, wahr, oui, vrai",
    False: "no, n, false, 0, off, nej, falskt, nein, falsch, non, faux",
}
#: Marks that have no letters.
_MARKS = {"✓": True, "✔": True, "☑": True, "✗": False, "✘": False, "☐": False}

FIELDS = _by_key(_FIELDS)
BASES = _by_key(_BASES)
ANSWERS = _by_key(_ANSWERS)


def _meant(words: Mapping[str, _Meaning], text: str) -> _Meaning | None:
    plain = words.get(text.lower())  # almost every cell is spelled as its key
    return words.get(key(text)) if plain is None else plain


def basis_of(text: str) -> LegalBasis | None:
    """Give the legal basis a word means, or None where it means none of them."""
    return _meant(BASES, text)


def answer_of(text: str) -> bool | None:
    """Give the answer a word means, or None where it is neither a Yes nor a No."""
    return _MARKS[text] if text in _MARKS else _meant(ANSWERS, text)
