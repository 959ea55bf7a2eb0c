"""Databases for tests: a fresh SQLite file, and a fresh PostgreSQL database where a server can be had.

A server is the one TEST_DATABASE_URL names (its user must be allowed to create databases), or one
started here from the system's own binaries; without either, PostgreSQL tests are skipped.
"""

import asyncio
import os
import shutil
import signal
import subprocess
import tempfile
import time
from collections.abc import AsyncIterator, Iterator
from contextlib import contextmanager
from functools import cache
from pathlib import Path
from typing import Any

import pytest
import pytest_asyncio
from hypothesis import HealthCheck, settings
from sqlalchemy import create_engine, text
from sqlalchemy.engine import URL, make_url
from sqlalchemy.exc import OperationalError

from assent.store.database import Database, driver_url
from assent.store.migrations import upgrade

# How long anything takes depends on who else is at the machine, and is no property of the code.
settings.register_profile("anywhere", deadline=None, suppress_health_check=[HealthCheck.too_slow])
settings.load_profile("anywhere")

CHROMIUM = Path(os.environ.get("CHROMIUM", "/usr/bin/chromium"))
BROWSES = CHROMIUM.exists()
QUIET = (
    *("--headless", "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run"),
    *("--disable-background-networking", "--disable-component-update", "--disable-sync"),
)


def _binaries() -> Path | None:
    found = sorted(
        Path("/usr/lib/postgresql").glob("*/bin/initdb"), key=lambda path: int(path.parent.parent.name)
    )
    if found:
        return found[-1].parent
    on_path = shutil.which("initdb")
    return Path(on_path).resolve().parent if on_path else None


class Server:
    """A PostgreSQL server that keeps nothing, for one test run."""

    def __init__(self, binaries: Path) -> None:
        self._user: str | None = None
        self.home = Path(tempfile.mkdtemp(prefix="assent-pg-"))
        if os.geteuid() == 0:  # PostgreSQL refuses to run as root
            self._user = "postgres"
            shutil.chown(self.home, "postgres")
        data = self.home / "data"
        initdb = f"{binaries / 'initdb'} -D {data} -A trust -U postgres -N -E UTF8 --locale=C"
        subprocess.run(initdb.split(), check=True, user=self._user, cwd=self.home, stdout=subprocess.DEVNULL)
        careless = ["fsync=off", "synchronous_commit=off", "full_page_writes=off", "listen_addresses="]
        options = [part for setting in careless for part in ("-c", setting)]
        self._process = subprocess.Popen(
            [binaries / "postgres", "-D", data, "-k", self.home, *options],
            user=self._user,
            cwd=self.home,
            stderr=subprocess.DEVNULL,
        )
        self.url = URL.create(
            "postgresql+psycopg", username="postgres", database="postgres", query={"host": str(self.home)}
        )
        self._wait()

    def _wait(self) -> None:
        engine = create_engine(self.url)
        for _ in range(400):
            try:
                engine.connect().close()
            except OperationalError:
                time.sleep(0.02)
            else:
                break
        engine.dispose()

    def stop(self) -> None:
        """End the server, whoever is still connected, and remove what it kept."""
        self._process.send_signal(signal.SIGINT)
        self._process.wait()
        shutil.rmtree(self.home, ignore_errors=True)


class Databases:
    """Makes databases on one server, each a copy of one with all tables in it."""

    def __init__(self, server: URL, name: str) -> None:
        self._server = server
        self._template = f"{name}_template"
        self._name = name
        self._made = 0
        self._admin = create_engine(server, isolation_level="AUTOCOMMIT")
        self._run(f"DROP DATABASE IF EXISTS {self._template}", f"CREATE DATABASE {self._template}")
        template = Database(self._url(self._template), threads=1)
        asyncio.run(template.upgrade())
        template.close()

    def _url(self, name: str) -> str:
        return self._server.set(database=name).render_as_string(hide_password=False)

    def _run(self, *statements: str) -> None:
        with self._admin.connect() as connection:
            for statement in statements:
                connection.execute(text(statement))

    def make(self) -> str:
        """Make a database; gives its URL."""
        self._made += 1
        name = f"{self._name}_{self._made}"
        self._run(f"DROP DATABASE IF EXISTS {name}", f"CREATE DATABASE {name} TEMPLATE {self._template}")
        return self._url(name)

    def drop(self, url: str) -> None:
        """Remove a database."""
        self._run(f"DROP DATABASE {make_url(url).database} WITH (FORCE)")

    def close(self) -> None:
        """Remove the template and let go of the server."""
        self._run(f"DROP DATABASE {self._template}")
        self._admin.dispose()


@contextmanager
def server_for(name: str) -> Iterator[Databases | None]:
    """Databases whose names begin so, on a server that can be had; None without one."""
    given, binaries = os.environ.get("TEST_DATABASE_URL"), _binaries()
    if given:
        databases = Databases(driver_url(given), f"{name}_{os.getpid()}")
        yield databases
        databases.close()
        return
    if binaries is None:
        yield None
        return
    server = Server(binaries)
    try:
        databases = Databases(server.url, name)
        yield databases
        databases.close()
    finally:
        server.stop()


def prepare(path: Path) -> None:
    """Put a SQLite file with all tables where none is: copying one takes a tenth of making it."""
    if not path.exists():
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(_template())


@cache
def _template() -> bytes:
    with tempfile.TemporaryDirectory(prefix="assent-sqlite-") as folder:
        path = Path(folder) / "assent.sqlite"
        made = Database(f"sqlite:///{path}")
        made._write(upgrade)
        made.close()
        return path.read_bytes()


@pytest.fixture(scope="session")
def postgres() -> Iterator[Databases]:
    """PostgreSQL databases on demand; skips where there is no server to be had."""
    with server_for(f"assent_test_{os.environ.get('PYTEST_XDIST_WORKER', 'main')}") as databases:
        if databases is None:
            pytest.skip("no PostgreSQL: set TEST_DATABASE_URL or install its server")
        yield databases


@pytest_asyncio.fixture(loop_scope="session", scope="session")
async def chromium() -> AsyncIterator[Any]:
    """Chromium, where there is one: started once in a process, by tests in the loop of the session."""
    playwright = pytest.importorskip("playwright.async_api")
    if not BROWSES:
        pytest.skip("no Chromium here")
    async with playwright.async_playwright() as engine:
        found = await engine.chromium.launch(executable_path=str(CHROMIUM), args=list(QUIET))
        yield found
        await found.close()


@pytest_asyncio.fixture(loop_scope="session")
async def browser(chromium: Any) -> AsyncIterator[Any]:
    """Chromium with nothing open, and nothing left open."""
    yield chromium
    for context in chromium.contexts:
        await context.close()


@pytest.fixture(params=["sqlite", pytest.param("postgresql", marks=pytest.mark.thorough)])
def database_url(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[str]:
    """The URL of a fresh database with all tables in it."""
    if request.param == "sqlite":
        path = tmp_path / "assent.sqlite"
        prepare(path)
        yield f"sqlite:///{path}"
        return
    databases: Databases = request.getfixturevalue("postgres")
    url = databases.make()
    yield url
    databases.drop(url)


@pytest.fixture
async def database(database_url: str) -> AsyncIterator[Database]:
    """A fresh database with all tables, on both kinds in turn."""
    opened = Database(database_url)
    await opened.upgrade()
    yield opened
    opened.close()
