#!/usr/bin/env python3
"""Throughput beside DCMTK, in one run, as ratios. Judges nothing: figures for docs/performance.md.

    target/test-venv/bin/python tests/bench/run.py [--objects 300] [--runs 3] [--looked 20]

Each measurement sends generated 525 KB CT objects over loopback from DCMTK's storescu, with
TCP_NODELAY=1 in the environment of every DCMTK tool, which otherwise measure Nagle's algorithm:

  a  storescu -> storescp
  b  storescu -> gateway, received and durable and nothing else: a route holds every object
  c  storescu -> gateway -> storescp, pixels = "skip": until the last object is at the receiver
  a4, b4, c4  the same from four senders at once, each on an Association of its own
  d  as c, with every pixel looked at (fewer objects: --looked)
  e  resident memory of the gateway's parent process while one object of 1 GB comes in
"""

import argparse
import os
import re
import shutil
import socket
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
JUDGES = ROOT / "tests" / "judges"
ENV = dict(os.environ, TCP_NODELAY="1")
CT = "1.2.840.10008.5.1.4.1.1.2"
HOLD = """
[[routes]]
name = "all"
action = "hold"
"""


def free_port():
    with socket.socket() as s:
        s.bind(("127.0.0.1", 0))
        return s.getsockname()[1]


def wait_for(condition, seconds, what):
    deadline = time.monotonic() + seconds
    while not condition():
        if time.monotonic() > deadline:
            sys.exit(f"bench: {what} did not happen in {seconds} s")
        time.sleep(0.005)


def answers(port):
    with socket.socket() as s:
        return s.connect_ex(("127.0.0.1", port)) == 0


class Receiver:
    """DCMTK's storescp, keeping what it gets."""

    def __init__(self, folder):
        self.folder, self.port = folder, free_port()
        folder.mkdir()
        command = ["storescp", "-aet", "RESEARCH", "+B", "-uf", "-od", str(folder), str(self.port)]
        self.process = subprocess.Popen(command, env=ENV, stdout=subprocess.DEVNULL)
        wait_for(lambda: answers(self.port), 10, "storescp")

    def count(self):
        return sum(1 for entry in os.scandir(self.folder))

    def stop(self):
        self.process.kill()
        self.process.wait()


class Gateway:
    """The release binary with a spool of its own."""

    def __init__(self, binary, folder, destination_port, look, hold=False):
        folder.mkdir()
        shipped = (ROOT / "conf/profiles/basic.toml").read_text()
        skip = "" if look else f'"{CT}" = "skip"\n'
        (folder / "profile.toml").write_text(shipped + skip)
        (folder / "gateway.toml").write_text(f"""
[intake]
listen = "127.0.0.1:0"
min_free_bytes = 0
[observe]
enabled = false
[spool]
directory = "{folder}/spool"
[keys]
site_key_file = "{folder}/site.key"
[deid]
profile = "{folder}/profile.toml"
[log]
level = "error"
[[destinations]]
name = "bench"
kind = "dicom"
address = "127.0.0.1:{destination_port}"
called_ae_title = "RESEARCH"
{HOLD if hold else ""}
""")
        command = [binary, "serve", "--config", str(folder / "gateway.toml")]
        self.process = subprocess.Popen(command, stdout=subprocess.PIPE, text=True)
        line = self.process.stdout.readline()
        self.port = int(re.search(r":(\d+) as", line).group(1))

    def rss_bytes(self):
        status = Path(f"/proc/{self.process.pid}/status").read_text()
        return int(re.search(r"VmRSS:\s+(\d+)", status).group(1)) * 1024

    def stop(self):
        self.process.kill()
        self.process.wait()


def send(port, folders):
    command = ["storescu", "-aec", "DEID", "+sd", "127.0.0.1", str(port)]
    start = lambda folder: subprocess.Popen([*command, str(folder)], env=ENV, stdout=subprocess.DEVNULL)
    return [start(folder) for folder in folders]


def finish(senders):
    if any([sender.wait() != 0 for sender in senders]):
        sys.exit("bench: storescu failed")


def sent(port, folders):
    start = time.monotonic()
    finish(send(port, folders))
    return time.monotonic() - start


def plain(work, folders, count, name):
    receiver = Receiver(work / name)
    seconds = sent(receiver.port, folders)
    assert receiver.count() == count
    receiver.stop()
    return count / seconds


def intake(binary, work, folders, count, name):
    gateway = Gateway(binary, work / name, free_port(), look=False, hold=True)
    seconds = sent(gateway.port, folders)
    gateway.stop()
    return count / seconds


def through(binary, work, folders, count, look, name):
    receiver = Receiver(work / f"{name}-received")
    gateway = Gateway(binary, work / name, receiver.port, look)
    start = time.monotonic()
    senders = send(gateway.port, folders)
    wait_for(lambda: receiver.count() >= count, 1800, "delivery of everything")
    seconds = time.monotonic() - start
    finish(senders)
    gateway.stop()
    receiver.stop()
    return count / seconds


