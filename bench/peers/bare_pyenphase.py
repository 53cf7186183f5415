"""The smallest reader of a gateway: pyenphase in a loop, once a second, and nothing served.

`python -m bench.peers.bare_pyenphase HOST TOKEN [MODULE …]` writes a line after each poll.
Modules are imported first and not used: the memory that any exporter built on them would need.
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
    _, gateway_host, gateway_token, *modules = sys.argv
    for module in modules:
        importlib.import_module(module)
    asyncio.run(_until_input_ends(gateway_host, gateway_token))
