"""One operation: a method on addresses of one shape, what it does and what it does not."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from dataverse_emulator.state.organization import Organization
from dataverse_emulator.state.problems import not_implemented
from dataverse_emulator.wire.answers import Answer, Call
from dataverse_emulator.wire.costs import Work
from dataverse_emulator.wire.requests import Segment

Perform = Callable[[Organization, Call, Sequence[Segment]], Answer]


@dataclass(frozen=True, slots=True)
class Operation:
    """A method on addresses of one shape; without `perform` it is answered 501, by its name.

    `source` is the section of dataverse.md, or the title of Microsoft's page; `gaps` are what it does not
    do, which is answered 501 as well.
    """

    name: str
    method: str
    shape: str
    source: str
    work: Work = Work.OTHER
    perform: Perform | None = None
    gaps: tuple[str, ...] = ()

    def __call__(self, organization: Organization, call: Call, path: Sequence[Segment]) -> Answer:
        """Answer, or say by name that this is not imitated."""
        if self.perform is None:
            raise not_implemented(self.name, f"{self.method} {self.shape} is answered 501.")
        return self.perform(organization, call, path)


def plain(perform: Callable[[Organization, Call], Answer]) -> Perform:
    """For functions and actions whose address says nothing more."""
    return lambda organization, call, _path: perform(organization, call)
