"""Pictures without text: of the public test data, of phantoms, and flat. Samples are int32, with their bits."""

import numpy as np
import pydicom
from pathlib import Path

PACKAGES = Path(pydicom.__file__).parents[1]
# Looked at: none of these has burned-in text.
REAL = {
    "CT": ["693_UNCI.dcm", "CT_small.dcm", "J2K_pixelrep_mismatch.dcm", "explicit_VR-UN.dcm", "eCT_Supplemental.dcm"],
    "MR": ["MR-SIEMENS-DICOM-WithOverlays.dcm", "emri_small.dcm", "MR_small.dcm", "examples_overlay.dcm", "MR2_UNCI.dcm"],
    "DX": ["RG1_UNCI.dcm", "RG3_UNCI.dcm"],
}


def real(modality):
    """Every frame of the real pictures of a modality, at most 768 pixels a side."""
    pictures = []
    for name in REAL.get(modality, []):
        path = next(PACKAGES.rglob(name), None)
        if path is None:
            raise SystemExit(f"text_set: {name} is not installed: tests/install")
        pixels = pydicom.dcmread(path).pixel_array
        pixels = pixels if pixels.ndim == 3 else pixels[None]
        pixels = pixels.astype(np.int32)
        for frame in pixels[:4] - min(int(pixels.min()), 0):
            step = max(1, int(np.ceil(max(frame.shape) / 768)))
            pictures.append(frame[::step, ::step])
    return pictures


def blurred(picture, sigma):
    """The picture behind a Gaussian point spread."""
    f = [np.fft.fftfreq(n) for n in picture.shape]
    gain = np.exp(-2 * (np.pi * sigma) ** 2 * (f[0][:, None] ** 2 + f[1][None] ** 2))
    return np.fft.ifft2(np.fft.fft2(picture) * gain).real


def noise(rng, shape, sigma):
    """White noise behind a point spread, of deviation 1."""
    values = blurred(rng.normal(size=shape), sigma)
    return values / values.std()


def slices(rng, side):
    """A phantom of ellipses as CT (noise of its own spread) or MR (magnitude of a complex signal), 12 bits."""
    y, x = np.mgrid[:side, :side] / side - 0.5
    body = np.zeros((side, side))
    for i in range(int(rng.integers(6, 60))):
        size = rng.uniform(0.25, 0.42, 2) if i == 0 else rng.uniform(0.004, 0.12, 2)
        centre = (0, 0) if i == 0 else rng.uniform(-0.3, 0.3, 2)
        turn = rng.uniform(0, np.pi)
        u = (x - centre[0]) * np.cos(turn) + (y - centre[1]) * np.sin(turn)
        v = (y - centre[1]) * np.cos(turn) - (x - centre[0]) * np.sin(turn)
        body[(u / size[0]) ** 2 + (v / size[1]) ** 2 < 1] += 1000 if i == 0 else rng.normal() * rng.choice([40, 150, 500])
    body = blurred(body, rng.uniform(0.4, 1.2))
    level = rng.choice([4, 10, 25])
    if rng.random() < 0.5:
        body = body + level * noise(rng, body.shape, rng.uniform(0.3, 1.0))
    else:
        one, two = (level * noise(rng, body.shape, rng.uniform(0, 0.8)) for _ in range(2))
        body = np.hypot(body + one, two)
    return np.clip(np.round(body + 24), 0, 4095).astype(np.int32)


def radiograph(rng, height, width):
    """Smooth shadows with quantum noise, 12 bits."""
    body = noise(rng, (height, width), 40) * 500 + noise(rng, (height, width), 8) * 60 + 1800
    body += rng.uniform(5, 30) * noise(rng, (height, width), 0.5)
    return np.clip(np.round(body), 0, 4095).astype(np.int32)


class Fan:
    """An ultrasound fan with speckle that moves on from frame to frame, 8 bits."""

    def __init__(self, rng, height, width):
        self.spread = rng.uniform(0.8, 2.2)
        self.shape = (height, width)
        y, x = np.mgrid[:height, :width]
        apex = (-0.1 * height, width / 2)
        distance = np.hypot(y - apex[0], x - apex[1])
        angle = np.arctan2(x - apex[1], y - apex[0])
        self.mask = (distance > 0.2 * height) & (distance < 1.02 * height) & (np.abs(angle) < 0.62)
        self.tissue = 60 + 35 * noise(rng, self.shape, 0.04 * height)
        self.fields = [noise(rng, self.shape, self.spread) for _ in range(4)]
        self.gain = rng.uniform(12, 24)

    def frame(self, at):
        """Speckle decorrelates within some frames, and the tissue moves."""
        turn, shift = 0.35 * at, int(round(3 * np.sin(at / 4)))
        one = np.cos(turn) * self.fields[0] + np.sin(turn) * self.fields[1]
        two = np.cos(turn) * self.fields[2] + np.sin(turn) * self.fields[3]
        echo = np.roll(self.tissue, shift, 0) + self.gain * np.log(np.maximum(np.hypot(one, two), 1e-3))
        return np.where(self.mask, np.clip(np.round(echo), 0, 255), 0).astype(np.int32)


class Beam:
    """X-ray fluoroscopy: a vessel that fills over noise that is new in every frame, 8 bits."""

    def __init__(self, rng, height, width):
        self.shape, self.seed = (height, width), int(rng.integers(1 << 30))
        self.ground = 130 + 40 * noise(rng, self.shape, 0.1 * height)
        y, x = np.mgrid[:height, :width] / height
        self.vessel = np.exp(-((x - 0.5 - 0.2 * np.sin(5 * y)) / 0.012) ** 2)
        self.level = rng.uniform(2, 9)

    def frame(self, at):
        fresh = np.random.default_rng(self.seed + at)
        picture = self.ground - 60 * min(at / 20, 1) * self.vessel + self.level * noise(fresh, self.shape, 0.5)
        return np.clip(np.round(picture), 0, 255).astype(np.int32)
