"""Which contact columns a connection reads and writes, and the category bit each one holds."""

from dataclasses import dataclass

from assent.errors import Bug
from assent.policy.sides import CATEGORIES, NO_EMAIL, PERMISSION, bits
from assent.ports.setup import CategoryColumn

EMAIL = "emailaddress1"
TOGGLE = "donotbulkemail"
NO_EMAIL_AT_ALL = "donotemail"

#: What every sighting needs (dataverse.md 9.2); the key and the etag come unasked (2.5).
FIXED = (
    "contactid",
    EMAIL,
    "firstname",
    "lastname",
    TOGGLE,
    NO_EMAIL_AT_ALL,
    "statecode",
    "_masterid_value",
    "modifiedon",
    "_modifiedby_value",
)


@dataclass(frozen=True, slots=True)
class Columns:
    """The category columns of one connection; each column's `bit` is a mask with that one bit set."""

    categories: tuple[CategoryColumn, ...] = ()

    def __post_init__(self) -> None:
        """Raises Bug where bits or names are not one to one."""
        seen = [column.bit for column in self.categories]
        names = {column.logical_name for column in self.categories}
        if any(bit & CATEGORIES != bit or bit.bit_count() != 1 for bit in seen):
            raise Bug("A category column's bit must be a mask with one of the 60 category bits set.")
        if len(set(seen)) != len(seen) or len(names) != len(seen):
            raise Bug("Two category columns share a bit or a name.")

    @property
    def mask(self) -> int:
        """The categories that have a column."""
        return sum(column.bit for column in self.categories)

    @property
    def select(self) -> str:
        """The `$select` list of a sighting."""
        return ",".join((*FIXED, *(column.logical_name for column in self.categories)))

    def refusals(self, fields: int) -> tuple[tuple[str, bool, int], ...]:
        """Which columns refuse these fields: name, the value that refuses, and the field's bit.

        The permission is always among them.
        """
        said = [(TOGGLE, True, PERMISSION), (NO_EMAIL_AT_ALL, True, NO_EMAIL)]
        said += [(column.logical_name, False, column.bit) for column in self.categories]
        return tuple(one for one in said if one[2] & (fields | PERMISSION))

    @property
    def watched(self) -> tuple[str, ...]:
        """The columns whose change a webhook step reports (design section 4)."""
        return (EMAIL, "statecode", TOGGLE, *(column.logical_name for column in self.categories))

    def named(self, mask: int) -> list[tuple[str, int]]:
        """Give the logical name and bit of each category in `mask`; raises Bug for one without a column."""
        names = {column.bit: column.logical_name for column in self.categories}
        try:
            return [(names[bit], bit) for bit in bits(mask)]
        except KeyError as error:
            raise Bug("A write names a category that has no column in this connection.") from error
