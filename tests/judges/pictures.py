#!/usr/bin/env python3
"""Picture files with burned-in names: written, and judged when they were redacted.

    pictures.py make DIR            every kind, into DIR/in; DIR/ink.json says where the ink of the text is
    pictures.py bad DIR             what cannot be redacted, into DIR
    pictures.py judge DIR LISTING   LISTING: what `redact --json --show-paths` printed for DIR/in

The judge decodes with imagecodecs (libpng) and Pillow. Exit: 0 when nothing is wrong; each fault is a line.
"""

import io
import json
import struct
import sys
import zlib
from pathlib import Path

import imagecodecs
import numpy
from PIL import Image, ImageDraw, ImageFont, ImageOps

NAME = "SMITHSON JOHN"
SIZE = (420, 130)
SECRET = b"SMITHSON"
ICC = b"x" * 90 + SECRET
TYPES = {"grey": 0, "rgb": 2, "palette": 3, "la": 4, "rgba": 6}
# Adam7: where a pass begins, and its steps
PASSES = [(0, 0, 8, 8), (4, 0, 8, 8), (0, 4, 4, 8), (2, 0, 4, 4), (0, 2, 2, 4), (1, 0, 2, 2), (0, 1, 1, 2)]
WHOLE = [(0, 0, 1, 1)]
KEPT = {b"IHDR", b"PLTE", b"tRNS", b"gAMA", b"sRGB", b"cHRM", b"sBIT", b"pHYs", b"IDAT", b"IEND"}


def mask():
    image = Image.new("L", SIZE, 0)
    draw = ImageDraw.Draw(image)
    draw.fontmode = "1"
    draw.text((30, 40), NAME, fill=255, font=ImageFont.load_default(size=36))
    return numpy.array(image) > 0


def chunk(kind, data):
    return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))


def exif(orientation):
    tags = Image.Exif()
    tags[0x0112] = orientation
    tags[0x010E] = NAME
    return tags.tobytes()


def png(form, depth, samples, orientation=1, interlaced=False, palette=None):
    height, width = samples.shape[:2]
    passes = PASSES if interlaced else WHOLE
    raw = b"".join(lines(samples[y::down, x::across], depth) for x, y, across, down in passes)
    data = b"\x89PNG\r\n\x1a\n" + chunk(
        b"IHDR", struct.pack(">IIBBBBB", width, height, depth, TYPES[form], 0, 0, int(interlaced))
    )
    data += chunk(b"gAMA", struct.pack(">I", 45455))
    data += chunk(b"iCCP", NAME.encode() + b"\0\0" + zlib.compress(b"x" * 200))
    if palette is not None:
        data += chunk(b"PLTE", bytes(palette)) + chunk(b"tRNS", bytes([255, 200]))
    data += chunk(b"tEXt", b"Author\0" + NAME.encode()) + chunk(b"iTXt", b"Title\0\0\0\0\0" + NAME.encode())
    data += chunk(b"eXIf", exif(orientation).removeprefix(b"Exif\0\0")) + chunk(b"tIME", bytes([7, 233, 1, 2, 3, 4, 5]))
    data += chunk(b"prVt", NAME.encode()) + chunk(b"IDAT", zlib.compress(raw))
    return data + chunk(b"tEXt", b"Comment\0" + NAME.encode()) + chunk(b"IEND", b"") + NAME.encode()


def lines(samples, depth):
    height = samples.shape[0]
    rows = samples.reshape(height, -1)
    if depth == 16:
        packed = rows.astype(">u2").view(numpy.uint8).reshape(height, -1)
    elif depth == 8:
        packed = rows.astype(numpy.uint8)
    else:
        bits = numpy.unpackbits(rows.astype(numpy.uint8)[..., None], axis=2)[..., 8 - depth :]
        packed = numpy.packbits(bits.reshape(height, -1), axis=1)
    return b"".join(b"\0" + row.tobytes() for row in packed)


def grey(ink, depth):
    """A gradient with the text in its brightest value."""
    most = (1 << depth) - 1
    across = numpy.linspace(0, most * 0.4, ink.shape[1]).astype(int)
    return numpy.where(ink, most, numpy.broadcast_to(across, ink.shape))


