#!/usr/bin/env python3
"""Lines of text that the pre-filter loses, and the frames without text that it clears.

    target/test-venv/bin/python tests/bench/prefilter.py [--lines 2000] [--set tuning|held-back] [--seed N]
        [--fonts /usr/share/fonts] [--keep FILE]

Judges nothing: figures for docs/performance.md. Draws one line of text into each of many crops of CT, MR
and other pictures of the public test data, of phantoms and of flat grey: 6 to 48 pixels high, 20 to 255
levels of 256, turned, inverted, smooth or jagged, opaque or added, outlined, with noise or after JPEG, in 8
to 16 bits. Then `cargo bench --bench prefilter` asks the pre-filter, and reads what it cleared in full: a
line is lost if the reading finds it. The held-back set has other fonts, other pictures and another seed.
"""

import argparse
import io
import random
import struct
import subprocess
import sys
import tempfile
from pathlib import Path

import numpy as np
import pydicom
from PIL import Image, ImageDraw, ImageFont

ROOT = Path(__file__).resolve().parents[2]
PACKAGES = Path(pydicom.__file__).parents[1]
# Pictures without text, by set and kind.
PICTURES = {
    "tuning": {
        "CT": ["693_UNCI.dcm", "bad_sequence.dcm", "CT_small.dcm", "J2K_pixelrep_mismatch.dcm", "explicit_VR-UN.dcm"],
        "MR": ["MR-SIEMENS-DICOM-WithOverlays.dcm", "emri_small.dcm", "MR_small.dcm", "examples_overlay.dcm"],
        "other": ["RG1_UNCI.dcm", "RG3_UNCI.dcm", "JPEG2000_UNC.dcm", "image_dfl.dcm", "cat.dcm"],
    },
    "held-back": {
        "CT": ["eCT_Supplemental.dcm"],
        "MR": ["MR2_UNCI.dcm"],
        "other": ["RTImageStorage.dcm"],
    },
}
FONTS = {
    "tuning": ["DejaVuSans.ttf", "DejaVuSans-Bold.ttf", "DejaVuSansMono.ttf", "DejaVuSansCondensed.ttf",
               "LiberationSans-Regular.ttf", "LiberationMono-Bold.ttf"],
    "held-back": ["FreeSans.ttf", "FreeMono.ttf", "FreeSerif.ttf", "Hack-Regular.ttf", "LiberationSerif-Regular.ttf",
                  "LiberationSansNarrow-Regular.ttf", "DejaVuSans-ExtraLight.ttf", "Inconsolata.otf"],
}
# Letters of other scripts, by fonts that have them: Cyrillic, Greek, Hebrew, Arabic, Georgian, Armenian.
SCRIPTS_FONTS = ["DejaVuSans.ttf", "FreeSans.ttf"]
SCRIPTS = [(0x410, 0x450), (0x391, 0x3C9), (0x5D0, 0x5EB), (0x628, 0x64B), (0x10D0, 0x10F1), (0x531, 0x557)]
SIDE = 256


def find(name):
    return next(PACKAGES.rglob(name), None)


def frames(path):
    dataset = pydicom.dcmread(path)
    pixels = dataset.pixel_array
    pixels = pixels if pixels.ndim == 3 else pixels[None]
    if pixels.dtype.kind == "i":
        pixels = pixels.astype(np.int32) - int(pixels.min())
    return list(pixels.astype(np.int32))


def smooth(rng, shape, sigma):
    """White noise behind a Gaussian point spread, of deviation 1."""
    noise = rng.normal(size=shape)
    if sigma > 0:
        f = [np.fft.fftfreq(n) for n in shape]
        gain = np.exp(-2 * (np.pi * sigma) ** 2 * (f[0][:, None] ** 2 + f[1][None] ** 2))
        noise = np.fft.ifft2(np.fft.fft2(noise) * gain).real
        noise /= noise.std()
    return noise


