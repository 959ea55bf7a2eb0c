"""A Dataverse for tests: `pytest -p dataverse_emulator.pytest_plugin` brings the fixture `dataverse`.

It answers over HTTP at `dataverse.url`, from a thread, so clients of any kind can be tried, and it is new
for every test. A mark says what it should be, in the words of `Emulator`:

    @pytest.mark.dataverse(contacts=100, faults="throttled=0.5", seed=3)
    def test_everybody_is_read(dataverse): ...
"""

from collections.abc import Iterator

import pytest

from dataverse_emulator.emulator import Emulator
from dataverse_emulator.serving import Door, opened


def pytest_configure(config: pytest.Config) -> None:
    """Make the mark known."""
    config.addinivalue_line(
        "markers",
        "dataverse(contacts=0, seed=1, profile='off', …): what the fixture `dataverse` is made with",
    )


@pytest.fixture(scope="session")
def dataverse_door() -> Iterator[Door]:
    """The address of all of them, one after another."""
    with opened() as door:
        yield door


@pytest.fixture
def dataverse(request: pytest.FixtureRequest, dataverse_door: Door) -> Iterator[Emulator]:
    """An organisation of the test's own, served."""
    mark = request.node.get_closest_marker("dataverse")
    emulator = Emulator(**(mark.kwargs if mark else {}))
    with emulator.standing_in(dataverse_door):
        yield emulator
