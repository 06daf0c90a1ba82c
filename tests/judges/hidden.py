#!/usr/bin/env python3
"""Objects with text in every place that carries pixels, or bytes beside them, and whether it is gone.

    hidden.py make DIR [NAME...]   writes DIR/objects/NAME.dcm
    hidden.py judge DIR OUT        judges the results in OUT of the objects in DIR
    hidden.py graphics DIR OUT     judges the result of in-one-overlay-of-two under the Clean Graphics Option

Every object tells a name: drawn in one frame where only one way to display it shows it, in another plane than
the frames, in bits that are no part of a value, or as PLANTED in bytes beside the pixels. A result must have
none of it: the area of the drawn lines is uniform, PLANTED is nowhere, planes and curves are absent; every
other sample is what it was, or black; frames, offsets and lengths are right for pydicom.

`make` prints JSON: for every name the reasons to hold the object of which any one is right; none: it must be
delivered. `judge` prints JSON. Exit: 0 passed, 1 failed.
"""

import json
import random
import sys
from io import BytesIO
from pathlib import Path

import numpy as np
import pydicom
from PIL import Image, ImageDraw, ImageFont
from pydicom.dataelem import DataElement
from pydicom.dataset import Dataset
from pydicom.encaps import encapsulate_extended, generate_fragments, generate_frames
from pydicom.pixels import pixel_array
from pydicom.sequence import Sequence
from pydicom.uid import ExplicitVRLittleEndian, JPEG2000Lossless, JPEGBaseline8Bit, RLELossless, generate_uid
from sample import Patient, header

ROWS, COLUMNS = 88, 320
PLANTED = b"PLANTED MARPLE"
CLASSES = "1.2.840.10008.5.1.4.1.1."
MISMATCH = ["pixels-mismatch"]
CASES = {}
# the values of the frames of codestreams, by SOP Instance UID: what stands beside them stops decoders
DECODED = {}


def drawn(rows=ROWS, columns=COLUMNS):
    canvas = Image.new("L", (columns, rows))
    draw, font = ImageDraw.Draw(canvas), ImageFont.load_default(26)
    draw.text((14, 6), "MARPLE^JANE", fill=255, font=font)
    draw.text((14, 46), "12.03.1945", fill=255, font=font)
    return np.asarray(canvas) > 128


TEXT = drawn()
Y, X = np.mgrid[0:ROWS, 0:COLUMNS]


def slope(low, high):
    return (low + (high - low) * (X / COLUMNS + Y / ROWS) / 2).astype(np.int64)


def case(*holds):
    def add(make):
        CASES[make.__name__.replace("_", "-")] = (make, list(holds))
        return make

    return add


def pixels(ds, array, bits, allocated=None, photometric="MONOCHROME2", signed=False):
    """Native frames; what a result has to be is the same, but for the lines of TEXT in one frame."""
    allocated = allocated or (8 if bits <= 8 else 16)
    array = array if array.ndim == 3 else array[None]
    ds.Rows, ds.Columns = array.shape[1:3]
    ds.SamplesPerPixel, ds.PhotometricInterpretation = 1, photometric
    ds.BitsAllocated, ds.BitsStored, ds.HighBit = allocated, bits, bits - 1
    ds.PixelRepresentation = int(signed)
    if len(array) > 1:
        ds.NumberOfFrames = len(array)
    ds.PixelData = array.astype(f"<{'i' if signed else 'u'}{allocated // 8}").tobytes()
    ds["PixelData"].VR = "OB" if allocated == 8 else "OW"
    ds.SOPClassUID = CLASSES + ("7" if len(array) == 1 else "7.2" if allocated == 8 else "7.3")


def window(ds, center, width):
    ds.WindowCenter, ds.WindowWidth = center, width


# ---- ways to display -----------------------------------------------------------------------------


@case()
def outside_the_window(ds):
    frame = slope(0, 60000)
    frame[TEXT] = frame[TEXT] + 5000
    pixels(ds, frame, 16)
    window(ds, 500, 400)


@case()
def faint_beside_the_window(ds):
    frame = slope(200, 800)
    frame[:, -20:] = 60000
    frame[TEXT] += 30
    pixels(ds, frame, 16)
    window(ds, 60000, 100)


