"""The sink on the loop the command line runs on."""

import asyncio
import sys

import pytest

from assent.mail.sink import Sink

uvloop = pytest.importorskip("uvloop")


@pytest.mark.skipif(sys.platform == "win32", reason="there is no uvloop here")
def test_a_sink_that_stops_hangs_up_on_everybody() -> None:
    """uvloop's transports are none of asyncio's classes; they are ended all the same."""

    async def story() -> bytes:
        async with Sink() as sink:
            reader, writer = await asyncio.open_connection("127.0.0.1", sink.port)
            await reader.readline()
            await sink.stop()
            try:
                return await asyncio.wait_for(reader.read(), 5)
            except ConnectionResetError:
                return b""
            finally:
                writer.close()

    assert b"" == uvloop.run(story())
