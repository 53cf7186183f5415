"""The programs as processes: started together, watched, and stopped together."""

import asyncio
from asyncio.subprocess import DEVNULL, PIPE, STDOUT, Process
from collections import deque
from collections.abc import AsyncIterator, Iterable
from contextlib import asynccontextmanager
from pathlib import Path

import aiohttp

from tools.stack.errors import StackError
from tools.stack.programs import Program, environment

#: seconds until all must be ready, and what one may take to end before it is killed
_STARTING, _ENDING = 60.0, 10.0
#: seconds for the last output to arrive
_OUTPUT_DRAIN = 1.0
_GLANCE, _TIMEOUT = 0.1, aiohttp.ClientTimeout(total=2.0)
#: last lines of output that are kept, and the maximum bytes of a line
_KEPT, _LINE = 8, 2**20


class StackProcess:
    """A program that was started."""

    def __init__(self, program: Program, process: Process) -> None:
        self.program = program
        self.process = process
        self._last: deque[str] = deque(maxlen=_KEPT)
        self._listening = asyncio.create_task(self._listen())

    async def ended(self) -> StackError:
        """Wait for its end; return the error."""
        status = await self.process.wait()
        # a process of its own may keep its output open
        await asyncio.wait([self._listening], timeout=_OUTPUT_DRAIN)
        how = f"with status {status}" if status >= 0 else f"by signal {-status}"
        output = "\n".join(f"  {line}" for line in self._last)
        last = f"; last output:\n{output}" if output else " without output"
        return StackError(f"{self.program.name} has ended {how}{last}")

    async def stop(self) -> None:
        """End it; kill it when it takes too long."""
        if self.process.returncode is None:
            self.process.terminate()
        try:
            async with asyncio.timeout(_ENDING):
                await self.process.wait()
        except TimeoutError:
            self.process.kill()
            await self.process.wait()
        self._listening.cancel()
        await asyncio.gather(self._listening, return_exceptions=True)

    async def _listen(self) -> None:
        assert self.process.stdout
        async for line in self.process.stdout:
            text = line.decode(errors="replace").rstrip()
            if text:
                self._last.append(text)
                self.program.on_output(text)


class Children:
    """All started programs."""

    def __init__(self, children: Iterable[StackProcess]) -> None:
        self._children = tuple(children)

    async def ready(self) -> None:
        """Wait until all are ready; raise `StackError` when one ends instead, or takes too long."""
        async with aiohttp.ClientSession(timeout=_TIMEOUT) as client:
            for child in self._children:
                try:
                    async with asyncio.timeout(_STARTING):
                        while not await _responds(client, child.program.ready):
                            if child.process.returncode is not None:
                                raise await child.ended()
                            await asyncio.sleep(_GLANCE)
                except TimeoutError:
                    raise StackError(
                        f"{child.program.name} is not ready after {_STARTING:g} s:"
                        f" {child.program.ready} does not answer"
                    ) from None

    async def one_ends(self) -> StackError:
        """Wait for the first that ends by itself; return the error."""
        endings = [asyncio.create_task(child.ended()) for child in self._children]
        try:
            done, _ = await asyncio.wait(endings, return_when=asyncio.FIRST_COMPLETED)
            return done.pop().result()
        finally:
            for ending in endings:
                ending.cancel()


@asynccontextmanager
async def running(programs: Iterable[Program], folder: Path) -> AsyncIterator[Children]:
    """Run programs while the context lasts; temporary files go into `folder`."""
    environ = environment(folder)
    children = []
    try:
        for program in programs:
            process = await asyncio.create_subprocess_exec(
                *program.command,
                stdin=DEVNULL,
                stdout=PIPE,
                stderr=STDOUT,
                limit=_LINE,
                env=environ,
                # Ctrl-C is for the stack, which then stops them
                start_new_session=True,
            )
            children.append(StackProcess(program, process))
        yield Children(children)
    finally:
        await asyncio.gather(*(child.stop() for child in children))


async def _responds(client: aiohttp.ClientSession, url: str) -> bool:
    try:
        async with client.get(url) as response:
            return response.ok
    except (aiohttp.ClientError, TimeoutError):
        return False
