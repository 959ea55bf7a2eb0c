"""Connections to Dynamics: joined, set up, paused, and what they are doing."""

from datetime import datetime
from typing import Annotated, Any
from uuid import UUID

from fastapi import APIRouter
from fastapi.responses import StreamingResponse
from pydantic import Field, SecretStr, StringConstraints

from assent.engine.setup_terms import Step
from assent.policy.permission import OnAllow
from assent.ports.setup import Action
from assent.services import connections, credentials, planning, removing
from assent.services.connecting import Verified
from assent.services.connection_views import State
from assent.services.connections import Changed
from assent.services.credentials import Credentials
from assent.services.deciding import Decision, decide
from assent.services.paging import Page
from assent.services.setup_pauses import Choice
from assent.services.setup_words import StepState
from assent.store.organisations import NewConnection
from assent.web.api.calling import App, Calling
from assent.web.api.shapes import Limit, Line, Listed, Number, Shape, listed
from assent.web.files import CSV_FILE, csv_file

router = APIRouter(tags=["Connections"], prefix="/connections")

Address = Annotated[str, StringConstraints(strip_whitespace=True, min_length=1, max_length=500)]


_SIGNS_IN = "Client secret, or a PEM text of a certificate and its private key."


class NewConnectionBody(Shape):
    """An organisation to connect, and the application user to sign in with."""

    name: Annotated[Line, Field(examples=["Contoso Sales"])]
    url: Annotated[Address, Field(examples=["https://contoso.crm4.dynamics.com"])]
    tenant: Annotated[Line, Field(description="Tenant id or domain in Entra ID.")]
    client_id: Annotated[Line, Field(description="Application (client) id.")]
    secret: Annotated[SecretStr, Field(min_length=1, max_length=20_000, description=_SIGNS_IN)]
    authority: Annotated[str, Field(max_length=500, description="Sign-in authority, if not Microsoft's.")] = (
        ""
    )

    def given(self) -> NewConnection:
        """As the service takes it."""
        secret = self.secret.get_secret_value()
        return NewConnection(self.name, self.url, self.tenant, self.client_id, secret, self.authority)


class ChangedConnection(Shape):
    """New answers for a connection's settings; what is left out stays."""

    on_allow: Annotated[OnAllow | None, Field(description="What an Allow by a rep becomes (T3).")] = None
    held_writers: Annotated[
        tuple[UUID, ...] | None, Field(max_length=100, description="CRM users whose Allows are held.")
    ] = None
    create_in_hub: bool | None = None
    create_in_crm: bool | None = None
    create_from_others: Annotated[
        bool | None, Field(description="Rows here for contacts first seen in another connection (I8).")
    ] = None
    hold_deleted: bool | None = None
    honour_no_email: Annotated[
        bool | None,
        Field(description='Dynamics\' own "Do not allow Emails" keeps our mail back, too (G3).'),
    ] = None
    catalogue: Annotated[
        bool | None, Field(description="Whether a table in Dynamics lists the categories.")
    ] = None
    repair: Annotated[
        bool | None, Field(description="Put right what somebody changed of our parts, not only report it.")
    ] = None


class DecisionBody(Shape):
    """What a person decides for a setup that waits."""

    choice: Choice
    form: Annotated[str, Field(max_length=200, description="For `tab` and `new_tab`: the form's id.")] = ""
    tab: Annotated[str, Field(max_length=200, description="For `tab`: its name or id.")] = ""


class SweepShape(Shape):
    """One sweep of a connection; `finished_at` is null while it runs."""

    connection_id: int
    started_at: datetime
    finished_at: datetime | None
    counts: dict[str, int]
    on_demand: bool
    reached: bool


class StepShape(Shape):
    """One step of setup."""

    step: Step
    title: str
    explains: str
    state: StepState
    words: str
    at: datetime | None
    message: str
    counts: dict[str, int]
    passed: Annotated[int, Field(description="Contacts dealt with, of the next figure.")]
    of: Annotated[int, Field(description="Contacts the step deals with; 0 where it is not about contacts.")]


class ProgressShape(Shape):
    """Steps of setup done of all; while one is under way, its probable end as far as that is known."""

    done: int
    total: int
    ends_at: datetime | None
    seconds_left: int | None


class OptionShape(Shape):
    """Something that may be decided."""

    choice: Choice
    label: str
    explains: str


class PauseShape(Shape):
    """Why setup waits, what that means, and what may be decided."""

    step: Step
    reason: str
    message: str
    meaning: str
    to_do: str
    options: list[OptionShape]
    evidence: dict[str, Any]


