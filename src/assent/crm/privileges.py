"""The two least-privilege roles of the application user: for setup, and for every day (dataverse.md 10)."""

from collections.abc import Iterable, Mapping

from assent.crm.requests.catalogue import SCHEMA


def _named(verbs: str, *tables: str) -> tuple[str, ...]:
    return tuple(f"prv{verb}{table}" for table in tables for verb in verbs.split())


#: What every day's work needs; all at organisation depth.
RUN_TIME: tuple[str, ...] = (
    *_named("Read Create Write Append AppendTo", "Contact"),
    *_named("Read", "Organization", "User"),
)

#: What setup, new categories and removal need beside that; the role may be taken away in between.
SETUP: tuple[str, ...] = (
    *_named("Read Create Delete", "Publisher"),
    *_named("Read Create Write Delete", "Solution"),
    *_named("Read Create Write Delete", "Entity"),
    *_named("Read Create Write Delete", "Attribute"),
    *_named("Read Write", "SystemForm"),
    "prvReadQuery",
    "prvReadCustomization",
    "prvWriteCustomization",
    "prvPublishCustomization",
    *_named(
        "Read Create Write Delete",
        "ServiceEndpoint",
        "SdkMessageProcessingStep",
        "SdkMessageProcessingStepImage",
    ),
    *_named("Read", "SdkMessage"),
)

#: What the setup role needs of the catalogue's rows beside that; they exist once setup made its table.
CATALOGUE: tuple[str, ...] = _named("Read Create Write Delete", SCHEMA)

#: Privileges that have no depth below the organisation's: any depth will do.
_WHOLE = "Global"


def missing(held: Mapping[str, str], wanted: Iterable[str]) -> tuple[str, ...]:
    """Those of `wanted` not held at organisation depth, by name; `held` gives each one's depth."""
    depths = {name.lower(): depth for name, depth in held.items()}  # that of a custom table's name varies
    return tuple(name for name in wanted if depths.get(name.lower()) != _WHOLE)
