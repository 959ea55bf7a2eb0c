"""Microsoft's own Python client, unmodified, judges the emulator: all its public methods run against it."""

from typing import Any

#: The client, whose own types say "maybe nothing" and "or an iterator" where a test knows better.
Client = Any
