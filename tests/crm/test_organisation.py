"""Addresses of organisations: which are taken, and what a refusal says."""

import pytest

from assent.crm.organisation import parse_organisation_url
from assent.errors import Invalid


@pytest.mark.parametrize(
    ("given", "expected"),
    [
        ("https://contoso.crm4.dynamics.com", "https://contoso.crm4.dynamics.com"),
        (" https://Contoso.CRM.dynamics.com/ ", "https://contoso.crm.dynamics.com"),
        ("https://contoso.api.crm4.dynamics.com:443", "https://contoso.crm4.dynamics.com"),
        ("https://gov.crm.microsoftdynamics.us", "https://gov.crm.microsoftdynamics.us"),
        ("https://dod.crm.appsplatform.us", "https://dod.crm.appsplatform.us"),
        ("https://cn.crm.dynamics.cn", "https://cn.crm.dynamics.cn"),
    ],
)
def test_documented_addresses_are_taken(given: str, expected: str) -> None:
    """Every cloud's host, whatever its case (1.1); the scope has no slash before /.default."""
    url = parse_organisation_url(given)
    assert str(url) == expected
    assert url.scope == f"{expected}/.default"


@pytest.mark.parametrize(
    "given",
    [
        "",
        "contoso.crm4.dynamics.com",
        "http://contoso.crm4.dynamics.com",
        "https://contoso.crm4.dynamics.com/main.aspx",
        "https://contoso.crm4.dynamics.com?x=1",
        "https://contoso.crm4.dynamics.com#x",
        "https://me:pw@contoso.crm4.dynamics.com",
        "https://contoso.crm4.dynamics.com.evil.example",
        "https://crm4.dynamics.com",
        "https://evil.example",
        "https://127.0.0.1",
        "https://[::1]",
        "https://contoso.crm4.dynamics.com:8443",
        "https://contoso.crm4.dynamics.com:99999",
        "file:///etc/passwd",
        "https://contoso\u3002crm4.dynamics.com",
    ],
)
def test_other_addresses_are_refused_in_words(given: str) -> None:
    """Nobody can point the server elsewhere; the text says what is expected (P8)."""
    with pytest.raises(Invalid, match=r"Expected the organisation's address"):
        parse_organisation_url(given)


def test_an_operator_may_allow_other_hosts() -> None:
    """The emulator lives at any host and port, over http; paths and names stay refused."""
    assert (
        str(parse_organisation_url("http://127.0.0.1:8080", allow_other_hosts=True))
        == "http://127.0.0.1:8080"
    )
    assert str(parse_organisation_url("http://[::1]:80/", allow_other_hosts=True)) == "http://[::1]:80"
    for wrong in ("http://a@127.0.0.1", "http://127.0.0.1/x", "ftp://x"):
        with pytest.raises(Invalid):
            parse_organisation_url(wrong, allow_other_hosts=True)
