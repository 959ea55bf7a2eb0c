"""The pages in French."""

# ruff: noqa: RUF001 - French is written with these apostrophes

from assent.policy.permission import LegalBasis
from assent.web.preferences.words import Words

FRENCH = Words(
    code="fr",
    language="Français",
    title="Vos e-mails de {account}",
    greeting="Bonjour {name}",
    greeting_nobody="Bonjour",
    belongs_to="Cette page concerne {email}. Aucun mot de passe n’est nécessaire.",
    permission="Pouvons-nous vous écrire ?",
    bases={
        LegalBasis.NONE: "Non : {account} n’a pas votre autorisation. Vous ne recevez aucune publicité.",
        LegalBasis.CONSENT: "Oui : vous avez accepté les e-mails de {account}.",
        LegalBasis.LEGITIMATE_INTEREST: "Oui : {account} a un intérêt légitime à vous écrire.",
        LegalBasis.CONTRACT: "Oui : vous avez un contrat avec {account}.",
        LegalBasis.REQUIRED_BY_LAW: "Oui : la loi oblige {account} à vous écrire.",
        LegalBasis.VITAL_INTERESTS: "Oui : cela protège des intérêts vitaux.",
        LegalBasis.PUBLIC_INTEREST: "Oui : c’est dans l’intérêt public.",
        LegalBasis.WITHDRAWN: "Non : vous avez dit à {account} que vous ne voulez pas de publicité.",
    },
    since="Depuis le {day}.",
    categories="Les sujets dont nous pouvons parler",
    categories_hint="Cochez ce que vous voulez recevoir, puis enregistrez.",
    categories_withdrawn="Ces choix compteront quand vous recevrez de nouveau des e-mails.",
    no_categories="Il n’y a rien à choisir ici : {account} n’écrit que sur un seul sujet.",
    save="Enregistrer mes choix",
    stop_title="Tout arrêter",
    stop_hint="Vous ne recevrez plus de publicité de {account}, quoi qui soit coché ci-dessus.",
    stop="Arrêter toute publicité",
    stop_again="Dire non encore une fois",
    resume_title="Vous avez changé d’avis ?",
    resume_hint=(
        "Vous ne recevez pas de publicité de {account}. "
        "Cela reste ainsi, sauf si vous dites le contraire ici."
    ),
    first_title="Voulez-vous recevoir de nos nouvelles ?",
    first_hint=(
        "Vous ne recevez pas de publicité de {account}. "
        "Cela reste ainsi, sauf si vous dites le contraire ici."
    ),
    first_yes="Oui, {account} peut m’écrire",
    question="{account} peut-il vous écrire de nouveau ?",
    question_hint=(
        "Vos choix sont enregistrés. Mais vous nous avez dit de ne plus vous envoyer de publicité, et cela "
        "reste valable, sauf si vous répondez oui."
    ),
    answer_yes="Oui, {account} peut m’écrire de nouveau",
    answer_no="Non, ne m’envoyez rien",
    done="Enregistré",
    done_on="{name} : oui, vous pouvez le recevoir.",
    done_off="{name} : non, vous ne le recevrez plus.",
    done_stop="Toute publicité est arrêtée.",
    done_resume="Nous pouvons vous écrire de nouveau.",
    done_kept="Rien ne vous est envoyé, comme avant.",
    done_nothing="Rien n’a changé ; tout reste comme avant.",
    done_unsaved=(
        "Quelque chose avait changé depuis que vous avez ouvert la page ; tout n’a donc pas été enregistré. "
        "Voici la situation actuelle ; veuillez choisir de nouveau."
    ),
    held="Ce que nous gardons à votre sujet",
    held_name="Nom",
    held_address="Adresse e-mail",
    held_since="Chez nous depuis le",
    held_basis="Autorisation pour la publicité",
    held_crm="Aussi dans notre système de vente",
    no_name="aucun",
    yes="Oui",
    no="Non",
    other_languages="Autres langues",
    unsubscribe_title="Arrêter les e-mails de {account}",
    unsubscribe_hint="Rien n’a encore changé. Appuyez sur le bouton pour arrêter les envois à {email}.",
    unsubscribe="Arrêter les e-mails « {name} »",
    unsubscribe_all="Arrêter toute publicité",
    unsubscribed="C’est fait. Vous ne recevrez plus d’e-mails « {name} » de {account}.",
    unsubscribed_all="C’est fait. Vous ne recevrez plus de publicité de {account}.",
    settings="Tout voir et modifier",
    lost_title="Ce lien ne fonctionne pas",
    lost="Il est incomplet, ou il n’est pas de nous. Rien n’a été changé.",
    lost_advice=(
        "Les messageries coupent parfois les longs liens. Ouvrez de nouveau le lien depuis l’e-mail, ou "
        "copiez-le en entier. Sinon, répondez à l’e-mail et demandez à être retiré de la liste."
    ),
    erased_title="Vous ne recevez plus de courrier de notre part",
    erased=(
        "Vos données ont été effacées ici, ou sont en train de l’être. Aucun message ne vous est envoyé, "
        "et il n’y a plus rien à choisir."
    ),
    later_title="Veuillez réessayer dans un instant",
    later="Ce n’était pas possible à l’instant, et rien n’a été changé. Le lien reste valable.",
    sign_up_title="S’inscrire aux messages de {account}",
    sign_up_email="Adresse e-mail",
    sign_up_first_name="Prénom",
    sign_up_last_name="Nom",
    sign_up_empty="Laisser ce champ vide",
    sign_up="S’inscrire",
    sign_up_sent_title="Regardez dans votre boîte de réception",
    sign_up_sent=(
        "Un message avec un lien est en route, si cette adresse peut en recevoir. Rien ne se passe tant "
        "que vous n’ouvrez pas le lien et n’appuyez pas sur le bouton."
    ),
    sign_up_wrong=(
        "Ce n’est pas une adresse e-mail à laquelle on peut écrire, ou un nom est trop long. Revenez en "
        "arrière et corrigez."
    ),
    sign_up_subject="Confirmez votre inscription chez {account}",
    sign_up_mail=(
        "Quelqu’un, sans doute vous, a demandé des messages de {account} à cette adresse. Si ce n’était "
        "pas vous, ne faites rien : rien ne sera envoyé. Si c’était vous, ouvrez ce lien dans les sept "
        "jours et appuyez sur le bouton :"
    ),
    confirm_title="Confirmez votre inscription chez {account}",
    confirm_hint="Rien ne s’est encore passé. Voici ce que vous acceptez :",
    confirm="Oui, je le veux",
    done_joined="Vous êtes inscrit.",
    months=(
        "janvier",
        "février",
        "mars",
        "avril",
        "mai",
        "juin",
        "juillet",
        "août",
        "septembre",
        "octobre",
        "novembre",
        "décembre",
    ),
    date="{day} {month} {year}",
)
