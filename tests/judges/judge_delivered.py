#!/usr/bin/env python3
"""Judges one delivered object against its source, with pydicom alone.

    judge_delivered.py SOURCE RESULT [--boxes FILE] [--manifest FILE] [--tolerance N]

Header: no identifier of the source anywhere in the result (elements of every VR and level, File Meta
Information, raw bytes outside the pixels), no private element, what the Basic Profile keeps is equal.
File: Explicit VR Little Endian or the transfer syntax of the source, zero preamble, consistent File Meta Information.
Pixels: both decoded; which regions changed is reported; what changed must have one value in a frame and
be no more than --max-changed of the picture. With --boxes, those regions must each be constant and
everything else equal, but what shares a block of JPEG or a pair of colours with them. With --manifest (real_files.toml), text to hide must be constant,
text to keep must be equal.

Prints JSON. It names tags and rules, never a value. Exit: 0 passed, 1 failed, 2 could not judge.
"""

import argparse
import json
import re
import subprocess
import sys
import tempfile
import tomllib
import warnings
from pathlib import Path

import numpy as np
import pydicom
from pydicom.encaps import generate_frames
from pydicom.pixels import iter_pixels
from pydicom.uid import UID

EXPLICIT_LE = "1.2.840.10008.1.2.1"
LOSSY = {
    "1.2.840.10008.1.2.4.50",
    "1.2.840.10008.1.2.4.51",
    "1.2.840.10008.1.2.4.81",
    "1.2.840.10008.1.2.4.91",
}
JPEG = {"1.2.840.10008.1.2.4.50", "1.2.840.10008.1.2.4.51"}
BORDER = 4

NAMES = [
    "PatientName", "OtherPatientNames", "PatientBirthName", "PatientMotherBirthName",
    "ReferringPhysicianName", "PerformingPhysicianName", "NameOfPhysiciansReadingStudy",
    "OperatorsName", "RequestingPhysician", "PhysiciansOfRecord",
]  # fmt: skip
TEXTS = [
    "PatientID", "OtherPatientIDs", "PatientBirthDate", "AccessionNumber", "InstitutionName",
    "InstitutionAddress", "PatientAddress", "PatientTelephoneNumbers", "StudyID",
]  # fmt: skip
UIDS = [
    "StudyInstanceUID", "SeriesInstanceUID", "SOPInstanceUID", "FrameOfReferenceUID",
    "MediaStorageSOPInstanceUID",
]  # fmt: skip

# Attributes that PS3.15 table E.1-1 does not list: the Basic Profile keeps them.
KEPT = [
    "SOPClassUID", "Modality", "Rows", "Columns", "SamplesPerPixel", "BitsAllocated", "BitsStored",
    "HighBit", "PixelRepresentation", "PixelSpacing", "ImagerPixelSpacing", "PixelAspectRatio",
    "SliceThickness", "SpacingBetweenSlices", "KVP", "XRayTubeCurrent", "ExposureTime",
    "ConvolutionKernel", "BodyPartExamined", "ViewPosition", "Laterality", "ImageLaterality",
    "PatientPosition", "ImagePositionPatient", "ImageOrientationPatient", "SliceLocation",
    "InstanceNumber", "SeriesNumber", "RescaleSlope", "RescaleIntercept", "RescaleType",
    "WindowCenter", "WindowWidth", "RepetitionTime", "EchoTime", "FlipAngle",
    "MagneticFieldStrength", "ScanningSequence", "SequenceVariant", "MRAcquisitionType",
    "FrameTime", "LossyImageCompression", "RedPaletteColorLookupTableDescriptor",
    "RedPaletteColorLookupTableData", "GreenPaletteColorLookupTableData",
    "BluePaletteColorLookupTableData", "DoseUnits", "DoseGridScaling", "SegmentationType",
]  # fmt: skip


class Judgement:
    def __init__(self):
        self.failures = []
        self.pixels = None

    def check(self, right, rule):
        if not right:
            self.failures.append(rule)


# ---- identifiers -----------------------------------------------------------------------------


def all_elements(ds):
    """Every element at every level, File Meta Information first, with its path."""

    def walk(level, path):
        for elem in level:
            here = f"{path}{elem.tag}"
            yield here, elem
            if elem.VR == "SQ":
                for number, item in enumerate(elem.value or []):
                    yield from walk(item, f"{here}[{number}]>")

    yield from walk(ds.file_meta, "meta ")
    yield from walk(ds, "")


