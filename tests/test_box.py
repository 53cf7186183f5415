"""The boxes the exporter is shipped in: they give it little, and little is enough for it."""

import configparser
import json
import re
import shlex
import shutil
import subprocess
import sys
import tempfile
import tomllib
from collections.abc import Iterator
from pathlib import Path, PurePosixPath

import pytest

from exporter.state import _LAST_PATIENCE as LAST_PATIENCE
from tests.conftest import ROOT
from tests.process import exporter_process
from tests.test_shutdown import IN_TIME, configured, gateway

UNIT = ROOT / "deploy/systemd/enphase-exporter.service"
GRACE = r"^ +terminationGracePeriodSeconds: (\d+)$"
#: the user of the image, who exists nowhere
NOBODY = 65532
#: prctl: memory that can be written is never executed, as with MemoryDenyWriteExecute=
_NO_NEW_CODE = "import ctypes; ctypes.CDLL(None).prctl(65, 1, 0, 0, 0)"


def instructions() -> list[tuple[str, str]]:
    """Return the instructions of the Dockerfile with their arguments, continued lines joined."""
    text = (ROOT / "Dockerfile").read_text().replace("\\\n", " ")
    lines = [line.strip() for line in text.splitlines() if line.strip() and line[0] != "#"]
    return [(line.partition(" ")[0], line.partition(" ")[2].strip()) for line in lines]


def stages() -> dict[str, list[tuple[str, str]]]:
    """Return the instructions of each stage by its name, with those of the stage it begins with."""
    by_name: dict[str, list[tuple[str, str]]] = {}
    for word, arguments in instructions():
        if word == "FROM":
            base, _, name = arguments.partition(" AS ")
            by_name[name] = [*by_name.get(base, ())]
        elif by_name:
            by_name[list(by_name)[-1]].append((word, arguments))
    return by_name


def last_stage() -> dict[str, str]:
    """Return the instructions that make up the image, those of one kind joined to lines."""
    listed = list(stages().values())[-1]
    return {
        word: "\n".join(arguments for other, arguments in listed if other == word)
        for word, _ in listed
    }


def test_the_simulator_is_in_the_demo_image_alone() -> None:
    """The image that is built by default removes it, the target `demo` keeps it."""
    names = list(stages())
    assert names[-1] == "exporter"
    assert ("COPY", "--from=venv /venv /venv") in stages()["exporter"]
    assert any(
        "rm -r" in command and "exporter/simulator" in command for _, command in stages()["venv"]
    )
    assert ("COPY", "--from=venv-demo /venv /venv") in stages()["demo"]
    assert not any("exporter/simulator" in command for _, command in stages()["venv-demo"])


def test_the_image_runs_as_nobody() -> None:
    """A user by number, who is not root: what Kubernetes can check, and what owns the state."""
    stage = last_stage()
    assert stage["USER"] == f"{NOBODY}:{NOBODY}"
    assert stage["VOLUME"] == "/state"
    assert f"--chown={NOBODY}:{NOBODY} /state /state" in stage["COPY"]
    assert "RUN" not in stage


def test_the_image_is_asked_how_it_is() -> None:
    """Its health check requests a page that needs no gateway, with a command in the image."""
    words = json.loads(last_stage()["HEALTHCHECK"].partition("CMD")[2])
    assert words[0] == "python"
    compile(words[2], "healthcheck", "exec")
    assert "/-/healthy" in words[2]
    assert json.loads(last_stage()["ENTRYPOINT"]) == ["enphase-exporter"]
    assert last_stage()["STOPSIGNAL"] == "SIGTERM"


def test_the_image_holds_what_is_pinned_and_no_secret() -> None:
    """Every package has a hash, and no argument or variable is made for a secret."""
    for word, arguments in instructions():
        for command in (
            re.findall(r"pip (?:install|wheel) [^&]*", arguments) if word == "RUN" else ()
        ):
            assert {"--require-hashes", "--no-deps"} & set(shlex.split(command)), command
        if word in {"ARG", "ENV"}:
            assert not re.search(r"token|password|secret|key", arguments, re.I)
        assert word != "ADD"
    ignored = [
        line for line in (ROOT / ".dockerignore").read_text().splitlines() if line[:1] != "#"
    ]
    assert ignored[0] == "*", "what lies around in the folder does not get into the image"


def test_the_image_is_built_from_all_of_the_package() -> None:
    """What the wheel takes from the checkout reaches the build of the image."""
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())
    wheel = project["tool"]["hatch"]["build"]["targets"]["wheel"]
    needed = {"pyproject.toml", "README.md", "LICENSE", *wheel["only-include"]}
    needed |= set(wheel["force-include"])
    copied = {
        source
        for word, arguments in stages()["wheel"]
        if word == "COPY"
        for source in arguments.split()[:-1]
    }
    listed = (ROOT / ".dockerignore").read_text().splitlines()
    let_in = {line[1:] for line in listed if line[:1] == "!"}
    for path in needed:
        parts = {path, *map(str, PurePosixPath(path).parents)}
        assert parts & copied, path
        assert parts & let_in, path


def unit() -> configparser.RawConfigParser:
    """Return the systemd unit; of keys that stand several times, the last."""
    parser = configparser.RawConfigParser(strict=False, delimiters=("=",), comment_prefixes=("#",))
    parser.optionxform = str  # type: ignore[method-assign,assignment]  # systemd minds the case
    parser.read_string(UNIT.read_text())
    return parser


