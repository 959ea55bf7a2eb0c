"""The words people write in files."""

import pytest

from assent.policy.permission import LegalBasis
from assent.services.tables import words

MEANT = {
    LegalBasis.NONE: "None|NONE|ingen|keine|aucune",
    LegalBasis.CONSENT: "Consent|consent|CONSENT|Samtycke|Einwilligung|Consentement",
    LegalBasis.LEGITIMATE_INTEREST: (
        "Legitimate interest|LEGITIMATE_INTEREST|Berättigat intresse|Berechtigtes Interesse|Intérêt légitime"
    ),
    LegalBasis.CONTRACT: "Contract|CONTRACT|Avtal|Vertrag|Contrat",
    LegalBasis.REQUIRED_BY_LAW: (
        "Required by law|REQUIRED_BY_LAW|Rättslig förpliktelse|Rechtliche Verpflichtung|Obligation légale"
    ),
    LegalBasis.VITAL_INTERESTS: (
        "Protect vital interests|VITAL_INTERESTS|Grundläggande intressen|Lebenswichtige Interessen"
        "|Intérêts vitaux"
    ),
    LegalBasis.PUBLIC_INTEREST: (
        "Public interest|PUBLIC_INTEREST|Allmänt intresse|Öffentliches Interesse|Intérêt public"
    ),
    LegalBasis.WITHDRAWN: "Withdrawn|WITHDRAWN|Återkallat|Widerrufen|Retiré",
}


@pytest.mark.parametrize("basis", list(LegalBasis))
def test_legal_bases_are_understood_in_four_languages(basis: LegalBasis) -> None:
    """The words of the console, the names programs use, and the usual words, in any case."""
    for word in MEANT[basis].split("|"):
        assert basis is words.basis_of(word), word
        assert basis is words.basis_of(word.upper()), word


@pytest.mark.parametrize("basis", list(LegalBasis))
def test_the_words_we_write_are_the_ones_we_read(basis: LegalBasis) -> None:
    """An export's legal basis means itself to an import."""
    assert basis is words.basis_of(words.BASIS_WORDS[basis])


@pytest.mark.parametrize("text", ["yes", "Yes", "TRUE", "1", "x", "X", "ja", "Ja!", "oui", "WAHR", "✓"])
def test_yes_is_understood(text: str) -> None:
    """What people and spreadsheets write for Yes."""
    assert words.answer_of(text) is True


@pytest.mark.parametrize("text", ["no", "No", "FALSE", "0", "nej", "nein", "non", "FALSCH", "☐"])
def test_no_is_understood(text: str) -> None:
    """What people and spreadsheets write for No."""
    assert words.answer_of(text) is False


@pytest.mark.parametrize("text", ["", "-", "?", "maybe", "2", "o", "yes no", "unsubscribed", "1.0"])
def test_unclear_answers_are_no_answers(text: str) -> None:
    """What is not clearly Yes or No is neither."""
    assert words.answer_of(text) is None


@pytest.mark.parametrize("text", ["", "-", "yes", "true", "opt-in", "consent?no"])
def test_other_words_are_no_legal_basis(text: str) -> None:
    """A Yes is no legal basis: nobody said which."""
    assert words.basis_of(text) is None


def test_no_word_means_two_things() -> None:
    """Each word of the lists is one meaning's alone, and none is blank."""
    for spelled in (words._FIELDS, words._BASES, words._ANSWERS):
        keys = [words.key(word) for line in spelled.values() for word in line.split(", ")]
        assert "" not in keys
        owners = {
            key: {m for m, line in spelled.items() if key in map(words.key, line.split(", "))} for key in keys
        }
        assert [] == [key for key, meanings in owners.items() if len(meanings) > 1]
