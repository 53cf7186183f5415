"""Gateways on the local network are found by what they announce, with a real advertiser."""

import asyncio
import json
import subprocess
import time
from collections.abc import Awaitable, Callable
from contextlib import AsyncExitStack
from dataclasses import dataclass
from pathlib import Path
from typing import TypeVar

import pytest

from exporter.cli import discover as command
from exporter.cli import dispatch
from exporter.config import load
from exporter.discovery import Announced, discover, find_hosts
from exporter.simulator.homes import SAMPLE_HOMES, sample_home
from exporter.simulator.server import RunningGateway, serve
from tests.cli.test_cli import run
from tests.mdns import LOOPBACK, announce, announcement, has_ipv6

#: seconds to listen; an answer takes a fraction of one, but on a busy machine it can take longer
LISTEN = (1.2, 10.0, 40.0)
CLOSED = 1

T = TypeVar("T")


@dataclass
class Discovered:
    """The announcements by name in mDNS, and the gateways by their name."""

    by_name: dict[str, Announced]
    gateways: dict[str, RunningGateway]


async def patiently(attempt: Callable[[float], Awaitable[T]], enough: Callable[[T], object]) -> T:
    """Return what an attempt found, the last one if none found `enough`."""
    for seconds in LISTEN:
        result = await attempt(seconds)
        if enough(result):
            break
    return result


async def _listen(seconds: float) -> Discovered:
    async with AsyncExitStack() as stack:
        homes = {"envoy": "battery-home", "envoy-2": "legacy", "envoy-3": "battery-home"}
        if has_ipv6():
            homes["envoy-6"] = "solar-only"
        gateways = {
            name: await stack.enter_async_context(
                serve(sample_home(kind, time.time), host="::1" if name == "envoy-6" else LOOPBACK)
            )
            for name, kind in homes.items()
        }
        announced = [
            announcement(
                name,
                int(gateway.host.rpartition(":")[2]),
                serial="1",
                addresses=(LOOPBACK, "::1") if name == "envoy-6" else (LOOPBACK,),
            )
            for name, gateway in gateways.items()
        ]
        wild = "\x1b[2J" + "9" * 100
        announced += [
            announcement("envoy-8", CLOSED, serial="122000000003", firmware="8.3.1"),
            announcement("envoy-9", CLOSED, serial=wild, firmware="8\n9"),
        ]
        await stack.enter_async_context(announce(*announced))
        responses = await discover(seconds, [LOOPBACK])
        return Discovered({each.name.removesuffix(".local"): each for each in responses}, gateways)


@pytest.fixture(scope="module")
def discovered() -> Discovered:
    """Return the gateways discovered on loopback, where all kinds announce themselves."""
    expected = 5 if has_ipv6() else 4

    def complete(one: Discovered) -> bool:
        return len(one.by_name) == expected and one.by_name["envoy"].answers

    return asyncio.run(patiently(_listen, complete))


@pytest.mark.parametrize(("name", "kind"), [("envoy", "battery-home"), ("envoy-2", "legacy")])
def test_a_gateway_is_asked_once_who_it_is(discovered: Discovered, name: str, kind: str) -> None:
    """`/info` overrides the announcement, and one request is enough where HTTPS works."""
    one = discovered.by_name[name]
    site = SAMPLE_HOMES[kind]
    assert (one.serial, one.firmware) == (site.serial, site.firmware)
    assert (one.host, one.answers) == (discovered.gateways[name].host, True)
    assert len(discovered.gateways[name].requests) == 1


def test_a_silent_gateway_is_listed_as_it_announced_itself(discovered: Discovered) -> None:
    """A gateway that announces itself is listed although nothing answers."""
    one = discovered.by_name["envoy-8"]
    assert (one.serial, one.firmware) == ("122000000003", "8.3.1")
    assert (one.host, one.answers) == (f"{LOOPBACK}:{CLOSED}", False)


@pytest.mark.skipif(not has_ipv6(), reason="this machine has no IPv6 on loopback")
def test_a_gateway_that_answers_by_ipv6_alone(discovered: Discovered) -> None:
    """Of the addresses the one that answers is proposed, in the brackets that `host` wants."""
    port = discovered.gateways["envoy-6"].host.rpartition(":")[2]
    assert discovered.by_name["envoy-6"].hosts == (f"[::1]:{port}", f"{LOOPBACK}:{port}")


