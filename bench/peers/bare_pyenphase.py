"""The least that reads a gateway: pyenphase in a loop, once a second, and nothing served.

`python -m bench.peers.bare_pyenphase HOST TOKEN [MODULE …]` tells in a line each time that it has
polled. Modules are imported first and not used: so much would any exporter take that is built on
them.
"""

import asyncio
import importlib
import sys

from pyenphase import Envoy


async def _main(host: str, token: str) -> None:
    envoy = Envoy(host, v2_acb_mode=False)
    try:
        await envoy.setup()
        await envoy.authenticate(token=token)
        while True:
            await envoy.update()
            sys.stdout.write("true\n")
            sys.stdout.flush()
            await asyncio.sleep(1)
    finally:
        await envoy.close()


async def _until_input_ends(host: str, token: str) -> None:
    loop = asyncio.get_running_loop()
    end = asyncio.Event()
    loop.add_reader(sys.stdin, end.set)
    polling = loop.create_task(_main(host, token))
    polling.add_done_callback(lambda _: end.set())
    await end.wait()
    polling.cancel()
    await asyncio.gather(polling, return_exceptions=True)


if __name__ == "__main__":
    _, told_host, told_token, *modules = sys.argv
    for module in modules:
        importlib.import_module(module)
    asyncio.run(_until_input_ends(told_host, told_token))