class ComponentShape(Shape):
    """A part of an organisation that setup made, or somebody else."""

    kind: str
    name: str
    action: Action
    before: str
    after: str


class ConnectionShape(Shape):
    """A connection. Secrets are never part of it."""

    connection_id: int
    name: str
    url: str
    tenant: str
    client_id: str
    organisation_id: UUID | None
    state: State
    means: str
    live: bool
    on_allow: OnAllow
    held_writers: list[UUID]
    create_in_hub: bool
    create_in_crm: bool
    create_from_others: bool
    hold_deleted: bool
    honour_no_email: bool
    last_sweep: SweepShape | None
    troubles: int
    steps: list[StepShape]
    progress: ProgressShape
    pause: PauseShape | None
    left: Annotated[list[str], Field(description="What a removal left in Dynamics, and why.")]
    catalogue: bool
    repair: bool
    checked_at: datetime | None
    drift: Annotated[list[str], Field(description="What was not as Assent made it, when last looked at.")]
    created_at: datetime


class WriterShape(Shape):
    """Somebody who writes contacts, and how many of the newest 5,000."""

    user_id: UUID
    name: str
    application: bool
    rows: int


class FindingsShape(Shape):
    """What an organisation tells; null where it did not, and `untold` says why."""

    version: str | None
    languages: list[int] | None
    auditing: bool | None
    contacts: int | None
    requests_left: int | None
    missing_run_time: Annotated[list[str] | None, Field(description="Privileges, by name.")]
    missing_setup: Annotated[list[str] | None, Field(description="Privileges, by name.")]
    writers: list[WriterShape] | None
    contact_point_consent: bool | None
    secured: Annotated[list[str] | None, Field(description="Columns under column security.")]
    untold: dict[str, str]


class VerifiedShape(Shape):
    """The organisation that answered, and what else it tells."""

    organisation_id: UUID
    user_id: UUID
    name: str
    language: int
    token_days: int
    findings: FindingsShape


def _verified(found: Verified) -> VerifiedShape:
    organisation = found.organisation
    return VerifiedShape(
        organisation_id=organisation.organisation_id,
        user_id=organisation.user_id,
        name=organisation.name,
        language=organisation.language,
        token_days=organisation.token_days,
        findings=FindingsShape.model_validate(found.findings, from_attributes=True),
    )


class CredentialsBody(Shape):
    """New ways to reach and sign in to the same organisation; what is empty stays."""

    url: Annotated[str, Field(max_length=500)] = ""
    tenant: Annotated[str, Field(max_length=200)] = ""
    client_id: Annotated[str, Field(max_length=200)] = ""
    secret: Annotated[SecretStr, Field(max_length=20_000, description=_SIGNS_IN)] = SecretStr("")
    authority: Annotated[str, Field(max_length=500)] = ""


@router.get("", summary="List connections", response_model=Listed[ConnectionShape])
async def list_connections(app: App, calling: Calling) -> Any:
    """Every connection of the account, in the order they were made."""
    return listed(Page(await connections.all(app, calling)))


@router.post("", status_code=201, summary="Connect an organisation", response_model=ConnectionShape)
async def create_connection(app: App, calling: Calling, body: NewConnectionBody) -> Any:
    """Sign in, and keep the connection. Nothing is written in Dynamics until its setup is asked for."""
    return await connections.connect(app, calling, body.given())


@router.post("/verify", summary="Try a connection out", response_model=VerifiedShape)
async def verify_connection(app: App, calling: Calling, body: NewConnectionBody) -> Any:
    """Sign in, ask which organisation answers and what it tells; nothing is stored or written."""
    return _verified(await connections.verify(app, calling, body.given()))


@router.post("/{connection_id}/findings", summary="Look an organisation over", response_model=VerifiedShape)
async def look_over_connection(app: App, calling: Calling, connection_id: Number) -> Any:
    """Missing privileges by name, auditing, writers and more, as the organisation tells now."""
    return _verified(await credentials.findings(app, calling, connection_id))


@router.put(
    "/{connection_id}/credentials",
    summary="Replace a connection's credentials",
    response_model=ConnectionShape,
)
async def put_credentials(app: App, calling: Calling, connection_id: Number, body: CredentialsBody) -> Any:
    """Sign in anew and keep it; setup and everything synced stay. The organisation must be the same."""
    secret = body.secret.get_secret_value()
    given = Credentials(body.url.strip(), body.tenant.strip(), body.client_id.strip(), secret, body.authority)
    return await credentials.replace(app, calling, connection_id, given)


