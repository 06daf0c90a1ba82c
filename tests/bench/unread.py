#!/usr/bin/env python3
"""How much text in scripts without a dictionary is hidden, and what that costs text-free frames.

    target/test-venv/bin/python tests/bench/unread.py --fonts DIR [--pictures 72] [--seed 2]
        [--gateway target/release/deid-gateway] [--real]

Judges nothing: figures for docs/performance.md. DIR is searched for the font files named in SCRIPTS
(Noto Sans, DejaVu Sans, Nanum Gothic: Debian fonts-noto-core, fonts-dejavu-core, fonts-nanum; Pillow
must have raqm). Draws names at 14 to 36 pixels and at 60 to 230 levels of contrast on flat grey, on light
grey and on pictures of the public test data, runs `deid` on each, and counts the lines of which 90 % of
the ink is gone. With --real it also runs `deid` on the files of tests/real_files.toml that have pixels
and no text, and says how many frames lost how many pixels.
"""

import argparse
import random
import subprocess
import sys
import tempfile
import tomllib
from collections import Counter
from pathlib import Path

import numpy as np
import pydicom
from PIL import Image, ImageDraw, ImageFont
from pydicom.dataset import FileDataset, FileMetaDataset
from pydicom.uid import ExplicitVRLittleEndian, SecondaryCaptureImageStorage, generate_uid

ROOT = Path(__file__).resolve().parents[2]
PACKAGES = Path(pydicom.__file__).parents[1]
SCRIPTS = {
    "Cyrillic": (["Иванов Пётр Сергеевич", "Щербакова Юлия", "Больница имени Семашко"], "NotoSans-Regular DejaVuSans"),
    "Greek": (["Παπαδόπουλος Γεώργιος", "Νοσοκομείο Ευαγγελισμός"], "NotoSans-Regular DejaVuSans"),
    "Arabic": (["محمد عبد الله", "مستشفى الملك فيصل", "أحمد حسن علي"], "NotoSansArabic-Regular DejaVuSans"),
    "Hebrew": (["כהן דוד", "בית חולים הדסה", "לוי שרה מרים"], "NotoSansHebrew-Regular DejaVuSans"),
    "Hangul": (["김민수", "서울대학교병원", "박지영 환자"], "NanumGothic NanumMyeongjo"),
    "Devanagari": (["राम कुमार शर्मा", "सीता देवी", "प्रिया सिंह"], "NotoSansDevanagari-Regular"),
    "Thai": (["สมชาย ใจดี", "โรงพยาบาลศิริราช"], "NotoSansThai-Regular"),
    "Georgian": (["ნინო ბერიძე", "გიორგი მაისურაძე"], "NotoSansGeorgian-Regular"),
    "Armenian": (["Արամ Պետրոսյան", "Անահիտ"], "NotoSansArmenian-Regular"),
}
BACKGROUNDS = ["JPEG2000.dcm", "image_dfl.dcm", "examples_overlay.dcm", "MR2_J2KR.dcm"]


def backgrounds():
    for name in BACKGROUNDS:
        path = next(PACKAGES.rglob(name), None)
        if path is None:
            continue
        pixels = pydicom.dcmread(path).pixel_array
        pixels = (pixels[0] if pixels.ndim > 2 else pixels).astype(float)
        low, high = np.percentile(pixels, [1, 99.5])
        yield np.clip((pixels - low) / max(high - low, 1) * 255, 0, 255)[:480, :640]


def draw(rng, grounds, fonts, script):
    kind = rng.choice(["dark", "light", "picture", "picture"])
    if kind == "picture":
        page = rng.choice(grounds).copy()
    else:
        page = np.full((480, 640), float(rng.choice([0, 8, 20] if kind == "dark" else [200, 235, 255])))
    texts, names = SCRIPTS[script]
    lines, top = [], 8
    for _ in range(4):
        font = ImageFont.truetype(fonts[rng.choice(names.split())], rng.choice([14, 16, 18, 22, 28, 36]))
        text = rng.choice(texts)
        left, up, right, down = font.getbbox(text)
        width, height = right - left + 2, down - up + 2
        if top + height >= page.shape[0] or width >= page.shape[1]:
            continue
        glyphs = Image.new("L", (width, height))
        ImageDraw.Draw(glyphs).text((1 - left, 1 - up), text, font=font, fill=255)
        part = np.array(glyphs) / 255
        x = rng.randint(0, page.shape[1] - width)
        under = page[top : top + height, x : x + width]
        step = rng.choice([60, 100, 160, 230])
        level = min(255, under.mean() + step) if under.mean() < 128 else max(0, under.mean() - step)
        under[:] = under * (1 - part) + level * part
        lines.append((top, x, part > 0.4))
        top += height + 14 + rng.randint(0, 40)
    return page.round().astype("uint8"), lines


