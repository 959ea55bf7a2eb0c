"""Files that commands write."""

from pathlib import Path

from assent.errors import Invalid


def write_file(file: Path, data: bytes) -> None:
    """Write a whole file; raises Invalid with the reason where that cannot be."""
    try:
        file.write_bytes(data)
    except OSError as error:
        raise Invalid(f"The file {file} cannot be written: {error.strerror}.") from None
