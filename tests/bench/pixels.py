#!/usr/bin/env python3
"""Blanking compressed pixels beside the reference tools, in one run, as ratios. For docs/performance.md.

    target/test-venv/bin/python tests/bench/pixels.py [--runs 5] [--side 2000]

Each file is decoded, blanked and encoded again in its transfer syntax by us, and decoded and encoded again by
dcmdjpeg and dcmcjpeg, dcmdjpls and dcmcjpls, dcmdrle and dcmcrle, or gdcmconv. Counted is the processor time of
processes; the least of the runs.
HTJ2K and JPEG XL, which no tool here writes and which leave in JPEG 2000, stand beside gdcmconv's JPEG 2000.
"""

import argparse
import os
import re
import subprocess
import sys
import tempfile
from pathlib import Path

import numpy as np
import pydicom

ROOT = Path(__file__).resolve().parents[2]
sys.path.insert(0, str(ROOT / "tests" / "judges"))

import encoded_set  # noqa: E402

GDCM = (["gdcmconv", "--raw"], ["gdcmconv", "--j2k"])
# syntax: kinds, decoder, encoder
TOOLS = {
    "rle": (["grey16", "rgb8"], ["dcmdrle"], ["dcmcrle"]),
    "jpeg50": (["grey8", "rgb8"], ["dcmdjpeg"], ["dcmcjpeg", "+eb"]),
    "jpeg51": (["grey12"], ["dcmdjpeg"], ["dcmcjpeg", "+ee"]),
    "jpeg70": (["grey8", "grey16", "rgb8"], ["dcmdjpeg"], ["dcmcjpeg", "+e1"]),
    "jls80": (["grey8", "grey16", "rgb8"], ["dcmdjpls"], ["dcmcjpls"]),
    "j2k90": (["grey16", "rgb8"], *GDCM),
    "htj2k201": (["grey16"], *GDCM),
    "jxl110": (["grey16"], *GDCM),
}


def picture(kind, side):
    """Smooth shapes and noise, as detectors give them."""
    photometric, allocated, stored, _ = encoded_set.KINDS[kind]
    rng = np.random.default_rng(7)
    y, x = np.mgrid[0:side, 0:side] / side
    shape = 0.4 + 0.25 * np.sin(9 * x + 4 * y) + 0.2 * np.cos(13 * y * x) + (np.hypot(x - 0.5, y - 0.5) < 0.3) * 0.1
    level = shape * (1 << stored) + rng.normal(0, (1 << stored) / 400, (side, side))
    level = np.clip(level, 0, (1 << stored) - 1).astype("u1" if allocated == 8 else "<u2")
    if photometric == "RGB":
        level = np.stack([level, level // 2 + 40, 255 - level], axis=-1).astype("u1")
    return level[None]


def make(name, kind, side, path):
    ds, _, _ = encoded_set.build(kind, 1)
    array = picture(kind, side)
    ds.Rows = ds.Columns = side
    ds.NumberOfFrames = 1
    ds.PixelData = array.tobytes()
    syntax, _ = encoded_set.SYNTAXES[name]
    encoded_set.compress(ds, array, path, syntax, kind)
    # with the group length that not every reader does without
    pydicom.dcmread(path).save_as(path, enforce_file_format=True)


def processor_time(*command):
    """Milliseconds that a command and its children take."""
    before = os.times()
    subprocess.run([str(part) for part in command], check=True, capture_output=True)
    after = os.times()
    return 1e3 * (after.children_user + after.children_system - before.children_user - before.children_system)


def bench_program():
    command = ["cargo", "bench", "--locked", "--bench", "pixels", "--no-run"]
    built = subprocess.run(command, cwd=ROOT, check=True, capture_output=True, text=True)
    found = re.search(r"Executable.*\((.+)\)", built.stderr)
    return (ROOT / found.group(1)).resolve()


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--runs", type=int, default=5)
    parser.add_argument("--side", type=int, default=2000)
    options = parser.parse_args()
    program = bench_program()
    print("syntax   pixels  ours, ms  tool, ms  ratio")
    with tempfile.TemporaryDirectory() as work:
        work = Path(work)
        native, again, out = work / "native.dcm", work / "again.dcm", work / "out"
        for name, (kinds, decode, encode) in TOOLS.items():
            for kind in kinds:
                file = work / f"{name}-{kind}.dcm"
                make(name, kind, options.side, file)
                beside = file
                if encode == GDCM[1] and name != "j2k90":
                    beside = work / f"j2k90-{kind}.dcm"
                    make("j2k90", kind, options.side, beside)
                ours, theirs = [], []
                for _ in range(options.runs):
                    ours.append(processor_time(program, file, out))
                    took = processor_time(*decode, beside, native)
                    theirs.append(took + processor_time(*encode, native, again))
                mine, tool = min(ours), min(theirs)
                print(f"{name:8} {kind:7} {mine:8.0f} {tool:9.0f} {mine / tool:7.2f}", flush=True)


if __name__ == "__main__":
    main()
