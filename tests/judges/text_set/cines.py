"""Cines: a banner that stays, counters, a name in some frames, text that fades or moves, over moving pictures."""

import numpy as np

from .grounds import Beam, Fan
from .ink import Line

STORIES = ["banner", "counter", "late", "fading", "fan", "moving", "replaced", "short", "trace", "none"]


def late_frames(rng, count):
    first = int(rng.integers(count // 3, count - 2))
    return first, int(rng.integers(first + 1, count + 1))


def cine(rng, font_files, story, count, height, width):
    """Frames (floats, grey or RGB), and the lines in them."""
    scene = (Fan if rng.random() < 0.6 else Beam)(rng, height, width)
    colour = rng.random() < 0.5
    size = lambda: int(rng.choice([7, 8, 10, 12, 14, 16]))
    line = lambda kind, contrast, text=None: Line(rng, font_files, kind, size(), contrast, 0, text)
    contrast = lambda: int(rng.choice([40, 60, 100, 160, 200]))
    lines = []

    def add(item, top, left, frames, strength=lambda at: 1.0):
        item.place(max(2, min(top, height - item.ink.shape[0] - 2)), max(2, min(left, width - item.ink.shape[1] - 2)), frames)
        lines.append((item, strength))

    if story not in ("none",):
        banner = line("name", 200)
        add(banner, 3, 4, (0, count))
        add(line("id", 160), height - 20, 4, (0, count))
    middle = (height // 2 + int(rng.integers(-30, 30)), width // 2 - 50 + int(rng.integers(-30, 30)))
    if story in ("late", "short"):
        first, end = late_frames(rng, count)
        at = (int(rng.integers(30, height - 30)), 3) if rng.random() < 0.5 else middle
        add(line("name", contrast()), *at, (first, first + 1 if story == "short" else end))
    if story == "fan":
        first, end = late_frames(rng, count)
        add(line("name", int(rng.choice([80, 120, 180]))), *middle, (first, end))
        add(line("date", 140), middle[0] - 40, middle[1] - 20, (0, count))
    if story == "fading":
        item = line("name", 180)
        item.pen = 230
        # from where it has a sixth of its contrast it counts
        add(item, *middle, (count // 4, count), lambda at: min(1.0, 0.15 + 0.85 * (at - count // 4) / (count / 2)))
    if story == "moving":
        font = line("name", 160)
        for at in range(count):
            step = Line(rng, font_files, "name", font.height, 160, 0, font.text)
            step.ink = font.ink
            add(step, 30 + at, 10 + 2 * at, (at, at + 1))
    if story == "replaced":
        half = int(rng.integers(count // 3, 2 * count // 3))
        add(line("technique", 180, "SUPINE"), height // 2, 3, (0, half))
        add(line("name", 180), height // 2, 3, (half, count))
    if story == "counter":
        one = line("date", 160, "12:00:00")
        for at in range(count):
            step = Line(np.random.default_rng(at), font_files[:1], "date", one.height, 160, 0, f"12:{at // 60:02}:{at % 60:02}.{at * 37 % 100:02}")
            step.jagged = one.jagged
            add(step, 3, width - 110, (at, at + 1))
    frames = []
    for at in range(count):
        page = scene.frame(at).astype(float)
        if colour:
            page = np.repeat(page[..., None], 3, axis=2)
        if story == "trace":
            x = np.arange(width)
            y = (height - 40 + 12 * np.sin(x / 9) * (x % 60 < 9)).astype(int)
            shown = x < (at + 1) * width // count
            page[y[shown], x[shown]] = 200
        for item, strength in lines:
            if item.frames[0] <= at < item.frames[1]:
                item.pen = item.pen or min(255, page[item.top, item.left:item.left + 40].mean() + item.contrast)
                item.draw(page, 0, 255, "opaque", strength(at))
        frames.append(np.clip(np.round(page), 0, 255))
    return frames, [item for item, _ in lines]
