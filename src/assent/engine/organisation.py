"""Which organisation answers, asked before anything is written to it (rule M7)."""

from assent.engine.run import Run
from assent.errors import AssentError, WrongOrganisation
from assent.policy.identity import Suspicion, suspect
from assent.ports import Connection, Organisation


async def check_organisation(run: Run, connection: Connection) -> Organisation:
    """Say who we are there, before anything is written; raises WrongOrganisation elsewhere (M7)."""
    found = await run.crms[connection.connection_id].organisation()
    expected = connection.organisation_id or found.organisation_id
    suspicion = suspect(connected_organisation=expected, organisation=found.organisation_id)
    if suspicion is Suspicion.OTHER_ORGANISATION:
        raise WrongOrganisation(
            f"Connection {connection.connection_id} was joined to organisation {expected}, but its address "
            f"now answers as {found.organisation_id}: a copied or exchanged environment. Nothing was "
            "written. Connect it anew under its own name, or correct the address."
        )
    return found


async def answering(run: Run) -> tuple[Run, list[AssentError]]:
    """The same run with the connections that answer as themselves, and what was wrong with the others.

    One organisation's trouble never holds up another's refusals.
    """
    errors: list[AssentError] = []
    for connection_id in list(run.crms):
        try:
            await check_organisation(run, run.connections[connection_id])
        except AssentError as error:
            errors.append(error)
            run = run.without(connection_id)
    return run, errors
