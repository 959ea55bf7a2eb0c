"""The commands about people: the first admin, a lost password, and who may sign in."""

from typing import Annotated

import typer

app = typer.Typer(help="Who may sign in to an account.", no_args_is_help=True)

Account = Annotated[int, typer.Option(help="The account; the first is made.")]
Json = Annotated[bool, typer.Option("--json", help="Print one JSON object instead of prose.")]


@app.command()
def admin(
    email: Annotated[str, typer.Argument(help="Whom to let in as an admin.")],
    name: Annotated[str, typer.Option(help="What to call them; the address's first part if not given.")] = "",
    account: Account = 1,
    json: Json = False,
) -> None:
    """Let somebody in as an admin, the first or one who lost the way in: prints a link that works once."""
    from assent.cli.commands import run

    run(_admin(account, email, name or email.partition("@")[0], json=json))


@app.command("list")
def list_users(account: Account = 1, json: Json = False) -> None:
    """List who may sign in."""
    from assent.cli.commands import run

    run(_list(account, json=json))


@app.command()
def reset(
    email: Annotated[str, typer.Argument(help="Who lost their password.")],
    account: Account = 1,
    json: Json = False,
) -> None:
    """End a user's password and sessions, and print a link that works once."""
    from assent.cli.commands import run

    run(_reset(account, email, json=json))


async def _admin(account: int, email: str, name: str, *, json: bool) -> int:
    from assent.app.application import open_application
    from assent.services import people
    from assent.services.settings import read_settings

    async with open_application(read_settings(), worker=False) as opened:
        if not await opened.store.accounts.all():
            account = await opened.store.accounts.create("Default")
        token = await people.first_admin(opened, account, email, name)
        _tell(people.sign_in_url(opened, token), json=json)
    return 0


async def _list(account: int, *, json: bool) -> int:
    from assent.app.application import open_application
    from assent.cli import show
    from assent.services import people
    from assent.services.access import operator
    from assent.services.settings import read_settings

    async with open_application(read_settings(), worker=False) as opened:
        found = await people.users(opened, operator(account))
    if json:
        rows = [
            {
                "user": one.user_id,
                "email": one.email,
                "name": one.name,
                "role": one.role.value,
                "disabled": one.disabled,
                "signed_in_at": one.signed_in_at,
            }
            for one in found
        ]
        show.as_json({"users": rows})
        return 0
    for one in found:
        last = f"last on {one.signed_in_at:%Y-%m-%d}" if one.signed_in_at else "never yet"
        state = "disabled" if one.disabled else f"signed in {last}"
        show.console.print(f"{one.email}  {one.name}  {one.role.value}  {state}", markup=False)
    if not found:
        show.console.print("Nobody may sign in yet. Next: assent users admin ADDRESS")
    return 0


async def _reset(account: int, email: str, *, json: bool) -> int:
    from assent.app.application import open_application
    from assent.errors import Unknown
    from assent.policy.address import normalise
    from assent.services import people
    from assent.services.access import operator
    from assent.services.settings import read_settings

    async with open_application(read_settings(), worker=False) as opened:
        caller = operator(account)
        found = [one for one in await people.users(opened, caller) if one.email == normalise(email)]
        if not found:
            raise Unknown(f"Nobody signs in to account {account} with this address.")
        invited = await people.new_link(opened, caller, found[0].user_id)
        _tell(people.sign_in_url(opened, invited.token), json=json)
    return 0


def _tell(url: str, *, json: bool) -> None:
    """The link, once: nothing keeps it."""
    from assent.cli import show

    if json:
        show.as_json({"sign_in": url})
    else:
        show.console.print("Open this link to sign in; it works once, within three days:")
        show.console.print(url, soft_wrap=True, markup=False)
