#!/usr/bin/env python3
"""Trains the network of the pre-filter (src/deid/pixels/prefilter) and writes its weights.

    ENV/bin/python tests/bench/prefilter_train.py OUT [--lines 9000] [--epochs 24]     (ENV: jax, pillow, pydicom)

Learns from lines that prefilter.py draws with the tuning fonts on the tuning pictures. A line counts by
the best of its cells, and a picture without text by its worst; so what is learned is whether there is text,
not where each letter is.
"""

import argparse
import functools
import struct

import jax
import jax.numpy as jnp
import numpy as np

import prefilter as bench

SIDE = 96
CELL = 8
# (kind, kernel, stride, channels): "full" or "deep" (each channel for itself), then a mix of channels.
CHANNELS = (8, 24, 24, 32, 32)


def slog(d):
    return np.sign(d) * np.log2(1 + np.abs(d)).astype(np.float32)


def inputs(picture):
    """Steps to the right and downwards, as logarithms: what a window does to them is an offset."""
    p = picture.astype(np.float32)
    right = np.zeros_like(p)
    right[:, :-1] = slog(p[:, 1:] - p[:, :-1])
    down = np.zeros_like(p)
    down[:-1] = slog(p[1:] - p[:-1])
    return np.stack([right, down], -1) / 4


def half(p):
    h, w = p.shape[0] // 2 * 2, p.shape[1] // 2 * 2
    p = p[:h, :w].astype(np.int64)
    return (p[::2, ::2] + p[1::2, ::2] + p[::2, 1::2] + p[1::2, 1::2] + 2) // 4


