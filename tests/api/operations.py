"""Every operation: the right it asks for, and a body it takes."""

from typing import Any
from uuid import UUID

from assent.services.access import Right

SOMEBODY = UUID(int=77)

#: Who may call what; None: whoever has a key.
RIGHT_OF: dict[str, Right | None] = {
    "get_me": None,
    "list_event_types": None,
    **dict.fromkeys(
        (
            "list_contacts",
            "count_contacts",
            "find_contact",
            "get_contact",
            "check_contact",
            "list_contact_history",
            "list_categories",
            "get_category",
            "list_activity",
            "list_questions",
            "list_connections",
            "get_connection",
            "get_setup",
            "list_sweeps",
            "get_brand",
            "list_forms",
            "get_form",
            "list_sends",
            "get_send",
            "get_send_result",
            "list_recipients",
            "get_manifest",
            "get_health",
            "list_troubles",
        ),
        Right.READ,
    ),
    **dict.fromkeys(
        ("export_contacts", "export_manifest", "list_plan_people", "export_removal"), Right.EXPORT
    ),
    **dict.fromkeys(
        ("preview_erasure", "erase_contact", "list_erasures", "get_erasure", "finish_erasure"),
        Right.ERASE,
    ),
    "lift_suppression": Right.SUPPRESSIONS,
    **dict.fromkeys(
        ("create_contact", "change_contact", "release_contact", "part_contact", "answer_question"),
        Right.EDIT,
    ),
    **dict.fromkeys(
        (
            "preview_bulk_action",
            "apply_bulk_action",
            "list_imports",
            "create_import",
            "get_import",
            "choose_import_columns",
            "preview_import",
            "apply_import",
            "discard_import",
        ),
        Right.BULK,
    ),
    **dict.fromkeys(
        (
            "reorder_categories",  # before one is added: it names every category there is
            "create_category",
            "change_category",
            "archive_category",
            "restore_category",
            "set_brand",
            "create_form",
            "change_form",
        ),
        Right.CATEGORIES,
    ),
    **dict.fromkeys(
        (
            "create_connection",
            "verify_connection",
            "change_connection",
            "pause_connection",
            "resume_connection",
            "put_credentials",
            "plan_removal",
            "remove_setup",
        ),
        Right.CONNECT,
    ),
    **dict.fromkeys(
        (
            "set_up_connection",
            "decide_setup",
            "plan_setup",
            "look_over_connection",
            "start_sweep",
            "retry_troubles",
            "retry_trouble",
            "put_trouble_aside",
            "take_trouble_back",
        ),
        Right.OPERATE,
    ),
    **dict.fromkeys(
        (
            "create_send",
            "replace_send",
            "delete_send",
            "upload_audience",
            "preview_send",
            "start_send",
            "plan_send",
            "cancel_send",
            "pause_send",
            "resume_send",
            "stop_send",
            "check_many",
        ),
        Right.SEND,
    ),
    **dict.fromkeys(
        (
            "list_endpoints",
            "create_endpoint",
            "get_endpoint",
            "change_endpoint",
            "delete_endpoint",
            "rotate_secret",
            "ping_endpoint",
            "list_deliveries",
            "replay_endpoint",
            "replay_delivery",
            "list_users",
            "invite_user",
            "get_user",
            "change_user",
            "make_sign_in_link",
            "list_keys",
            "make_key",
            "get_key",
            "revoke_key",
        ),
        Right.PEOPLE,
    ),
    **dict.fromkeys(("report_returns", "report_message"), Right.RETURNS),
    **dict.fromkeys(("verify_ledger", "list_entries", "export_ledger", "explain_contact"), Right.LEDGER),
}

_ACTION = {"audience": {"text": "nobody at all"}, "action": {"kind": "set_basis", "basis": "withdrawn"}}
_CONNECTION = {
    "name": "Meadow",
    "url": "https://nowhere.invalid/",
    "tenant": "tenant",
    "client_id": "app",
    "secret": "x",
}
_EVIDENCE = {"text": "asked on the phone", "source": "phone"}
_SEND = {"name": "May", "subject": "Hello", "body": "Hello"}

BODIES: dict[str, Any] = {
    "create_contact": {"email": "new@person.example", "basis": "withdrawn", "evidence": _EVIDENCE},
    "find_contact": {"email": "nobody@person.example"},
    "change_contact": {"basis": "withdrawn", "evidence": _EVIDENCE},
    "release_contact": _EVIDENCE,
    "lift_suppression": _EVIDENCE,
    "erase_contact": _EVIDENCE,
    "part_contact": _EVIDENCE,
    "answer_question": {"grant": False, "evidence": _EVIDENCE},
    "preview_bulk_action": _ACTION,
    "apply_bulk_action": {**_ACTION, "token": "x", "evidence": _EVIDENCE},
    "create_import": b"email\nnew@person.example\n",
    "choose_import_columns": {"choices": {"email": "email"}},
    "preview_import": {},
    "apply_import": {"token": "x"},
    "create_category": {"name": "Offers"},
    "reorder_categories": {"numbers": [1, 2]},
    "change_category": {"description": "What is new"},
    "create_connection": _CONNECTION,
    "verify_connection": _CONNECTION,
    "change_connection": {"create_in_hub": False},
    "decide_setup": {"choice": "retry"},
    "put_credentials": {"secret": "y"},
    "create_send": _SEND,
    "start_send": {"revision": "x"},
    "check_many": {"addresses": ["nobody@person.example"]},
    "plan_send": {"revision": "x", "at": "2026-05-04T09:00:00+02:00"},
    "replace_send": _SEND,
    "upload_audience": b"email\nseeded@person.example\n",
    "set_brand": {"name": "Acme", "colour": "#0b57a4"},
    "create_form": {"name": "Footer", "text": "Write to me"},
    "change_form": {"active": False},
    "report_returns": {"events": [{"kind": "soft_bounce", "email": "nobody@person.example"}]},
    "report_message": b"Subject: no report\n\nHello\n",
    "create_endpoint": {"url": "https://hooks.example/assent"},
    "change_endpoint": {"description": "changed"},
    "replay_endpoint": {"since": "2026-01-01T00:00:00Z"},
    "invite_user": {"email": "new@team.example", "name": "New", "role": "reader"},
    "change_user": {"name": "Changed"},
    "make_key": {"name": "New", "role": "reader"},
}

#: Something every account lacks, for each parameter of a path.
NOBODYS: dict[str, str] = {
    "contact_id": str(SOMEBODY),
    "user_id": str(SOMEBODY),
    "key_id": str(SOMEBODY),
    "cursor": f"999999_{SOMEBODY}",
    "number": "60",
    **dict.fromkeys(
        (
            "import_id",
            "request_id",
            "connection_id",
            "send_id",
            "endpoint_id",
            "delivery_id",
            "erasure_id",
            "form_id",
        ),
        "999999",
    ),
}
