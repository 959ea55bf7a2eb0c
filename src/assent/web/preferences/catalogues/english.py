"""The pages in English."""

from assent.policy.permission import LegalBasis
from assent.web.preferences.words import Words

ENGLISH = Words(
    code="en",
    language="English",
    title="Your mail from {account}",
    greeting="Hello {name}",
    greeting_nobody="Hello",
    belongs_to="This page belongs to {email}. You need no password here.",
    permission="May we write to you?",
    bases={
        LegalBasis.NONE: "No: {account} has no permission of yours on record, so you get no marketing mail.",
        LegalBasis.CONSENT: "Yes: you agreed to get mail from {account}.",
        LegalBasis.LEGITIMATE_INTEREST: "Yes: {account} has a legitimate interest in writing to you.",
        LegalBasis.CONTRACT: "Yes: you have a contract with {account}.",
        LegalBasis.REQUIRED_BY_LAW: "Yes: the law requires {account} to write to you.",
        LegalBasis.VITAL_INTERESTS: "Yes: it protects vital interests.",
        LegalBasis.PUBLIC_INTEREST: "Yes: it is in the public interest.",
        LegalBasis.WITHDRAWN: "No: you said that {account} may not send you marketing mail.",
    },
    since="Since {day}.",
    categories="What we may write about",
    categories_hint="Tick what you want to get, then save.",
    categories_withdrawn="These choices count once mail may be sent to you again.",
    no_categories="There is nothing to choose here: {account} writes about one thing only.",
    save="Save my choices",
    stop_title="Stop everything",
    stop_hint="You will get no marketing mail from {account} any more, whatever is ticked above.",
    stop="Stop all marketing mail",
    stop_again="Say no once more",
    resume_title="Changed your mind?",
    resume_hint="You get no marketing mail from {account} now. It stays so unless you say otherwise here.",
    first_title="Would you like to hear from us?",
    first_hint="You get no marketing mail from {account} now. It stays so unless you say otherwise here.",
    first_yes="Yes, {account} may write to me",
    question="May {account} write to you again?",
    question_hint=(
        "Your choices are saved. But you told us before that we may not send you any marketing mail, "
        "and that still holds unless you answer yes."
    ),
    answer_yes="Yes, {account} may write to me again",
    answer_no="No, send me nothing",
    done="Saved",
    done_on="{name}: yes, you may get it.",
    done_off="{name}: no, you will not get it any more.",
    done_stop="All marketing mail is stopped.",
    done_resume="We may write to you again.",
    done_kept="Nothing is sent to you, as before.",
    done_nothing="Nothing was changed, so everything stays as it was.",
    done_unsaved=(
        "Something had changed since you opened the page, so not everything was saved. This is how it stands "
        "now; please choose again."
    ),
    held="What we hold about you",
    held_name="Name",
    held_address="Email address",
    held_since="With us since",
    held_basis="Permission for marketing mail",
    held_crm="Also in our sales system",
    no_name="none",
    yes="Yes",
    no="No",
    other_languages="Other languages",
    unsubscribe_title="Stop mail from {account}",
    unsubscribe_hint="Nothing has changed yet. Press the button to stop it for {email}.",
    unsubscribe="Stop mail about “{name}”",
    unsubscribe_all="Stop all marketing mail",
    unsubscribed="Done. You will get no more mail about “{name}” from {account}.",
    unsubscribed_all="Done. You will get no more marketing mail from {account}.",
    settings="See and change everything",
    lost_title="This link does not work",
    lost="It is not complete, or it is not one of ours. Nothing was changed.",
    lost_advice=(
        "Mail programs sometimes cut long links in two. Open the link again from the mail itself, or copy "
        "all of it. If that does not help, answer the mail and ask to be taken off the list."
    ),
    erased_title="You get no mail from us",
    erased=(
        "You were erased here, or are being erased. No mail is sent to you, and there is nothing left to "
        "choose."
    ),
    later_title="Please try again in a moment",
    later="We could not do this just now, and nothing was changed. The link stays valid.",
    sign_up_title="Sign up for mail from {account}",
    sign_up_email="Email address",
    sign_up_first_name="First name",
    sign_up_last_name="Last name",
    sign_up_empty="Leave this empty",
    sign_up="Sign up",
    sign_up_sent_title="Look into your mailbox",
    sign_up_sent=(
        "A mail with a link is on its way, if mail can be sent to this address. Nothing happens until you"
        " open the link and press the button there."
    ),
    sign_up_wrong=(
        "This is no email address that mail can be sent to, or a name is too long. Go back and correct it."
    ),
    sign_up_subject="Please confirm your sign-up with {account}",
    sign_up_mail=(
        "Somebody, probably you, asked for mail from {account} to this address. If it was not you, do "
        "nothing: nothing will be sent. If it was you, open this link within seven days and press the "
        "button there:"
    ),
    confirm_title="Confirm your sign-up with {account}",
    confirm_hint="Nothing has happened yet. This is what you agree to:",
    confirm="Yes, I want this",
    done_joined="You are signed up.",
    months=(
        "January",
        "February",
        "March",
        "April",
        "May",
        "June",
        "July",
        "August",
        "September",
        "October",
        "November",
        "December",
    ),
    date="{day} {month} {year}",
)