@case()
def in_a_lookup_table(ds):
    frame = np.full((ROWS, COLUMNS), 1000)
    frame[:, -20:] = 3000
    frame[TEXT] = 1001
    pixels(ds, frame, 12)
    item = Dataset()
    item.LUTDescriptor, item.LUTExplanation = [3, 999, 16], "TEXT"
    item.LUTData = np.array([0, 65535, 0], "<u2").tobytes()
    item["LUTDescriptor"].VR, item["LUTData"].VR = "US", "OW"
    ds.VOILUTSequence = [item]


@case()
def in_a_modality_table(ds):
    frame = slope(0, 120) * 2
    frame[TEXT] += 1
    pixels(ds, frame, 8)
    item = Dataset()
    item.LUTDescriptor, item.ModalityLUTType = [256, 0, 16], "US"
    item.LUTData = (np.arange(256) % 2 * 60000).astype("<u2").tobytes()
    item["LUTDescriptor"].VR, item["LUTData"].VR = "US", "OW"
    ds.ModalityLUTSequence = [item]


@case()
def on_frame_40_of_87(ds):
    frames = np.repeat(slope(20, 180)[None], 87, 0)
    frames[39][TEXT] = 250
    pixels(ds, frames, 8)


def functional_groups(ds, windows):
    ds.SOPClassUID = CLASSES + "7.3"
    groups = []
    for center, width in windows:
        voi = Dataset()
        window(voi, center, width)
        voi.WindowCenterWidthExplanation = "MARPLE"
        group = Dataset()
        group.FrameVOILUTSequence = [voi]
        groups.append(group)
    ds.PerFrameFunctionalGroupsSequence = groups
    ds.SharedFunctionalGroupsSequence = [Dataset()]


@case()
def in_the_window_of_its_frame(ds):
    frames = np.repeat(slope(0, 4000)[None], 3, 0)
    frames[1] = 2000
    frames[1][:, :9], frames[1][:, -9:] = 0, 4000
    frames[1][TEXT] = 2004
    pixels(ds, frames, 12)
    functional_groups(ds, [(2000, 4000), (2002, 10), (2000, 4000)])


@case()
def monochrome1(ds):
    frame = slope(100, 220)
    frame[TEXT] = 10
    pixels(ds, frame, 8, photometric="MONOCHROME1")


@case()
def in_the_padding_value(ds):
    frame = slope(-900, 900)
    frame[:40] = -2000
    frame[TEXT] = -2000
    frame[:40][TEXT[:40]] = -1990
    pixels(ds, frame, 16, signed=True)
    ds.add_new("PixelPaddingValue", "SS", -2000)
    ds.add_new("PixelPaddingRangeLimit", "SS", -1980)
    ds.RescaleSlope, ds.RescaleIntercept = 1, -24


def parametric(ds, keyword, dtype):
    frame = slope(0, 1000) / 1e4
    frame[TEXT] += 0.03
    ds.SOPClassUID = CLASSES + "30"
    ds.Rows, ds.Columns = ROWS, COLUMNS
    ds.SamplesPerPixel, ds.PhotometricInterpretation, ds.NumberOfFrames = 1, "MONOCHROME2", 2
    ds.BitsAllocated = 8 * np.dtype(dtype).itemsize
    setattr(ds, keyword, np.stack([frame, slope(0, 1000) / 1e4]).astype(dtype).tobytes())


@case()
def float_pixel_data(ds):
    parametric(ds, "FloatPixelData", "<f4")


@case()
def double_float_pixel_data(ds):
    parametric(ds, "DoubleFloatPixelData", "<f8")


@case()
def one_bit(ds):
    rows, columns = 87, 317
    text = drawn(rows, columns)
    frames = np.stack([text * 0, text, (np.mgrid[0:rows, 0:columns][1] > 200) * 1]).astype(np.uint8)
    pixels(ds, frames, 8)
    ds.SOPClassUID = CLASSES + "7.1"
    ds.BitsAllocated = ds.BitsStored = 1
    ds.HighBit = 0
    packed = np.packbits(frames.ravel(), bitorder="little").tobytes()
    ds.PixelData = packed + bytes(len(packed) % 2)
    ds["PixelData"].VR = "OB"


def palette(ds, colours, index, segmented=False):
    pixels(ds, index, 8, photometric="PALETTE COLOR")
    for name, column in zip(("Red", "Green", "Blue"), np.array(colours).T):
        setattr(ds, f"{name}PaletteColorLookupTableDescriptor", [256, 0, 16])
        ds[f"{name}PaletteColorLookupTableDescriptor"].VR = "US"
        if not segmented:
            setattr(ds, f"{name}PaletteColorLookupTableData", column.astype("<u2").tobytes())
            continue
        # two discrete entries, then a line to the last value: opcode, count, values (PS3.3 C.7.9.2.2)
        segments = np.array([0, 2, column[0], column[1], 1, 254, column[1]], "<u2")
        setattr(ds, f"Segmented{name}PaletteColorLookupTableData", segments.tobytes())