def phantom(rng, side=512):
    """Ellipses behind a point spread, with noise of that spread: a slice of CT or a magnitude of MR."""
    y, x = np.mgrid[:side, :side] / side - 0.5
    body = np.zeros((side, side))
    for i in range(int(rng.integers(6, 60))):
        size = rng.uniform(0.25, 0.42, 2) if i == 0 else rng.uniform(0.004, 0.12, 2)
        centre = (0, 0) if i == 0 else rng.uniform(-0.3, 0.3, 2)
        turn = rng.uniform(0, np.pi)
        u = (x - centre[0]) * np.cos(turn) + (y - centre[1]) * np.sin(turn)
        v = (y - centre[1]) * np.cos(turn) - (x - centre[0]) * np.sin(turn)
        body[(u / size[0]) ** 2 + (v / size[1]) ** 2 < 1] += 1000 if i == 0 else rng.normal() * rng.choice([40, 150, 500])
    spread = rng.uniform(0, 1.4)
    f = np.fft.fftfreq(side)
    gain = np.exp(-2 * (np.pi * spread) ** 2 * (f[:, None] ** 2 + f[None] ** 2))
    body = np.fft.ifft2(np.fft.fft2(body) * gain).real
    if rng.random() < 0.25:  # echoes of many small scatterers, as a logarithm
        one, two = (smooth(rng, body.shape, rng.uniform(0.7, 3)) for _ in range(2))
        echo = 40 + 0.1 * (body - body.min()) + 20 * np.log10(np.maximum(np.hypot(one, two), 1e-3))
        return np.clip(np.round(echo * rng.choice([1, 2, 8])), 0, 4095).astype(np.int32)
    level = rng.choice([4, 10, 25, 60])
    if rng.random() < 0.5:
        body = body + level * smooth(rng, body.shape, rng.uniform(0, 1.0))
    else:  # magnitude of a complex signal
        one, two = (level * smooth(rng, body.shape, rng.uniform(0, 0.8)) for _ in range(2))
        body = np.hypot(body + one, two)
    return np.clip(np.round(body + rng.choice([0, 0, 24])), 0, 4095).astype(np.int32)


def text(rng):
    letters = "ABCDEFGHIJKLMNOPRSTUVWYZ"
    word = lambda n: "".join(rng.choice(list(letters)) for _ in range(n))
    digits = lambda n: "".join(str(int(d)) for d in rng.integers(0, 10, n))
    return str(rng.choice([
        f"{word(6)}, {word(5).title()}", f"{word(7).title()} {word(4).title()}", digits(8), f"ID: {digits(6)}",
        f"{digits(2)}.{digits(2)}.19{digits(2)}", f"19{digits(2)}-0{digits(1)}-1{digits(1)}", f"{word(5)}^{word(4)}",
        f"St. {word(5).title()} Hospital", f"{digits(2)}Y M", f"Acc {word(2)}{digits(7)}", word(4), digits(4)]))


def glyphs(rng, fonts, height, jagged):
    """The ink of a line, 0 to 1, with capitals of about `height` pixels."""
    path = fonts[int(rng.integers(len(fonts)))]
    size = height
    for _ in range(3):
        font = ImageFont.truetype(str(path), max(int(round(size)), 4))
        box = font.getbbox("H")
        size = max(size * height / max(box[3] - box[1], 1), 4)
    font = ImageFont.truetype(str(path), max(int(round(size)), 4))
    line = text(rng)
    if rng.random() < 0.15 and (wide := [font for font in fonts if font.name in SCRIPTS_FONTS]):
        font = ImageFont.truetype(str(wide[0]), max(int(round(size)), 4))
        first, last = SCRIPTS[int(rng.integers(len(SCRIPTS)))]
        line = "".join(chr(int(rng.integers(first, last))) for _ in range(int(rng.integers(4, 12))))
    left, top, right, bottom = font.getbbox(line)
    page = Image.new("1" if jagged else "L", (right - left + 2, bottom - top + 2), 0)
    ImageDraw.Draw(page).text((1 - left, 1 - top), line, fill=1 if jagged else 255, font=font)
    ink = np.asarray(page).astype(float)
    return ink if jagged else ink / 255


