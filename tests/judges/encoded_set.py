"""What encoded.py makes: every syntax, photometric interpretation and depth that an encoder here can make.

The encoders are those of DCMTK, pydicom, OpenJPEG, OpenJPH, libjxl and libjpeg-turbo.
"""

import io
import random
import subprocess

import imagecodecs
import numpy as np
import pydicom
from PIL import Image, ImageDraw, ImageFont
from pydicom.encaps import encapsulate, generate_frames
from pydicom.uid import (
    HTJ2K,
    JPEG2000,
    JPEG2000MC,
    HTJ2KLossless,
    HTJ2KLosslessRPCL,
    JPEG2000Lossless,
    JPEG2000MCLossless,
    JPEGBaseline8Bit,
    JPEGExtended12Bit,
    JPEGLossless,
    JPEGLosslessSV1,
    JPEGLSLossless,
    JPEGLSNearLossless,
    RLELossless,
    UID,
    UID_dictionary,
    generate_uid,
)
from sample import Patient, header

# Younger than this pydicom.
JPEG_XL = {
    "1.2.840.10008.1.2.4.110": "JPEG XL Lossless",
    "1.2.840.10008.1.2.4.111": "JPEG XL JPEG Recompression",
    "1.2.840.10008.1.2.4.112": "JPEG XL",
}
for uid, uid_name in JPEG_XL.items():
    UID_dictionary.setdefault(uid, (uid_name, "Transfer Syntax", "", "", uid_name.replace(" ", "")))
JPEGXLLossless, JPEGXLJPEGRecompression, JPEGXL = map(UID, JPEG_XL)
ROWS, COLUMNS, FRAMES, SHOWN = 96, 320, 3, 1
# multi-frame secondary captures: grey byte, grey word, true colour
CLASSES = {8: "1.2.840.10008.5.1.4.1.1.7.2", 16: "1.2.840.10008.5.1.4.1.1.7.3"}
COLOUR_CLASS = "1.2.840.10008.5.1.4.1.1.7.4"