def as_bytes(text):
    """The byte forms in which a text can stand in a file."""
    forms = set()
    for encoding in ("utf-8", "latin-1"):
        try:
            forms.add(text.encode(encoding))
        except UnicodeEncodeError:
            pass
    return forms


# Words that stand for a name without being one: in test files, and in what de-identifiers write.
PLACEHOLDERS = {"ANONYMIZED", "TEST", "NAME", "LAST NAME", "FIRST NAME", "HERE"}


def identifiers(source):
    """(kind, text, byte forms) of everything in the source that identifies."""
    found = {}
    # A vendor's name where the institution's belongs identifies nobody, and Manufacturer is kept: the
    # whole of it (ACME), or all before its division (ACME of ACME_MEC).
    vendor = str(source.get("Manufacturer") or "").strip().upper()
    vendors = {vendor, re.split(r"[\W_]", vendor)[0]}

    def add(kind, text, forms):
        text = text.strip()
        if text.upper() in PLACEHOLDERS or (kind == "text" and text.upper() in vendors):
            return
        if len(text) >= 3 and not (kind == "uid" and text.startswith("1.2.840.10008.")):
            found.setdefault((kind, text), set()).update(f.strip() for f in forms)

    for _, elem in all_elements(source):
        values = elem.value if elem.VM > 1 else [elem.value]
        if elem.keyword in UIDS:
            for value in values:
                add("uid", str(value), as_bytes(str(value)))
        elif elem.keyword in TEXTS:
            for value in values:
                add("text", str(value or ""), as_bytes(str(value or "")))
        elif elem.keyword in NAMES and elem.VR == "PN":
            for value in values:
                if not value:
                    continue
                parts = re.split(r"[\^=]", str(value))
                for part in parts:
                    for word in {part, *(w for w in part.split() if len(w) >= 4)}:
                        add("name", word, as_bytes(word))
                raw = getattr(value, "original_string", b"")
                if isinstance(raw, bytes):
                    for part in re.split(rb"[\^=]", raw):
                        part = part.strip()
                        if len(part) >= 3:
                            add("name", part.decode("latin-1"), {part})
    return [(kind, text, forms) for (kind, text), forms in found.items()]


def word_pattern(form):
    edge = rb"[A-Za-z0-9]"
    return re.compile(rb"(?<!" + edge + rb")" + re.escape(form) + rb"(?!" + edge + rb")", re.I)


def ambiguous(text):
    """Short numbers match measurements by chance: compared with whole values of text VRs only."""
    return len(text) < 5 and text.isdigit()


def judge_identifiers(judgement, source, result, raw, technique=()):
    values = []
    for path, elem in all_elements(result):
        if elem.VR == "SQ" or elem.tag in (0x7FE00010, 0x7FE00008, 0x7FE00009):
            continue
        many = elem.value if elem.VM > 1 else [elem.value]
        for value in many:
            data = value if isinstance(value, bytes) else str(value).encode("utf-8")
            values.append((path, elem.VR, data))
    text_vrs = {"AE", "CS", "LO", "LT", "PN", "SH", "ST", "UC", "UT"}
    for number, (kind, text, forms) in enumerate(identifiers(source)):
        if text.upper() in technique:
            continue
        where = set()
        for form in forms:
            if not form:
                continue
            if ambiguous(text):
                where |= {p for p, vr, data in values if vr in text_vrs and data.strip() == form}
                continue
            pattern = word_pattern(form)
            where |= {p for p, _, data in values if pattern.search(data)}
            if pattern.search(raw):
                where.add("raw bytes")
        for path in sorted(where):
            judgement.failures.append(f"identifier {number} ({kind}) of the source is in {path}")


# ---- header and file -------------------------------------------------------------------------


# Pixel Data of VR OB and undefined length.
ENCAPSULATED = b"\xe0\x7f\x10\x00OB\x00\x00\xff\xff\xff\xff"


def encapsulated_length(data, start):
    """Of the items from there, without the delimiter behind them."""
    at = start
    while data[at : at + 4] == b"\xfe\xff\x00\xe0":
        at += 8 + int.from_bytes(data[at + 4 : at + 8], "little")
    return at - start


