"""Named values the tests share, and a transport that answers from a script."""

import asyncio
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime, timedelta
from uuid import UUID

import msgspec

from assent.crm.columns import Columns
from assent.crm.transport import Request, Response
from assent.policy.permission import BulkEmail
from assent.policy.plan import RowWrite
from assent.policy.sides import LinkKey
from assent.ports.setup import CategoryColumn

NEWS = CategoryColumn(1, "asn_Sub_News", "Newsletters")
EVENTS = CategoryColumn(2, "asn_Sub_Events", "Events & fairs")
COLUMNS = Columns((NEWS, EVENTS))
ANN = UUID("a0000000-0000-4000-8000-000000000001")
BEN = UUID("b0000000-0000-4000-8000-000000000002")
NOON = datetime(2026, 11, 23, 12, 0, tzinfo=UTC)
WHAT = "testing"


class StillClock:
    """A clock that moves only when somebody sleeps."""

    def __init__(self) -> None:
        self.at = NOON
        self.slept: list[float] = []

    def now(self) -> datetime:
        """The present moment."""
        return self.at

    async def sleep(self, seconds: float) -> None:
        """Jump."""
        self.slept.append(seconds)
        self.at += timedelta(seconds=seconds)
        await asyncio.sleep(0)


class RealClock:
    """The system's clock."""

    def now(self) -> datetime:
        """The present moment."""
        return datetime.now(UTC)

    async def sleep(self, seconds: float) -> None:
        """Wait."""
        await asyncio.sleep(seconds)


class Script:
    """A transport that gives prepared answers in order and keeps what it was asked."""

    def __init__(self, *answers: Response | Exception) -> None:
        self.answers = list(answers)
        self.asked: list[Request] = []

    async def send(self, request: Request) -> Response:
        """Give the next answer."""
        self.asked.append(request)
        answer = self.answers.pop(0)
        if isinstance(answer, Exception):
            raise answer
        return answer


def record(row_id: UUID = ANN, version: int = 10, **changes: object) -> dict[str, object]:
    """A contact row as the Web API gives it (dataverse.md 2.5); a value of `...` leaves a column out."""
    row: dict[str, object] = {
        "@odata.etag": f'W/"{version}"',
        "contactid": str(row_id),
        "emailaddress1": "ann@x.example",
        "firstname": "Ann",
        "lastname": None,
        "donotbulkemail": False,
        "statecode": 0,
        "_masterid_value": None,
        "modifiedon": "2026-11-23T11:59:58Z",
        "_modifiedby_value": str(BEN),
        "asn_sub_news": True,
        "asn_sub_events": None,
    }
    return {name: value for name, value in (row | changes).items() if value is not ...}


def answer(body: object = None, status: int = 200, **headers: str) -> Response:
    """An answer with a JSON body."""
    given = {name.replace("_", "-"): value for name, value in headers.items()}
    return Response(status, given, b"" if body is None else msgspec.json.encode(body))


def refused(status: int, code: str, message: str = "", **headers: str) -> Response:
    """An error answer (2.8)."""
    return answer({"error": {"code": code, "message": message}}, status, **headers)


def page(*rows: Mapping[str, object], following: str | None = None, delta: str | None = None) -> Response:
    """A page of rows (2.4, 3.3)."""
    links = {"@odata.nextLink": following, "@odata.deltaLink": delta}
    return answer({"value": list(rows)} | {name: link for name, link in links.items() if link})


def batch_answer(*parts: Response) -> Response:
    """A batch's answer as servers write it (4.1)."""
    lines: list[bytes] = []
    for number, part in enumerate(parts, 1):
        lines += [
            b"--batchresponse_1",
            b"Content-Type: application/http",
            f"Content-ID: {number}".encode(),
            b"",
        ]
        lines += [f"HTTP/1.1 {part.status} Some Reason".encode(), b"OData-Version: 4.0"]
        lines += [f"{name}: {value}".encode() for name, value in part.headers.items()]
        lines += [b"", part.body]
    lines += [b"--batchresponse_1--", b""]
    kind = {"content-type": "multipart/mixed; boundary=batchresponse_1"}
    return Response(200, kind, b"\r\n".join(lines))


def refusal_of(row_id: UUID) -> RowWrite:
    """A write of Do not allow."""
    return RowWrite(LinkKey(1, row_id), BulkEmail.DO_NOT_ALLOW)


def grant_of(row_id: UUID, version: int) -> RowWrite:
    """A write of Allow at a version."""
    return RowWrite(LinkKey(1, row_id), BulkEmail.ALLOW, if_version=version)


def ids(count: int) -> Sequence[UUID]:
    """Many row ids."""
    return [UUID(int=number + 1) for number in range(count)]