def crop(rng, picture, box):
    """A square of the picture around some of the box, or anywhere; padded with its edge."""
    h, w = picture.shape
    pad = np.pad(picture, ((0, max(SIDE - h, 0)), (0, max(SIDE - w, 0))), mode="edge")
    h, w = pad.shape
    if box is None:
        x, y = int(rng.integers(w - SIDE + 1)), int(rng.integers(h - SIDE + 1))
    else:
        l, t, r, b = box
        x = int(np.clip(rng.integers(min(l, r - 40) - 30, max(l, r - 60) + 1), 0, w - SIDE))
        y = int(np.clip(rng.integers(min(t, b - 40) - 30, max(t, b - 60) + 1), 0, h - SIDE))
    mask = np.zeros((SIDE // CELL, SIDE // CELL), np.float32)
    if box is not None:
        l, t, r, b = l - x, t - y, r - x, b - y
        mask[max(t, 0) // CELL:max(0, -(-b // CELL)), max(l, 0) // CELL:max(0, -(-r // CELL))] = 1
    return pad[y:y + SIDE, x:x + SIDE], mask


def changed(rng, picture):
    """The same content with other steps between its values."""
    gain = float(rng.choice([0.25, 0.5, 1, 1, 1, 2, 4]))
    p = np.round(picture * gain).astype(np.int64)
    if rng.random() < 0.5:
        p = p[::-1]
    return np.rot90(p, int(rng.integers(4))) if rng.random() < 0.5 else p


def box_mean(p, reach):
    total = np.pad(p, reach + 1, mode="edge")[:-1, :-1].cumsum(0).cumsum(1)
    n = 2 * reach + 1
    return (total[n:, n:] - total[:-n, n:] - total[n:, :-n] + total[:-n, :-n])[:p.shape[0], :p.shape[1]] / n / n


def shown(rng, picture, bits, line):
    """The picture in 8 bits as the gateway shows it: its bulk, all of it, or its faint content."""
    p = picture.astype(np.float64)
    kind = rng.random()
    if bits <= 8 and kind < 0.7:
        return picture
    if kind < 0.6 or (line and kind < 0.75):
        low, high = np.percentile(p, [1, 99.5])
        if high - low < 8:
            low, high = p.min(), p.max()
    elif kind < 0.75:
        low, high = p.min(), p.max()
    else:
        values, ranks = np.unique(picture, return_inverse=True)
        p = ranks.reshape(picture.shape).astype(np.float64)
        mean = box_mean(p, 24)
        spread = np.sqrt(np.maximum(box_mean(p * p, 24) - mean ** 2, 1e-6))
        return np.clip(128 + 64 * (p - mean) / spread, 0, 255).astype(np.int64)
    low += (high - low) * rng.uniform(-0.2, 0.1)
    high -= (high - low) * rng.uniform(-0.3, 0.2) if not line else 0
    return np.clip((p - low) / max(high - low, 1) * 255 + 0.5, 0, 255).astype(np.int64)


def zoomed(rng, picture):
    """A piece of the picture in another size: other anatomy, behind another point spread."""
    h, w = (min(n, 700) for n in picture.shape)
    y, x = (int(rng.integers(n - m + 1)) for n, m in zip(picture.shape, (h, w)))
    picture = picture[y:y + h, x:x + w]
    if rng.random() < 0.4 or min(h, w) < 100:
        return picture
    factor = float(rng.uniform(0.45, 1.5))
    image = bench.Image.fromarray(picture.astype(np.float32))
    size = (max(int(w * factor), 16), max(int(h * factor), 16))
    return np.asarray(image.resize(size, int(rng.integers(1, 6)))).round().clip(0, 65535).astype(np.int32)


def grain(rng):
    """Noise without a point spread, as generated objects have it, over a body."""
    side = int(rng.choice([1, 1, 1, 2, 4])) * SIDE
    y, x = np.mgrid[:side, :side]
    middle, size = rng.uniform(-0.3, 1.3, 2) * side, rng.uniform(0.2, 1.6) * side
    body = rng.uniform(0, 255) + (np.hypot(x - middle[0], y - middle[1]) < size) * rng.choice([0, rng.uniform(-150, 150)])
    level = float(rng.choice([0.7, 1.5, 3, 6, 12, 25, 50, 80])) * (side / SIDE) ** 0.5
    noise = [rng.normal(size=x.shape), rng.uniform(-1.7, 1.7, x.shape), rng.integers(0, 2, x.shape) * 2.0]
    page = np.clip(np.round(body + level * noise[int(rng.integers(3))]), 0, 255).astype(np.int64)
    while page.shape[0] > SIDE:
        page = half(page)
    return page


def examples(lines, seed):
    rng = np.random.default_rng(seed)
    fonts = [p for name in bench.FONTS["tuning"] if (p := next(bench.Path("/usr/share/fonts").rglob(name), None))]
    grounds = {kind: [f for name in names if (p := bench.find(name)) for f in bench.frames(p)]
               for kind, names in bench.PICTURES["tuning"].items()}
    grounds["phantom"] = [bench.phantom(rng) for _ in range(120)]
    pictures, masks, labels = [], [], []
    while len(labels) < lines:
        kind = str(rng.choice(["CT", "CT", "MR", "MR", "other", "phantom", "flat"]))
        bits = 12
        if kind == "flat":
            bits = 12 if rng.random() < 0.7 else 8
            ground = np.full((256, 256), int(rng.integers(0, 1 << bits)))
        else:
            ground = grounds[kind][int(rng.integers(len(grounds[kind])))]
            bits = max(int(ground.max()).bit_length(), 8)
            if rng.random() < 0.25:
                low, high = np.percentile(ground, [1, 99.5])
                ground, bits = np.clip((ground - low) / max(high - low, 1) * 255, 0, 255).astype(np.int32), 8
            if rng.random() < 0.5:
                ground = changed(rng, ground)
                ground, bits = np.clip(ground, 0, 65535), max(int(ground.max()).bit_length(), 8)
        height = float(rng.choice([6, 7, 8, 9, 10, 12, 14, 16, 20, 24, 32, 40, 48]))
        drawn = bench.with_line(rng, ground, bits, fonts, float(rng.choice([20, 25, 30, 40, 60, 100, 160, 255])), height)
        if drawn is None:
            continue
        picture, box, _ = drawn
        picture, level = shown(rng, picture, bits, True).astype(np.int64), 1
        while height / level > 13 and level < 4:
            picture, level = half(picture), level * 2
        square, mask = crop(rng, picture, [v // level for v in box])
        if mask.sum() < 3:
            continue
        pictures.append(inputs(square)); masks.append(mask); labels.append(1.0)
    for at in range(2 * lines):
        if at % 5 == 0:
            square, mask = crop(rng, grain(rng), None)
            pictures.append(inputs(square)); masks.append(mask); labels.append(0.0)
            continue
        kind = str(rng.choice(["CT", "CT", "CT", "CT", "MR", "MR", "MR", "other", "other", "phantom", "phantom"]))
        picture = zoomed(rng, grounds[kind][int(rng.integers(len(grounds[kind])))]).astype(np.int64)
        if rng.random() < 0.7:
            picture = changed(rng, picture)
        picture = shown(rng, picture, 16, False).astype(np.int64)
        for _ in range(int(rng.choice([0, 0, 0, 1, 2]))):
            if min(picture.shape) >= 64:
                picture = half(picture)
        square, mask = crop(rng, picture, None)
        pictures.append(inputs(square)); masks.append(mask); labels.append(0.0)
    return np.array(pictures, np.float16), np.array(masks, np.float32), np.array(labels, np.float32)


def initial(key):
    a, b, c, d, e = CHANNELS
    shapes = {"w1": (3, 3, 2, a), "d2": (3, 3, 1, a), "p2": (1, 1, a, b), "d3": (3, 3, 1, b), "p3": (1, 1, b, c),
              "d4": (3, 3, 1, c), "p4": (1, 1, c, d), "d5": (3, 3, 1, d), "p5": (1, 1, d, e), "d6": (3, 3, 1, e),
              "p6": (1, 1, e, 1)}
    params = {}
    for name, shape in shapes.items():
        key, one = jax.random.split(key)
        fan = shape[0] * shape[1] * shape[2]
        params[name] = jax.random.normal(one, shape) * np.sqrt(2 / fan)
    for name, size in {"b1": a, "b2": b, "b3": c, "b4": d, "b5": e, "b6": 1}.items():
        params[name] = jnp.zeros(size) if name != "b6" else jnp.full(1, -3.0)
    return params


def deep(x, w, stride=1):
    """Each channel filtered for itself: as sums of shifted maps, which is faster than a grouped convolution."""
    n, h, k, c = x.shape
    x = jnp.pad(x, ((0, 0), (1, 1), (1, 1), (0, 0)))
    return sum(x[:, i:i + h:stride, j:j + k:stride] * w[i, j, 0] for i in range(3) for j in range(3))


def mix(x, w):
    return x @ w[0, 0]


def network(p, x):
    n, h, k, _ = x.shape
    padded = jnp.pad(x, ((0, 0), (1, 1), (1, 1), (0, 0)))
    around = [padded[:, i:i + h:2, j:j + k:2] for i in range(3) for j in range(3)]
    x = jax.nn.relu(jnp.concatenate(around, -1) @ p["w1"].reshape(18, -1) + p["b1"])
    x = jax.nn.relu(mix(deep(x, p["d2"], 2), p["p2"]) + p["b2"])
    x = jax.nn.relu(mix(deep(x, p["d3"], 1), p["p3"]) + p["b3"])
    x = jax.nn.relu(mix(deep(x, p["d4"], 2), p["p4"]) + p["b4"])
    x = jax.nn.relu(mix(deep(x, p["d5"], 1), p["p5"]) + p["b5"])
    return (mix(deep(x, p["d6"], 1), p["p6"]) + p["b6"])[..., 0]


def loss(p, x, mask, label):
    y = network(p, x.astype(jnp.float32))
    inside = mask > 0
    best = jax.nn.logsumexp(jnp.where(inside, y, -1e9), axis=(1, 2)) - 0.5 * jnp.log(jnp.maximum(mask.sum((1, 2)), 1))
    worst = jax.nn.logsumexp(y, axis=(1, 2)) - 0.5 * jnp.log(float(y.shape[1] * y.shape[2]))
    # Far from the line nothing should be found either, but that counts less.
    around = jax.lax.reduce_window(mask, 0.0, jax.lax.max, (1, 5, 5), (1, 1, 1), "SAME") > 0
    off = jnp.where(around, 0, jax.nn.softplus(y) * jax.nn.sigmoid(y)).mean((1, 2))
    line = jax.nn.softplus(-(best - 1))
    free = jax.nn.softplus(worst + 1)
    return (label * (2.0 * line + 2 * off) + (1 - label) * (free + 2 * off)).mean()


@functools.partial(jax.jit, donate_argnums=(0, 1, 2))
def step(p, m, v, x, mask, label, rate, count):
    value, g = jax.value_and_grad(loss)(p, x, mask, label)
    m = jax.tree.map(lambda m, g: 0.9 * m + 0.1 * g, m, g)
    v = jax.tree.map(lambda v, g: 0.999 * v + 0.001 * g * g, v, g)
    move = lambda p, m, v: p - rate * (m / (1 - 0.9 ** count)) / (jnp.sqrt(v / (1 - 0.999 ** count)) + 1e-8)
    return jax.tree.map(move, p, m, v), m, v, value


def write(path, p):
    with open(path, "wb") as out:
        for name in ["w1", "b1", "d2", "p2", "b2", "d3", "p3", "b3", "d4", "p4", "b4", "d5", "p5", "b5", "d6", "p6", "b6"]:
            out.write(np.asarray(p[name], "<f4").tobytes())


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("out")
    parser.add_argument("--lines", type=int, default=9000)
    parser.add_argument("--epochs", type=int, default=24)
    parser.add_argument("--seed", type=int, default=3)
    arguments = parser.parse_args()
    x, mask, label = examples(arguments.lines, arguments.seed)
    print("examples", x.shape, flush=True)
    rng = np.random.default_rng(arguments.seed)
    p = initial(jax.random.PRNGKey(arguments.seed))
    m, v = jax.tree.map(jnp.zeros_like, p), jax.tree.map(jnp.zeros_like, p)
    count, batch = 0, 64
    total = arguments.epochs * (len(label) // batch)
    for epoch in range(arguments.epochs):
        order, sums = rng.permutation(len(label)), 0.0
        for at in range(0, len(order) - batch + 1, batch):
            pick = order[at:at + batch]
            count += 1
            rate = 3e-3 * 0.5 * (1 + np.cos(np.pi * count / total)) * min(1, count / 200)
            sign = rng.choice(np.array([-1, 1], np.float16), (batch, 1, 1, 1))
            p, m, v, value = step(p, m, v, x[pick] * sign, mask[pick], label[pick], rate, count)
            sums += float(value)
        print(epoch, sums / (len(order) // batch), flush=True)
        write(arguments.out, p)


if __name__ == "__main__":
    main()