def raw_outside_pixels(result_path):
    """The bytes of the file without the value of Pixel Data."""
    data = Path(result_path).read_bytes()
    ds = pydicom.dcmread(result_path, defer_size=1024)
    for tag in (0x7FE00010, 0x7FE00008, 0x7FE00009):
        if tag in ds:
            elem = ds.get_item(tag)
            if ds.file_meta.TransferSyntaxUID.is_encapsulated:
                start = data.rindex(ENCAPSULATED) + len(ENCAPSULATED)
                length = encapsulated_length(data, start)
            elif not hasattr(elem, "value_tell"):  # short values are read at once
                continue
            else:
                start, length = elem.value_tell, elem.length
            return data[:start] + data[start + length :]
    return data


def is_big_endian(ds):
    return ds.file_meta.get("TransferSyntaxUID") == "1.2.840.10008.1.2.2"


def judge_header(judgement, source, result, may_change=()):
    check = judgement.check
    for path, elem in all_elements(result):
        check(not elem.tag.is_private, f"private element {path}")
        check(elem.tag.group not in range(0x5000, 0x5100), f"curve {path}")
        check(elem.keyword not in ("IconImageSequence", "DataSetTrailingPadding"), f"{elem.keyword} at {path}")
        overlay = 0x6000 <= elem.tag.group <= 0x60FF
        check(not (overlay and elem.tag.element in (0x3000, 0x4000)), f"overlay data {path}")
    check(result.get("PatientIdentityRemoved") == "YES", "PatientIdentityRemoved is not YES")
    check(
        "DeidentificationMethod" in result or "DeidentificationMethodCodeSequence" in result,
        "no DeidentificationMethod and no DeidentificationMethodCodeSequence",
    )
    for keyword in [k for k in KEPT if k not in may_change]:
        before, after = source.get(keyword), result.get(keyword)
        swapped = is_big_endian(source) and not is_big_endian(result)
        if keyword.endswith("LookupTableData") and swapped and before:
            before = np.frombuffer(before, ">u2").astype("<u2").tobytes()
        if before not in (None, "", b""):
            check(after == before, f"{keyword} is not what it was")
    frames = [int(ds.get("NumberOfFrames") or 1) for ds in (source, result)]
    check(frames[0] == frames[1], "NumberOfFrames is not what it was")
    for keyword in UIDS[:4]:
        before, after = source.get(keyword), result.get(keyword)
        if before and not str(before).startswith("1.2.840.10008."):
            check(after and after != before and UID(str(after)).is_valid, f"{keyword}: no new valid UID")


def judge_file(judgement, source, result, raw):
    check, meta = judgement.check, result.file_meta
    before = source.file_meta.get("TransferSyntaxUID")
    check(raw[:128] == bytes(128), "the preamble is not zero")
    check(raw[128:132] == b"DICM", "no DICM")
    check(meta.get("TransferSyntaxUID") in {EXPLICIT_LE, before}, "another transfer syntax")
    check(meta.get("FileMetaInformationVersion") == b"\x00\x01", "FileMetaInformationVersion")
    check(bool(meta.get("ImplementationClassUID")), "no ImplementationClassUID")
    check(
        meta.get("MediaStorageSOPInstanceUID") == result.get("SOPInstanceUID"),
        "MediaStorageSOPInstanceUID is not the SOPInstanceUID",
    )
    check(
        meta.get("MediaStorageSOPClassUID") == result.get("SOPClassUID"),
        "MediaStorageSOPClassUID is not the SOPClassUID",
    )
    length = int.from_bytes(raw[140:144], "little")
    groups = [raw[at : at + 2] for at in (132, 144 + length)]
    check(
        groups[0] == b"\x02\x00" and (len(groups[1]) < 2 or groups[1] != b"\x02\x00")
        and meta.get("FileMetaInformationGroupLength") == length,
        "FileMetaInformationGroupLength",
    )  # fmt: skip


# ---- pixels ----------------------------------------------------------------------------------


def stored_bits(array, ds):
    """The stored value alone: bits outside BitsStored are masked away, the sign is kept."""
    allocated, stored = int(ds.BitsAllocated), int(ds.BitsStored)
    if array.dtype.kind not in "iu" or allocated == 1 or stored >= array.dtype.itemsize * 8:
        return array.astype(np.int64)
    # pydicom has already shifted what it decompressed; only native values have other bits.
    native = not UID(ds.file_meta.TransferSyntaxUID).is_compressed
    shift = max(int(ds.HighBit) - stored + 1, 0) if native else 0
    value = (array.astype(np.int64) >> shift) & ((1 << stored) - 1)
    if int(ds.PixelRepresentation) == 1:
        value = np.where(value >= 1 << (stored - 1), value - (1 << stored), value)
    return value


