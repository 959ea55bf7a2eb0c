"""The pages in German."""

from assent.policy.permission import LegalBasis
from assent.web.preferences.words import Words

GERMAN = Words(
    code="de",
    language="Deutsch",
    title="Ihre E-Mails von {account}",
    greeting="Guten Tag, {name}",
    greeting_nobody="Guten Tag",
    belongs_to="Diese Seite gehört zu {email}. Sie brauchen hier kein Passwort.",
    permission="Dürfen wir Ihnen schreiben?",
    bases={
        LegalBasis.NONE: "Nein: {account} hat keine Erlaubnis von Ihnen. Sie erhalten keine Werbung.",
        LegalBasis.CONSENT: "Ja: Sie haben E-Mails von {account} zugestimmt.",
        LegalBasis.LEGITIMATE_INTEREST: "Ja: {account} hat ein berechtigtes Interesse, Ihnen zu schreiben.",
        LegalBasis.CONTRACT: "Ja: Sie haben einen Vertrag mit {account}.",
        LegalBasis.REQUIRED_BY_LAW: "Ja: {account} ist gesetzlich verpflichtet, Ihnen zu schreiben.",
        LegalBasis.VITAL_INTERESTS: "Ja: Es schützt lebenswichtige Interessen.",
        LegalBasis.PUBLIC_INTEREST: "Ja: Es liegt im öffentlichen Interesse.",
        LegalBasis.WITHDRAWN: "Nein: Sie haben {account} gesagt, dass Sie keine Werbung wollen.",
    },
    since="Seit dem {day}.",
    categories="Worüber wir schreiben dürfen",
    categories_hint="Kreuzen Sie an, was Sie erhalten möchten, und speichern Sie dann.",
    categories_withdrawn="Diese Auswahl gilt, sobald Sie wieder E-Mails erhalten.",
    no_categories="Hier gibt es nichts auszuwählen: {account} schreibt nur zu einem Thema.",
    save="Auswahl speichern",
    stop_title="Alles abbestellen",
    stop_hint="Sie erhalten keine Werbung von {account} mehr, gleich was oben angekreuzt ist.",
    stop="Alle Werbung abbestellen",
    stop_again="Noch einmal Nein sagen",
    resume_title="Haben Sie es sich anders überlegt?",
    resume_hint=(
        "Sie erhalten jetzt keine Werbung von {account}. "
        "Dabei bleibt es, solange Sie hier nichts anderes sagen."
    ),
    first_title="Möchten Sie von uns hören?",
    first_hint=(
        "Sie erhalten jetzt keine Werbung von {account}. "
        "Dabei bleibt es, solange Sie hier nichts anderes sagen."
    ),
    first_yes="Ja, {account} darf mir schreiben",
    question="Darf {account} Ihnen wieder schreiben?",
    question_hint=(
        "Ihre Auswahl ist gespeichert. Sie haben uns aber früher gesagt, dass wir Ihnen keine Werbung senden "
        "dürfen. Das gilt weiter, wenn Sie nicht mit Ja antworten."
    ),
    answer_yes="Ja, {account} darf mir wieder schreiben",
    answer_no="Nein, senden Sie mir nichts",
    done="Gespeichert",
    done_on="{name}: Ja, Sie können es erhalten.",
    done_off="{name}: Nein, Sie erhalten es nicht mehr.",
    done_stop="Alle Werbung ist abbestellt.",
    done_resume="Wir dürfen Ihnen wieder schreiben.",
    done_kept="Sie erhalten nichts, wie bisher.",
    done_nothing="Nichts wurde geändert; alles bleibt, wie es war.",
    done_unsaved=(
        "Seit Sie die Seite geöffnet haben, hat sich etwas geändert. Darum wurde nicht alles gespeichert. "
        "So steht es jetzt; bitte wählen Sie noch einmal."
    ),
    held="Was wir über Sie gespeichert haben",
    held_name="Name",
    held_address="E-Mail-Adresse",
    held_since="Bei uns seit",
    held_basis="Erlaubnis für Werbung",
    held_crm="Auch in unserem Vertriebssystem",
    no_name="keiner",
    yes="Ja",
    no="Nein",
    other_languages="Andere Sprachen",
    unsubscribe_title="E-Mails von {account} abbestellen",
    unsubscribe_hint="Noch ist nichts geändert. Mit dem Knopf bestellen Sie für {email} ab.",
    unsubscribe="„{name}“ abbestellen",
    unsubscribe_all="Alle Werbung abbestellen",
    unsubscribed="Erledigt. Sie erhalten von {account} keine E-Mails zu „{name}“ mehr.",
    unsubscribed_all="Erledigt. Sie erhalten keine Werbung von {account} mehr.",
    settings="Alles ansehen und ändern",
    lost_title="Dieser Link funktioniert nicht",
    lost="Er ist nicht vollständig oder nicht von uns. Nichts wurde geändert.",
    lost_advice=(
        "E-Mail-Programme trennen lange Links manchmal. Öffnen Sie den Link noch einmal aus der E-Mail, oder "
        "kopieren Sie ihn ganz. Hilft das nicht, antworten Sie auf die E-Mail und bitten Sie um Abmeldung."
    ),
    erased_title="Sie bekommen keine Post von uns",
    erased=(
        "Ihre Daten wurden hier gelöscht oder werden gerade gelöscht. Es wird Ihnen keine Mail "
        "geschickt, und es gibt nichts mehr auszuwählen."
    ),
    later_title="Bitte versuchen Sie es gleich noch einmal",
    later="Es ging gerade nicht, und nichts wurde geändert. Der Link bleibt gültig.",
    sign_up_title="Post von {account} bestellen",
    sign_up_email="E-Mail-Adresse",
    sign_up_first_name="Vorname",
    sign_up_last_name="Nachname",
    sign_up_empty="Dieses Feld leer lassen",
    sign_up="Anmelden",
    sign_up_sent_title="Sehen Sie in Ihr Postfach",
    sign_up_sent=(
        "Eine E-Mail mit einem Link ist unterwegs, falls an diese Adresse gesendet werden kann. Es "
        "geschieht nichts, bis Sie den Link öffnen und dort auf den Knopf drücken."
    ),
    sign_up_wrong=(
        "Das ist keine E-Mail-Adresse, an die gesendet werden kann, oder ein Name ist zu lang. Gehen Sie "
        "zurück und berichtigen Sie es."
    ),
    sign_up_subject="Bitte bestätigen Sie Ihre Anmeldung bei {account}",
    sign_up_mail=(
        "Jemand, wahrscheinlich Sie, hat Post von {account} an diese Adresse bestellt. Waren Sie es "
        "nicht, tun Sie nichts: es wird nichts gesendet. Waren Sie es, öffnen Sie innerhalb von sieben "
        "Tagen diesen Link und drücken dort auf den Knopf:"
    ),
    confirm_title="Bestätigen Sie Ihre Anmeldung bei {account}",
    confirm_hint="Noch ist nichts geschehen. Dem stimmen Sie zu:",
    confirm="Ja, das möchte ich",
    done_joined="Sie sind angemeldet.",
    months=(
        "Januar",
        "Februar",
        "März",
        "April",
        "Mai",
        "Juni",
        "Juli",
        "August",
        "September",
        "Oktober",
        "November",
        "Dezember",
    ),
    date="{day}. {month} {year}",
)
