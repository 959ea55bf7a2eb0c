"""How far each organisation is with the categories: whose column is there, on its way, or waits."""

from dataclasses import dataclass
from enum import Enum

from assent.services import connections
from assent.services.access import Caller, Right
from assent.services.application import Application
from assent.services.categories import CategoryView
from assent.services.connection_views import ConnectionView, State


class Reach(Enum):
    """How a category stands in one organisation."""

    THERE = "there"  # it has its column, and the form shows it
    COMING = "coming"  # setup is under way, or asked for
    WAITS = "waits"  # setup waits for a person's decision
    PAUSED = "paused"  # the connection is paused; it follows when that ends
    NOT_SET_UP = "not_set_up"  # the connection was never set up
    KEPT = "kept"  # archived: the column and its answers stay, the form hides them
    NOWHERE = "nowhere"  # archived, and the connection was never set up


@dataclass(frozen=True, slots=True)
class Place:
    """One category in one organisation."""

    connection_id: int
    connection_name: str
    reach: Reach


@dataclass(frozen=True, slots=True)
class CategoryReach:
    """Every connection, and the categories whose columns it has."""

    connections: tuple[ConnectionView, ...]
    made: dict[int, int]

    def places(self, category: CategoryView) -> tuple[Place, ...]:
        """Where a category stands, connection by connection."""
        return tuple(
            Place(one.connection_id, one.name, _reach(category, one.state, self._has(one, category)))
            for one in self.connections
        )

    def _has(self, connection: ConnectionView, category: CategoryView) -> bool:
        return bool(self.made.get(connection.connection_id, 0) & category.bit)


async def reach(app: Application, caller: Caller) -> CategoryReach:
    """How far every connection is with the categories."""
    caller.require(Right.READ)
    views = await connections.all(app, caller)
    stored = await app.store.accounts.connections(caller.account_id)
    return CategoryReach(tuple(views), {one.connection_id: one.made for one in stored})


def _reach(category: CategoryView, state: State, has: bool) -> Reach:
    if not category.active:
        return Reach.NOWHERE if state is State.NEW else Reach.KEPT
    match state:
        case State.NEW | State.REMOVING | State.REMOVAL_STOPPED:
            return Reach.NOT_SET_UP
        case State.PAUSED:
            return Reach.THERE if has else Reach.PAUSED
        case State.WAITS:
            return Reach.THERE if has else Reach.WAITS
        case State.SETTING_UP:
            return Reach.COMING
        case State.LIVE:
            return Reach.THERE if has else Reach.COMING
