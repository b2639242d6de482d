"""Containers without an engine: services of docker-compose.yml run as it says, each in namespaces of its own made by `unshare`.

A container has the file's command, environment, user, read-only root, tmpfs, volumes and secrets, no capability, and one network that reaches nothing
but the other containers. Its programs are this machine's, so that images themselves, limits of memory and the engine are not tested.
"""

import os
import re
import shutil
import signal
import subprocess
import sys
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path
from shlex import quote

import yaml

TOP = Path(__file__).parents[1]
COMPOSE = TOP / "docker-compose.yml"
# What the image has at these places, on this machine: the Dockerfile copies and sets the same (test_dockerfile.py).
IMAGE_FILES = {
    "/opt/mta/dagster_home/dagster.yaml": TOP / "dagster_home/dagster.yaml",
    "/opt/mta/workspace.yaml": TOP / "deploy/workspace.yaml",
}
IMAGE_FOLDERS = ("/opt/mta/dagster_home/storage", "/var/lib/mta/landing", "/run/secrets", "/tmp")  # noqa: S108  of the container
LIVING = ("/dev", "/proc", "/sys")
SYSTEM = (
    "/usr",
    "/bin",
    "/lib",
    "/lib64",
    *(f"/etc/{name}" for name in ("alternatives", "group", "ld.so.cache", "nginx", "nsswitch.conf", "ssl")),
)
MORTAL = ("setpriv", "--pdeathsig=KILL")  # what it runs ends with whoever started it, however that ends
VARIABLE = re.compile(r"\$\{(\w+)(?::-([^}]*))?\}")


def why_not() -> str:
    """Why no container can be made here; empty when it can."""
    if sys.platform != "linux" or os.geteuid() != 0 or not all(map(shutil.which, ("unshare", "nsenter", "setpriv", "ip"))):
        return "needs root on Linux, with unshare, nsenter, setpriv and ip"
    made = subprocess.run(["unshare", "--mount", "--net", "ip", "link", "set", "lo", "up"], capture_output=True, text=True, check=False)
    return f"namespaces cannot be made here: {made.stderr.strip()}" if made.returncode else ""


def composed(environment: dict[str, str]) -> dict:
    """The compose file with its variables replaced, by `environment` or by their defaults."""
    return yaml.safe_load(VARIABLE.sub(lambda found: environment.get(found[1], found[2] or ""), COMPOSE.read_text()))


def image_environment() -> dict[str, str]:
    """What the Dockerfile's last stage sets, with this machine's programs on the path."""
    last = (TOP / "deploy/Dockerfile").read_text().rpartition("\nFROM ")[2]
    block = re.search(r"^ENV ((?:.*\\\n)*.*)$", last, re.MULTILINE)[1]
    own = dict(part.split("=", 1) for part in block.replace("\\\n", " ").split())
    return own | {"PATH": f"{Path(sys.executable).parent}:/usr/local/bin:/usr/bin:/bin:/usr/sbin"}


