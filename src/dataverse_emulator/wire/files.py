"""File columns over the wire: uploads in one piece or several, downloads (Use file column data)."""

import re
from base64 import b64encode
from typing import Final
from urllib.parse import quote

from dataverse_emulator.query.odata import check_options
from dataverse_emulator.state import files
from dataverse_emulator.state.columns import Column
from dataverse_emulator.state.files import StoredFile, Upload
from dataverse_emulator.state.organization import Organization
from dataverse_emulator.state.problems import Problem, Refusal, bad_syntax, not_implemented
from dataverse_emulator.state.table import Table
from dataverse_emulator.wire import requests
from dataverse_emulator.wire.answers import Answer, Call, json_answer
from dataverse_emulator.wire.rows import address

#: "You must send chunks of 4 MB, except the last one."
CHUNK: Final = 4 * 1024 * 1024
_BINARY: Final = "application/octet-stream"
_NAME: Final = "x-ms-file-name"
_RANGE: Final = re.compile(r"bytes (\d{1,12})-(\d{1,12})/(\d{1,12})", re.ASCII)
_ASKED: Final = re.compile(r"bytes=(\d{1,12})-(\d{1,12})", re.ASCII)
_LARGEST_KB: Final = 32_768


def download(
    organization: Organization, call: Call, table: Table, position: int, column: Column, *, raw: bool
) -> Answer:
    """GET of the column, as base64 in JSON, or of its /$value; 204 where there is none, 206 of a Range.

    `size=full` is documented of images; clients send it with files too.
    """
    given = requests.options(call.query)
    if given.pop("size", "full") != "full":
        raise not_implemented("sizes other than full", "files have no other.")
    check_options(given, frozenset())
    found = files.held(organization, table, position, column)
    if found is None:
        return Answer(204)
    status, content = _part(found.content, call.headers.get("range"))
    headers = {
        "Content-Disposition": f"attachment; filename*=UTF-8''{quote(found.name)}",
        "x-ms-file-name": quote(found.name),
        "x-ms-file-size": str(len(found.content)),
    }
    if raw:
        return Answer(status, {"Content-Type": found.media_type, **headers}, content)
    place = address(f"{call.root}/$metadata#", table, position).replace("#/", "#")
    body = {"@odata.context": f"{place}/{column.name}", "value": b64encode(content).decode()}
    return json_answer(body, headers, status)


def _spoken(text: str) -> str:
    """A header as it was meant: some clients send UTF-8, some Latin-1, which is seldom UTF-8 as well."""
    try:
        return text.encode("latin-1").decode("utf-8")
    except UnicodeError:
        return text


def _part(content: bytes, text: str | None) -> tuple[int, bytes]:
    if text is None:
        return 200, content
    hit = _ASKED.fullmatch(text)
    if hit is None or int(hit[1]) > int(hit[2]):
        raise bad_syntax("Range must be bytes=first-last.")
    return 206, content[int(hit[1]) : int(hit[2]) + 1]


def upload(organization: Organization, call: Call, table: Table, position: int, column: Column) -> Answer:
    """PATCH …/column: a whole file, the beginning of one in pieces, or the next piece."""
    given = requests.options(call.query)
    if unknown := given.keys() - {_NAME, "sessiontoken"}:
        raise bad_syntax(f"The query parameter {min(unknown)[:40]} is not supported.")
    if "sessiontoken" in given:
        return _piece(organization, call, table, position, column, given["sessiontoken"])
    name = given.get(_NAME) or _spoken(call.headers.get(_NAME, ""))
    if not name:
        raise bad_syntax("The name of the file must be given in x-ms-file-name.")
    if call.headers.get("x-ms-transfer-mode") == "chunked":
        token = organization.sources.new_id()
        begun = Upload(table.definition.name, table.row_id(position), column.name, name)
        organization.uploads[token] = begun
        location = f"{address(call.root, table, position)}/{column.name}?sessiontoken={token}"
        headers = {"Location": location, "x-ms-chunk-size": str(CHUNK), "Accept-Ranges": "bytes"}
        return Answer(200, headers)
    media_type = call.headers.get("content-type", _BINARY)
    _keep(organization, call, table, position, column, StoredFile(name, media_type, call.body))
    return Answer(204)


def _piece(
    organization: Organization, call: Call, table: Table, position: int, column: Column, token: str
) -> Answer:
    begun = organization.uploads.get(token)
    whose = (table.definition.name, table.row_id(position), column.name)
    if begun is None or whose != (begun.table, begun.row_id, begun.column):
        raise Refusal(Problem.INVALID_ARGUMENT, "The session token is not valid for this column.")
    hit = _RANGE.fullmatch(call.headers.get("content-range", ""))
    if hit is None:
        raise bad_syntax("Content-Range must say which bytes of how many these are.")
    start, end, total = (int(text) for text in hit.groups())
    if start != len(begun.content) or end - start + 1 != len(call.body) or end >= total:
        raise bad_syntax("Content-Range does not follow the piece before, or does not fit the body.")
    begun.content += call.body
    if end + 1 < total:
        return Answer(206)
    del organization.uploads[token]
    file = StoredFile(begun.name, _BINARY, bytes(begun.content))
    _keep(organization, call, table, position, column, file)
    return Answer(204)


def _keep(
    organization: Organization, call: Call, table: Table, position: int, column: Column, file: StoredFile
) -> None:
    largest = int(column.facts.get("MaxSizeInKB") or _LARGEST_KB) * 1024
    if len(file.content) > largest:
        raise not_implemented(
            "a file larger than its column allows",
            f"the limit is {largest:,} bytes, the error not documented.",
        )
    files.keep(organization, call.user, table, position, column, file)
