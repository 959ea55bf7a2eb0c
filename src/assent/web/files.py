"""Files that are written while they are read."""

from collections.abc import AsyncIterator
from typing import Any

from starlette.responses import StreamingResponse

#: What the API's document says of an answer that is a CSV file.
CSV_FILE: dict[int | str, dict[str, Any]] = {
    200: {"content": {"text/csv": {"schema": {"type": "string"}}}, "description": "A CSV file."}
}


async def csv_file(chunks: AsyncIterator[bytes], name: str) -> StreamingResponse:
    """A CSV file to download; the first part is made before anything is answered, so that errors are told."""
    first = await anext(chunks, b"")

    async def whole() -> AsyncIterator[bytes]:
        yield first
        async for chunk in chunks:
            yield chunk

    headers = {"Content-Disposition": f'attachment; filename="{name}"'}
    return StreamingResponse(whole(), media_type="text/csv; charset=utf-8", headers=headers)