@case()
def in_a_palette(ds):
    colours = [[1000, 1000, 1000]] * 256
    colours[7] = [60000, 60000, 0]
    palette(ds, colours, np.where(TEXT, 7, 6))


@case()
def in_a_segmented_palette(ds):
    colours = [[1000, 1000, 1000], [60000, 60000, 0]]
    palette(ds, colours, np.where(TEXT, 1, 0), segmented=True)


@case()
def under_a_palette_of_one_colour(ds):
    palette(ds, [[30000] * 3] * 256, np.where(TEXT, 7, 6))


# ---- other bits and planes -----------------------------------------------------------------------


@case()
def in_high_bits(ds):
    frame = slope(0, 4000)
    pixels(ds, frame, 12)
    ds.PixelData = (frame | (TEXT * 0x4000)).astype("<u2").tobytes()


@case()
def in_low_bits(ds):
    frame = slope(0, 4000)
    pixels(ds, frame << 4, 12)
    ds.HighBit = 15
    ds.PixelData = ((frame << 4) | (TEXT * 5)).astype("<u2").tobytes()


def plane(ds, group, data=True):
    ds.add_new((group, 0x0010), "US", ROWS)
    ds.add_new((group, 0x0011), "US", COLUMNS)
    ds.add_new((group, 0x0022), "LO", "PLANTED MARPLE")
    ds.add_new((group, 0x0040), "CS", "G")
    ds.add_new((group, 0x0050), "SS", [1, 1])
    ds.add_new((group, 0x0100), "US", 1 if data else 16)
    ds.add_new((group, 0x0102), "US", 0 if data else 15)
    ds.add_new((group, 0x1500), "LO", "PLANTED MARPLE")
    ds.add_new((group, 0x4000), "LT", "PLANTED MARPLE")
    if data:
        ds.add_new((group, 0x3000), "OW", np.packbits(TEXT.ravel(), bitorder="little").tobytes())


@case()
def in_overlays(ds):
    pixels(ds, slope(0, 200), 8)
    for group in (0x6000, 0x6002, 0x601E):
        plane(ds, group)


@case()
def in_one_overlay_of_two(ds):
    pixels(ds, slope(0, 200), 8)
    plane(ds, 0x6000)
    plane(ds, 0x6002)
    region = (X - 160) ** 2 + (Y - 44) ** 2 < 1500
    ds[0x6002, 0x3000].value = np.packbits(region.ravel(), bitorder="little").tobytes()


@case()
def in_an_embedded_overlay(ds):
    frame = slope(0, 4000)
    pixels(ds, frame, 12)
    plane(ds, 0x6000, data=False)
    ds.PixelData = (frame | (TEXT * 0x8000)).astype("<u2").tobytes()


@case()
def in_curves(ds):
    pixels(ds, slope(0, 200), 8)
    ds.add_new((0x5000, 0x0005), "US", 2)
    ds.add_new((0x5000, 0x0022), "LO", "PLANTED MARPLE")
    ds.add_new((0x5000, 0x3000), "OW", PLANTED)
    ds.add_new((0x5004, 0x2500), "LO", "PLANTED MARPLE")


def icon():
    item = Dataset()
    pixels(item, np.where(TEXT, 250, 9), 8)
    del item.SOPClassUID
    item.ImageComments = "PLANTED MARPLE"
    item.PixelData += PLANTED
    return item


@case()
def in_icons(ds):
    pixels(ds, slope(0, 200), 8)
    ds.IconImageSequence = [icon()]
    reference = Dataset()
    reference.ReferencedSOPClassUID, reference.ReferencedSOPInstanceUID = CLASSES + "7", generate_uid()
    reference.IconImageSequence = [icon()]
    ds.ReferencedImageSequence = [reference]


@case()
def in_nested_pixel_data(ds):
    pixels(ds, slope(0, 200), 8)
    ds.SourceImageSequence = [icon()]
    block = ds.private_block(0x0029, "ACME 1.0", create=True)
    block.add_new(0x10, "SQ", Sequence([icon()]))
    block.add_new(0x11, "OB", PLANTED)
    deep = Dataset()
    deep.ViewCodeSequence = [icon()]
    ds.ViewCodeSequence = [deep]
    unknown = Dataset()
    unknown.add(DataElement((0x0029, 0x0010), "LO", "ACME 1.0"))
    unknown.add(DataElement((0x0029, 0x1001), "UN", PLANTED))
    ds.AcquisitionContextSequence = [unknown]


