"""Pages as tests look at them, and small forms to draw."""

from lxml import etree, html

from .api import Api, Reply

MAIN = "1fed44d1-ae68-4a41-bd2b-f13acac4acfa"
LIST = "/rep/contacts"


async def shown(api: Api, path: str, status: int = 200) -> "etree._Element":
    """A page, parsed."""
    reply = await api.get(f"{api.url}{path}")
    assert (reply.status, reply.headers["Content-Type"]) == (status, "text/html; charset=utf-8")
    return html.fromstring(reply.text)


def text(page: "etree._Element", path: str = ".") -> str:
    """The words of the first element at an XPath."""
    found = page.xpath(path)
    assert isinstance(found, list)
    assert found, path
    words = "".join(all_at(found[0], ".//text()"))  # type: ignore[arg-type]
    return " ".join(words.split())


def all_at(page: "etree._Element", path: str) -> list[str]:
    """What an XPath finds, as texts."""
    found = page.xpath(path)
    assert isinstance(found, list)
    return [str(one) for one in found]


async def published(api: Api, formxml: str) -> Reply:
    """Give the main form another text, and publish it."""
    assert (await api.patch(f"systemforms({MAIN})", {"formxml": formxml})).status == 204
    return await api.post("PublishAllXml")


def form_of(cells: str, **attributes: str) -> str:
    """A form of one tab and one section with the cells."""
    more = "".join(f' {name}="{value}"' for name, value in attributes.items())
    return (
        f'<form><tabs><tab id="a"{more}><labels><label description="Only" languagecode="1033"/></labels>'
        f'<columns><column width="100%"><sections><section id="b" columns="111"><rows>'
        f"<row>{cells}</row></rows></section></sections></column></columns></tab></tabs></form>"
    )


def cell(name: str, *labels: tuple[int, str], **attributes: str) -> str:
    """A cell for a column."""
    words = "".join(f'<label description="{label}" languagecode="{code}"/>' for code, label in labels)
    more = "".join(f' {key}="{value}"' for key, value in attributes.items())
    control = f'<control id="{name}" datafieldname="{name}"/>'
    return f'<cell id="cell-{name}"{more}><labels>{words}</labels>{control}</cell>'
