"""People and programs that use an account: users, how they sign in, and API keys."""

from assent.services.people.keys import (
    LIVE_KEYS,
    ApiKey,
    MadeKey,
    key,
    key_holder,
    keys,
    make_key,
    revoke_key,
)
from assent.services.people.passwords import SHORTEST_PASSWORD
from assent.services.people.signing_in import (
    ENDED,
    LONGEST_SESSION,
    SignedIn,
    session,
    set_password,
    sign_in,
    sign_in_once,
    sign_out,
)
from assent.services.people.users import (
    Invited,
    User,
    change_user,
    first_admin,
    invite,
    me,
    new_link,
    user,
    users,
)

__all__ = [
    "ENDED",
    "LIVE_KEYS",
    "LONGEST_SESSION",
    "SHORTEST_PASSWORD",
    "ApiKey",
    "Invited",
    "MadeKey",
    "SignedIn",
    "User",
    "change_user",
    "first_admin",
    "invite",
    "key",
    "key_holder",
    "keys",
    "make_key",
    "me",
    "new_link",
    "revoke_key",
    "session",
    "set_password",
    "sign_in",
    "sign_in_once",
    "sign_out",
    "user",
    "users",
]
