"""The address of a Dataverse organisation, checked before anything is sent there (dataverse.md 1.1, 3.5)."""

import re
from dataclasses import dataclass
from urllib.parse import urlsplit

from assent.crm.odata import ROOT
from assent.errors import Invalid, NotDataverse

#: Public, US government, DoD, China and the former German cloud.
_DOCUMENTED = re.compile(
    r"(?P<org>[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?)(?:\.api)?\."
    r"(?P<cloud>crm\d{0,2}\.dynamics\.com|crm\.microsoftdynamics\.us|crm\.appsplatform\.us"
    r"|crm\.dynamics\.cn|crm\.microsoftdynamics\.de)"
)
_HOST = re.compile(r"[a-z0-9](?:[a-z0-9.-]{0,251}[a-z0-9])?|\[[0-9a-f:.]{2,45}\]")
_EXPECTED = "Expected the organisation's address alone, such as https://contoso.crm4.dynamics.com"


@dataclass(frozen=True, slots=True)
class OrganisationUrl:
    """Scheme, host and port of an organisation; the only place its bearer token is ever sent."""

    scheme: str
    host: str
    port: int | None = None

    def __str__(self) -> str:
        """The root, without a trailing slash."""
        return f"{self.scheme}://{self.host}" + (f":{self.port}" if self.port is not None else "")

    @property
    def scope(self) -> str:
        """What a token is asked for (1.1)."""
        return f"{self}/.default"

    def resolve(self, path: str) -> str:
        """Give the whole address of a request; links must lead to this organisation (3.5).

        Raises NotDataverse for a link that leads elsewhere: the token would go with it.
        """
        if not re.match(r"[a-zA-Z][a-zA-Z0-9+.-]*://|[/\\]{2}", path):
            return f"{self}{ROOT}{path}"
        port = self.port if self.port is not None else {"https": 443, "http": 80}[self.scheme]
        roots = (f"{self}/api/data/", f"{self.scheme}://{self.host}:{port}/api/data/")
        if not path.lower().startswith(roots) or any(ord(c) <= 32 for c in path):
            raise NotDataverse(
                "Dynamics named a next page that lies outside the organisation. The access token was not "
                "sent there; check the organisation's address and what stands between."
            )
        return path


def parse_organisation_url(url: str, *, allow_other_hosts: bool = False) -> OrganisationUrl:
    """Read what an operator typed; raises Invalid that says what is expected.

    Only documented Dataverse hosts over https are taken, so that nobody can point the server at
    another machine of its network; `allow_other_hosts` (for the emulator) takes any host and http.
    """
    try:
        parts = urlsplit(url.strip())
        port = parts.port
    except ValueError:
        raise Invalid(f"This is not an address. {_EXPECTED}.") from None
    host = (parts.hostname or "").lower()
    host = f"[{host}]" if ":" in host else host
    if parts.scheme not in ("https", "http") or not _HOST.fullmatch(host):
        raise Invalid(f"This is not an https address. {_EXPECTED}.")
    if parts.username is not None or parts.password is not None:
        raise Invalid(f"The address must not hold a user name or password. {_EXPECTED}.")
    if parts.path not in ("", "/") or parts.query or parts.fragment:
        raise Invalid(f"The address must end after the host name, without a path or a query. {_EXPECTED}.")
    documented = _DOCUMENTED.fullmatch(host)
    if documented and parts.scheme == "https" and port in (None, 443):
        return OrganisationUrl("https", f"{documented['org']}.{documented['cloud']}")
    if not allow_other_hosts:
        raise Invalid(
            f"The host is not one of Dynamics 365, or the address is not https. {_EXPECTED}; "
            "an operator may allow others, such as the emulator, with ASSENT_ALLOW_OTHER_HOSTS=true."
        )
    return OrganisationUrl(parts.scheme, host, port)
