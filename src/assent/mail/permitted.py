"""What a mail's template may do: show variables, decide, repeat a little; nothing that grows or escapes."""

from collections.abc import Iterator

from jinja2 import nodes

VARIABLES = ("first_name", "last_name", "email", "preferences_url", "unsubscribe_url", "category")
FILTERS = (
    "capitalize",
    "d",
    "default",
    "e",
    "escape",
    "length",
    "lower",
    "title",
    "trim",
    "truncate",
    "upper",
    "urlencode",
)
TESTS = ("defined", "none", "undefined")
_LOOP = ("index", "index0", "first", "last", "length")
_OURS = ("loop", "range")
_DEEPEST = 20

# No +, *, %, ~, no set block and no lists of variables: with `set`, each doubles a value at every use.
# No calls, attributes or subscripts: whatever a value can do is out of reach, before the sandbox is asked.
_NODES = (
    nodes.Template,
    nodes.Output,
    nodes.TemplateData,
    nodes.Const,
    nodes.Name,
    nodes.If,
    nodes.For,
    nodes.Assign,
    nodes.CondExpr,
    nodes.And,
    nodes.Or,
    nodes.Not,
    nodes.Neg,
    nodes.Compare,
    nodes.Operand,
    nodes.Filter,
    nodes.Test,
    nodes.Keyword,
)


def objections(tree: nodes.Template) -> Iterator[tuple[int, str]]:
    """Give what a template may not do, each with its line, in the order of the text."""
    named = {name.name for name in tree.find_all(nodes.Name) if name.ctx != "load"}
    known = named | {*VARIABLES}
    stack: list[tuple[nodes.Node, int, bool]] = [(tree, 0, False)]
    while stack:
        node, depth, looping = stack.pop()
        problem = "it is nested too deeply." if depth > _DEEPEST else _objection(node, known, looping)
        if problem is not None:
            yield node.lineno or 1, problem
            return
        inside = looping or isinstance(node, nodes.For)
        stack.extend((child, depth + 1, inside) for child in reversed(list(_parts(node))))


def _parts(node: nodes.Node) -> Iterator[nodes.Node]:
    """The parts of a node still to be judged; of a permitted call or attribute, only what varies."""
    if isinstance(node, nodes.Call):
        yield from node.args
    elif not isinstance(node, nodes.Getattr):
        yield from node.iter_child_nodes()


def _objection(node: nodes.Node, known: set[str], looping: bool) -> str | None:
    match node:
        case nodes.Call(node=nodes.Name(name="range"), kwargs=[], dyn_args=None, dyn_kwargs=None):
            return None
        case nodes.Getattr(node=nodes.Name(name="loop"), attr=attr) if attr in _LOOP and looping:
            return None
        case nodes.List(items=items) | nodes.Tuple(items=items) if all(
            isinstance(item, nodes.Const) for item in items
        ):
            return None
        case nodes.Name(name=name) if name in _OURS:
            return f"{name!r} can only be used as in `for i in range(3)` and `loop.index`."
        case nodes.Name(name=name) if name not in known:
            return f"there is nothing called {name!r}. There is {_listed(VARIABLES)}."
        case nodes.Filter(name=name) if name not in FILTERS:
            return f"there is no filter {name!r} in mails. There is {_listed(FILTERS)}."
        case nodes.Test(name=name) if name not in TESTS:
            return f"there is no test {name!r} in mails. There is {_listed(TESTS)}."
        case nodes.For(recursive=recursive) if looping or recursive:
            return "a loop cannot stand in another loop, nor call itself."
    if isinstance(node, _NODES):
        return None
    return (
        "a mail may show variables, use if, for, set and filters, and nothing else: no attributes, "
        "brackets, calls, arithmetic, macros or other files."
    )


def _listed(names: tuple[str, ...]) -> str:
    return f"{', '.join(names[:-1])} and {names[-1]}"
