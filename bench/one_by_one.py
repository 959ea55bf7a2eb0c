"""The plain baseline of reading: one request per contact, some of them measured."""

from time import perf_counter

import aiohttp


async def seconds_each(url: str, sample: int) -> float:
    """Read so many rows of an organisation one after another; gives what one takes."""
    api, headers = f"{url}/api/data/v9.2/contacts", {"Authorization": "Bearer baseline"}
    async with aiohttp.ClientSession(headers=headers) as session:
        async with session.get(f"{api}?$select=contactid&$top={sample}") as answer:
            ids = [row["contactid"] for row in (await answer.json(content_type=None))["value"]]
        started = perf_counter()
        for row_id in ids:
            async with session.get(f"{api}({row_id})?$select=donotbulkemail") as answer:
                await answer.read()
    return (perf_counter() - started) / len(ids)