def with_line(rng, ground, bits, fonts, contrast, height):
    """A crop with one line; returns its samples, bits and the box of the line, or None if there is no room."""
    low, high = np.percentile(ground, [1, 99.5])
    if high - low < 16:
        low, high = 0, 255 if bits == 8 else 4095
    jagged = rng.random() < 0.5
    ink = glyphs(rng, fonts, height, jagged)
    turns = int(rng.choice([0, 0, 0, 1, 3, 2]))
    ink = np.rot90(ink, turns)
    if ink.shape[0] + 12 > SIDE or ink.shape[1] + 12 > SIDE:
        return None
    height_, width_ = (min(SIDE, n) for n in ground.shape)
    if ink.shape[0] + 6 > height_ or ink.shape[1] + 6 > width_:
        return None
    y0 = int(rng.integers(ground.shape[0] - height_ + 1))
    x0 = int(rng.integers(ground.shape[1] - width_ + 1))
    page = ground[y0:y0 + height_, x0:x0 + width_].astype(float).copy()
    top = int(rng.integers(3, page.shape[0] - ink.shape[0] - 2))
    left = int(rng.integers(3, page.shape[1] - ink.shape[1] - 2))
    here = page[top:top + ink.shape[0], left:left + ink.shape[1]]
    step = contrast / 255 * (high - low)
    mean = here.mean()
    up = mean + step <= max(high, page.max()) if rng.random() < 0.7 else mean - step < low
    style = str(rng.choice(["opaque", "opaque", "opaque", "added", "noisy", "outlined", "extreme"]))
    if style == "added":
        drawn = here + ink * (step if up else -step)
    else:
        pen = mean + step if up else max(mean - step, 0)
        if style == "extreme":
            pen = (1 << bits) - 1 if up else 0
        if style == "outlined":
            dark = np.zeros_like(ink)
            for dy in (-1, 0, 1):
                for dx in (-1, 0, 1):
                    dark = np.maximum(dark, np.roll(ink, (dy, dx), (0, 1)))
            here = here * (1 - dark) + (pen - step if up else pen + step) * dark
        drawn = here * (1 - ink) + pen * ink
    page[top:top + ink.shape[0], left:left + ink.shape[1]] = drawn
    if style == "noisy":
        page += rng.normal(size=page.shape) * step / rng.uniform(3, 8)
    if bits == 8 and rng.random() < 0.4:
        grey = np.clip((page - low) / (high - low) * 255, 0, 255).astype(np.uint8)
        file = io.BytesIO()
        Image.fromarray(grey).save(file, "JPEG", quality=int(rng.integers(60, 96)))
        page = np.asarray(Image.open(file)).astype(float)
        style += " jpeg"
    samples = np.clip(np.round(page), 0, (1 << bits) - 1).astype(np.uint16)
    return samples, (left, top, left + ink.shape[1], top + ink.shape[0]), style


def write(out, kind, samples, bits, box, note):
    note = note.encode()
    out.write(struct.pack("<8i", kind, samples.shape[1], samples.shape[0], bits, *box))
    out.write(struct.pack("<i", len(note)) + note)
    out.write(samples.astype("<u2").tobytes())


def generate(out, which, lines, seed, fonts_dir):
    rng = np.random.default_rng(seed)
    fonts = [p for name in FONTS[which] if (p := next(Path(fonts_dir).rglob(name), None))]
    if len(fonts) < 4:
        sys.exit("prefilter: too few fonts; install fonts-liberation, fonts-freefont-ttf, fonts-hack")
    grounds = {kind: [f for name in names if (p := find(name)) for f in frames(p)] for kind, names in PICTURES[which].items()}
    grounds["phantom"] = [phantom(rng) for _ in range(40)]
    for kind, pictures in grounds.items():
        for picture in pictures:
            if kind != "other":
                write(out, 0, picture, 16, (0, 0, 0, 0), kind)
    done = 0
    while done < lines:
        kind = str(rng.choice(["CT", "CT", "MR", "MR", "other", "phantom", "flat"]))
        if kind == "flat":
            deep = rng.random() < 0.7
            bits = 12 if deep else 8
            ground = np.full((SIDE, SIDE), int(rng.integers(0, 1 << bits)))
        else:
            pictures = grounds[kind]
            ground = pictures[int(rng.integers(len(pictures)))]
            bits = max(int(ground.max()).bit_length(), 8)
            if rng.random() < 0.25:
                low, high = np.percentile(ground, [1, 99.5])
                ground = np.clip((ground - low) / max(high - low, 1) * 255, 0, 255).astype(np.int32)
                bits = 8
        contrast = float(rng.choice([20, 25, 30, 40, 60, 100, 160, 255]))
        height = float(rng.choice([6, 7, 8, 9, 10, 12, 14, 16, 20, 24, 32, 40, 48]))
        drawn = with_line(rng, ground, bits, fonts, contrast, height)
        if drawn is None:
            continue
        samples, box, style = drawn
        note = f"{kind} {style} {bits} bits, {height:.0f} px, {contrast:.0f} levels"
        write(out, 1, samples, bits, box, note)
        done += 1


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--lines", type=int, default=2000)
    parser.add_argument("--set", choices=list(PICTURES), default="held-back")
    parser.add_argument("--seed", type=int, default=None)
    parser.add_argument("--fonts", default="/usr/share/fonts")
    parser.add_argument("--keep", help="write the frames here and stop")
    arguments = parser.parse_args()
    seed = arguments.seed if arguments.seed is not None else {"tuning": 1, "held-back": 2}[arguments.set]
    with tempfile.TemporaryDirectory() as directory:
        path = Path(arguments.keep or f"{directory}/frames")
        with path.open("wb") as out:
            generate(out, arguments.set, arguments.lines, seed, arguments.fonts)
        if not arguments.keep:
            subprocess.run(["cargo", "bench", "--bench", "prefilter", "--", str(path)], cwd=ROOT, check=True)


if __name__ == "__main__":
    main()