# kind: photometric, bits allocated, bits stored, signed
KINDS = {
    "grey1": ("MONOCHROME2", 8, 1, False),
    "grey8": ("MONOCHROME2", 8, 8, False),
    "plain8": ("MONOCHROME2", 8, 8, False),
    "signed8": ("MONOCHROME2", 8, 8, True),
    "inverse8": ("MONOCHROME1", 8, 8, False),
    "palette8": ("PALETTE COLOR", 8, 8, False),
    "grey12": ("MONOCHROME2", 16, 12, False),
    "inverse12": ("MONOCHROME1", 16, 12, False),
    "signed12": ("MONOCHROME2", 16, 12, True),
    "grey16": ("MONOCHROME2", 16, 16, False),
    "signed16": ("MONOCHROME2", 16, 16, True),
    "inversesigned16": ("MONOCHROME1", 16, 16, True),
    "grey32": ("MONOCHROME2", 32, 32, False),
    "signed32": ("MONOCHROME2", 32, 32, True),
    "rgb8": ("RGB", 8, 8, False),
    "plainrgb8": ("RGB", 8, 8, False),
    "progressive8": ("RGB", 8, 8, False),
    "planar8": ("RGB", 8, 8, False),
    "rgb16": ("RGB", 16, 16, False),
    "ybr8": ("YBR_FULL", 8, 8, False),
    "rct8": ("YBR_RCT", 8, 8, False),
    "ict8": ("YBR_ICT", 8, 8, False),
    "xyb8": ("XYB", 8, 8, False),
}
GREY8 = ["grey8", "signed8", "inverse8", "palette8"]
GREY16 = ["grey12", "inverse12", "signed12", "grey16", "signed16", "inversesigned16"]
SYNTAXES = {
    "rle": (RLELossless, [*GREY8, *GREY16, "plain8", "grey32", "signed32", "rgb8", "planar8", "rgb16", "ybr8"]),
    "jpeg50": (JPEGBaseline8Bit, ["grey8", "plain8", "inverse8", "rgb8", "plainrgb8", "progressive8", "ybr8"]),
    "jpeg51": (JPEGExtended12Bit, ["grey12", "inverse12", "grey8", "rgb8"]),
    "jpeg57": (JPEGLossless, ["grey8", "palette8", "grey12", "grey16", "rgb8", "inverse8", "ybr8"]),
    "jpeg70": (JPEGLosslessSV1, [*GREY8, *GREY16, "plain8", "rgb8", "ybr8"]),
    "jls80": (JPEGLSLossless, ["grey8", "palette8", *GREY16, "plain8", "rgb8", "ybr8", "inverse8"]),
    "jls81": (JPEGLSNearLossless, ["grey8", "grey12", "rgb8"]),
    "j2k90": (JPEG2000Lossless, [*GREY8, *GREY16, "grey1", "plain8", "rgb8", "rgb16", "ybr8", "rct8"]),
    "j2k91": (JPEG2000, ["grey8", "grey12", "rgb8", "ict8"]),
    "j2k92": (JPEG2000MCLossless, ["grey12", "plain8"]),
    "j2k93": (JPEG2000MC, ["grey8"]),
    "htj2k201": (HTJ2KLossless, ["grey8", "plain8", *GREY16, "inverse8", "palette8", "rct8"]),
    "htj2k202": (HTJ2KLosslessRPCL, ["grey12", "plain8"]),
    "htj2k203": (HTJ2K, ["grey8", "ict8"]),
    "jxl110": (JPEGXLLossless, ["grey8", "plain8", "inverse8", "palette8", "grey12", "grey16", "rgb8", "plainrgb8"]),
    "jxl111": (JPEGXLJPEGRecompression, ["grey8", "plain8"]),
    "jxl112": (JPEGXL, ["grey8", "xyb8", "rgb8"]),
}
# Their blocks are replaced, not their samples.
DCT = (JPEGBaseline8Bit, JPEGExtended12Bit)
# What nothing encodes here leaves in JPEG 2000 Lossless once something was blanked.
REPLACED = tuple(syntax for name, (syntax, _) in SYNTAXES.items() if name[:5] in ("j2k92", "j2k93", "htj2k", "jxl11"))
BY_CODESTREAM = (HTJ2KLossless, HTJ2KLosslessRPCL, HTJ2K, JPEGXLLossless, JPEGXLJPEGRecompression, JPEGXL)


def is_plain(kind):
    return kind.startswith("plain")