def test_the_service_may_do_little() -> None:
    """The locks that matter most are on, also where no systemd is at hand to count them."""
    service = unit()["Service"]
    locks = {
        "User": "enphase-exporter",
        "StateDirectory": "enphase-exporter",
        "ProtectSystem": "strict",
        "ProtectHome": "yes",
        "NoNewPrivileges": "yes",
        "CapabilityBoundingSet": "",
        "MemoryDenyWriteExecute": "yes",
        "RestrictAddressFamilies": "AF_INET AF_INET6 AF_UNIX",
        "UMask": "0077",
    }
    assert {key: service[key] for key in locks} == locks
    assert "--config.file=" in service["ExecStart"]
    # secrets are in files that the configuration names, and in no environment
    assert "Environment" not in service


@pytest.mark.parametrize(
    ("file", "pattern"),
    [
        ("deploy/systemd/enphase-exporter.service", r"^TimeoutStopSec=(\d+)$"),
        ("deploy/kubernetes/home/deployment.yaml", GRACE),
        ("deploy/kubernetes/fleet/statefulset.yaml", GRACE),
        ("deploy/helm/enphase-exporter/templates/deployment.yaml", GRACE),
        ("compose.yaml", r"^  stop_grace_period: (\d+)s$"),
    ],
)
def test_nobody_kills_it_during_the_last_save(file: str, pattern: str) -> None:
    """Whoever stops it waits longer than it waits for a disk that hangs."""
    (seconds,) = re.findall(pattern, (ROOT / file).read_text(), re.MULTILINE)
    assert float(seconds) > LAST_PATIENCE + IN_TIME


@pytest.mark.skipif(not shutil.which("systemd-analyze"), reason="systemd-analyze is not installed")
def test_systemd_understands_the_service(tmp_path: Path) -> None:
    """The unit has no mistake, and by systemd's own count it is exposed to 1.5 of 10."""
    copy = tmp_path / UNIT.name
    # the command is not where it will be installed
    copy.write_text(re.sub(r"(?m)^ExecStart=\S+", "ExecStart=/bin/true", UNIT.read_text()))
    for words in (["verify"], ["security", "--offline=true", "--threshold=15", "--no-pager"]):
        done = subprocess.run(
            ["systemd-analyze", *words, str(copy)], capture_output=True, text=True, check=False
        )
        assert done.returncode == 0, done.stdout + done.stderr
        assert words[0] != "verify" or not done.stderr


#: makes everything but one folder read-only and gives up all power, then runs the rest
_BOX = """
set -eu
mount --make-rprivate /
mount -t tmpfs -o size=4m,mode=700,uid={user},gid={user} tmpfs {state}
while read -r _ where _; do
    case $where in
        {state}) ;;
        *) mount -o remount,bind,ro "$where" 2>/dev/null || : ;;
    esac
done </proc/self/mounts
if touch {folder}/probe 2>/dev/null; then echo "not read-only" >&2; exit 1; fi
exec setpriv --reuid={user} --regid={user} --clear-groups --no-new-privs \\
    --bounding-set=-all --inh-caps=-all --ambient-caps=-all "$@"
"""


def unprivileged() -> int:
    """Return the user to run as: nobody, or root without power where Python is root's alone."""
    words = ["setpriv", f"--reuid={NOBODY}", "--clear-groups", sys.executable, "-c", "import yaml"]
    done = subprocess.run(words, check=False, capture_output=True, cwd="/")
    return 0 if done.returncode else NOBODY


def may_build_a_box() -> bool:
    """Return whether we may mount a file system."""
    if not (shutil.which("unshare") and shutil.which("setpriv")):
        return False
    return not subprocess.run(["unshare", "--mount", "true"], check=False).returncode


@pytest.fixture
def open_folder() -> Iterator[Path]:
    """Return a folder that every user may enter, unlike those that pytest makes."""
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        folder.chmod(0o755)
        yield folder


@pytest.mark.skipif(not may_build_a_box(), reason="only root may build a box to run in")
async def test_it_works_in_a_box(open_folder: Path) -> None:
    """On a read-only system, without any capability, and with one small folder to write to."""
    state = open_folder / "state"
    state.mkdir()
    user = unprivileged()
    box = _BOX.format(user=user, state=state, folder=open_folder)
    within = ("unshare", "--mount", "sh", "-c", box, "sh")
    async with gateway() as there:
        flag = configured(open_folder, there.host, token=there.token)
        async with exporter_process(
            open_folder, flag, first=_NO_NEW_CODE, within=within
        ) as process:
            await process.full()
            fields = status(process.process.pid)
            process.process.terminate()
            assert await process.ended(IN_TIME) == 0
    for key, value in {"CapEff": "0+", "CapBnd": "0+", "NoNewPrivs": "1", "Uid": str(user)}.items():
        assert re.search(rf"(?m)^{key}:\t{value}\b", fields), key
    # the state was saved at the end, or there would be an error
    assert not re.search(rb"level=(error|warn)", process.log)


def status(pid: int) -> str:
    """Return the kernel's data about a process."""
    return Path(f"/proc/{pid}/status").read_text()
