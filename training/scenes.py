"""Scenes and captions, as packages/sample-image/scenes.json specifies them."""

import json
import re
from dataclasses import dataclass
from pathlib import Path

import numpy as np

PACKAGE = Path(__file__).resolve().parent.parent / "packages" / "sample-image"
SPEC = json.loads((PACKAGE / "scenes.json").read_text())

SIDE = SPEC["picture"]["width"]
COLOURS = SPEC["colours"]
BACKGROUNDS = SPEC["backgrounds"]
SHAPES = [name for name in SPEC["shapes"] if name != "note"]
SIZES = SPEC["sizes"]
PLACES = SPEC["places"]
RELATIONS = SPEC["relations"]
MIRRORED = {"left of": "right of", "right of": "left of", "above": "below", "below": "above"}


@dataclass(frozen=True)
class Thing:
    size: str
    colour: str
    shape: str


@dataclass(frozen=True)
class Scene:
    """What a complete caption says. `where` is a place (one object) or a relation (two)."""

    things: tuple
    where: str
    background: str

    def key(self):
        """The same for both wordings of one arrangement of two objects."""
        if len(self.things) == 2 and self.where in ("right of", "below"):
            return Scene(self.things[::-1], MIRRORED[self.where], self.background)
        return self


def article(words):
    return "an" if words.startswith("orange") else "a"


def caption(scene, rng=None, keep=1.0):
    """The full caption, or, with an rng, one whose optional parts are each kept with probability `keep`."""
    kept = (lambda p=keep: True) if rng is None else (lambda p=keep: rng.random() < p)

    def phrase(thing):
        # The colour stays more often: it is what tells two objects apart.
        parts = [thing.size] * kept() + [thing.colour] * kept((1 + keep) / 2) + [thing.shape]
        words = " ".join(parts)
        return f"{article(words)} {words}"

    text = phrase(scene.things[0])
    if len(scene.things) == 2:
        text += f" {scene.where} {phrase(scene.things[1])}"
    elif kept():
        text += f" at the {scene.where}"
    if kept():
        text += f" on a {scene.background} background"
    return text


def parse(text):
    """The scene of a complete caption."""
    one = r"an? (\w+) (\w+) (\w+)"
    match = re.fullmatch(rf"{one} at the ([a-z ]+?) on a (\w+) background", text)
    if match:
        size, colour, shape, place, background = match.groups()
        return Scene((Thing(size, colour, shape),), place, background)
    match = re.fullmatch(rf"{one} (left of|right of|above|below) {one} on a (\w+) background", text)
    if not match:
        raise ValueError(f"not a complete caption: {text}")
    g = match.groups()
    return Scene((Thing(*g[:3]), Thing(*g[4:7])), g[3], g[7])


def pick(rng, names):
    names = list(names)
    return names[int(rng.integers(len(names)))]


def random_scene(rng, objects):
    things = []
    for colour in rng.permutation(list(COLOURS))[:objects]:
        things.append(Thing(pick(rng, SIZES), str(colour), pick(rng, SHAPES)))
    where = pick(rng, PLACES if objects == 1 else RELATIONS)
    return Scene(tuple(things), where, pick(rng, BACKGROUNDS))


def centres(scene, rng=None):
    """The centre of every object in pixels, jittered when there is an rng."""
    step = SPEC["jitter"]["step"]

    def shift(limit):
        return 0 if rng is None else step * int(rng.integers(-(limit // step), limit // step + 1))

    if len(scene.things) == 1:
        limit = SPEC["jitter"]["one"]["max"]
        x, y = PLACES[scene.where]
        return [(x + shift(limit), y + shift(limit))]
    two = SPEC["jitter"]["two"]
    along_x = scene.where in ("left of", "right of")
    limits = (two["maxAlong"], two["maxAcross"]) if along_x else (two["maxAcross"], two["maxAlong"])
    relation = RELATIONS[scene.where]
    return [(x + shift(limits[0]), y + shift(limits[1])) for x, y in (relation["first"], relation["second"])]


def inside(shape, x, y):
    """Which points (in units of the size) lie inside a shape."""
    outline = SPEC["shapes"][shape]
    if "radius" in outline:
        return x * x + y * y <= outline["radius"] ** 2
    points = outline["polygon"]
    result = np.zeros(np.broadcast(x, y).shape, bool)
    for (x0, y0), (x1, y1) in zip(points, points[1:] + points[:1]):
        if y0 != y1:
            crosses = (y0 <= y) != (y1 <= y)
            result ^= crosses & (x < x0 + (y - y0) * (x1 - x0) / (y1 - y0))
    return result


_COVERAGE = {}


def coverage(shape, size, shift=(0.0, 0.0)):
    """The share of every pixel that a shape covers, float32 [rows, columns].

    Its box begins `shift` (x, y; 0 or one half) pixels right of and below the first pixel's corner: [size, size] for no
    shift, one row or column more for half a pixel.
    """
    if (shape, size, shift) not in _COVERAGE:
        x, y = (((np.arange((size + (s > 0)) * 4) + 0.5) / 4 - (size / 2 + s)) / size for s in shift)
        dots = inside(shape, x[None, :], y[:, None])
        pixels = dots.reshape(len(y) // 4, 4, len(x) // 4, 4)
        _COVERAGE[shape, size, shift] = pixels.mean((1, 3)).astype(np.float32)
    return _COVERAGE[shape, size, shift]


def render(scene, at):
    """The picture, uint8 [SIDE, SIDE, 3], with the objects' centres at `at`."""
    picture = np.empty((SIDE, SIDE, 3), np.float32)
    picture[:] = BACKGROUNDS[scene.background]
    for thing, (x, y) in zip(scene.things, at):
        size = SIZES[thing.size]
        part = picture[y - size // 2 : y + size // 2, x - size // 2 : x + size // 2]
        part += (np.array(COLOURS[thing.colour], np.float32) - part) * coverage(thing.shape, size)[..., None]
    return np.floor(picture + 0.5).astype(np.uint8)


def held_out():
    """The keys of all scenes that training never shows."""
    keys = set()
    for name in ("heldoutOne", "heldoutTwo"):
        for line in (PACKAGE / SPEC["prompts"][name]).read_text().splitlines():
            keys.add(parse(line).key())
    return keys


def training_scene(rng, two_share, excluded):
    while True:
        scene = random_scene(rng, 2 if rng.random() < two_share else 1)
        if scene.key() not in excluded:
            return scene
