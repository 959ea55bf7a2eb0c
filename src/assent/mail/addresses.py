"""The spelling of an address that every mail server understands."""

from functools import lru_cache

from email_validator import EmailNotValidError, validate_email

from assent.errors import Invalid


@lru_cache(maxsize=1024)  # a letter and its envelope ask for the same one
def wire_address(address: str) -> str:
    """Give the ASCII spelling used in envelopes and headers: the domain in punycode, the local part as it is.

    Raises Invalid where it is no address, and where the part before the @ is not ASCII. Such an address
    needs SMTPUTF8 at every server on the way, and only the first one can be asked; a mail that an
    unknown later server returns would look as if it had arrived.
    """
    try:
        parsed = validate_email(
            address,
            allow_smtputf8=True,  # so that the local part's letters are told apart from a broken address
            allow_quoted_local=False,
            allow_domain_literal=False,
            check_deliverability=False,
            globally_deliverable=False,  # a company's own mail server may be called `mailhost`
        )
    except EmailNotValidError:
        raise Invalid("This is no email address that mail can be sent to. Correct it.") from None
    if parsed.ascii_email is None:
        raise Invalid(
            "The part of this address before the @ has letters beyond ASCII, which many mail servers "
            "cannot deliver to. Ask for another address of this person."
        )
    return parsed.ascii_email