# ---- bytes beside the pixels -----------------------------------------------------------------------


@case()
def behind_the_last_frame(ds):
    pixels(ds, slope(0, 200), 8)
    ds.PixelData += PLANTED
    ds.add_new((0xFFFC, 0xFFFC), "OB", PLANTED)


@case(*MISMATCH)
def a_frame_behind_the_last_one(ds):
    pixels(ds, np.stack([slope(0, 200), np.where(TEXT, 250, 9)]), 8)
    ds.NumberOfFrames = 1


@case(*MISMATCH)
def a_frame_too_few(ds):
    pixels(ds, np.repeat(slope(0, 200)[None], 2, 0), 8)
    ds.NumberOfFrames = 3


@case(*MISMATCH)
def no_number_of_two_frames(ds):
    pixels(ds, np.stack([slope(0, 200), np.where(TEXT, 250, 9)]), 8)
    del ds.NumberOfFrames


@case(*MISMATCH)
def zero_frames(ds):
    pixels(ds, slope(0, 200), 8)
    ds.NumberOfFrames = 0


def compressed(ds, frames, syntax):
    """The codestreams of frames of 8 bits."""
    pixels(ds, frames, 8)
    if syntax == JPEGBaseline8Bit:
        files = [BytesIO() for _ in frames]
        for frame, file in zip(frames, files):
            Image.fromarray(frame.astype(np.uint8)).save(file, "JPEG", quality=100)
        codestreams = [file.getvalue() for file in files]
        frames = np.stack([np.asarray(Image.open(file)) for file in files])
        ds.LossyImageCompression, ds.LossyImageCompressionRatio = "01", 4
        ds.LossyImageCompressionMethod = "ISO_10918_1"
    else:
        ds.compress(syntax, generate_instance_uid=False)
        codestreams = list(generate_frames(ds.PixelData, number_of_frames=len(frames)))
    ds.file_meta.TransferSyntaxUID = syntax
    DECODED[ds.SOPInstanceUID] = frames
    return codestreams


def items(ds, fragments, table=b""):
    """An encapsulated value of these items, each as long as it is."""
    ds.PixelData = b"".join(b"\xfe\xff\x00\xe0" + len(v).to_bytes(4, "little") + v for v in [table, *fragments])
    ds["PixelData"].is_undefined_length = True
    ds["PixelData"].VR = "OB"


def three():
    frames = np.repeat(slope(20, 180)[None], 3, 0)
    frames[1][TEXT] = 250
    return frames


def padded(codestream):
    return codestream + bytes(len(codestream) % 2)


@case()
def with_an_extended_offset_table(ds):
    codestreams = [padded(c) for c in compressed(ds, three(), JPEG2000Lossless)]
    value, offsets, lengths = encapsulate_extended(codestreams)
    ds.PixelData = value
    ds["PixelData"].is_undefined_length = True
    ds.ExtendedOffsetTable, ds.ExtendedOffsetTableLengths = offsets, lengths


@case()
def with_an_extended_offset_table_of_text(ds):
    codestreams = [padded(c) for c in compressed(ds, three(), JPEG2000Lossless)]
    items(ds, codestreams)
    ds.ExtendedOffsetTable = ds.ExtendedOffsetTableLengths = PLANTED.ljust(24)


@case(*MISMATCH)
def with_a_basic_offset_table_of_text(ds):
    codestreams = [padded(c) for c in compressed(ds, three(), JPEGBaseline8Bit)]
    parts = [part for c in codestreams for part in (c[:400], c[400:])]
    items(ds, parts, PLANTED[:12])


@case()
def in_fragments_without_a_frame(ds):
    # behind the codestream of the last frame, and of frame 1, in fragments of their own
    codestreams = [padded(c) for c in compressed(ds, three(), JPEGBaseline8Bit)]
    parts = [codestreams[0], PLANTED, codestreams[1], b"", codestreams[2], b"", PLANTED]
    items(ds, parts)


@case()
def in_odd_fragments(ds):
    codestreams = compressed(ds, three(), JPEGBaseline8Bit)
    parts = [part for c in codestreams for part in (c[:401], c[401:])]
    parts[-1] += bytes(sum(map(len, parts)) % 2)
    items(ds, parts)


