"""Files that are written while they are read."""

from collections.abc import AsyncIterator

from starlette.responses import StreamingResponse


async def csv_file(chunks: AsyncIterator[bytes], name: str) -> StreamingResponse:
    """A CSV file to download; the first part is made before anything is answered, so that errors are told."""
    first = await anext(chunks, b"")

    async def whole() -> AsyncIterator[bytes]:
        yield first
        async for chunk in chunks:
            yield chunk

    headers = {"Content-Disposition": f'attachment; filename="{name}"'}
    return StreamingResponse(whole(), media_type="text/csv; charset=utf-8", headers=headers)
