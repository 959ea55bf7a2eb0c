"""From an operation to the code that answers it; whatever is not listed is answered 501."""

from collections.abc import Sequence
from dataclasses import replace
from typing import Final

from dataverse_emulator.state import audit
from dataverse_emulator.state.organization import Organization
from dataverse_emulator.state.problems import Problem, Refusal, not_implemented
from dataverse_emulator.wire import bypass, guard, paths, requests
from dataverse_emulator.wire.answers import Answer, Call, refused
from dataverse_emulator.wire.costs import CUSTOMIZATIONS, Work
from dataverse_emulator.wire.operation import Operation
from dataverse_emulator.wire.operations import BY_SHAPE
from dataverse_emulator.wire.requests import Segment
from dataverse_emulator.wire.shapes import shape

MAX_URL: Final = 32_768
MAX_URL_IN_BATCH: Final = 65_536


def perform(organization: Organization, call: Call) -> Answer:
    """Answer one operation; every refusal becomes its documented error body."""
    try:
        with organization.transaction():
            return _perform(organization, call)
    except Refusal as refusal:
        return refused(refusal, organization.choices.expired_delta_status)


def _perform(organization: Organization, call: Call) -> Answer:
    audit.settle(organization)
    guard.member(organization, call.user)
    call = guard.impersonated(organization, call)
    limit = MAX_URL_IN_BATCH if call.in_batch else MAX_URL
    if len(call.root) + len(call.path) + len(call.query) + 2 > limit:
        raise not_implemented("a URL beyond the documented length", f"the limit is {limit} characters.")
    path = requests.segments(call.path)
    in_table = path[0].name in organization.model.by_set
    if call.in_change_set and call.method == "GET":
        raise not_implemented("reads in a change set", "writes are.")
    if call.in_change_set and not in_table:
        raise not_implemented("this operation in a change set", "writes to rows are.")
    operation = _operation(organization, call, path)
    guard.check(organization, call, path)
    _check_lock(organization, operation.work)
    organization.bypassed = bypass.asked(organization, call.user, call.headers)
    try:
        answer = operation(organization, call, path)
    finally:
        organization.bypassed = frozenset()
    return replace(answer, work={operation.work: answer.operations})


def _operation(organization: Organization, call: Call, path: Sequence[Segment]) -> Operation:
    """The listed operation that is asked for, or the refusal that something unlisted earns."""
    found = shape(organization.model, path)
    methods = BY_SHAPE.get(found, {})
    if call.method in methods:
        return methods[call.method]
    definition = organization.model.by_set.get(path[0].name)
    if methods and (len(path) == 1 or definition is None):
        raise Refusal(
            Problem.METHOD_NOT_ALLOWED,
            f"The requested resource does not support http method '{call.method[:20]}'.",
        )
    if methods:
        raise not_implemented(f"{call.method[:20]} {found}", f"{', '.join(methods)} of it are.")
    if definition is not None and path[0].key is not None:
        raise paths.unknown(definition, path[1])
    if definition is None and ("_" in path[0].name or _is_misspelt(organization, path[0].name)):
        # Only a customisation has an underscore in its name, and then the model would know it.
        raise Refusal(Problem.UNKNOWN_RESOURCE, f"Resource not found for the segment '{path[0].name[:80]}'.")
    raise not_implemented(
        f"'{'/'.join(segment.name for segment in path)[:120]}'", "see its README for what is."
    )


def _is_misspelt(organization: Organization, name: str) -> bool:
    """Whether a table goes by that name, but its set does not (Resource not found for the segment)."""
    tables = organization.model.tables
    return name.lower() in tables or name.lower() in organization.model.by_set


def _check_lock(organization: Organization, work: Work) -> None:
    """One customisation at a time (7.7)."""
    wanted = CUSTOMIZATIONS.get(work)
    if wanted is None:
        return
    organization.lock, refusal = organization.lock.entered(wanted, organization.sources.now())
    if refusal is not None:
        raise refusal
