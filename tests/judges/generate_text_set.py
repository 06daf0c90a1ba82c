#!/usr/bin/env python3
"""Writes pictures with burned-in text, pictures without, and what is true of them, another set for each seed.

    generate_text_set.py OUTDIR --seed N [--images 400] [--blank 60] [--cines 0] [--fonts /usr/share/fonts]

For `deid-gateway eval OUTDIR`. OUTDIR/truth.json names every file with its lines: text, kind, whether it may
stay, height of the capitals, contrast in 255ths of the range, angle, frames, box, runs of ink. Pictures are of
the public test data, of phantoms, and flat; CT, MR, DX, US, XA and SC in 8 to 16 bits, grey and RGB, native and
JPEG. Cines move, and tell the stories of text_set/cines.py.
"""

import argparse
import io
import json
import warnings
from pathlib import Path

import numpy as np
from PIL import Image
from pydicom.dataset import FileDataset, FileMetaDataset
from pydicom.encaps import encapsulate
from pydicom.uid import ExplicitVRLittleEndian, JPEGBaseline8Bit

from text_set import grounds
from text_set.cines import STORIES, cine
from text_set.ink import Line, fonts, overlaps

SOP = {"CT": "1.2.840.10008.5.1.4.1.1.2", "MR": "1.2.840.10008.5.1.4.1.1.4", "DX": "1.2.840.10008.5.1.4.1.1.1.1",
       "US": "1.2.840.10008.5.1.4.1.1.6.1", "XA": "1.2.840.10008.5.1.4.1.1.12.1", "SC": "1.2.840.10008.5.1.4.1.1.7",
       "PT": "1.2.840.10008.5.1.4.1.1.128", "US cine": "1.2.840.10008.5.1.4.1.1.3.1"}
HEIGHTS = [6, 7, 8, 9, 10, 12, 14, 16, 20, 24, 32, 48]
CONTRASTS = [20, 25, 30, 40, 60, 100, 160, 230]
ANGLES = [0] * 12 + [90, 270, 180, 5, -8, 30]


def write(path, modality, frames, bits, number, seed, lossy=False):
    """A Part 10 file of frames of one size."""
    colour = frames[0].ndim == 3
    meta = FileMetaDataset()
    meta.MediaStorageSOPClassUID = SOP[modality]
    meta.MediaStorageSOPInstanceUID = f"1.2.826.0.1.3680043.8.498.{seed}.{number}"
    meta.TransferSyntaxUID = JPEGBaseline8Bit if lossy else ExplicitVRLittleEndian
    ds = FileDataset(None, {}, preamble=bytes(128), file_meta=meta)
    ds.SOPClassUID, ds.SOPInstanceUID = meta.MediaStorageSOPClassUID, meta.MediaStorageSOPInstanceUID
    ds.StudyInstanceUID = f"1.2.826.0.1.3680043.8.498.{seed}"
    ds.SeriesInstanceUID = f"1.2.826.0.1.3680043.8.498.{seed}.0.{number}"
    ds.Modality, ds.PatientName, ds.PatientID = modality[:2], "Set^Text", f"TS{seed}"
    ds.Rows, ds.Columns = frames[0].shape[:2]
    ds.SamplesPerPixel = 3 if colour else 1
    ds.PhotometricInterpretation = ("YBR_FULL_422" if lossy else "RGB") if colour else "MONOCHROME2"
    if colour:
        ds.PlanarConfiguration = 0
    ds.BitsAllocated, ds.BitsStored, ds.HighBit = (8 if bits == 8 else 16), bits, bits - 1
    ds.PixelRepresentation = 0
    if len(frames) > 1:
        ds.NumberOfFrames = len(frames)
    samples = [frame.astype(np.uint8 if bits == 8 else "<u2") for frame in frames]
    if lossy:
        parts = []
        for frame in samples:
            file = io.BytesIO()
            Image.fromarray(frame).save(file, "JPEG", quality=88)
            parts.append(file.getvalue())
        ds.PixelData = encapsulate(parts)
        ds["PixelData"].VR = "OB"
    else:
        data = b"".join(frame.tobytes() for frame in samples)
        ds.add_new(0x7FE00010, "OB" if bits == 8 else "OW", data + bytes(len(data) % 2))
    ds.save_as(path, enforce_file_format=True)