def parted(objects, parts):
    """The objects in so many folders, as links."""
    folders = [objects.with_name(f"{objects.name}-{part}") for part in range(parts)]
    for folder in folders:
        folder.mkdir()
    for number, file in enumerate(sorted(objects.iterdir())):
        (folders[number % parts] / file.name).hardlink_to(file)
    return folders


def memory(binary, work, python):
    """Sends one native multi-frame object of 1 GB, and watches the parent."""
    big = work / "big"
    big.mkdir()
    code = f"""
import pydicom
from pydicom.uid import ExplicitVRLittleEndian, generate_uid
from pydicom.dataset import Dataset, FileMetaDataset
ds = Dataset()
ds.SOPClassUID = "1.2.840.10008.5.1.4.1.1.7.3"
ds.SOPInstanceUID, ds.StudyInstanceUID, ds.SeriesInstanceUID = (generate_uid() for _ in range(3))
ds.PatientName, ds.PatientID, ds.Modality = "BENCH^BIG", "B1", "OT"
ds.Rows = ds.Columns = 1024
ds.NumberOfFrames, ds.SamplesPerPixel = 512, 1
ds.PhotometricInterpretation = "MONOCHROME2"
ds.BitsAllocated = ds.BitsStored = 16
ds.HighBit, ds.PixelRepresentation = 15, 0
ds.PixelData = bytes(1 << 30)
ds.file_meta = FileMetaDataset()
ds.file_meta.TransferSyntaxUID = ExplicitVRLittleEndian
ds.save_as("{big}/big.dcm", enforce_file_format=True)
"""
    subprocess.run([python, "-c", code], check=True)
    gateway = Gateway(binary, work / "e", free_port(), look=False)
    before, highest = gateway.rss_bytes(), 0
    start = time.monotonic()
    [sender] = send(gateway.port, [big])
    while sender.poll() is None:
        highest = max(highest, gateway.rss_bytes())
        time.sleep(0.01)
    seconds = time.monotonic() - start
    gateway.stop()
    shutil.rmtree(big)
    if sender.returncode != 0:
        sys.exit("bench: storescu failed")
    return before, highest, seconds


def main():
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--objects", type=int, default=300)
    parser.add_argument("--looked", type=int, default=20)
    parser.add_argument("--runs", type=int, default=3)
    parser.add_argument("--binary", default=str(ROOT / "target/release/deid-gateway"))
    parser.add_argument("--work", help="a folder on the disk to measure; default: a temporary one")
    args = parser.parse_args()
    if not Path(args.binary).exists():
        sys.exit(f"bench: no {args.binary}: run cargo build --release first")
    rates = {name: [] for name in ("a", "b", "c", "a4", "b4", "c4", "d")}
    with tempfile.TemporaryDirectory(dir=args.work) as temporary:
        base = Path(temporary)
        for name, count in (("ct", args.objects), ("few", args.looked)):
            sample = [sys.executable, JUDGES / "sample.py", base / name, "--patients", "1"]
            rest = ["--studies", "1", "--ct", str(count), "--cr", "0", "--us", "0", "--cine", "0"]
            subprocess.run([*map(str, sample), *rest], check=True, stdout=subprocess.DEVNULL)
        four = parted(base / "ct", 4)
        for run in range(args.runs):
            work = base / str(run)
            work.mkdir()
            for name, folders in (("", [base / "ct"]), ("4", four)):
                count = args.objects
                rates[f"a{name}"].append(plain(work, folders, count, f"a{name}"))
                rates[f"b{name}"].append(intake(args.binary, work, folders, count, f"b{name}"))
                whole = through(args.binary, work, folders, count, False, f"c{name}")
                rates[f"c{name}"].append(whole)
            few = [base / "few"]
            rates["d"].append(through(args.binary, work, few, args.looked, True, "d"))
            shutil.rmtree(work)
        work = base / "memory"
        work.mkdir()
        before, highest, seconds = memory(args.binary, work, sys.executable)
    names = {
        "a4": "storescu x 4 -> storescp",
        "b4": "storescu x 4 -> gateway, durable",
        "c4": "storescu x 4 -> gateway -> storescp, pixels skipped",
        "a": "storescu -> storescp",
        "b": "storescu -> gateway, durable",
        "c": "storescu -> gateway -> storescp, pixels skipped",
        "d": "storescu -> gateway -> storescp, pixels looked at",
    }
    median = {key: statistics.median(values) for key, values in rates.items()}
    print(f"{args.runs} runs, objects/s: median (lowest to highest), ratio to a or a4")
    for key, values in rates.items():
        ratio = median[key] / median["a4" if key.endswith("4") else "a"]
        span = f"({min(values):.1f} to {max(values):.1f})"
        print(f"  {key:<3} {names[key]:<52} {median[key]:8.1f} {span:<20} {ratio:.3f}")
    mib = 1 << 20
    print(f"  e  parent's resident memory: {before / mib:.0f} MiB idle, at most {highest / mib:.0f} MiB", end="")
    print(f" while an object of 1024 MiB came in ({1024 / seconds:.0f} MiB/s)")


if __name__ == "__main__":
    main()