def picture(kind):
    """The samples of every frame, and where the text is."""
    photometric, allocated, stored, signed = KINDS[kind]
    y, x = np.mgrid[0:ROWS, 0:COLUMNS]
    canvas = Image.new("L", (COLUMNS, ROWS))
    draw = ImageDraw.Draw(canvas)
    if not is_plain(kind):
        font = ImageFont.load_default(24)
        draw.text((12, 8), "MARPLE^JANE", fill=255, font=font)
        draw.text((12, 56), "12.03.1945", fill=255, font=font)
    text = np.asarray(canvas) > 128
    top = (1 << stored) - 1
    frames = []
    for number in range(FRAMES):
        shade = 0.25 + 0.1 * number + 0.2 * (x / COLUMNS) + 0.1 * (y / ROWS)
        if photometric == "MONOCHROME1":
            shade = 1 - shade
        level = np.clip(shade * top + (x * 7 + y * 13) % 5, 0, top).astype(np.int64)
        if stored == 1:
            level = np.zeros((ROWS, COLUMNS), np.int64)
        if number == SHOWN:
            level[text] = 0 if photometric == "MONOCHROME1" else top
        if photometric == "YBR_FULL":
            level = np.stack([level, 120 + x // 40, 140 - y // 16], axis=-1)
            level[text & (number == SHOWN), 1:] = 128
        elif photometric in ("RGB", "YBR_RCT", "YBR_ICT", "XYB"):
            level = np.stack([level, level * 9 // 10, level * 8 // 10], axis=-1)
        frames.append(level - (1 << (stored - 1)) if signed else level)
    dtype = f"<{'i' if signed else 'u'}{allocated // 8}"
    return np.stack(frames).astype(dtype), text


def build(kind, number):
    rng = random.Random(number)
    patient = Patient(rng, number)
    study = {"date": "20240102", "time": "101112", "accession": "ACC1234567"}

    def uid(*parts):
        return generate_uid(entropy_srcs=[str(number), *map(str, parts)])

    ds, _ = header(patient, study, "US", 1, number, uid)
    photometric, allocated, stored, signed = KINDS[kind]
    array, text = picture(kind)
    colour = array.ndim == 4
    ds.SOPClassUID = COLOUR_CLASS if colour else CLASSES[min(allocated, 16)]
    ds.file_meta.MediaStorageSOPClassUID = ds.SOPClassUID
    ds.PatientName = "MARPLE^JANE"
    ds.Modality = "OT"
    ds.Rows, ds.Columns, ds.NumberOfFrames = ROWS, COLUMNS, FRAMES
    ds.PhotometricInterpretation = photometric
    ds.SamplesPerPixel = 3 if colour else 1
    if colour:
        ds.PlanarConfiguration = 0
    if photometric == "PALETTE COLOR":
        ramp = (np.arange(256, dtype="<u2") * 257).tobytes()
        for name in ("Red", "Green", "Blue"):
            setattr(ds, f"{name}PaletteColorLookupTableDescriptor", [256, 0, 16])
            setattr(ds, f"{name}PaletteColorLookupTableData", ramp)
    ds.BitsAllocated, ds.BitsStored, ds.HighBit = allocated, stored, stored - 1
    ds.PixelRepresentation = int(signed)
    ds.PixelData = array.tobytes()
    ds["PixelData"].VR = "OB" if allocated == 8 else "OW"
    return ds, array, text


def run(*command):
    done = subprocess.run([str(part) for part in command], capture_output=True, text=True)
    return done.returncode == 0


def codestream(frame, syntax, kind):
    """One frame in a syntax that only these libraries write."""
    stored = KINDS[kind][2]
    if syntax in (HTJ2KLossless, HTJ2KLosslessRPCL):
        # the progression order is RPCL
        tlm = syntax == HTJ2KLosslessRPCL
        return bytes(imagecodecs.htj2k_encode(frame, reversible=True, tlm=tlm))
    if syntax == HTJ2K:
        return bytes(imagecodecs.htj2k_encode(frame, level=0.002))
    if syntax == JPEGXLLossless:
        return bytes(imagecodecs.jpegxl_encode(frame, lossless=True, bitspersample=stored, usecontainer=True))
    if syntax == JPEGXL:
        return bytes(imagecodecs.jpegxl_encode(frame, distance=0.5, usecontainer=True))
    jpeg = io.BytesIO()
    if kind == "progressive8":
        Image.fromarray(frame).save(jpeg, "JPEG", quality=90, progressive=True)
        return jpeg.getvalue()
    Image.fromarray(frame).save(jpeg, "JPEG", quality=90)
    return bytes(imagecodecs.jpegxl_encode_jpeg(jpeg.getvalue(), usecontainer=True))


def compress(ds, array, path, syntax, kind):
    photometric = ds.PhotometricInterpretation
    if syntax in BY_CODESTREAM or kind == "progressive8":
        ds.PixelData = encapsulate([codestream(frame, syntax, kind) for frame in array])
        ds["PixelData"].VR = "OB"
        ds["PixelData"].is_undefined_length = True
        ds.file_meta.TransferSyntaxUID = syntax
        if kind == "progressive8":
            ds.PhotometricInterpretation = "YBR_FULL_422"
        ds.save_as(path)
        return
    wide = KINDS[kind][1] == 32
    if not wide and syntax in (RLELossless, JPEG2000Lossless, JPEG2000, JPEG2000MCLossless, JPEG2000MC):
        lossy = syntax in (JPEG2000, JPEG2000MC)
        with_encoder = {JPEG2000MCLossless: JPEG2000Lossless, JPEG2000MC: JPEG2000}.get(syntax, syntax)
        ds.compress(with_encoder, generate_instance_uid=False, **({"j2k_psnr": [60]} if lossy else {}))
        ds.file_meta.TransferSyntaxUID = syntax
        if kind == "planar8":
            # which is how RLE has them
            ds.PlanarConfiguration = 1
        ds.save_as(path)
        return
    plain = path.with_suffix(".plain")
    ds.save_as(plain)
    tool = {
        RLELossless: ["dcmcrle"],
        JPEGLossless: ["dcmcjpeg", "+el", "+sv", "4"],
        JPEGLosslessSV1: ["dcmcjpeg", "+e1"],
        JPEGLSLossless: ["dcmcjpls", "+el"],
        JPEGLSNearLossless: ["dcmcjpls", "+en", "+md", "2"],
        JPEGBaseline8Bit: ["dcmcjpeg", "+eb"],
        JPEGExtended12Bit: ["dcmcjpeg", "+ee", "+q", "95"],
    }[syntax]
    if not run(*tool, plain, path):
        raise RuntimeError(f"{tool} failed for {path.name}")
    plain.unlink()
    written = pydicom.dcmread(path, stop_before_pixels=True).PhotometricInterpretation
    if syntax not in DCT and written != photometric:
        raise RuntimeError(f"{tool} made {written} of {photometric}")


def segment(marker, body):
    return bytes([0xFF, marker]) + (len(body) + 2).to_bytes(2, "big") + body


def plant(frame, syntax):
    """The frame with PLANTED wherever no decoder looks."""
    behind = b"PLANTED BEHIND"
    if syntax == RLELossless:
        return frame + behind
    if frame.startswith(b"\xff\x4f"):
        at = 4 + int.from_bytes(frame[4:6], "big")
        return frame[:at] + segment(0x64, b"\x00\x01PLANTED") + frame[at:].rstrip(b"\x00") + behind
    if frame.startswith(b"\x00\x00\x00\x0cJXL "):
        exif = b"\x00\x00\x00\x18Exif\x00\x00\x00\x00PLANTED EXIF"
        return frame[:32] + exif + frame[32:].rstrip(b"\x00") + exif
    planted = segment(0xFE, b"PLANTED") + segment(0xE1, b"Exif\0\0PLANTED")
    end = frame.rindex(b"\xff\xd9")
    return frame[:2] + planted + frame[2:end] + segment(0xFE, b"PLANTED") + b"\xff\xd9" + behind


def make(directory):
    for part in ("objects", "reference"):
        (directory / part).mkdir(parents=True, exist_ok=True)
    number = 0
    for name, (syntax, kinds) in SYNTAXES.items():
        for kind in kinds:
            number += 1
            ds, array, text = build(kind, number)
            # what decoders that stumble over planted bytes read in its place
            clean = directory / "reference" / f"{name}-{kind}.dcm"
            compress(ds, array, clean, syntax, kind)
            ds = pydicom.dcmread(clean)
            frames = [plant(f, syntax) for f in generate_frames(ds.PixelData, number_of_frames=FRAMES)]
            fragments = 1 if syntax == RLELossless else 2
            ds.PixelData = encapsulate(frames, fragments_per_frame=fragments, has_bot=True)
            ds["PixelData"].is_undefined_length = True
            ds.SOPInstanceUID = ds.file_meta.MediaStorageSOPInstanceUID = f"1.2.276.0.99.{number}"
            ds.InstanceNumber = number
            ds.save_as(directory / "objects" / clean.name)
            np.savez(clean.with_suffix(".npz"), text=text, array=array)
    return number