def save(path, page):
    meta = FileMetaDataset()
    meta.MediaStorageSOPClassUID = SecondaryCaptureImageStorage
    meta.MediaStorageSOPInstanceUID = generate_uid()
    meta.TransferSyntaxUID = ExplicitVRLittleEndian
    ds = FileDataset(str(path), {}, file_meta=meta, preamble=b"\0" * 128)
    ds.SOPClassUID, ds.SOPInstanceUID = meta.MediaStorageSOPClassUID, meta.MediaStorageSOPInstanceUID
    ds.StudyInstanceUID, ds.SeriesInstanceUID = generate_uid(), generate_uid()
    ds.PatientID, ds.Modality = "1", "OT"
    ds.Rows, ds.Columns = page.shape
    ds.SamplesPerPixel, ds.PhotometricInterpretation, ds.PixelRepresentation = 1, "MONOCHROME2", 0
    ds.BitsAllocated, ds.BitsStored, ds.HighBit = 8, 8, 7
    ds.PixelData = page.tobytes()
    ds.save_as(path, enforce_file_format=True)


def deid(gateway, path, work):
    """The result of one object; None if it was held."""
    out = Path(tempfile.mkdtemp(dir=work))
    subprocess.run([gateway, "deid", str(path), "--out", str(out)], cwd=work, capture_output=True)
    return next(out.rglob("*.dcm"), None)


def scripts(args, fonts, work):
    rng, grounds = random.Random(args.seed), list(backgrounds())
    total, hidden, held = Counter(), Counter(), 0
    for number in range(args.pictures):
        script = list(SCRIPTS)[number % len(SCRIPTS)]
        page, lines = draw(rng, grounds, fonts, script)
        save(work / "in.dcm", page)
        result = deid(args.gateway, work / "in.dcm", work)
        if result is None:
            held += 1
            continue
        after = pydicom.dcmread(result).pixel_array
        for top, x, ink in lines:
            rows, columns = slice(top, top + ink.shape[0]), slice(x, x + ink.shape[1])
            # Black, or as it was drawn: text that was black already counts by what is around it.
            gone = (after[rows, columns] == 0) & (page[rows, columns].max() > 0)
            total[script] += 1
            hidden[script] += gone[ink].mean() >= 0.9 and gone.mean() >= 0.6
    for script in total:
        print(f"{script:12} {hidden[script]:4} of {total[script]}")
    share = 100 * hidden.total() / max(total.total(), 1)
    print(f"all          {hidden.total():4} of {total.total()} ({share:.1f} %), {held} pictures held")


def real(args, work):
    frames = lost = 0
    shares = []
    files = tomllib.loads((ROOT / "tests/real_files.toml").read_text())["file"]
    for entry in files:
        if entry["becomes"] != "delivered" or entry.get("text") or entry.get("pixels") is False:
            continue
        try:
            before = pydicom.dcmread(PACKAGES / entry["path"]).pixel_array
            result = deid(args.gateway, PACKAGES / entry["path"], work)
            after = pydicom.dcmread(result).pixel_array if result else None
            count = int(pydicom.dcmread(result).get("NumberOfFrames", 1) or 1) if result else 0
        except Exception as error:  # a form that pydicom does not decode
            print(f"not compared: {type(error).__name__}", file=sys.stderr)
            continue
        if after is None or after.shape != before.shape:
            continue
        change = np.abs(after.astype(float) - before) > entry.get("tolerance", 0) + 5
        for frame in change.reshape(count, -1):
            frames += 1
            lost += bool(frame.any())
            shares.append(frame.mean())
    print(f"text-free: {lost} of {frames} frames lost pixels, {100 * np.mean(shares):.4f} % of all pixels")


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--fonts", type=Path, required=True)
    parser.add_argument("--gateway", type=Path, default=ROOT / "target/release/deid-gateway")
    parser.add_argument("--pictures", type=int, default=72)
    parser.add_argument("--seed", type=int, default=2)
    parser.add_argument("--real", action="store_true")
    args = parser.parse_args()
    args.gateway = args.gateway.resolve()
    fonts = {path.stem: str(path) for path in args.fonts.rglob("*.ttf")}
    missing = {n for _, names in SCRIPTS.values() for n in names.split()} - fonts.keys()
    if missing:
        sys.exit(f"not below {args.fonts}: {', '.join(sorted(missing))}")
    with tempfile.TemporaryDirectory() as work:
        scripts(args, fonts, Path(work))
        if args.real:
            real(args, Path(work))


if __name__ == "__main__":
    main()