def ground(rng, real):
    """Modality, samples and bits of a picture without text."""
    modality = str(rng.choice(["CT", "CT", "MR", "MR", "DX", "US", "US", "SC", "PT"]))
    if modality in real and rng.random() < 0.6:
        picture = real[modality][int(rng.integers(len(real[modality])))]
    elif modality in ("CT", "MR"):
        picture = grounds.slices(rng, int(rng.choice([256, 512])))
    elif modality == "DX":
        picture = grounds.radiograph(rng, 512, 448)
    elif modality == "US":
        picture = grounds.Fan(rng, 480, 640).frame(int(rng.integers(20)))
    elif modality == "PT":
        picture = np.clip(grounds.blurred(grounds.slices(rng, 128), 2), 0, 4095).astype(np.int32)
    else:
        picture = np.full((400, 512), int(rng.choice([0, 30, 128, 220, 255])))
    bits = min(max(int(picture.max()).bit_length(), 8), 16)
    if bits > 8 and rng.random() < 0.3:
        low, high = np.percentile(picture, [1, 99.5])
        picture, bits = np.clip((picture - low) / max(high - low, 1) * 255, 0, 255).astype(np.int32), 8
    return modality, picture, bits


def still(rng, font_files, real):
    """A picture with one to six lines, most in the corners, as consoles write them."""
    modality, picture, bits = ground(rng, real)
    low, high = np.percentile(picture, [1, 99.5])
    if high - low < 16:
        low, high = 0, (1 << bits) - 1
    page = picture.astype(float)
    if bits == 8 and rng.random() < 0.4:
        page = np.repeat(page[..., None], 3, axis=2)
    lines = []
    height, width = page.shape[:2]
    kinds = ["name", "id", "date", "place", "name", "id", "date", "technique"]
    for _ in range(int(rng.integers(1, 7))):
        line = Line(rng, font_files, str(rng.choice(kinds)), int(rng.choice(HEIGHTS)), int(rng.choice(CONTRASTS)), int(rng.choice(ANGLES)))
        h, w = line.ink.shape
        if h + 8 > height or w + 8 > width:
            continue
        for _ in range(30):
            top = int(rng.choice([4, height - h - 4, rng.integers(3, height - h - 3)]))
            left = int(rng.choice([4, width - w - 4, rng.integers(3, width - w - 3)]))
            line.place(top, left)
            if overlaps(line.box(), [other.box() for other in lines], 6):
                continue
            if line.draw(page, low, high, str(rng.choice(["opaque", "opaque", "opaque", "outlined"]))):
                lines.append(line)
                break
    return modality, np.clip(np.round(page), 0, (1 << bits) - 1), bits, lines


def main():
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("outdir", type=Path)
    parser.add_argument("--seed", type=int, required=True)
    parser.add_argument("--images", type=int, default=400)
    parser.add_argument("--blank", type=int, default=60)
    parser.add_argument("--cines", type=int, default=0)
    parser.add_argument("--fonts", default="/usr/share/fonts")
    arguments = parser.parse_args()
    warnings.simplefilter("error")
    arguments.outdir.mkdir(parents=True, exist_ok=True)
    rng, font_files = np.random.default_rng(arguments.seed), fonts(arguments.fonts)
    real, images = {modality: grounds.real(modality) for modality in grounds.REAL}, []

    def keep(name, modality, frames, bits, lines, **note):
        write(arguments.outdir / name, modality, frames, bits, len(images) + 1, arguments.seed, note.pop("lossy", False))
        images.append({"file": name, "modality": modality[:2], "frames": len(frames), **note, "lines": [line.truth() for line in lines]})

    for number in range(arguments.images):
        modality, page, bits, lines = still(rng, font_files, real)
        lossy = bits == 8 and rng.random() < 0.3
        keep(f"text{number:04}.dcm", modality, [page], bits, lines, lossy=lossy)
    for number in range(arguments.blank):
        modality, page, bits = ground(rng, real)
        while page.min() == page.max():
            modality, page, bits = ground(rng, real)
        keep(f"blank{number:04}.dcm", modality, [page], bits, [])
    for number in range(arguments.cines):
        story = STORIES[number % len(STORIES)]
        height, width = [(240, 320), (256, 256), (320, 400)][int(rng.integers(3))]
        frames, lines = cine(rng, font_files, story, int(rng.integers(24, 49)), height, width)
        keep(f"cine{number:04}.dcm", "US cine", frames, 8, lines, story=story, lossy=bool(rng.random() < 0.5))
    (arguments.outdir / "truth.json").write_text(json.dumps({"images": images}, ensure_ascii=False) + "\n")
    print(json.dumps({"images": len(images), "frames": sum(i["frames"] for i in images), "lines": sum(len(i["lines"]) for i in images)}))


if __name__ == "__main__":
    main()