@router.get("/{connection_id}", summary="Read a connection", response_model=ConnectionShape)
async def get_connection(app: App, calling: Calling, connection_id: Number) -> Any:
    """What it is doing, how far setup is, and what it waits for."""
    return await connections.read(app, calling, connection_id)


@router.patch("/{connection_id}", summary="Change a connection", response_model=ConnectionShape)
async def change_connection(
    app: App, calling: Calling, connection_id: Number, body: ChangedConnection
) -> Any:
    """Change what is given."""
    return await connections.change(app, calling, connection_id, Changed(**dict(body)))


@router.post("/{connection_id}/pause", summary="Pause a connection", response_model=ConnectionShape)
async def pause_connection(app: App, calling: Calling, connection_id: Number) -> Any:
    """Stop reading and writing the organisation. No marketing mail goes out until it is resumed."""
    return await connections.pause(app, calling, connection_id)


@router.post("/{connection_id}/resume", summary="Resume a connection", response_model=ConnectionShape)
async def resume_connection(app: App, calling: Calling, connection_id: Number) -> Any:
    """Go on, and catch up at once."""
    return await connections.resume(app, calling, connection_id)


@router.post(
    "/{connection_id}/setup",
    status_code=202,
    summary="Set a connection up",
    response_model=ConnectionShape,
)
async def set_up_connection(app: App, calling: Calling, connection_id: Number) -> Any:
    """Begin setup, go on where it stopped, or repair a live connection; it goes on by itself."""
    return await connections.set_up(app, calling, connection_id)


@router.get("/{connection_id}/setup", summary="Read how far setup is", response_model=list[StepShape])
async def get_setup(app: App, calling: Calling, connection_id: Number) -> Any:
    """Every step in its order."""
    return await connections.setup_steps(app, calling, connection_id)


@router.post("/{connection_id}/setup/plan", summary="Plan a setup", response_model=dict[str, Any])
async def plan_setup(app: App, calling: Calling, connection_id: Number) -> Any:
    """Everything setup would create or change, and the first sync in figures; nothing is written.

    Reads every contact of the organisation once. Setup writes only after a decision to `approve`.
    """
    return dict(await planning.plan(app, calling, connection_id))


@router.post(
    "/{connection_id}/setup/plan/people",
    summary="Export whom the first sync concerns",
    response_class=StreamingResponse,
    responses=CSV_FILE,
)
async def list_plan_people(app: App, calling: Calling, connection_id: Number) -> StreamingResponse:
    """Every row of the organisation, and what the first sync would do with it, as CSV."""
    return await csv_file(planning.people(app, calling, connection_id), "first-sync.csv")


@router.post(
    "/{connection_id}/setup/decision",
    status_code=202,
    summary="Decide for a setup that waits",
    response_model=ConnectionShape,
)
async def decide_setup(app: App, calling: Calling, connection_id: Number, body: DecisionBody) -> Any:
    """Answer what setup waits for; it goes on by itself."""
    return await decide(app, calling, connection_id, Decision(body.choice, body.form, body.tab))


@router.post("/{connection_id}/removal/plan", summary="Plan a removal", response_model=list[ComponentShape])
async def plan_removal(app: App, calling: Calling, connection_id: Number) -> Any:
    """Every part that would be removed, changed or kept, and why; nothing is written."""
    return await removing.plan(app, calling, connection_id)


@router.post(
    "/{connection_id}/removal/export",
    summary="Export what a removal deletes",
    response_class=StreamingResponse,
    responses=CSV_FILE,
)
async def export_removal(app: App, calling: Calling, connection_id: Number) -> StreamingResponse:
    """Bulk Email and each category's answer of every row in Dynamics, as CSV."""
    return await csv_file(removing.export(app, calling, connection_id), "subscriptions.csv")


@router.post(
    "/{connection_id}/removal",
    status_code=202,
    summary="Remove what setup made",
    response_model=ConnectionShape,
)
async def remove_setup(app: App, calling: Calling, connection_id: Number) -> Any:
    """Stop the sync and take away what setup made, with the columns' data; export it first.

    It goes on by itself. Refusals stay in the hub; `left` then says what stayed in Dynamics, and why.
    """
    return await removing.remove(app, calling, connection_id)


@router.get(
    "/{connection_id}/sweeps", summary="List a connection's sweeps", response_model=Listed[SweepShape]
)
async def list_sweeps(app: App, calling: Calling, connection_id: Number, limit: Limit = 50) -> Any:
    """The newest first."""
    return listed(Page(tuple(await connections.sweeps(app, calling, connection_id, limit=limit))))
