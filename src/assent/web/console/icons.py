"""The console's icons: strokes on a square of 20, drawn into the page so that nothing is fetched."""

from collections.abc import Mapping

from markupsafe import Markup

_PATHS: Mapping[str, str] = {
    "home": "M3 9.2 10 3.5l7 5.7V16a1 1 0 0 1-1 1h-3.5v-4.5h-5V17H4a1 1 0 0 1-1-1z",
    "contacts": "M7.5 10a3 3 0 1 0 0-6 3 3 0 0 0 0 6zM2 16.5c.5-3 2.7-4.5 5.5-4.5s5 1.5 5.5 4.5"
    "M13 4.3a3 3 0 0 1 0 5.4M15 12.5c1.6.6 2.6 1.9 3 4",
    "categories": "M3 5.5h9l5 4.5-5 4.5H3zM6.8 10h.01",
    "sends": "M17 3 2.5 8.8l5.7 2.5zM17 3l-5.6 14-3.2-5.7z",
    "connections": "M8.5 11.5a3.5 3.5 0 0 0 5 0l3-3a3.5 3.5 0 0 0-5-5l-1 1"
    "M11.5 8.5a3.5 3.5 0 0 0-5 0l-3 3a3.5 3.5 0 0 0 5 5l1-1",
    "activity": "M2.5 10h3.2l2.3-6 4 12 2.3-6h3.2",
    "attention": "M10 3 1.8 16.5h16.4zM10 8v4M10 14.2h.01",
    "ledger": "M5 2.5h8.5L16 5v12.5H5zM8 8h5M8 11h5M8 14h3",
    "mail": "M2.5 5h15v10.5h-15zM2.8 5.5 10 11l7.2-5.5",
    "settings": "M4 6h7M15 6h1M4 14h1M9 14h7M13 8a2 2 0 1 0 0-4 2 2 0 0 0 0 4z"
    "M7 16a2 2 0 1 0 0-4 2 2 0 0 0 0 4z",
    "search": "M9 15A6 6 0 1 0 9 3a6 6 0 0 0 0 12zM13.5 13.5 17 17",
    "menu": "M3 5.5h14M3 10h14M3 14.5h14",
    "close": "M5 5l10 10M15 5 5 15",
    "check": "M4 10.5 8.2 14.5 16 5.5",
    "differ": "M4 7.5h12M4 12.5h12M12.5 4l-5 12",
    "wait": "M10 17.5a7.5 7.5 0 1 0 0-15 7.5 7.5 0 0 0 0 15zM10 6v4.2l2.8 1.8",
    "bad": "M10 17.5a7.5 7.5 0 1 0 0-15 7.5 7.5 0 0 0 0 15zM7.3 7.3l5.4 5.4M12.7 7.3l-5.4 5.4",
    "info": "M10 17.5a7.5 7.5 0 1 0 0-15 7.5 7.5 0 0 0 0 15zM10 9v4.5M10 6.5h.01",
    "pause": "M7 4.5v11M13 4.5v11",
    "play": "M6 4l10 6-10 6z",
    "plus": "M10 4v12M4 10h12",
    "up": "M10 16V4.5M5 9l5-5 5 5",
    "down": "M10 4v11.5M5 11l5 5 5-5",
    "next": "M8 4.5 13.5 10 8 15.5",
    "back": "M12 4.5 6.5 10l5.5 5.5",
    "outside": "M8 4H4v12h12v-4M11 4h5v5M16 4l-7 7",
    "person": "M10 10a3.5 3.5 0 1 0 0-7 3.5 3.5 0 0 0 0 7zM3.5 17.5c.6-3.6 3.2-5 6.5-5s5.9 1.4 6.5 5",
    "upload": "M10 13V3.5M6 7l4-4 4 4M3.5 12.5v4h13v-4",
    "download": "M10 3v9.5M6 9l4 4 4-4M3.5 12.5v4h13v-4",
    "key": "M12.5 11a4 4 0 1 0-3.7-2.5L3 14.3V17h2.7v-2h2v-2l1.4-1.4a4 4 0 0 0 3.4-.6zM13.2 6.8h.01",
    "hook": "M10 6.5a2.5 2.5 0 1 0-2.3 2.490L5.5 13M5 16.5A2.5 2.5 0 1 0 5 11.5"
    "M12 8.5l2.3 3.3a2.5 2.5 0 1 1-1.8 3.9H8",
    "held": "M5 9h10v8H5zM7 9V6.5a3 3 0 0 1 6 0V9",
    "sun": "M10 13.5a3.5 3.5 0 1 0 0-7 3.5 3.5 0 0 0 0 7zM10 2v1.5M10 16.5V18M2 10h1.5M16.5 10H18"
    "M4.3 4.3l1.1 1.1M14.6 14.6l1.1 1.1M15.7 4.3l-1.1 1.1M5.4 14.6l-1.1 1.1",
    "out": "M8 3.5H3.5v13H8M8 10h9M13.5 6.5 17 10l-3.5 3.5",
    "retry": "M16 10a6 6 0 1 1-1.8-4.3M16.5 3v3.5H13",
    "grip": "M7.5 5h.01M7.5 10h.01M7.5 15h.01M12.5 5h.01M12.5 10h.01M12.5 15h.01",
    "keyboard": "M2.5 5.5h15v9h-15zM5.5 8.5h.01M8.5 8.5h.01M11.5 8.5h.01M14.5 8.5h.01M6.5 11.5h7",
    "dots": "M5 10h.01M10 10h.01M15 10h.01",
}


def icon(name: str, *, of: str = "") -> Markup:
    """Draw an icon; it is for eyes only, the words stand beside it."""
    shown = f"icon {of}".strip()
    return Markup(
        '<svg class="{}" viewBox="0 0 20 20" width="20" height="20" fill="none" stroke="currentColor" '
        'stroke-width="1.6" stroke-linecap="round" stroke-linejoin="round" aria-hidden="true" '
        'focusable="false"><path d="{}"/></svg>'
    ).format(shown, _PATHS[name])
