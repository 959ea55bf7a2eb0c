"""The API's documentation as a page: drawn from the OpenAPI document, without script and from this server."""

import json
from pathlib import Path
from typing import Any

from jinja2 import Environment, FileSystemLoader, StrictUndefined
from starlette.requests import Request
from starlette.responses import FileResponse, HTMLResponse, JSONResponse, Response
from starlette.routing import BaseRoute, Route

_PAGES = Path(__file__).parent / "pages"
_FRESH = {"Cache-Control": "public, max-age=300"}


def docs_routes(document: dict[str, Any]) -> list[BaseRoute]:
    """`/docs` for people, `/openapi.json` for programs; both are open to everybody."""
    page = _draw(document)

    async def docs(request: Request) -> Response:
        return HTMLResponse(page, headers=_FRESH)

    async def openapi_json(request: Request) -> Response:
        return JSONResponse(document, headers=_FRESH)

    async def style(request: Request) -> Response:
        return FileResponse(_PAGES / "docs.css", media_type="text/css", headers=_FRESH)

    return [Route("/docs", docs), Route("/docs.css", style), Route("/openapi.json", openapi_json)]


def _draw(document: dict[str, Any]) -> str:
    environment = Environment(
        loader=FileSystemLoader(_PAGES), autoescape=True, undefined=StrictUndefined, trim_blocks=True
    )
    environment.filters["pretty"] = lambda value: json.dumps(value, indent=2, ensure_ascii=False)
    environment.filters["kind"] = kind
    tags: dict[str, list[dict[str, Any]]] = {}
    for path, operations in document["paths"].items():
        for method, operation in operations.items():
            shown = {"method": method.upper(), "path": path, **operation}
            tags.setdefault(operation["tags"][0], []).append(shown)
    template = environment.get_template("docs.html")
    return template.render(
        document=document, tags=tags, schemas=document["components"]["schemas"], server=document["servers"][0]
    )


def kind(schema: dict[str, Any]) -> str:
    """A schema in a few words: its type, or the name of the one it refers to."""
    if "$ref" in schema:
        return str(schema["$ref"]).rpartition("/")[2]
    if "anyOf" in schema:
        return " or ".join(kind(one) for one in schema["anyOf"])
    if "enum" in schema:
        return " | ".join(str(one) for one in schema["enum"])
    if "const" in schema:
        return str(schema["const"])
    name = str(schema.get("type", "anything"))
    if name == "array":
        return f"list of {kind(schema.get('items', {}))}"
    return f"{name} ({schema['format']})" if "format" in schema else name