def is_rgb_after_decoding(ds):
    return ds.PhotometricInterpretation in ("RGB", "YBR_RCT", "YBR_ICT")


def frames_of(ds, convert, plugin):
    """The decoded frames: as stored, or converted to RGB as pydicom does."""
    for frame in iter_pixels(ds, raw=not convert, decoding_plugin=plugin):
        yield frame.astype(np.int64) if convert else stored_bits(frame, ds)


def differences(source, result, plugin, tolerance):
    """One mask of changed pixels per frame, and the result's frames."""
    same_space = (
        source.PhotometricInterpretation == result.PhotometricInterpretation
        or (is_rgb_after_decoding(source) and is_rgb_after_decoding(result))
        or all(ds.PhotometricInterpretation in ("YBR_FULL", "YBR_FULL_422") for ds in (source, result))
    )
    before = frames_of(source, not same_space, plugin)
    same_syntax = source.file_meta.TransferSyntaxUID == result.file_meta.TransferSyntaxUID
    after = frames_of(result, not same_space, plugin if same_syntax else "")
    masks, frames = [], []
    for old, new in zip(before, after, strict=True):
        if old.shape != new.shape:
            raise ValueError("a frame of the result has another shape")
        changed = np.abs(old - new) > tolerance
        masks.append(changed.any(axis=-1) if changed.ndim == 3 else changed)
        frames.append(new.astype(np.int32))
    return masks, frames


def by_dcmtk(ds):
    """The object, decoded by DCMTK."""
    if not ds.file_meta.TransferSyntaxUID.is_compressed:
        return ds
    with tempfile.TemporaryDirectory() as work:
        paths = [Path(work) / name for name in ("encoded.dcm", "native.dcm")]
        ds.save_as(paths[0])
        subprocess.run(["dcmdjpeg", "+cn", *paths], check=True, capture_output=True)
        return pydicom.dcmread(paths[1])


def compared(source, result, plugin, tolerance):
    if plugin == "dcmtk":
        return differences(by_dcmtk(source), by_dcmtk(result), "", tolerance)
    return differences(source, result, plugin, tolerance)


def regions(mask, join):
    """Bounding boxes of changed pixels; pixels at most `join` apart belong to one region."""
    runs, parent = [], []

    def root(i):
        while parent[i] != i:
            parent[i] = parent[parent[i]]
            i = parent[i]
        return i

    open_runs = []  # of the last `join` rows
    for y in np.flatnonzero(mask.any(axis=1)):
        xs = np.flatnonzero(mask[y])
        cuts = np.flatnonzero(np.diff(xs) > join)
        starts, ends = xs[np.r_[0, cuts + 1]], xs[np.r_[cuts, len(xs) - 1]]
        open_runs = [i for i in open_runs if runs[i][0] >= y - join]
        new = []
        for left, right in zip(starts, ends):
            i = len(runs)
            runs.append((y, left, right))
            parent.append(i)
            new.append(i)
            for j in open_runs:
                if runs[j][1] <= right + join and left <= runs[j][2] + join:
                    parent[root(j)] = root(i)
        open_runs += new
    boxes = {}
    for i, (y, left, right) in enumerate(runs):
        box = boxes.setdefault(root(i), [left, y, right + 1, y + 1])
        box[0], box[1] = min(box[0], left), min(box[1], y)
        box[2], box[3] = max(box[2], right + 1), max(box[3], y + 1)
    return sorted([int(v) for v in box] for box in boxes.values())


def read_boxes(path):
    """[(frame, [l, t, r, b])] from a list, or from {"boxes": [...]}; a box is a list or an area."""
    data = json.loads(Path(path).read_text())
    boxes = []
    for entry in data["boxes"] if isinstance(data, dict) else data:
        box = entry["box"] if "box" in entry else entry["area"]
        if isinstance(box, dict):
            box = [box["left"], box["top"], box["right"], box["bottom"]]
        boxes.append((int(entry["frame"]), [int(v) for v in box]))
    return boxes


