#!/usr/bin/env python3
"""Header scrubbing beside two other tools, in one run, as ratios. For docs/performance.md.

    target/test-venv/bin/pip install --target target/peers dcmanon==0.3.1 dicom-anonymizer==2.1.0
    target/test-venv/bin/python tests/bench/scrub.py [--rounds 5] [--seconds 2]

Each tool turns the same 525 KB CT file into the bytes of its result, again and again, on one core,
in turns, so that whatever else the machine does meets all of them. dcmanon and dicom-anonymizer run
with their defaults. Then ours alone on enhanced multi-frame headers of 12, 25 and 50 MB: the time of
a megabyte must not grow.
"""

import argparse
import os
import re
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
PEERS = ROOT / "target" / "peers"


def bench_program():
    """The path of the built benchmark."""
    command = ["cargo", "bench", "--locked", "--bench", "scrub", "--no-run"]
    built = subprocess.run(command, cwd=ROOT, check=True, capture_output=True, text=True)
    found = re.search(r"Executable.*\((.+)\)", built.stderr)
    return (ROOT / found.group(1)).resolve()


def ours(program, file, seconds):
    command = [program, str(file), str(seconds)]
    run = subprocess.run(command, check=True, capture_output=True, text=True)
    return float(run.stdout.split()[0])


def repeated(call, seconds):
    start, count = time.perf_counter(), 0
    while time.perf_counter() - start < seconds:
        call()
        count += 1
    return count / (time.perf_counter() - start)


def dcmanon(file, seconds):
    from dcmanon import Anonymizer

    anonymizer = Anonymizer()
    return repeated(lambda: anonymizer.anonymize(str(file)), seconds)


def dicom_anonymizer(file, seconds):
    import io

    import pydicom
    from dicomanonymizer import anonymize_dataset

    def once():
        data_set = pydicom.dcmread(file)
        anonymize_dataset(data_set)
        data_set.save_as(io.BytesIO())

    return repeated(once, seconds)


def enhanced(path, megabytes):
    """An Enhanced CT of so many frames that its header has that size."""
    import pydicom
    from pydicom.dataset import Dataset, FileDataset, FileMetaDataset
    from pydicom.sequence import Sequence

    def item(**values):
        data_set = Dataset()
        for keyword, value in values.items():
            setattr(data_set, keyword, value)
        return data_set

    def frame(number):
        code = item(CodeValue="69536005", CodingSchemeDesignator="SCT", CodeMeaning="Head")
        return item(
            FrameContentSequence=Sequence([item(
                FrameAcquisitionDateTime="20240131120000", FrameReferenceDateTime="20240131120000",
                StackID="1", InStackPositionNumber=number, DimensionIndexValues=[1, number],
                FrameComments=f"slice {number} of HOPPER^JANE",
            )]),
            PlanePositionSequence=Sequence([item(ImagePositionPatient=[0.0, 0.0, float(number)])]),
            PlaneOrientationSequence=Sequence([item(ImageOrientationPatient=[1, 0, 0, 0, 1, 0])]),
            PixelMeasuresSequence=Sequence([item(PixelSpacing=[0.5, 0.5], SliceThickness=1.0)]),
            FrameAnatomySequence=Sequence([item(
                FrameLaterality="U", AnatomicRegionSequence=Sequence([code]),
            )]),
        )

    meta = FileMetaDataset()
    meta.MediaStorageSOPClassUID = "1.2.840.10008.5.1.4.1.1.2.1"
    meta.MediaStorageSOPInstanceUID = pydicom.uid.generate_uid()
    meta.TransferSyntaxUID = pydicom.uid.ExplicitVRLittleEndian
    data_set = FileDataset(str(path), {}, file_meta=meta, preamble=b"\0" * 128)
    data_set.SOPClassUID, data_set.SOPInstanceUID = (
        meta.MediaStorageSOPClassUID, meta.MediaStorageSOPInstanceUID)
    data_set.PatientName, data_set.PatientID = "HOPPER^JANE", "4711-0815"
    data_set.StudyInstanceUID = data_set.SeriesInstanceUID = pydicom.uid.generate_uid()
    data_set.Modality, data_set.Manufacturer = "CT", "Bench"
    count = int(megabytes * 1e6 / 377)
    data_set.PerFrameFunctionalGroupsSequence = Sequence([frame(n + 1) for n in range(count)])
    data_set.save_as(path, enforce_file_format=True)
    return path.stat().st_size / 1e6


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawTextHelpFormatter)
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--seconds", type=float, default=2.0)
    arguments = parser.parse_args()
    sys.path.insert(0, str(PEERS))
    if not (PEERS / "dcmanon").is_dir():
        sys.exit("scrub: install the peers first, as the first line of this file says")
    os.sched_setaffinity(0, {0})
    program = bench_program()
    with tempfile.TemporaryDirectory() as folder:
        folder = Path(folder)
        sample = [sys.executable, str(ROOT / "tests" / "judges" / "sample.py"), str(folder / "ct")]
        counts = ["--patients", "1", "--studies", "1", "--ct", "1", "--cr", "0", "--us", "0"]
        subprocess.run(sample + counts, check=True, stdout=subprocess.DEVNULL)
        ct = next((folder / "ct").rglob("*.dcm"))
        rounds = []
        for _ in range(arguments.rounds):
            rounds.append((
                ours(program, ct, arguments.seconds),
                dcmanon(ct, arguments.seconds),
                dicom_anonymizer(ct, arguments.seconds),
            ))
        for name, at in [("ours", 0), ("dcmanon", 1), ("dicom-anonymizer", 2)]:
            rate = statistics.median(row[at] for row in rounds)
            ratio = statistics.median(row[0] / row[at] for row in rounds)
            print(f"{name:18} {rate:8.0f} objects/s   ours is {ratio:.2f} times as fast")
        for megabytes in (12.5, 25, 50):
            size = enhanced(folder / "enhanced.dcm", megabytes)
            rate = ours(program, folder / "enhanced.dcm", arguments.seconds)
            print(f"header of {size:5.1f} MB   {1e3 / rate:8.0f} ms   {1e3 / rate / size:6.1f} ms a MB")


if __name__ == "__main__":
    main()
