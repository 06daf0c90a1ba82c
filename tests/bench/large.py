#!/usr/bin/env python3
"""Objects of 2 GB through the real binary, and how much memory each process needed at most.

    target/test-venv/bin/python tests/bench/large.py [--mib 2048] [--binary PATH] [--work DIR] [NAME...]

For every object: the command `deid`, and the gateway by C-STORE into a folder. Each runs twice, with an
object of 1/64 of the size first: what the large one needs more is what its size costs. The last frame shows
a name, so that boxes are made, filled and verified; the others are alike, so that reading them costs little.
Needs 5 times the size on the disk of DIR. Prints a table for docs/performance.md. Exit: 0 if every object
was delivered, and no process of the large ones needed more than 64 MiB more than that of the small ones.
"""

import argparse
import os
import re
import shutil
import subprocess
import sys
import tempfile
import threading
import time
from pathlib import Path

import numpy as np
import pydicom
from PIL import Image, ImageDraw, ImageFont
from pydicom.dataset import Dataset, FileMetaDataset
from pydicom.encaps import generate_frames
from pydicom.uid import (
    ExplicitVRLittleEndian,
    JPEG2000Lossless,
    JPEGBaseline8Bit,
    JPEGLSLossless,
    RLELossless,
    generate_uid,
)
from run import ENV, ROOT, wait_for

MIB = 1 << 20
MORE_MIB = 64
# name: transfer syntax, how storescu proposes it, side, bits
OBJECTS = {
    "native": (ExplicitVRLittleEndian, "-xe", 1024, 16),
    "native-small-frames": (ExplicitVRLittleEndian, "-xe", 208, 16),
    "rle": (RLELossless, "-xr", 1024, 16),
    "rle-small-frames": (RLELossless, "-xr", 208, 16),
    "jpeg": (JPEGBaseline8Bit, "-xy", 1024, 8),
    "jpeg-ls": (JPEGLSLossless, "-xt", 1024, 16),
    "jpeg-2000": (JPEG2000Lossless, "-xv", 1024, 16),
}


