"""What an address looks like, names and keys of the data taken out: `{set}({key})/{property}`."""

import re
from collections.abc import Iterator, Sequence
from typing import Final

from dataverse_emulator.state.definitions import Definition, Model, Way
from dataverse_emulator.wire.requests import Segment

_CAST: Final = re.compile(r"Microsoft\.Dynamics\.CRM\.\w+Metadata")
_DEFINITIONS: Final = ("EntityDefinitions", "RelationshipDefinitions", "GlobalOptionSetDefinitions")


def shape(model: Model, path: Sequence[Segment]) -> str:
    """The shape of a path below the service root."""
    head, *rest = path
    definition = model.by_set.get(head.name)
    if definition is None:
        return "/".join([_plain(head), *_defined(rest)]) if head.name in _DEFINITIONS else _named(path)
    if head.key is None:
        return "/".join(["{set}", *([_named(rest)] if rest else [])])
    return "{set}({key})" + (f"/{_below(model, definition, rest)}" if rest else "")


def _below(model: Model, definition: Definition, rest: Sequence[Segment]) -> str:
    step, *tail = rest
    navigation = model.navigations[definition.name].get(step.name)
    if navigation is None:
        if step.key is None and step.name in definition.properties:
            return "/".join(["{property}", *([_named(tail)] if tail else [])])
        return _named(rest)
    single = navigation.way is Way.ONE
    name = "{lookup}" if single else "{collection}" if step.key is None else "{collection}({key})"
    if not tail:
        return name
    leads_on = single or step.key is not None
    return f"{name}/…" if leads_on and tail != [Segment("$ref")] else f"{name}/{_named(tail)}"


def _defined(rest: Sequence[Segment]) -> Iterator[str]:
    """What follows a set of definitions: parts by name, everything else as a property."""
    for at, segment in enumerate(rest):
        if at == 0 and segment.name in ("Attributes", "Keys"):
            yield _plain(segment)
        elif at == 0 and segment.name.endswith("Relationships"):
            yield "{relationships}({key})" if segment.key else "{relationships}"
        else:
            yield "{cast}" if _CAST.fullmatch(segment.name) else "{property}"


def _named(path: Sequence[Segment]) -> str:
    """Names as they are, keys and arguments as such; `()` adds nothing to a name."""
    return "/".join(_plain(segment) for segment in path)


def _plain(segment: Segment) -> str:
    name = "{cast}" if _CAST.fullmatch(segment.name) else segment.name
    return f"{name}({{key}})" if segment.key else name
