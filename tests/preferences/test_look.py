"""The pages wear the account's look, and nothing of it can do more than look."""

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from assent.errors import Invalid, NotAllowed
from assent.ports import Actor, ActorKind
from assent.services import brands
from assent.services.access import Role, caller, operator
from assent.store.brands import Brand
from assent.web.preferences.colours import button_style, contrast, text_on

from .desk import desk

LOGO = "https://cdn.example/logo.svg"


async def test_name_logo_and_colour_are_on_the_persons_pages(tmp_path: Path) -> None:
    """And the page's policy lets that one picture in, from nowhere else."""
    async with desk(tmp_path) as at:
        me = operator(at.account_id)
        await brands.write(at.app, me, Brand("Meadow & Söner", LOGO, "#0B57A4"))
        for way in ("p", "u"):
            page = await at.get(await at.link(way))
            assert "Meadow & Söner" in page.plain
            assert f'src="{LOGO}"' in page.text
            assert "/p/assets/brand-0b57a4.css" in page.text
            assert f"img-src {LOGO}" in page.headers["content-security-policy"]
        style = await at.get(f"{at.url}/p/assets/brand-0b57a4.css")
        assert (200, True) == (style.status, "#0b57a4" in style.text)
        assert 404 == (await at.get(f"{at.url}/p/assets/brand-red;}}.css")).status


async def test_without_a_look_the_pages_are_as_before(tmp_path: Path) -> None:
    """The account's name, no picture, no colour; an emptied look is none."""
    async with desk(tmp_path) as at:
        me = operator(at.account_id)
        await brands.write(at.app, me, Brand("Other", LOGO, "#0b57a4"))
        assert Brand("Meadow Ltd") == await brands.write(at.app, me, Brand())
        page = await at.get(await at.link())
        assert "Meadow Ltd" in page.plain
        assert "img-src" not in page.headers["content-security-policy"]
        assert "brand-" not in page.text


@pytest.mark.parametrize(
    "brand",
    [
        Brand(logo_url="http://cdn.example/logo.svg"),
        Brand(logo_url="https://cdn.example/a.svg; script-src *"),
        Brand(logo_url="https://cdn.example/a.svg' onerror='x"),
        Brand(logo_url="javascript:alert(1)"),
        Brand(logo_url="https://"),
        Brand(colour="red"),
        Brand(colour="#0b57a4;}"),
        Brand(name="two\nlines"),
        Brand(name="x" * 201),
    ],
)
async def test_a_look_that_could_do_more_is_turned_down(tmp_path: Path, brand: Brand) -> None:
    """Nothing that would leave its place in a page, a policy or a style sheet."""
    async with desk(tmp_path) as at:
        with pytest.raises(Invalid):
            await brands.write(at.app, operator(at.account_id), brand)
        reader = caller(at.account_id, Actor(ActorKind.USER, "u"), Role.READER)
        with pytest.raises(NotAllowed):
            await brands.write(at.app, reader, Brand("Mine"))


@given(st.integers(0, 0xFFFFFF))
def test_text_on_any_colour_can_be_read(number: int) -> None:
    """WCAG 2.2, 1.4.3: contrast of at least 4.5 whatever somebody chooses."""
    colour = f"{number:06x}"
    assert contrast(colour, text_on(colour)[1:]) >= 4.5
    assert button_style(colour) is not None