def frame(side, bits, text, flat):
    """A slope with noise in the lower half of its bits, which nobody sees and no encoder makes small."""
    if flat and not text:
        return np.zeros((side, side), np.uint8 if bits == 8 else "<u2")
    y, x = np.mgrid[0:side, 0:side]
    noise = np.random.default_rng(5).integers(0, 1 << (bits // 2), (side, side))
    level = (x + y) * ((3 << (bits - 3)) // side) + noise
    if text:
        canvas = Image.new("L", (side, side))
        font = ImageFont.load_default(side // 26 + 12)
        ImageDraw.Draw(canvas).text((4, side // 3), "MARPLE^JANE", fill=255, font=font)
        level[np.asarray(canvas) > 128] = (1 << bits) - 1
    return level.astype(np.uint8 if bits == 8 else "<u2")


def header(side, bits, syntax):
    ds = Dataset()
    kind = "2" if bits == 8 else "3"
    ds.SOPClassUID = f"1.2.840.10008.5.1.4.1.1.7.{kind}"
    ds.SOPInstanceUID, ds.StudyInstanceUID, ds.SeriesInstanceUID = (generate_uid() for _ in range(3))
    ds.PatientName, ds.PatientID, ds.Modality = "MARPLE^JANE", "B1", "OT"
    ds.Rows = ds.Columns = side
    ds.SamplesPerPixel, ds.NumberOfFrames, ds.PhotometricInterpretation = 1, 1, "MONOCHROME2"
    ds.BitsAllocated = ds.BitsStored = bits
    ds.HighBit, ds.PixelRepresentation = bits - 1, 0
    ds.file_meta = FileMetaDataset()
    ds.file_meta.TransferSyntaxUID = syntax
    return ds


def encoded(side, bits, syntax, text, flat, work):
    """The bytes of one frame."""
    ds = header(side, bits, ExplicitVRLittleEndian)
    ds.PixelData = frame(side, bits, text, flat).tobytes()
    if syntax == ExplicitVRLittleEndian:
        return ds.PixelData
    if syntax in (RLELossless, JPEG2000Lossless):
        ds.compress(syntax)
        return next(generate_frames(ds.PixelData, number_of_frames=1))
    tool = ["dcmcjpeg", "+eb", "+q", "100"] if syntax == JPEGBaseline8Bit else ["dcmcjpls", "+el"]
    plain, packed = work / "plain.dcm", work / "packed.dcm"
    ds.save_as(plain, enforce_file_format=True)
    subprocess.run([*tool, str(plain), str(packed)], check=True)
    return next(generate_frames(pydicom.dcmread(packed).PixelData, number_of_frames=1))


def item(value):
    return b"\xfe\xff\x00\xe0" + len(value).to_bytes(4, "little") + value


def write(path, name, wanted_bytes, flat, work):
    """Writes an object of so many bytes, decoded if flat, frame by frame; returns the number of frames."""
    syntax, _, side, bits = OBJECTS[name]
    plain, last = (encoded(side, bits, syntax, text, flat, work) for text in (False, True))
    of_frame = side * side * bits // 8 if flat else len(plain)
    count = max(2, min(100_000, wanted_bytes // of_frame))
    ds = header(side, bits, syntax)
    ds.NumberOfFrames = count
    with open(path, "wb") as out:
        pydicom.dcmwrite(out, ds, enforce_file_format=True)
        native = syntax == ExplicitVRLittleEndian
        vr = b"OB" if bits == 8 or not native else b"OW"
        length = count * len(plain) if native else 0xFFFFFFFF
        out.write(b"\xe0\x7f\x10\x00" + vr + b"\0\0" + length.to_bytes(4, "little"))
        out.write(b"" if native else item(b""))
        for number in range(count):
            value = last if number == count - 1 else plain
            out.write(value if native else item(value + bytes(len(value) % 2)))
        out.write(b"" if native else b"\xfe\xff\xdd\xe0\0\0\0\0")
    return count


class Watched:
    """Samples the most that a process and each of its children had resident, by what they are for."""

    def __init__(self, process):
        self.process, self.peaks, self.done = process, {}, threading.Event()
        self.thread = threading.Thread(target=self.watch)
        self.thread.start()

    def watch(self):
        while not self.done.wait(0.02):
            parent = self.process.pid
            self.note("parent", parent)
            for task in Path(f"/proc/{parent}/task").glob("*/children"):
                try:
                    children = task.read_text().split()
                except OSError:
                    continue
                for child in children:
                    try:
                        role = Path(f"/proc/{child}/cmdline").read_bytes().split(b"\0")[2].decode()
                    except (OSError, IndexError):
                        continue
                    self.note(role, child)

    def note(self, role, pid):
        try:
            found = re.search(r"VmHWM:\s+(\d+)", Path(f"/proc/{pid}/status").read_text())
        except OSError:
            return
        if found:
            self.peaks[role] = max(self.peaks.get(role, 0), int(found.group(1)) // 1024)

    def end(self):
        self.done.set()
        self.thread.join()
        return self.peaks


def configure(folder, syntax):
    folder.mkdir()
    profile = (ROOT / "conf/profiles/basic.toml").read_text()
    profile = re.sub(r'^transfer_syntax = "\w+"', f'transfer_syntax = "{syntax}"', profile, flags=re.M)
    (folder / "profile.toml").write_text(profile)
    (folder / "gateway.toml").write_text(f"""
[observe]
enabled = false
[intake]
listen = "127.0.0.1:0"
min_free_bytes = 0
[spool]
directory = "{folder}/spool"
[keys]
site_key_file = "{folder}/site.key"
[deid]
profile = "{folder}/profile.toml"
[log]
level = "error"
[[destinations]]
name = "out"
kind = "folder"
path = "{folder}/out"
""")
    return str(folder / "gateway.toml")


def results(folder):
    return [path for path in (folder / "out").rglob("*") if path.is_file()]


def by_command(binary, folder, source, syntax, _proposed):
    config = configure(folder, syntax)
    command = [binary, "--config", config, "deid", str(source), "--out", str(folder / "out")]
    process = subprocess.Popen(command, stdout=subprocess.PIPE, text=True)
    watched = Watched(process)
    printed = process.communicate()[0]
    peaks = watched.end()
    return peaks, printed if process.returncode else ""


def by_gateway(binary, folder, source, syntax, proposed):
    config = configure(folder, syntax)
    process = subprocess.Popen([binary, "serve", "--config", config], stdout=subprocess.PIPE, text=True)
    watched = Watched(process)
    try:
        port = re.search(r":(\d+) as", process.stdout.readline()).group(1)
        command = ["storescu", proposed, "-aec", "DEID", "127.0.0.1", port, str(source)]
        if subprocess.run(command, env=ENV).returncode:
            return watched.end(), "not sent"
        wait_for(lambda: results(folder) and not list((folder / "spool/originals").glob("*")), 7200, "delivery")
        return watched.end(), ""
    except SystemExit as error:
        return watched.end(), str(error)
    finally:
        process.kill()
        process.wait()


def main():
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("names", nargs="*", default=list(OBJECTS))
    parser.add_argument("--mib", type=int, default=2048)
    parser.add_argument("--flat", action="store_true", help="frames of one value but for the last: quick")
    parser.add_argument("--syntax", default="same", choices=["same", "explicit"])
    parser.add_argument("--binary", default=str(ROOT / "target/release/deid-gateway"))
    parser.add_argument("--work", help="a folder on a disk with room; default: a temporary one")
    args = parser.parse_args()
    if not Path(args.binary).exists():
        sys.exit(f"large: no {args.binary}: run cargo build --release first")
    failed = False
    print("| object | frames | way | parent, MiB | work child | verify child | took |")
    print("|---|---|---|---|---|---|---|")
    for name in args.names:
        for way in (by_command, by_gateway):
            small = {}
            for mib in (max(args.mib // 64, 4), args.mib):
                with tempfile.TemporaryDirectory(dir=args.work) as temporary:
                    work = Path(temporary)
                    source = work / "source.dcm"
                    frames = write(source, name, mib * MIB, args.flat, work)
                    started = time.monotonic()
                    peaks, wrong = way(args.binary, work / "site", source, args.syntax, OBJECTS[name][1])
                    seconds = time.monotonic() - started
                    if wrong or len(results(work / "site")) != 1:
                        print(f"large: {name}: {wrong}", file=sys.stderr)
                        failed = True
                if not small:
                    small = peaks
                    continue
                cells = []
                for role in ("parent", "work", "verify"):
                    before, now = small.get(role, 0), peaks.get(role, 0)
                    failed |= now > before + MORE_MIB or not now
                    cells.append(f"{now} ({before})")
                way_name = "`deid`" if way is by_command else "gateway"
                print(f"| {name} {mib} MiB | {frames} | {way_name} | {' | '.join(cells)} | {seconds:.0f} s |", flush=True)
    sys.exit(failed)


if __name__ == "__main__":
    main()
