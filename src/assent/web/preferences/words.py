"""What the pages say: one typed catalogue, filled in once per language."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime

from assent.policy.permission import LegalBasis


@dataclass(frozen=True, slots=True)
class Words:
    """Every text of the pages in one language; names in braces are filled in."""

    code: str
    language: str
    title: str
    greeting: str
    greeting_nobody: str
    belongs_to: str
    permission: str
    bases: Mapping[LegalBasis, str]
    since: str
    categories: str
    categories_hint: str
    categories_withdrawn: str
    no_categories: str
    save: str
    stop_title: str
    stop_hint: str
    stop: str
    stop_again: str
    resume_title: str
    resume_hint: str
    first_title: str
    first_hint: str
    first_yes: str
    question: str
    question_hint: str
    answer_yes: str
    answer_no: str
    done: str
    done_on: str
    done_off: str
    done_stop: str
    done_resume: str
    done_kept: str
    done_nothing: str
    done_unsaved: str
    held: str
    held_name: str
    held_address: str
    held_since: str
    held_basis: str
    held_crm: str
    no_name: str
    yes: str
    no: str
    other_languages: str
    unsubscribe_title: str
    unsubscribe_hint: str
    unsubscribe: str
    unsubscribe_all: str
    unsubscribed: str
    unsubscribed_all: str
    settings: str
    lost_title: str
    lost: str
    lost_advice: str
    erased_title: str
    erased: str
    later_title: str
    later: str
    sign_up_title: str
    sign_up_email: str
    sign_up_first_name: str
    sign_up_last_name: str
    sign_up_empty: str
    sign_up: str
    sign_up_sent_title: str
    sign_up_sent: str
    sign_up_wrong: str
    sign_up_subject: str
    sign_up_mail: str
    confirm_title: str
    confirm_hint: str
    confirm: str
    done_joined: str
    months: tuple[str, ...]
    date: str

    def day(self, moment: datetime) -> str:
        """A day as people write it."""
        return self.date.format(day=moment.day, month=self.months[moment.month - 1], year=moment.year)

    def basis(self, basis: LegalBasis, account: str) -> str:
        """The legal basis in plain words."""
        return self.bases[basis].format(account=account)
