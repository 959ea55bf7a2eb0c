"""What each family of trouble does to a request that it strikes."""

import re
from collections.abc import Mapping
from dataclasses import replace
from typing import Final
from urllib.parse import unquote_plus

from dataverse_emulator.state.organization import Organization
from dataverse_emulator.state.problems import Problem, Refusal
from dataverse_emulator.wire import requests, sign_in
from dataverse_emulator.wire.answers import Answer, Call, json_answer, refused
from dataverse_emulator.wire.faults import Family, Trouble

#: Strike before anything is done.
BEFORE: Final = frozenset({Family.RESET_BEFORE, Family.TIMEOUT_BEFORE})
#: Strike when all is done, and the answer is lost.
AFTER: Final = frozenset({Family.RESET_AFTER, Family.TIMEOUT_AFTER})
#: Hold the connection until the caller's own time-out.
HELD: Final = frozenset({Family.TIMEOUT_BEFORE, Family.TIMEOUT_AFTER})
_SIZE: Final = re.compile(r"odata\.maxpagesize=\d+")


def instead(family: Family, trouble: Trouble, call: Call, organization: Organization) -> Answer:
    """The answer that comes instead of the operation's own."""
    if family is Family.THROTTLED:
        text = "Number of requests exceeded the limit of 6000 over time window of 300 seconds."
        return waiting(refused(Refusal(Problem.TOO_MANY_REQUESTS, text)), trouble.wait_s())
    if family is Family.SIGN_IN_EXPIRED:
        organization.identity.expire(call.headers.get("authorization", "").partition(" ")[2].strip())
        return sign_in.unauthorized(call.root)
    return _broken(trouble.status())


def _broken(status: int) -> Answer:
    """A server's failure, or one of what stands before it, which answers HTML (2.8)."""
    if status == 500:
        error = {"code": "0x80040216", "message": "An unexpected error occurred."}
        return json_answer({"error": error}, status=500)
    if status == 503:
        return refused(Refusal(Problem.UNAVAILABLE, "The service is unavailable."))
    text = f"<html><head><title>{status}</title></head><body><h1>Gateway error {status}</h1></body></html>"
    return Answer(status, {"Content-Type": "text/html"}, text.encode())


def expires_token(trouble: Trouble, call: Call) -> bool:
    """Whether a change token is said to have expired (3.4)."""
    return "$deltatoken=" in unquote_plus(call.query) and trouble.strikes(Family.TOKEN_EXPIRED)


def shortened(trouble: Trouble, call: Call) -> Call:
    """The same read with pages of one or two rows: the client's size is only a wish (2.2)."""
    query = unquote_plus(call.query)
    if call.method != "GET" or "$top" in query or "$expand" in query:
        return call
    if not trouble.strikes(Family.SMALL_PAGES):
        return call
    wanted = call.headers.get("prefer", "")
    others = _SIZE.sub("", wanted).strip(", ")
    prefer = f"{others}{',' if others else ''}odata.maxpagesize={trouble.page()}"
    return replace(call, headers={**call.headers, "prefer": prefer})


def as_wished(answer: Answer, asked: Mapping[str, str]) -> Answer:
    """The answer to a shortened read, which claims to have applied what was asked."""
    size = requests.preferences(asked.get("prefer")).max_page
    applied = answer.headers.get("Preference-Applied", "")
    shown = _SIZE.sub(f"odata.maxpagesize={size}" if size else "", applied).replace(",,", ",").strip(",")
    headers = {name: value for name, value in answer.headers.items() if name != "Preference-Applied"}
    return replace(answer, headers={**headers, "Preference-Applied": shown} if shown else headers)


def waiting(answer: Answer, seconds: int) -> Answer:
    """The same answer with Retry-After."""
    return replace(answer, headers={**answer.headers, "Retry-After": str(seconds)})
