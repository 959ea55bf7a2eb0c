"""Which forms get the toggles: those that have them, the one chosen, the only one; else a person is asked."""

from uuid import UUID

import pytest

from assent.engine.form_choice import choose
from assent.errors import Paused
from assent.ports.setup import Form, Placing, Tab

DETAILS = Tab("DETAILS_TAB", "fe1c", ("Details",), visible=True)


def form(number: int, *, customisable: bool = True, ours: bool = False) -> Form:
    """A contact main form."""
    xml = f"<form {number}/>"
    return Form(UUID(int=number), f"Form {number}", xml, customisable, number == 1, ours, (DETAILS,))


@pytest.mark.parametrize(
    ("forms", "chosen", "edited"),
    [
        ([form(1)], "", [1]),
        ([form(1, customisable=False), form(2)], "", [2]),
        ([form(1), form(2, ours=True)], "", [2]),
        ([form(1, ours=True), form(2, ours=True)], "", [1, 2]),
        ([form(1), form(2)], str(UUID(int=2)), [2]),
        ([form(1, ours=True), form(2)], str(UUID(int=2)).upper(), [2, 1]),
        ([form(1, customisable=False)], str(UUID(int=1)), [1]),
    ],
)
def test_forms_that_leave_no_doubt_are_edited(forms: list[Form], chosen: str, edited: list[int]) -> None:
    """The chosen one first; whatever has our section is kept up to date."""
    assert edited == [one.form_id.int for one in choose(forms, Placing(form=chosen))]


@pytest.mark.parametrize(
    ("forms", "chosen", "reason"),
    [
        ([], "", "no_customisable_form"),
        ([form(1, customisable=False)], "", "no_customisable_form"),
        ([form(1), form(2)], "", "several_forms"),
        ([form(1)], str(UUID(int=9)), "form_not_found"),
        ([form(1)], "no id", "form_not_found"),
    ],
)
def test_where_a_person_must_say_which_every_form_is_shown(
    forms: list[Form], chosen: str, reason: str
) -> None:
    """With its tabs, whether it may be changed, and what was looked for."""
    with pytest.raises(Paused) as caught:
        choose(forms, Placing(form=chosen))
    assert reason == caught.value.reason
    listed = caught.value.evidence["forms"]
    assert isinstance(listed, list)
    assert [str(one.form_id) for one in forms] == [one["form_id"] for one in listed]
    assert all("DETAILS_TAB" == one["tabs"][0]["name"] for one in listed)
    assert caught.value.evidence["looked_for"]
