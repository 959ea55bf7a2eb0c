"""What admins and the app ask of accounts."""

from uuid import UUID

import pytest

from assent.errors import Forbidden, Invalid, Unknown
from assent.policy.permission import OnAllow
from assent.policy.sides import CATEGORY_LIMIT, PERMISSION, LinkKey, Row
from assent.ports import Notice, Organisation
from assent.ports.setup import CategoryColumn
from assent.store.connection_rows import Settings
from assent.store.progress import SetupStep, SweepRun

from .samples import CONSENT, DENY, EVENTS, NEWS, WITHDRAWN, Town, new_connection


async def test_categories_take_the_lowest_bits_never_in_use(town: Town) -> None:
    """A retired category keeps its bit, so that no old answer is taken for a new one (S1)."""
    accounts, account = town.store.accounts, town.account_id
    await accounts.set_category_active(account, EVENTS, active=False)
    offers = await accounts.add_category(account, "Offers", schema_name="asn_Offers", description="Sales")
    assert (offers.bit, offers.position) == (4, 2)
    assert await town.store.memory.categories(account) == NEWS | 4
    assert [(c.name, c.active) for c in await accounts.categories(account)] == [
        ("News", True),
        ("Events", False),
        ("Offers", True),
    ]


async def test_a_category_needs_a_name_and_column_of_its_own(town: Town) -> None:
    """Names and columns are unique without regard to case, and never empty."""
    accounts, account = town.store.accounts, town.account_id
    for name, column in ((" news ", "asn_Other"), ("Other", "ASN_news"), ("  ", "asn_Other")):
        with pytest.raises(Invalid):
            await accounts.add_category(account, name, schema_name=column)
    with pytest.raises(Invalid):
        await accounts.rename_category(account, EVENTS, "NEWS", "")
    await accounts.rename_category(account, EVENTS, "Gatherings", "Where we meet")
    assert (await accounts.categories(account))[1].name == "Gatherings"


async def test_the_sixty_first_category_is_refused(town: Town) -> None:
    """Sixty bits, sixty categories (design 6)."""
    accounts, account = town.store.accounts, town.account_id
    for number in range(2, CATEGORY_LIMIT):
        await accounts.add_category(account, f"C{number}", schema_name=f"asn_C{number}")
    with pytest.raises(Invalid, match="sixty"):
        await accounts.add_category(account, "One more", schema_name="asn_More")


async def test_a_connection_keeps_its_secret_sealed(town: Town) -> None:
    """The secret opens for the client alone, and never shows in what is printed."""
    made = await town.store.accounts.connection(town.account_id, town.north)
    assert (made.secret, made.url, made.state) == ("secret of north", "https://north.crm.example", "live")
    assert "secret" not in repr(made)
    await town.store.accounts.set_secret(town.account_id, town.north, "another")
    assert (await town.store.accounts.connection(town.account_id, town.north)).secret == "another"
    other = await town.store.accounts.create("Another")
    with pytest.raises(Unknown):
        await town.store.accounts.connection(other, town.north)


async def test_only_its_own_key_opens_a_connections_webhook(town: Town) -> None:
    """A wrong key, another connection's key or an old key is no way in (P8)."""
    accounts = town.store.accounts
    assert (await accounts.by_webhook_key(town.north, town.webhook_key)).account_id == town.account_id
    for connection_id, key in ((town.north, ""), (town.north, "x" * 43), (town.south, town.webhook_key)):
        with pytest.raises(Forbidden):
            await accounts.by_webhook_key(connection_id, key)
    with pytest.raises(Unknown):
        await accounts.by_webhook_key(404, town.webhook_key)
    fresh = await accounts.new_webhook_key(town.account_id, town.north)
    with pytest.raises(Forbidden):
        await accounts.by_webhook_key(town.north, town.webhook_key)
    assert (await accounts.by_webhook_key(town.north, fresh)).connection_id == town.north


async def test_the_engine_sees_live_connections_with_their_policies(town: Town) -> None:
    """A paused or new connection takes no part; policies are per connection (T3, I5)."""
    accounts, account = town.store.accounts, town.account_id
    held = Settings(on_allow=OnAllow.HOLD, held_writers=(UUID(int=5),), create_in_crm=False)
    await accounts.set_settings(account, town.north, held)
    await accounts.set_live(account, town.south, live=False)
    await accounts.connect(account, new_connection("west"))
    (live,) = await town.store.memory.connections(account)
    assert (live.connection_id, live.create_in_hub, live.create_in_crm) == (town.north, True, False)
    assert (live.allow.on_allow, live.allow.held_writers) == (OnAllow.HOLD, frozenset({UUID(int=5)}))
    assert [c.live for c in await accounts.connections(account)] == [True, False, False]


