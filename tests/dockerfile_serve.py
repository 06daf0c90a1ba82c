"""Runs an image that tests/dockerfile has made as `docker run --read-only --tmpfs /tmp` would: see there.

    dockerfile_serve.py isolated|plain PLAN

`isolated` must be in namespaces of its own for mounts and network, as root: the root directory of the image is
read-only but for its volumes, the libraries are those of this machine, and the program is USER without any
capability. `plain` runs it as who calls, with the paths of this machine and ports that are free.
"""

import fcntl
import json
import os
import signal
import socket
import struct
import subprocess
import sys
import time
from pathlib import Path

# What the base image would bring to run a program; all read-only.
BASE = ["usr/lib", "usr/lib64", "proc", "dev"]
CONFIGURATION = "[intake]\nopen = true\n"
DEADLINE_S = 120


def mount(*arguments):
    subprocess.run(["mount", *map(str, arguments)], check=True)


def bind_read_only(source, target):
    target.mkdir(parents=True, exist_ok=True)
    mount("--bind", source, target)
    mount("-o", "remount,bind,ro", target)


def close(root, volumes):
    """Makes the root read-only, but for its volumes and /tmp."""
    for name in BASE:
        if Path("/", name).exists():
            bind_read_only(Path("/", name), root / name)
    for name in ("lib", "lib64"):
        (root / name).symlink_to(f"usr/{name}")
    (root / "tmp").mkdir()
    bind_read_only(root, root.with_name("seen"))
    seen = root.with_name("seen")
    for name in BASE:
        if (root / name).exists():
            mount("--bind", root / name, seen / name)
    for volume in volumes:
        mount("--bind", root / volume.lstrip("/"), seen / volume.lstrip("/"))
    mount("-t", "tmpfs", "-o", "mode=1777,nosuid,nodev", "tmpfs", seen / "tmp")
    return seen


def loopback_up():
    """A new network has it, but down."""
    SIOCGIFFLAGS, SIOCSIFFLAGS, IFF_UP = 0x8913, 0x8914, 1
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as asked:
        request = bytearray(struct.pack("16sH22x", b"lo", 0))
        fcntl.ioctl(asked, SIOCGIFFLAGS, request)
        flags = struct.unpack_from("H", request, 16)[0] | IFF_UP
        struct.pack_into("H", request, 16, flags)
        fcntl.ioctl(asked, SIOCSIFFLAGS, request)


def free_port():
    with socket.socket() as one:
        one.bind(("127.0.0.1", 0))
        return one.getsockname()[1]


class Container:
    """How its processes are started."""

    def __init__(self, plan, isolated):
        self.plan, self.isolated = plan, isolated
        self.root = root = Path(plan["root"])
        self.port = int(plan["EXPOSE"])
        self.env = {"PATH": "/usr/local/bin:/usr/bin:/bin", **plan["env"]}
        self.config = "/etc/deid-gateway.toml"
        (root / "etc").mkdir(exist_ok=True)
        (root / "etc/deid-gateway.toml").write_text(CONFIGURATION, encoding="utf-8")
        if isolated:
            loopback_up()
            self.root = close(root, plan["VOLUME"])
        else:
            self.port = free_port()
            self.config = str(root / "etc/deid-gateway.toml")
            self.env |= {"DEID_GATEWAY__INTAKE__LISTEN": f"0.0.0.0:{self.port}",
                         "DEID_GATEWAY__OBSERVE__LISTEN": f"127.0.0.1:{free_port()}"}

    def enter(self):
        os.chroot(self.root)
        os.chdir(self.plan["workdir"])
        os.setgroups([])
        os.setgid(self.plan["uid"])
        os.setuid(self.plan["uid"])

    def start(self, command):
        program, *rest = command
        rest = [self.config if word == "/etc/deid-gateway.toml" else word for word in rest]
        if self.isolated:
            return subprocess.Popen([program, *rest], env=self.env, preexec_fn=self.enter)
        program = self.root / "usr/local/bin" / program
        return subprocess.Popen([program, *rest], env=self.env, cwd=self.root / self.plan["workdir"].lstrip("/"))

    def health(self):
        return self.start(self.plan["HEALTHCHECK"]).wait(timeout=DEADLINE_S)


def is_open(port):
    try:
        socket.create_connection(("127.0.0.1", port), timeout=DEADLINE_S).close()
        return True
    except ConnectionRefusedError:
        return False


def serve(container):
    """Starts, asks and stops it; each step says what it saw."""
    assert container.health() == 1, "healthy before it runs"
    program = container.start(container.plan["ENTRYPOINT"] + container.plan["CMD"])
    try:
        until = time.monotonic() + DEADLINE_S
        while container.health() != 0:
            assert program.poll() is None, f"it ended with {program.returncode}"
            assert time.monotonic() < until, "it does not become healthy"
            time.sleep(0.2)
        print("HEALTHCHECK: healthy")
        assert is_open(container.port), "EXPOSE is not the port of intake"
        if container.isolated:
            status = Path(f"/proc/{program.pid}/status").read_text(encoding="utf-8")
            field = dict(line.split(":\t", 1) for line in status.splitlines() if ":\t" in line)
            uid = str(container.plan["uid"])
            assert field["Uid"].split() == [uid] * 4 and int(field["CapEff"], 16) == 0, status
            try:
                Path(container.root, "etc/written").write_text("", encoding="utf-8")
                sys.exit("dockerfile: the root can be written")
            except OSError as error:
                print(f"runs as {uid}, without capabilities; its root: {error.strerror}")
        program.send_signal(signal.SIGTERM)
        assert program.wait(timeout=DEADLINE_S) == 0, f"after SIGTERM it ended with {program.returncode}"
        print("SIGTERM: exit code 0")
    finally:
        program.kill()
        program.wait()
    volumes = [container.root / volume.lstrip("/") for volume in container.plan["VOLUME"]]
    for name in ("spool.sqlite", "site.key"):
        assert any((volume / name).exists() for volume in volumes), f"{name} is in no volume"
    print("records and key are in volumes")


def main():
    mode, plan = sys.argv[1:]
    sys.stdout.reconfigure(line_buffering=True)
    print("runs in a read-only root of its own" if mode == "isolated" else "not done: a read-only root, and USER")
    serve(Container(json.loads(plan), mode == "isolated"))


if __name__ == "__main__":
    main()
