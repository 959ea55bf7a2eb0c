"""Figures for Prometheus."""

from dataclasses import replace
from pathlib import Path

import pytest
from prometheus_client.parser import text_string_to_metric_families

from assent.policy.permission import LegalBasis
from assent.services import people
from assent.services.access import Role, operator
from tests.app.world import account, add, office
from tests.web.listening import answering

from .served import Served

pytestmark = pytest.mark.asyncio(loop_scope="module")


async def scrape(served: Served, key: str) -> dict[tuple[str, tuple[tuple[str, str], ...]], float]:
    """What Prometheus reads."""
    headers = {"authorization": f"Bearer {key}"}
    async with served.http.get(f"{served.url}/metrics", headers=headers) as answer:
        assert 200 == answer.status
        text = await answer.text()
    return {
        (sample.name, tuple(sorted(sample.labels.items()))): sample.value
        for family in text_string_to_metric_families(text)
        for sample in family.samples
    }


async def test_an_accounts_figures_are_its_own(served: Served) -> None:
    """Every role may read them with a key; another account's are not among them."""
    await add(served.app, served.account_id, "ada@metrics.example", basis=LegalBasis.CONSENT)
    ours = await scrape(served, served.keys[Role.READER])
    theirs = await scrape(served, served.other_key)
    assert (1, 0) == (ours["assent_contacts", ()], theirs["assent_contacts", ()])
    assert 0 == ours["assent_deliveries", (("state", "failed"),)]
    assert {"assent_waiting", "assent_troubles", "assent_ledger_entries"} <= {name for name, _ in ours}


async def test_requests_are_counted_without_paths(served: Served, tmp_path: Path) -> None:
    """By face, method and status, for whom all of them are; what anybody types makes no new series."""
    await served.call("GET", "/me")
    await served.call("GET", "/health")
    async with served.http.request("BREW", f"{served.url}/pot/with%20secret?x=1") as answer:
        assert 400 <= answer.status
    assert "assent_requests_total" not in str(await scrape(served, served.keys[Role.READER]))
    async with office(tmp_path) as on, answering(on.app) as url:
        only = await account(on.app)
        key = (await people.make_key(on.app, operator(only), "only", Role.READER)).secret
        told = await scrape(replace(served, url=url), key)
    assert 2 <= told["assent_requests_total", (("face", "api"), ("method", "GET"), ("status", "200"))]
    assert "pot" not in str(told)
    assert "BREW" not in str(told)


async def test_nobody_without_a_key_reads_figures(served: Served) -> None:
    """They tell how an account's business goes."""
    async with served.http.get(f"{served.url}/metrics") as answer:
        assert 401 == answer.status