async def test_setup_resumes_from_its_journal(town: Town) -> None:
    """The journal tells which steps are finished, with what a person should know (design 5.2)."""
    journal = town.store.setup_journal(town.account_id)
    added = await town.store.accounts.connect(town.account_id, new_connection("west"))
    west = added.connection_id
    await journal.mark(west, "schema", "running", {})
    assert await journal.done(west) == set()
    await journal.mark(west, "schema", "done", {"made": 2})
    await journal.mark(west, "forms", "paused", {"reason": "no tab"})
    assert await journal.done(west) == {"schema"}
    steps = await town.store.accounts.steps(town.account_id, west)
    assert [(s.step, s.state, s.detail) for s in steps] == [
        ("schema", "done", {"made": 2}),
        ("forms", "paused", {"reason": "no tab"}),
    ]
    await journal.set_organisation(west, Organisation(UUID(int=1), UUID(int=2), "West", 1033, 30))
    await journal.go_live(west)
    live = {c.connection_id: c for c in await town.store.memory.connections(town.account_id)}
    assert live[west].organisation_id == UUID(int=1)
    assert await journal.columns(west) == [
        CategoryColumn(NEWS, "asn_News", "News"),
        CategoryColumn(EVENTS, "asn_Events", "Events"),
    ]
    await town.store.accounts.forget_steps(town.account_id, west)
    assert await journal.done(west) == set()


async def test_a_step_and_a_sweep_belong_to_their_account(town: Town) -> None:
    """Nothing is written for a connection another account has."""
    other = await town.store.accounts.create("Another")
    assert await town.store.accounts.steps(other, town.north) == []
    now = town.clock.now()
    await town.store.accounts.write_step(town.account_id, town.north, SetupStep("schema", "done", {}, now))
    assert await town.store.setup_journal(other).done(town.north) == set()


async def test_sweeps_are_told_newest_first(town: Town) -> None:
    """A sweep's row is written as it begins and completed as it ends (design 5.5)."""
    accounts, account = town.store.accounts, town.account_id
    begun = [SweepRun(town.north, str(n), town.clock.now(), None, {}) for n in range(3)]
    for run in begun:
        await accounts.write_sweep(account, run)
    ended = SweepRun(town.north, "1", begun[1].started_at, town.clock.now(), {"settled": 4})
    await accounts.write_sweep(account, ended)
    assert await accounts.sweeps(account, town.north) == [begun[2], ended, begun[0]]
    assert await accounts.sweeps(account, town.south) == []


async def test_figures_tell_what_is_not_settled_and_since_when(town: Town) -> None:
    """Freshness is a number (design 5.5)."""
    ann, _, _ = await town.settled("ann@x.example")
    await town.settled("ben@x.example")
    before = town.clock.now()
    await town.act(ann, WITHDRAWN)
    began = town.clock.now()
    await town.act(ann, CONSENT)
    figures = await town.store.accounts.figures(town.account_id)
    assert (figures.contacts, figures.links, figures.unsettled) == (2, 2, 1)
    assert figures.oldest_unsettled is not None
    assert before < figures.oldest_unsettled < began


async def test_the_gate_is_told_everything_that_could_say_no(town: Town) -> None:
    """Basis, subscriptions, hold, suppression, blocks and each row's own word (G1-G4)."""
    ann, key, _ = await town.settled("ann@x.example")
    south = Row(UUID(int=801), 3, "ann@x.example", DENY, NEWS | EVENTS, EVENTS)
    await town.link(ann, south, at=town.south)
    told = Notice(key.connection_id, key.row_id, "Update", 9, PERMISSION | NEWS, town.clock.now())
    await town.store.memory.post(town.account_id, [told])
    await town.store.accounts.suppress(town.account_id, ["ANN@x.example"])
    facts = await town.store.accounts.gate_facts(town.account_id, [ann, UUID(int=404)])
    assert facts.keys() == {ann}
    found = facts[ann]
    assert (found.basis, found.suppressed, found.hold) == (CONSENT, True, None)
    assert found.blocked == PERMISSION | NEWS
    by_key = {link.key: link for link in found.links}
    mine = by_key[LinkKey(town.south, south.row_id)]
    assert (mine.refuses, mine.unsubscribed, mine.active) == (True, NEWS, True)
    assert mine.read_at is not None
    assert (by_key[key].refuses, by_key[key].unsubscribed) == (False, 0)