@dataclass
class Containers:
    """The containers of one project: their volumes and secrets below `folder`, their network a namespace."""

    folder: Path
    environment: dict[str, str] = field(default_factory=dict)
    programs: tuple[str, ...] = ()  # folders of programs that other images have

    def __post_init__(self):
        self.file = composed(self.environment)
        self.services = self.file["services"]
        self._started: dict[str, subprocess.Popen] = {}
        for volume in self.file["volumes"]:
            path = self.folder / "volumes" / volume
            path.mkdir(parents=True)
            os.chown(path, *self._owner(volume))
        self.etc = self.folder / "etc"
        self.etc.mkdir()
        names = " ".join(self.services)
        (self.etc / "hosts").write_text(f"127.0.0.1 localhost {names}\n")
        users = {service["user"]: name for name, service in self.services.items()}
        (self.etc / "passwd").write_text("".join(f"{name}:x:{user}::/tmp:/usr/sbin/nologin\n" for user, name in users.items()))

    def __enter__(self):
        self._holder = subprocess.Popen(
            [*MORTAL, "unshare", "--net", "sh", "-c", "ip link set lo up && echo ready && exec sleep 3600"], stdout=subprocess.PIPE
        )
        assert self._holder.stdout.readline() == b"ready\n"
        return self

    def __exit__(self, *_):
        for name in reversed(list(self._started)):
            self.stop(name)
        self._holder.kill()
        self._holder.wait()
        self._holder.stdout.close()

    def start(self, name, command=None):
        """Start a service, as `docker compose up` does. command: of an image that brings its own."""
        with (self.folder / f"{name}.log").open("ab") as log:
            os.fchown(log.fileno(), *self._ids(name))  # as an engine does, so that the process may open /dev/stderr
            self._started[name] = subprocess.Popen(self.arguments(name, command), stdout=log, stderr=log, start_new_session=True)

    def stop(self, name, number=signal.SIGTERM):
        """Stop a service and all it started."""
        process = self._started.pop(name)
        with suppress(ProcessLookupError):
            os.killpg(process.pid, number)
        with suppress(subprocess.TimeoutExpired):
            process.wait(30)
        with suppress(ProcessLookupError):
            os.killpg(process.pid, signal.SIGKILL)
        process.wait()

    def run(self, name, command=None, **given):
        """Run a service's command, or another in its place, to its end, as `docker compose run` does."""
        return subprocess.run(self.arguments(name, command), capture_output=True, text=True, check=False, **given)

    def healthy(self, name):
        """Whether the service's own health check passes, and what it says. It is run within the container."""
        test = self.services[name]["healthcheck"]["test"]
        words = ["sh", "-c", test[1]] if test[0] == "CMD-SHELL" else test[1:]
        found = subprocess.run(
            ["nsenter", f"--target={self._started[name].pid}", "--mount", "--net", "--root", *self._as_user(name, words)],
            capture_output=True,
            text=True,
            check=False,
        )
        return found.returncode == 0, found.stdout + found.stderr

    def alive(self, name):
        """Whether the service's process is there."""
        return self._started[name].poll() is None

    def log(self, name):
        """What a service has printed."""
        return (self.folder / f"{name}.log").read_text()

    def inside(self, *command):
        """A command line that runs on the containers' network, outside of them."""
        return ["nsenter", f"--net=/proc/{self._holder.pid}/ns/net", *command]

    def arguments(self, name, command=None):
        """The command line that makes the container and runs its command in it."""
        line = " ".join(map(quote, self._as_user(name, command or self.services[name]["command"])))
        return self.inside("unshare", "--mount", "sh", "-euc", "\n".join([*self._root(self.services[name]), f"exec chroot $root {line}"]))

    def _as_user(self, name, words):
        """A command line that runs in the container's root, as its user and in its environment."""
        service, (user, group) = self.services[name], self._ids(name)
        files = [self.folder / "secrets" / Path(file["path"]).name for file in service.get("env_file", [])]
        given = dict(line.split("=", 1) for file in files if file.exists() for line in file.read_text().splitlines())
        image = image_environment() if "build" in service else {"PATH": ":".join((*self.programs, "/usr/bin:/bin:/usr/sbin"))}
        environment = image | given | {key: str(value) for key, value in service.get("environment", {}).items()}
        become = [
            *MORTAL,
            f"--reuid={user}",
            f"--regid={group}",
            "--clear-groups",
            "--no-new-privs",
            "--bounding-set=-all",
            "--inh-caps=-all",
        ]
        return [*become, "env", "-i", "-C", "/opt/mta", *(f"{key}={value}" for key, value in environment.items()), *words]

    def _root(self, service):
        """The lines that make its root: what this machine has, read-only, and what the service may write."""
        root = self.folder / "root"
        root.mkdir(exist_ok=True)
        yield from ("mount --make-rprivate /", f"root={root}", "mount -t tmpfs -o mode=755 tmpfs $root")
        for path in (*SYSTEM, *LIVING, str(TOP), *_interpreters()):
            if Path(path).exists():
                yield from _bound(path, path, "rw" if path in LIVING else "ro")
        for name in ("hosts", "passwd"):
            yield from _bound(self.etc / name, f"/etc/{name}")
        yield "mkdir -p " + " ".join(f"$root{path}" for path in IMAGE_FOLDERS)
        if "build" in service:
            for target, source in IMAGE_FILES.items():
                yield from _bound(source, target)
        for secret in service.get("secrets", []):
            yield from _bound(self.folder / "secrets" / secret, f"/run/secrets/{secret}")
        for volume in service.get("volumes", []):
            source, target, mode = [*volume.split(":"), "rw"][:3]
            yield from _bound(self._volume(source), target, mode)
        for path in (mount.partition(":")[0] for mount in service.get("tmpfs", [])):
            yield f"mkdir -p $root{path} && mount -t tmpfs -o mode=1777 tmpfs $root{path}"
        if service["read_only"]:
            yield "mount -o remount,ro $root"

    def _ids(self, name):
        return tuple(map(int, self.services[name]["user"].split(":")))

    def _owner(self, volume):
        """Who owns a new volume: as in the image, the user that writes to it."""
        return next(self._ids(name) for name, service in self.services.items() if f"{volume}:" in " ".join(service.get("volumes", [])))

    def _volume(self, source):
        if source in self.file["volumes"]:
            return self.folder / "volumes" / source
        return self.folder / "landing" if source == "./landing" else TOP / source


def _bound(source, target, mode="ro"):
    """The lines that show a file or folder of this machine at a place of the new root."""
    place = f"$root{target}"
    made = f"mkdir -p {place}" if Path(source).is_dir() else f"mkdir -p $(dirname {place}) && {{ [ -e {place} ] || touch {place}; }}"
    yield f"{made} && mount --rbind {source} {place}"
    if mode == "ro":
        yield f"mount -o remount,bind,ro {place}"


def _interpreters():
    """Where this Python is, when that is neither in the system nor in the repository."""
    return [path for path in dict.fromkeys((sys.base_prefix, sys.prefix)) if not path.startswith(("/usr", str(TOP)))]