def colours(ink, depth, alpha):
    most = (1 << depth) - 1
    base = grey(ink, depth)
    planes = [base, numpy.where(ink, most, base // 2), numpy.where(ink, 0, most // 4 + 0 * base)]
    return numpy.dstack(planes + ([numpy.where(ink, most, most // 2)] if alpha else []))


def make(directory):
    folder = directory / "in"
    folder.mkdir(parents=True)
    ink, where = mask(), {}

    def write(name, data, turned=ink):
        (folder / name).write_bytes(data)
        ys, xs = numpy.nonzero(turned)
        where[name] = [ys.tolist(), xs.tolist()]

    for depth in (1, 2, 4, 8, 16):
        write(f"grey {depth}.png", png("grey", depth, grey(ink, depth)))
    for depth in (8, 16):
        with_alpha = numpy.dstack([grey(ink, depth), numpy.full(ink.shape, (1 << depth) - 1)])
        write(f"la {depth}.png", png("la", depth, with_alpha))
        write(f"rgb {depth}.png", png("rgb", depth, colours(ink, depth, False)))
        write(f"rgba {depth}.png", png("rgba", depth, colours(ink, depth, True)))
    write("rgb interlaced.png", png("rgb", 8, colours(ink, 8, False), interlaced=True))
    # the text is in the transparency alone
    only = numpy.dstack([numpy.full(ink.shape, 90)] * 3 + [numpy.where(ink, 255, 40)])
    write("rgba 8 alpha.png", png("rgba", 8, only))
    few = [[20, 20, 20], [240, 240, 240], [83, 77, 73], [84, 72, 83]]  # "SMI" and "THS": colours of no pixel
    write("palette 2.png", png("palette", 2, ink.astype(int), palette=sum(few, [])))
    many = [[i, i, i] for i in range(250)] + [list(SECRET[:3])] * 3
    write("palette 8.png", png("palette", 8, grey(ink, 8) * 249 // 255, palette=sum(many, [])))
    for orientation in (3, 6):
        turns = {3: 2, 6: 1}[orientation]
        stored = numpy.rot90(colours(ink, 8, False), turns)
        write(f"rgb upright {orientation}.png", png("rgb", 8, stored, orientation))
    rgb = Image.fromarray(colours(ink, 8, False).astype(numpy.uint8))
    for name, image, options in (
        ("rgb 444.jpg", rgb, {"subsampling": 0}),
        ("rgb 420.jpg", rgb, {"subsampling": 2}),
        ("rgb progressive.jpg", rgb, {"progressive": True}),
        ("grey.jpg", rgb.convert("L"), {}),
    ):
        out = io.BytesIO()
        carried = {"exif": exif(1), "comment": NAME.encode(), "icc_profile": ICC, "dpi": (300, 300)}
        image.save(out, "JPEG", quality=88, **carried, **options)
        write(name, out.getvalue() + SECRET)
    for name, size in (("rgb turned.jpg", (416, 128)), ("rgb turned odd.jpg", SIZE)):
        out, part = io.BytesIO(), rgb.crop((0, 0, *size))
        part.transpose(Image.Transpose.ROTATE_90).save(out, "JPEG", quality=90, subsampling=0, exif=exif(6))
        write(name, out.getvalue(), ink[: size[1], : size[0]])
    (directory / "ink.json").write_text(json.dumps(where))
    print(json.dumps({"pictures": len(where)}))


def bad(directory):
    directory.mkdir(parents=True, exist_ok=True)
    ink = mask()
    rgb = Image.fromarray(colours(ink, 8, False).astype(numpy.uint8))
    rgb.convert("CMYK").save(directory / "cmyk.jpg")
    rgb.save(directory / "animated.png", save_all=True, append_images=[rgb.rotate(180)])
    (directory / "empty.png").write_bytes(b"")
    (directory / "text.png").write_text("no picture at all\n" * 20)
    rgb.save(directory / "image.gif")
    whole = png("rgb", 8, colours(ink, 8, False))
    (directory / "short.png").write_bytes(whole[: len(whole) // 2])
    damaged = bytearray(whole)
    damaged[whole.index(b"IDAT") + 20] ^= 0xFF
    (directory / "damaged.png").write_bytes(damaged)
    out = io.BytesIO()
    rgb.save(out, "JPEG")
    (directory / "short.jpg").write_bytes(out.getvalue()[: len(out.getvalue()) // 2])
    # 1 bit, 60000 x 60000: 440 MB of pixels in some kilobytes
    packer, rows = zlib.compressobj(9), b"\0" * 7501 * 100
    data = b"".join(packer.compress(rows) for _ in range(600)) + packer.flush()
    head = struct.pack(">IIBBBBB", 60000, 60000, 1, 0, 0, 0, 0)
    bomb = b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", head) + chunk(b"IDAT", data) + chunk(b"IEND", b"")
    (directory / "bomb.png").write_bytes(bomb)


def chunks(data):
    at = 8
    while at < len(data):
        length, kind = struct.unpack(">I4s", data[at : at + 8])
        yield kind, data[at + 8 : at + 8 + length]
        at += 12 + length


def judge_png(source, result, inside, fault):
    before, after = source.read_bytes(), result.read_bytes()
    found = list(chunks(after))
    fault(any(kind not in KEPT for kind, _ in found), "a chunk that should be gone")
    fault(found[-1][0] != b"IEND", "bytes behind the end")
    heads = [next(chunks(data))[1] for data in (before, after)]
    fault(heads[0][8:10] != heads[1][8:10], "another depth or colour type")
    density = dict(found).get(b"pHYs")
    fault(density != struct.pack(">IIB", 2835, 2835, 1), "another density")
    one, other = imagecodecs.png_decode(before), imagecodecs.png_decode(after)
    orientation = Image.open(source).getexif().get(0x0112, 1)
    one = numpy.rot90(one, {1: 0, 3: 2, 6: 3}[orientation])
    if one.shape != other.shape:
        return fault(True, f"another size: {one.shape} {other.shape}")
    fault(not numpy.array_equal(one[~inside], other[~inside]), "pixels beside the boxes changed")
    hidden = other[inside].reshape(int(inside.sum()), -1)
    fault(not (hidden == hidden[0]).all(), "a box of several colours")
    if heads[1][9] in (2, 6) or (heads[1][9] == 3):
        most = 65535 if other.dtype == numpy.uint16 else 255
        fault(hidden[0][:3].tolist() != [most, 0, 0], f"a box that is not red: {hidden[0]}")


def judge_jpeg(source, result, inside, fault):
    before = ImageOps.exif_transpose(Image.open(source))
    after = Image.open(result)
    fault(bool(after.getexif()) or "comment" in after.info or "icc_profile" in after.info, "metadata")
    fault(after.info.get("dpi") != (72, 72), f"another density: {after.info.get('dpi')}")
    fault(before.size != after.size or before.mode != after.mode, "another size or mode")
    one, other = numpy.array(before).astype(int), numpy.array(after).astype(int)
    near = numpy.array(Image.fromarray(inside).convert("L").resize(before.size)) > 0
    for _ in range(18):
        near = near | numpy.roll(near, 1, 0) | numpy.roll(near, -1, 0)
    for _ in range(18):
        near = near | numpy.roll(near, 1, 1) | numpy.roll(near, -1, 1)
    apart = numpy.abs(one - other)[~near]
    # what had to be turned by its pixels was encoded once more
    allowed = {"rgb turned.jpg": 3, "rgb turned odd.jpg": 40}.get(source.name, 0)
    fault(apart.size and int(apart.max()) > allowed, f"pixels beside the boxes changed by {apart.max()}")
    hidden = other[inside].reshape(int(inside.sum()), -1)
    fault(int((hidden.max(0) - hidden.min(0)).max()) > 2, "a box of several colours")
    wanted = [255, 0, 0] if other.ndim == 3 else [76]
    fault(int(numpy.abs(hidden[0] - wanted).max()) > 16, f"a box of another colour: {hidden[0]}")


def judge(directory, listing):
    ink, faults, seen = json.loads((directory / "ink.json").read_text()), [], 0
    for entry in json.loads(Path(listing).read_text())["inputs"]:
        source = Path(entry["input"])

        def fault(wrong, what):
            if wrong:
                faults.append(f"{source.name}: {what}")

        if entry["status"] != "done":
            fault(True, f"not done: {entry}")
            continue
        seen += 1
        result = Path(entry["output"])
        width, height = ImageOps.exif_transpose(Image.open(source)).size
        inside = numpy.zeros((height, width), bool)
        for box in entry["boxes"]:
            area = box["area"]
            inside[area["top"] : area["bottom"], area["left"] : area["right"]] = True
        ys, xs = ink[source.name]
        fault(not inside[ys, xs].all(), "ink that is not in a box")
        fault(inside.mean() > 0.7, "more than the text is hidden")
        fault(SECRET in result.read_bytes(), "the name is in the bytes")
        kind = judge_png if source.suffix == ".png" else judge_jpeg
        kind(source, result, inside, fault)
    if seen != len(ink):
        faults.append(f"{seen} of {len(ink)} pictures")
    print("\n".join(faults) or "fine")
    sys.exit(1 if faults else 0)


if __name__ == "__main__":
    {"make": make, "bad": bad, "judge": judge}[sys.argv[1]](Path(sys.argv[2]), *sys.argv[3:])
