"""Lines of text as a console, a film marker or a screen capture burns them in, and what is noted of each."""

import numpy as np
from PIL import Image, ImageDraw, ImageFont
from pathlib import Path

FONTS = ["DejaVuSans.ttf", "DejaVuSans-Bold.ttf", "DejaVuSansMono.ttf", "DejaVuSansCondensed.ttf", "FreeSans.ttf",
         "FreeMono.ttf", "FreeSerif.ttf", "Hack-Regular.ttf", "LiberationSans-Regular.ttf", "LiberationMono-Bold.ttf",
         "LiberationSerif-Regular.ttf", "LiberationSansNarrow-Regular.ttf", "Inconsolata.otf"]
NAMES = ["Yilmaz", "Okonkwo", "Fernandez", "Lindqvist", "Papadakis", "Nguyen", "Kowalczyk", "O'Rourke", "van der Berg",
         "Haddad", "Müller", "Çelik", "Sato", "Ivanova", "Mbeki", "Rossi", "Dubois", "Andersen"]
GIVEN = ["Ayşe", "Chidi", "Lucia", "Björn", "Eleni", "Linh", "Zofia", "Sean", "Femke", "Omar", "Jörg", "Emre", "Yuki",
         "Olga", "Thabo", "Giulia", "Amelie", "Signe"]
PLACES = ["General Hospital", "Klinikum", "Medical Center", "Radiology", "Clinic", "University Hospital"]
TECHNIQUE = ["SUPINE", "PORTABLE", "ERECT", "LEFT", "RIGHT", "LATERAL", "PRONE", "AP", "PA"]
# ink from this part of the pen on
INK_MIN = 0.4
# A person sees a line if so much of its ink stands out by half of its contrast, from ground that varies less.
SEEN_MIN, QUIET = 0.95, 1.0


def fonts(directory):
    """The font files, at least eight of them."""
    found = [path for name in FONTS if (path := next(Path(directory).rglob(name), None))]
    if len(found) < 8:
        raise SystemExit("text_set: install fonts-dejavu, fonts-freefont-ttf, fonts-hack, fonts-liberation, fonts-inconsolata")
    return found


def words(rng, kind):
    """A text of one kind."""
    pick = lambda items: str(items[int(rng.integers(len(items)))])
    digits = lambda n: "".join(str(int(d)) for d in rng.integers(0, 10, n))
    day, month, year = int(rng.integers(1, 29)), int(rng.integers(1, 13)), int(rng.integers(1930, 2024))
    return {
        "name": lambda: pick([f"{pick(NAMES)}, {pick(GIVEN)}", f"{pick(GIVEN)} {pick(NAMES)}", f"{pick(NAMES).upper()}^{pick(GIVEN).upper()}"]),
        "id": lambda: pick([f"ID: {digits(7)}", f"MRN {digits(8)}", f"{pick('ABKXZ')}{digits(6)}", f"Acc {digits(9)}", digits(10)]),
        "date": lambda: pick([f"{day:02}.{month:02}.{year}", f"{year}-{month:02}-{day:02}", f"DOB {month:02}/{day:02}/{year}", f"{year}{month:02}{day:02}"]),
        "place": lambda: f"{pick(NAMES)} {pick(PLACES)}",
        "technique": lambda: pick(TECHNIQUE),
    }[kind]()


def glyphs(rng, path, height, text, jagged):
    """The ink of a line, 0 to 1, with capitals of about `height` pixels."""
    size = height
    for _ in range(3):
        box = ImageFont.truetype(str(path), max(int(round(size)), 4)).getbbox("H")
        size = max(size * height / max(box[3] - box[1], 1), 4)
    font = ImageFont.truetype(str(path), max(int(round(size)), 4))
    left, top, right, bottom = font.getbbox(text)
    page = Image.new("1" if jagged else "L", (int(right - left) + 2, int(bottom - top) + 2), 0)
    ImageDraw.Draw(page).text((1 - left, 1 - top), text, fill=1 if jagged else 255, font=font)
    ink = np.asarray(page).astype(float)
    return ink if jagged else ink / 255


def turned(ink, degrees):
    """Turned counterclockwise; by other than quarters smoothly."""
    if degrees % 90 == 0:
        return np.rot90(ink, degrees // 90)
    picture = Image.fromarray((ink * 255).astype(np.uint8)).rotate(degrees, resample=Image.BICUBIC, expand=True)
    return np.asarray(picture).astype(float) / 255


class Line:
    """One line: its ink, where it stands, in which frames, and what the truth says of it."""

    def __init__(self, rng, font_files, kind, height, contrast, degrees, text=None):
        self.text = text or words(rng, kind)
        self.kind, self.height, self.contrast, self.turned = kind, height, contrast, degrees
        font = font_files[int(rng.integers(len(font_files)))]
        self.jagged = bool(rng.random() < 0.4)
        self.ink = turned(glyphs(rng, font, height, self.text, self.jagged), degrees)
        self.pen = None

    def place(self, top, left, frames=(0, 1)):
        self.top, self.left, self.frames = int(top), int(left), frames

    def box(self):
        return [self.left, self.top, self.left + self.ink.shape[1], self.top + self.ink.shape[0]]

    def draw(self, page, low, high, style="opaque", strength=1.0):
        """Onto a page of floats, if it can be seen there; steps are `contrast` 255ths of low to high. The pen is
        chosen once."""
        left, top, right, bottom = self.box()
        here = page[top:bottom, left:right]
        step = self.contrast / 255 * (high - low)
        if self.pen is None:
            mean = float(here.mean())
            up = mean + step <= high
            pen = min(mean + step, high) if up else max(mean - step, 0)
            grey = here if here.ndim == 2 else here.mean(axis=2)
            ink = self.ink > INK_MIN
            if np.mean(np.abs(pen - grey[ink]) >= step / 2) < SEEN_MIN or grey.std() > QUIET * step:
                return False
            self.pen = pen
        ink = self.ink * strength
        ink = ink if here.ndim == 2 else ink[..., None]
        if style == "outlined":
            dark = np.zeros_like(self.ink)
            for dy in (-1, 0, 1):
                for dx in (-1, 0, 1):
                    dark = np.maximum(dark, np.roll(self.ink, (dy, dx), (0, 1)))
            dark = dark if here.ndim == 2 else dark[..., None]
            other = low if self.pen > (low + high) / 2 else high
            here = here * (1 - dark) + other * dark
        page[top:bottom, left:right] = here * (1 - ink) + self.pen * ink
        return True

    def truth(self):
        """What the truth file says: runs of ink are (row, column, length), in pixels of the frame."""
        runs = []
        for y, row in enumerate(self.ink > INK_MIN):
            edges = np.flatnonzero(np.diff(np.concatenate([[0], row.astype(np.int8), [0]])))
            runs += [[self.top + y, self.left + int(a), int(b - a)] for a, b in zip(edges[::2], edges[1::2])]
        return {"text": self.text, "kind": self.kind, "keep": self.kind == "technique", "height": self.height,
                "contrast": self.contrast, "turned": self.turned, "frames": list(self.frames), "box": self.box(), "ink": runs}


def overlaps(box, others, gap):
    return any(box[0] < o[2] + gap and o[0] < box[2] + gap and box[1] < o[3] + gap and o[1] < box[3] + gap for o in others)
