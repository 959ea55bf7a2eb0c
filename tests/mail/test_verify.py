"""What is wrong with the way to the mail server is told in a sentence that helps."""

import asyncio
import ssl
from pathlib import Path

import pytest
import trustme

from assent.errors import AssentError, Invalid, Unreachable
from assent.mail.compose import compose
from assent.mail.opening import SmtpSettings
from assent.mail.outcome import Handed
from assent.mail.sink import Sink, SinkSettings
from assent.mail.smtp import Mailer
from tests.mail.samples import letter, settings


@pytest.fixture(scope="module")
def authority() -> trustme.CA:
    """Whoever issues certificates here."""
    return trustme.CA()


@pytest.fixture
def ca_file(authority: trustme.CA, tmp_path: Path) -> str:
    """The file that makes its certificates trusted."""
    path = tmp_path / "ca.pem"
    authority.cert_pem.write_to_path(str(path))
    return str(path)


def served(authority: trustme.CA, host: str = "127.0.0.1") -> ssl.SSLContext:
    """What a server needs to speak TLS under a name."""
    context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    authority.issue_cert(host).configure_cert(context)
    return context


async def refusal(given: SmtpSettings) -> AssentError:
    """What verifying says."""
    with pytest.raises(AssentError) as error:
        async with Mailer(given) as mailer:
            await mailer.verify()
    return error.value


@pytest.mark.parametrize("tls", ["starttls", "implicit"])
async def test_a_signed_in_connection_over_tls_works(authority: trustme.CA, ca_file: str, tls: str) -> None:
    """Verify is content, and mail goes over the same kind of connection."""
    served_by = SinkSettings(tls=served(authority), implicit=tls == "implicit", accounts={"assent": "right"})
    async with Sink(served_by) as sink:
        given = settings(sink, tls=tls, username="assent", password="right", ca_file=ca_file)
        async with Mailer(given) as mailer:
            await mailer.verify()
            outcome = await mailer.hand_over(compose(letter()), "anna@example.com")
        assert (Handed.ACCEPTED, 1) == (outcome.handed, sink.count)


async def test_a_wrong_password_is_told_without_it(authority: trustme.CA, ca_file: str) -> None:
    """Whoever set it must correct it; hand-over says the same instead of burning through recipients."""
    async with Sink(SinkSettings(tls=served(authority), accounts={"assent": "right"})) as sink:
        given = settings(sink, tls="starttls", username="assent", password="wrong", ca_file=ca_file)
        error = await refusal(given)
        async with Mailer(given) as mailer:
            with pytest.raises(Invalid, match="refused the sign-in"):
                await mailer.hand_over(compose(letter()), "anna@example.com")
    assert isinstance(error, Invalid)
    assert "refused the sign-in: 535" in str(error)
    assert "Check user name and password" in str(error)
    assert "wrong" not in str(error)


async def test_nobody_listening_is_told() -> None:
    """Host and port are what to check."""
    async with Sink() as gone:
        nowhere = settings(gone)
    error = await refusal(nowhere)
    assert isinstance(error, Unreachable)
    assert f"Nobody answers at 127.0.0.1:{nowhere.port}" in str(error)


async def test_a_server_without_starttls_gets_no_mail_in_the_open() -> None:
    """Encryption that was asked for is never dropped silently."""
    async with Sink() as sink:
        error = await refusal(settings(sink, tls="starttls"))
    assert isinstance(error, Invalid)
    assert "offers no STARTTLS" in str(error)


@pytest.mark.parametrize("tls", ["starttls", "implicit"])
async def test_a_certificate_nobody_vouches_for_is_refused(authority: trustme.CA, tls: str) -> None:
    """The reason and the two ways out are told."""
    async with Sink(SinkSettings(tls=served(authority), implicit=tls == "implicit")) as sink:
        error = await refusal(settings(sink, tls=tls))
    assert isinstance(error, Invalid)
    assert "is not trusted" in str(error)


async def test_a_certificate_for_another_name_is_refused(authority: trustme.CA, ca_file: str) -> None:
    """A trusted issuer is not enough."""
    async with Sink(SinkSettings(tls=served(authority, "other.example"))) as sink:
        error = await refusal(settings(sink, tls="starttls", ca_file=ca_file))
    assert isinstance(error, Invalid)
    assert "is not trusted" in str(error)


async def test_tls_from_the_start_towards_a_port_that_has_none() -> None:
    """The usual mix-up of ports is named."""
    async with Sink() as sink:
        error = await refusal(settings(sink, tls="implicit"))
    assert isinstance(error, Invalid)
    assert "Port 465 usually wants implicit TLS" in str(error)


async def test_no_tls_towards_a_port_that_wants_it_from_the_start(authority: trustme.CA) -> None:
    """Both sides wait for the other: the missing greeting is told, with the likely reason."""
    async with Sink(SinkSettings(tls=served(authority), implicit=True)) as sink:
        error = await refusal(settings(sink, timeout_s=0.3))
    assert isinstance(error, Unreachable)
    assert "did not greet within 0.3 seconds" in str(error)


async def test_a_user_name_where_nobody_signs_in() -> None:
    """A server without AUTH is told as such."""
    async with Sink() as sink:
        error = await refusal(settings(sink, username="assent", password="x"))
    assert isinstance(error, Invalid)
    assert "offers no sign-in" in str(error)


@pytest.mark.parametrize(
    ("said", "told"),
    [
        (b"554 5.3.2 no service here\r\n", "takes no mail now: 554 5.3.2 no service here"),
        (b"421 4.3.2 too busy\r\n", "takes no mail now: 421 4.3.2 too busy"),
        (b"HTTP/1.1 400 Bad Request\r\n\r\n", "does not speak SMTP"),
        (b"", "Nobody answers"),
        (b"220 hello\r\n", "after its greeting"),
    ],
)
async def test_a_server_that_is_none_or_wants_nothing(said: bytes, told: str) -> None:
    """Whatever answers on the port, the sentence fits."""

    async def answer(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writer.write(said)
        await writer.drain()
        writer.close()

    server = await asyncio.start_server(answer, "127.0.0.1", 0)
    async with server:
        error = await refusal(SmtpSettings("127.0.0.1", server.sockets[0].getsockname()[1], "none"))
    assert isinstance(error, Unreachable)
    assert told in str(error)


@pytest.mark.parametrize(
    "changes",
    [
        {"host": ""},
        {"host": "a b"},
        {"host": "a\n"},
        {"port": 0},
        {"port": 70000},
        {"connections": 0},
        {"timeout_s": 0},
        {"host": "mail.example", "tls": "none", "username": "u"},
    ],
    ids=str,
)
def test_settings_that_cannot_work_are_refused(changes: dict[str, object]) -> None:
    """Also a password in the open towards another machine."""
    with pytest.raises(Invalid):
        SmtpSettings(**{"host": "localhost", **changes})  # type: ignore[arg-type]


async def test_a_file_of_certificates_that_cannot_be_read(tmp_path: Path) -> None:
    """Told before any mail is handed over."""
    given = SmtpSettings("localhost", 587, "starttls", ca_file=str(tmp_path / "none.pem"))
    assert isinstance(await refusal(given), Invalid)
