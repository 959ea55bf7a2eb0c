"""Seals, the vault's keys and the key file."""

from pathlib import Path

import pytest
from cryptography.fernet import Fernet

from assent.errors import Bug, Invalid
from assent.ledger.keys import load_or_create_key
from assent.ledger.seal import Position, Vault, seal, unseal

HERE = Position(1, 2, 3)


def predictable(length: int) -> bytes:
    """Bytes that repeat, for tests alone."""
    return bytes(range(length))


def vault(*keys: bytes) -> Vault:
    """A vault of these keys."""
    return Vault(keys, predictable)


def test_what_is_sealed_opens_in_its_place_only() -> None:
    """A sealed part moved to another entry, altered, or under another key does not open (I6)."""
    key = predictable(32)
    sealed = seal(key, HERE, b"ann@x.example", predictable(12))
    assert unseal(key, HERE, sealed) == b"ann@x.example"
    wrong = [
        (key, Position(1, 2, 4), sealed),
        (key, Position(9, 2, 3), sealed),
        (bytes(32), HERE, sealed),
        (key, HERE, sealed[:-1] + bytes([sealed[-1] ^ 1])),
        (key, HERE, b""),
    ]
    for other_key, place, data in wrong:
        with pytest.raises(Bug):
            unseal(other_key, place, data)


def test_keys_rotate_without_losing_anything() -> None:
    """The newest key wraps, older ones still open, and rewrapping lets the old one go."""
    old, new = Fernet.generate_key(), Fernet.generate_key()
    wrapped = vault(old).wrap(b"secret")
    assert vault(new, old).unwrap(wrapped) == b"secret"
    again = vault(new, old).rewrap(wrapped)
    assert vault(new).unwrap(again) == b"secret"
    with pytest.raises(Invalid):
        vault(new).unwrap(wrapped)


@pytest.mark.parametrize("keys", [[], [b"short"], ["not base64 at all, and much too long for a key"]])
def test_a_vault_needs_a_proper_key(keys: list[str | bytes]) -> None:
    """A missing or malformed key is told at start, not at the first secret."""
    with pytest.raises(Invalid):
        Vault(keys, predictable)


def test_the_key_file_is_made_once_and_for_its_owner_alone(tmp_path: Path) -> None:
    """A second start reads the first one's key, and nobody else can."""
    path = tmp_path / "assent.key"
    key = load_or_create_key(path)
    assert load_or_create_key(path) == key
    assert path.stat().st_mode & 0o777 == 0o600
    assert [found.name for found in tmp_path.iterdir()] == ["assent.key"]
    Vault([key], predictable)


def test_a_key_file_others_may_read_is_refused(tmp_path: Path) -> None:
    """A key that may have been copied is no key; an empty file is none either."""
    path = tmp_path / "assent.key"
    load_or_create_key(path)
    path.chmod(0o644)
    with pytest.raises(Invalid, match="chmod 600"):
        load_or_create_key(path)
    path.chmod(0o600)
    path.write_text("")
    with pytest.raises(Invalid, match="empty"):
        load_or_create_key(path)
