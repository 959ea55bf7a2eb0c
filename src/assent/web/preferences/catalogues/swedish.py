"""The pages in Swedish."""

from assent.policy.permission import LegalBasis
from assent.web.preferences.words import Words

SWEDISH = Words(
    code="sv",
    language="Svenska",
    title="Dina utskick från {account}",
    greeting="Hej {name}",
    greeting_nobody="Hej",
    belongs_to="Den här sidan hör till {email}. Du behöver inget lösenord här.",
    permission="Får vi skriva till dig?",
    bases={
        LegalBasis.NONE: "Nej: {account} har inget tillstånd från dig, så du får ingen marknadsföring.",
        LegalBasis.CONSENT: "Ja: du har sagt ja till utskick från {account}.",
        LegalBasis.LEGITIMATE_INTEREST: "Ja: {account} har ett berättigat intresse av att skriva till dig.",
        LegalBasis.CONTRACT: "Ja: du har ett avtal med {account}.",
        LegalBasis.REQUIRED_BY_LAW: "Ja: lagen kräver att {account} skriver till dig.",
        LegalBasis.VITAL_INTERESTS: "Ja: det skyddar grundläggande intressen.",
        LegalBasis.PUBLIC_INTEREST: "Ja: det är av allmänt intresse.",
        LegalBasis.WITHDRAWN: "Nej: du har sagt att {account} inte får skicka marknadsföring till dig.",
    },
    since="Sedan {day}.",
    categories="Vad vi får skriva om",
    categories_hint="Kryssa för det du vill få och spara sedan.",
    categories_withdrawn="De här valen gäller när du får utskick igen.",
    no_categories="Det finns inget att välja här: {account} skriver bara om en sak.",
    save="Spara mina val",
    stop_title="Stoppa allt",
    stop_hint="Du får ingen mer marknadsföring från {account}, vad som än är ikryssat ovan.",
    stop="Stoppa all marknadsföring",
    stop_again="Säg nej en gång till",
    resume_title="Har du ändrat dig?",
    resume_hint=(
        "Du får ingen marknadsföring från {account} nu. Så förblir det om du inte säger något annat här."
    ),
    first_title="Vill du höra från oss?",
    first_hint=(
        "Du får ingen marknadsföring från {account} nu. Så förblir det om du inte säger något annat här."
    ),
    first_yes="Ja, {account} får skriva till mig",
    question="Får {account} skriva till dig igen?",
    question_hint=(
        "Dina val är sparade. Men du har tidigare sagt att vi inte får skicka marknadsföring till dig, "
        "och det gäller fortfarande om du inte svarar ja."
    ),
    answer_yes="Ja, {account} får skriva till mig igen",
    answer_no="Nej, skicka mig ingenting",
    done="Sparat",
    done_on="{name}: ja, du kan få det.",
    done_off="{name}: nej, du får det inte längre.",
    done_stop="All marknadsföring är stoppad.",
    done_resume="Vi får skriva till dig igen.",
    done_kept="Ingenting skickas till dig, precis som förut.",
    done_nothing="Inget ändrades, så allt är som förut.",
    done_unsaved=(
        "Något hade ändrats sedan du öppnade sidan, så allt sparades inte. Så här är det nu; välj gärna igen."
    ),
    held="Det här har vi sparat om dig",
    held_name="Namn",
    held_address="E-postadress",
    held_since="Hos oss sedan",
    held_basis="Tillstånd för marknadsföring",
    held_crm="Finns också i vårt säljsystem",
    no_name="inget",
    yes="Ja",
    no="Nej",
    other_languages="Andra språk",
    unsubscribe_title="Stoppa utskick från {account}",
    unsubscribe_hint="Inget har ändrats än. Tryck på knappen för att stoppa det för {email}.",
    unsubscribe="Stoppa utskick om ”{name}”",
    unsubscribe_all="Stoppa all marknadsföring",
    unsubscribed="Klart. Du får inga fler utskick om ”{name}” från {account}.",
    unsubscribed_all="Klart. Du får ingen mer marknadsföring från {account}.",
    settings="Se och ändra allt",
    lost_title="Länken fungerar inte",
    lost="Den är inte hel, eller så är den inte vår. Inget har ändrats.",
    lost_advice=(
        "E-postprogram delar ibland långa länkar i två. Öppna länken igen från själva mejlet eller kopiera "
        "hela. Hjälper inte det, svara på mejlet och be att bli borttagen från listan."
    ),
    erased_title="Du får ingen post från oss",
    erased=(
        "Dina uppgifter har raderats här, eller håller på att raderas. Ingen post skickas till dig, och "
        "det finns inget kvar att välja."
    ),
    later_title="Försök igen om en stund",
    later="Det gick inte just nu, och inget har ändrats. Länken gäller fortfarande.",
    sign_up_title="Anmäl dig till utskick från {account}",
    sign_up_email="E-postadress",
    sign_up_first_name="Förnamn",
    sign_up_last_name="Efternamn",
    sign_up_empty="Lämna det här tomt",
    sign_up="Anmäl mig",
    sign_up_sent_title="Titta i din inkorg",
    sign_up_sent=(
        "Ett mejl med en länk är på väg, om det går att skicka till adressen. Inget händer förrän du "
        "öppnar länken och trycker på knappen där."
    ),
    sign_up_wrong=(
        "Det här är ingen e-postadress som det går att skicka till, eller så är ett namn för långt. Gå "
        "tillbaka och rätta det."
    ),
    sign_up_subject="Bekräfta din anmälan till {account}",
    sign_up_mail=(
        "Någon, förmodligen du, har bett om utskick från {account} till den här adressen. Var det inte du"
        " behöver du inte göra något: inget skickas. Var det du, öppna den här länken inom sju dagar och "
        "tryck på knappen där:"
    ),
    confirm_title="Bekräfta din anmälan till {account}",
    confirm_hint="Inget har hänt än. Det här godkänner du:",
    confirm="Ja, det vill jag",
    done_joined="Du är anmäld.",
    months=(
        "januari",
        "februari",
        "mars",
        "april",
        "maj",
        "juni",
        "juli",
        "augusti",
        "september",
        "oktober",
        "november",
        "december",
    ),
    date="{day} {month} {year}",
)