@case(*MISMATCH)
def fragments_of_rle_without_a_frame(ds):
    codestreams = [padded(c) for c in compressed(ds, three(), RLELossless)]
    items(ds, [*codestreams, PLANTED])


@case(*MISMATCH)
def encapsulated_frames_too_many(ds):
    items(ds, [padded(c) for c in compressed(ds, three(), JPEG2000Lossless)])
    ds.NumberOfFrames = 2


@case(*MISMATCH)
def encapsulated_frames_too_few(ds):
    items(ds, [padded(c) for c in compressed(ds, three(), JPEG2000Lossless)])
    ds.NumberOfFrames = 4


@case(*MISMATCH)
def encapsulated_frames_without_a_number(ds):
    items(ds, [padded(c) for c in compressed(ds, three(), JPEG2000Lossless)])
    del ds.NumberOfFrames


# ---- writing and judging ---------------------------------------------------------------------------


def build(number, name, make):
    study = {"date": "20240102", "time": "101112", "accession": "ACC1234567"}

    def uid(*parts):
        return generate_uid(entropy_srcs=["hidden", *map(str, parts)])

    ds, _ = header(Patient(random.Random(number), number), study, "US", 1, number, uid)
    ds.PatientName, ds.Modality, ds.InstanceNumber = "MARPLE^JANE", "OT", number
    ds.SOPInstanceUID = ds.file_meta.MediaStorageSOPInstanceUID = f"1.2.276.0.98.{number}"
    ds.file_meta.TransferSyntaxUID = ExplicitVRLittleEndian
    make(ds)
    ds.file_meta.MediaStorageSOPClassUID = ds.SOPClassUID
    return ds


def write(directory, names):
    for part in ("objects", "reference"):
        (directory / part).mkdir(parents=True, exist_ok=True)
    listing = {}
    for number, (name, (make, holds)) in enumerate(CASES.items(), 1):
        if not names or name in names:
            ds = build(number, name, make)
            ds.save_as(directory / "objects" / f"{name}.dcm", enforce_file_format=True)
            if ds.SOPInstanceUID in DECODED:
                np.save(directory / "reference" / f"{name}.npy", DECODED[ds.SOPInstanceUID])
            listing[name] = holds
    print(json.dumps(listing, indent=1))


def values(path):
    """The stored values of every frame, without what is no part of a value."""
    ds = pydicom.dcmread(path)
    reference = path.parent.with_name("reference") / f"{path.stem}.npy"
    if reference.exists():
        return ds, np.load(reference).astype(np.int64)
    for keyword, dtype in (("FloatPixelData", "<f4"), ("DoubleFloatPixelData", "<f8")):
        if keyword in ds:
            return ds, np.frombuffer(ds[keyword].value, dtype).reshape(-1, ds.Rows, ds.Columns)
    # a little more than the frames, and bits of no value, are what a result must not have
    if not ds.file_meta.TransferSyntaxUID.is_compressed and ds.BitsAllocated > 1:
        dtype = f"<{'i' if ds.PixelRepresentation else 'u'}{ds.BitsAllocated // 8}"
        count = int(ds.get("NumberOfFrames") or 1) * ds.Rows * ds.Columns
        array = np.frombuffer(ds.PixelData, dtype, count).reshape(-1, ds.Rows, ds.Columns).astype(np.int64)
        low = ds.HighBit + 1 - ds.BitsStored
        mask = ((1 << ds.BitsStored) - 1) << low
        return ds, array if ds.PixelRepresentation else array & mask
    # as the reference was: decoders of JPEG differ
    plugin = "pillow" if ds.file_meta.TransferSyntaxUID == JPEGBaseline8Bit else ""
    array = pixel_array(ds, raw=True, decoding_plugin=plugin)
    return ds, array if array.ndim == 3 else array[None]


def lines(text):
    """The areas of the lines in a mask."""
    rows = np.flatnonzero(text.any(axis=1))
    for part in np.split(rows, np.flatnonzero(np.diff(rows) > 3) + 1):
        columns = np.flatnonzero(text[part].any(axis=0))
        yield slice(part[0], part[-1] + 1), slice(columns[0], columns[-1] + 1)


# what shows no text in its frames: there all of them stay as they were
ELSEWHERE = ["overlay", "curve", "icon", "nested", "high-bits", "low-bits", "behind"]


