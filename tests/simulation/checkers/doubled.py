"""P6: a contact gets one row of ours in each organisation, however often its creation was tried."""

from collections import Counter

from assent.policy.address import normalise

from .final import Final


def complaints(final: Final) -> list[str]:
    """Rows we made for one address more than once."""
    made = Counter(
        (entity[0], normalise(row["emailaddress1"]))
        for entity, row in final.rows.items()
        if str(row["createdby"]) == final.application_user and not row["statecode"]
    )
    return [
        f"{count} rows were created for {email} in {site}"
        for (site, email), count in made.items()
        if count > 1
    ]