def test_one_gateway_under_two_names_is_one(discovered: Discovered) -> None:
    """A serial number is listed once."""
    serials = [each.serial for each in discovered.by_name.values()]
    assert serials.count(SAMPLE_HOMES["battery-home"].serial) == 1


def test_announcements_are_not_believed(discovered: Discovered) -> None:
    """Control characters and overlong serial numbers are printed as harmless text."""
    one = discovered.by_name["envoy-9"]
    assert one.serial.startswith("\\x1b[2J999")
    assert len(one.serial) <= 64
    assert one.firmware == "8\\n9"


async def test_one_gateway_is_found_by_its_serial_number() -> None:
    """The addresses that it announces are returned untried, and those of no other gateway."""
    async with announce(
        announcement("envoy", 8443, serial="1"), announcement("envoy-2", CLOSED, serial="2")
    ):
        hosts = await patiently(lambda seconds: find_hosts("1", seconds, ["127.0.0.1"]), bool)
        assert hosts == ["127.0.0.1:8443"]
        assert await find_hosts("3", LISTEN[0], ["127.0.0.1"]) == []
    assert await find_hosts("1", LISTEN[0], ["203.0.113.1"]) == []


async def test_the_command_prints_a_table_and_what_to_paste(tmp_path: Path) -> None:
    """The printed configuration is valid, and `--json` has the same gateways."""
    async with (
        serve(sample_home("battery-home", time.time)) as running,
        announce(
            announcement("envoy", int(running.host.rpartition(":")[2])),
            announcement("envoy-2", CLOSED, serial="9", addresses=("::1",)),
        ),
    ):

        async def printed(seconds: float) -> list[subprocess.CompletedProcess[str]]:
            words = ("discover", "--interface=127.0.0.1", f"--timeout={seconds:g}s")
            commands = (words, (*words, "--json"))
            return await asyncio.gather(
                *(asyncio.to_thread(run, tmp_path, *each) for each in commands)
            )

        plain, as_json = await patiently(
            printed, lambda done: all(running.host in each.stdout for each in done)
        )
        assert (plain.returncode, plain.stderr) == (0, "")
        head, first, second = plain.stdout.splitlines()[:3]
        assert head.split() == ["NAME", "SERIAL", "FIRMWARE", "ADDRESS"]
        assert first.split() == ["envoy.local", "202499000001", "8.2.4401", running.host]
        assert second.split(maxsplit=3)[3] == f"[::1]:{CLOSED} (does not answer)"
        pasted = tmp_path / "pasted.yml"
        pasted.write_text(plain.stdout[plain.stdout.index("gateways:") :])
        config = load(pasted, {"HOME": str(tmp_path)})
        assert [(each.host, each.name) for each in config.gateways] == [
            (running.host, "home-1"),
            (f"[::1]:{CLOSED}", "home-2"),
        ]
        gateways = json.loads(as_json.stdout)["gateways"]
        assert [each["host"] for each in gateways] == [each.host for each in config.gateways]
        assert gateways[0]["answers"]


def test_nothing_found_says_what_to_try(capsys: pytest.CaptureFixture[str]) -> None:
    """Without any gateway the exit status is 1, and the possible reasons are printed."""
    assert dispatch.run(["discover", "--interface=127.0.0.1", "--timeout=0.2s"]) == 1
    output = capsys.readouterr()
    assert (output.out, output.err) == (command.NOTHING + "\n", "")
    assert all(word in output.out for word in ("VLAN", "isolation", "--network=host"))


@pytest.mark.parametrize(
    ("words", "status", "message"),
    [
        (["--interface=eth0"], 2, "'eth0' is not an IP address"),
        (["--interface=192.0.2.77"], 1, "mDNS cannot be used here"),
        (["--timeout=soon"], 1, "--timeout: 'soon' is not a duration"),
    ],
)
def test_mistakes_are_reported(
    words: list[str], status: int, message: str, capsys: pytest.CaptureFixture[str]
) -> None:
    """A bad flag is one clear line."""
    assert dispatch.run(["discover", "--timeout=0.2s", *words]) == status
    assert message in capsys.readouterr().err