def judge_one(name, source, result):
    faults = []
    data = result.read_bytes()
    if b"PLANTED" in data or b"MARPLE" in data:
        faults.append("planted bytes are still there")
    before, was = values(source)
    after, now = values(result)
    groups = {elem.tag.group for elem in after.iterall()}
    if any(group >> 8 in (0x50, 0x60) for group in groups) or "IconImageSequence" in after:
        faults.append("a plane, a curve or an icon is still there")
    if any(elem.keyword == "PixelData" for s in after if s.VR == "SQ" for item in s.value for elem in item.iterall()):
        faults.append("nested pixels are still there")
    if not after.file_meta.TransferSyntaxUID.is_compressed and "PixelData" in after:
        wanted = -(-int(after.get("NumberOfFrames") or 1) * after.Rows * after.Columns * after.BitsAllocated // 8)
        if len(after.PixelData) != wanted + wanted % 2:
            faults.append("bytes behind the last frame")
        if after.BitsAllocated > 8 and after.PixelRepresentation == 0:
            used = ((1 << after.BitsStored) - 1) << (after.HighBit + 1 - after.BitsStored)
            unused = np.frombuffer(after.PixelData, "<u2") & (0xFFFF ^ used)
            if unused.any():
                faults.append("bits of no value are set")
    if after.file_meta.TransferSyntaxUID.is_compressed:
        table = int.from_bytes(after.PixelData[4:8], "little")
        if len(list(generate_fragments(after.PixelData[8 + table :]))) != len(now):
            faults.append("not one fragment for each frame")
    if "ExtendedOffsetTable" in after:
        faults.append("the extended offset table is still there")
    if was.shape != now.shape:
        return [*faults, f"frames of {now.shape}, not {was.shape}"]
    elsewhere = any(word in name for word in ELSEWHERE)
    shown = 39 if "40-of-87" in name else 0 if len(was) == 1 or "pixel-data" in name else 1
    text = drawn(*was.shape[1:])
    # decoders of JPEG round, each in its way
    lossy = before.file_meta.TransferSyntaxUID == JPEGBaseline8Bit
    changed = np.abs(was - now) > 3 if lossy else was != now
    others = [frame for frame in range(len(was)) if elsewhere or frame != shown]
    if changed[others].any():
        faults.append("other samples changed")
    if elsewhere:
        return faults
    for area in lines(text):
        if np.ptp(now[shown][area]) != 0:
            faults.append("text is left")
    fills = np.unique(now[shown][changed[shown]])
    if len(fills) != 1 and not lossy:
        faults.append(f"boxes are filled with {len(fills)} values")
    if changed[shown].mean() > 0.8:
        faults.append("too much changed")
    return faults


def judge(directory, out):
    results = {int(pydicom.dcmread(p, stop_before_pixels=True).InstanceNumber): p for p in out.rglob("*.dcm")}
    faults, judged = {}, 0
    for source in sorted((directory / "objects").glob("*.dcm")):
        if CASES[source.stem][1]:
            continue
        number = int(pydicom.dcmread(source, stop_before_pixels=True).InstanceNumber)
        found = judge_one(source.stem, source, results[number]) if number in results else ["no result"]
        judged += 1
        if found:
            faults[source.stem] = found
    if judged != len(results):
        faults["results"] = [f"{len(results)}, not {judged}"]
    print(json.dumps({"judged": judged, "faults": faults}, indent=1))
    return 1 if faults or not judged else 0


def graphics(directory, out):
    """The plane without text stays with what displays it, and nothing else of any plane."""
    before = pydicom.dcmread(directory / "objects" / "in-one-overlay-of-two.dcm")
    [path] = out.rglob("*.dcm")
    after, faults = pydicom.dcmread(path), []
    left = {int(elem.tag.element): elem.value for elem in after if elem.tag.group == 0x6002}
    wanted = [0x0010, 0x0011, 0x0040, 0x0050, 0x0100, 0x0102, 0x3000]
    if left != {number: before[0x6002, number].value for number in wanted}:
        faults.append(f"what is left of the plane: {sorted(left)}")
    if any(elem.tag.group == 0x6000 for elem in after):
        faults.append("the plane with text is still there")
    if after.PixelData != before.PixelData or b"MARPLE" in path.read_bytes():
        faults.append("other pixels, or the name")
    print(json.dumps({"faults": faults}, indent=1))
    return 1 if faults else 0


if __name__ == "__main__":
    command, directory, *rest = sys.argv[1:]
    if command == "make":
        sys.exit(write(Path(directory), rest))
    sys.exit({"judge": judge, "graphics": graphics}[command](Path(directory), Path(rest[0])))