def is_constant(region, share):
    pixels = region.reshape(-1, region.shape[-1] if region.ndim == 3 else 1)
    if share == 1.0:
        return bool((pixels == pixels[0]).all())
    _, counts = np.unique(pixels, axis=0, return_counts=True)
    return counts.max() >= share * len(pixels)


def without_border(mask, pixels):
    """Without the pixels beside blanked JPEG blocks, into which subsampled colours reach."""
    values, counts = np.unique(pixels[mask].reshape(int(mask.sum()), -1), axis=0, return_counts=True)
    blank = pixels == values[counts.argmax()].reshape(pixels.shape[2:] or ())
    blank = mask & (blank.all(axis=-1) if blank.ndim == 3 else blank)
    near = np.pad(blank, BORDER)
    for axis in (0, 1):
        near = np.any([np.roll(near, by, axis) for by in range(-BORDER, BORDER + 1)], axis=0)
    return blank | (mask & ~near[BORDER:-BORDER, BORDER:-BORDER])


def judge_fill(judgement, masks, frames, max_changed, blocks):
    """Pixels may only have been blanked: a wrong decoder changes them to many values."""
    for frame, (mask, pixels) in enumerate(zip(masks, frames)):
        if blocks and mask.any():
            mask = without_border(mask, pixels)
        if mask.any() and not is_constant(pixels[mask][:, None], 1.0):
            judgement.failures.append(f"frame {frame}: changed pixels have more than one value")
    share = sum(int(m.sum()) for m in masks) / sum(m.size for m in masks)
    judgement.check(share <= max_changed, f"{share:.0%} of the pixels changed")


def grid(ds):
    """The pixels that cannot change one by one, and how far colours reach from there."""
    if ds.file_meta.TransferSyntaxUID not in JPEG:
        return (2 if ds.PhotometricInterpretation == "YBR_FULL_422" else 1), 1, 0
    data = next(generate_frames(ds.PixelData, number_of_frames=int(ds.get("NumberOfFrames") or 1)))
    at = 2
    while data[at + 1] not in (0xC0, 0xC1, 0xC2):
        at += 2 + int.from_bytes(data[at + 2 : at + 4], "big")
    count = data[at + 9]
    if count == 1:
        return 8, 8, 0
    sides = [data[at + 11 + 3 * i] for i in range(count)]
    across, down = max(s >> 4 for s in sides), max(s & 15 for s in sides)
    reach = max(across, down)
    return 8 * across, 8 * down, reach if reach > 1 else 0


def outward(box, width, height, reach):
    """A box with what reaches into it, out to the grid, and what reaches out of that."""
    left, top, right, bottom = box
    left, top = (left - reach) // width * width - reach, (top - reach) // height * height - reach
    right, bottom = -(-(right + reach) // width) * width + reach, -(-(bottom + reach) // height) * height + reach
    return max(left, 0), max(top, 0), right, bottom


def judge_boxes(judgement, masks, frames, boxes, ds):
    unit = grid(ds)
    outside = [mask.copy() for mask in masks]
    for frame, (left, top, right, bottom) in boxes:
        region = frames[frame][top:bottom, left:right]
        rule = f"frame {frame}, box {[left, top, right, bottom]} is not constant"
        judgement.check(region.size > 0 and is_constant(region, 1.0), rule)
        left, top, right, bottom = outward((left, top, right, bottom), *unit)
        outside[frame][top:bottom, left:right] = False
    for frame, mask in enumerate(outside):
        count = int(mask.sum())
        judgement.check(count == 0, f"frame {frame}: {count} pixels outside the boxes changed")


def judge_text(judgement, masks, frames, entry, share):
    for number, text in enumerate(entry.get("text", [])):
        left, top, right, bottom = text["box"]
        for frame in range(text["frame"], text.get("last_frame", text["frame"]) + 1):
            region = frames[frame][top:bottom, left:right]
            if text["hide"]:
                rule = f"frame {frame}: text {number} of the manifest is not hidden"
                judgement.check(is_constant(region, share), rule)
            elif text.get("keep"):
                rule = f"frame {frame}: text {number} of the manifest was not kept"
                judgement.check(not masks[frame][top:bottom, left:right].any(), rule)


def manifest_entries(args):
    """What the manifest says of the source; empty without a manifest."""
    if not args.manifest:
        return []
    entries = tomllib.loads(Path(args.manifest).read_text())["file"]
    posix = Path(args.source).resolve().as_posix()
    return [e for e in entries if posix.endswith("/" + e["path"])]


def judge_pixels(judgement, source, result, args):
    keywords = ("PixelData", "FloatPixelData", "DoubleFloatPixelData")
    has = [any(k in ds for k in keywords) for ds in (source, result)]
    judgement.check(has[0] == has[1], "Pixel Data was added or dropped")
    if not all(has):
        return
    syntax = source.file_meta.TransferSyntaxUID
    lossy = syntax in LOSSY
    mine = manifest_entries(args)
    stated = next((e["tolerance"] for e in mine if "tolerance" in e), 2 if lossy else 0)
    tolerance = args.tolerance if args.tolerance is not None else stated
    max_changed = next((e["max_changed"] for e in mine if "max_changed" in e), args.max_changed)
    # JPEG decoders differ in how they interpolate chroma: either of two independent ones may agree.
    best = None
    for plugin in ("pylibjpeg", "pillow", "dcmtk") if syntax in JPEG else ("",):
        if plugin == "dcmtk" and best is not None:
            continue
        try:
            masks, frames = compared(source, result, plugin, tolerance)
        except Exception:  # not every decoder takes 12 bits, or what DCMTK still reads
            if plugin in ("dcmtk", ""):
                raise
            continue
        if best is None or sum(m.sum() for m in masks) < sum(m.sum() for m in best[0]):
            best = masks, frames
    masks, frames = best
    boxes = [regions(mask, args.join) for mask in masks]
    area = sum(mask.size for mask in masks)
    judgement.pixels = {
        "tolerance": tolerance,
        "frames": len(masks),
        "changed_share": sum(int(m.sum()) for m in masks) / area,
        "box_share": sum((b[2] - b[0]) * (b[3] - b[1]) for found in boxes for b in found) / area,
        "changed": [{"frame": f, "boxes": found} for f, found in enumerate(boxes) if found],
    }
    if args.boxes:
        max_changed = 1.0  # what may change is said pixel by pixel
    judge_fill(judgement, masks, frames, max_changed, result.file_meta.TransferSyntaxUID in JPEG)
    if args.boxes:
        judge_boxes(judgement, masks, frames, read_boxes(args.boxes), result)
    elif args.manifest:
        judgement.check(len(mine) == 1, "the source is not in the manifest")
        for entry in mine:
            judge_text(judgement, masks, frames, entry, args.hidden_share)


def parser():
    made = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    made.add_argument("source")
    made.add_argument("result")
    made.add_argument("--boxes", help='JSON: [{"frame": 0, "box": [left, top, right, bottom]}, ...]')
    made.add_argument("--manifest", help="real_files.toml: judge the text listed for the source")
    made.add_argument("--tolerance", type=int, help="levels; default 2 for lossy sources, else 0")
    made.add_argument("--max-changed", type=float, default=0.4, help="share of the pixels")
    made.add_argument("--join", type=int, default=8, help="pixels between parts of one region")
    made.add_argument(
        "--hidden-share", type=float, default=0.97,
        help="share of a hidden text's box that must have one value",
    )  # fmt: skip
    return made


def judge(args):
    """The report on one pair; `could_not_judge` in it means that it has not passed."""
    warnings.simplefilter("ignore")
    pydicom.config.settings.reading_validation_mode = pydicom.config.IGNORE
    judgement = Judgement()
    try:
        source, result = pydicom.dcmread(args.source), pydicom.dcmread(args.result)
        raw = Path(args.result).read_bytes()
        technique = {w.upper() for e in manifest_entries(args) for w in e.get("technique", [])}
        judge_identifiers(judgement, source, result, raw_outside_pixels(args.result), technique)
        may_change = [k for e in manifest_entries(args) for k in e.get("may_change", [])]
        judge_header(judgement, source, result, may_change)
        judge_file(judgement, source, result, raw)
        judge_pixels(judgement, source, result, args)
    except Exception as error:  # whatever cannot be judged has not passed
        return {"ok": False, "could_not_judge": type(error).__name__, "why": str(error)[:300]}
    return {"ok": not judgement.failures, "failures": judgement.failures, "pixels": judgement.pixels}


def main():
    report = judge(parser().parse_args())
    print(json.dumps(report))
    return 2 if "could_not_judge" in report else int(not report["ok"])


if __name__ == "__main__":
    sys.exit(main())
