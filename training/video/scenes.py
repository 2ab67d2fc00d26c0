"""Clips and captions, as packages/sample-video/scenes.json specifies them; the objects are those of the pictures."""

import json
import re
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from scenes import BACKGROUNDS, COLOURS, SHAPES, SIDE as UNITS, SIZES, Thing, article, coverage, pick

PACKAGE = Path(__file__).resolve().parent.parent.parent / "packages" / "sample-video"
SPEC = json.loads((PACKAGE / "scenes.json").read_text())

SIDE = SPEC["clip"]["width"]
FRAMES = SPEC["clip"]["frames"]
CELL = SPEC["clip"]["cell"]
GROUP = SPEC["clip"]["group"]
MOTIONS = SPEC["motions"]
SCALE = UNITS // SIDE  # units a pixel


@dataclass(frozen=True)
class Mover:
    thing: Thing
    motion: str


@dataclass(frozen=True)
class Scene:
    """What a complete caption says."""

    movers: tuple
    background: str

    def key(self):
        """The same for both orders of naming two objects."""
        return Scene(tuple(sorted(self.movers, key=str)), self.background)


def axis_of(motion):
    """0: x, 1: y, None: still."""
    direction = MOTIONS[motion]
    return None if direction == [0, 0] else int(direction[0] == 0)


def caption(scene, rng=None, keep=1.0):
    """The full caption, or, with an rng, one whose optional parts are each kept with probability `keep`."""
    kept = (lambda p=keep: True) if rng is None else (lambda p=keep: rng.random() < p)

    def phrase(mover):
        thing = mover.thing
        # The colour stays more often: it is what tells two objects apart.
        words = " ".join([thing.size] * kept() + [thing.colour] * kept((1 + keep) / 2) + [thing.shape])
        return " ".join([article(words), words] + [mover.motion] * kept((1 + keep) / 2))

    text = " and ".join(phrase(mover) for mover in scene.movers)
    return text + f" on a {scene.background} background" * kept()


def parse(text):
    """The scene of a complete caption."""
    one = rf"an? (\w+) (\w+) (\w+) ({'|'.join(MOTIONS)})"
    match = re.fullmatch(rf"{one}(?: and {one})? on a (\w+) background", text)
    if not match:
        raise ValueError(f"not a complete caption: {text}")
    *groups, background = match.groups()
    parts = [groups[i : i + 4] for i in (0, 4) if groups[i]]
    return Scene(tuple(Mover(Thing(*part[:3]), part[3]) for part in parts), background)


def random_scene(rng, objects):
    motions = list(MOTIONS)
    if objects == 2:
        axis = int(rng.integers(2))
        motions = [motion for motion in motions if axis_of(motion) in (axis, None)]
    movers = []
    for colour in rng.permutation(list(COLOURS))[:objects]:
        movers.append(Mover(Thing(pick(rng, SIZES), str(colour), pick(rng, SHAPES)), pick(rng, motions)))
    return Scene(tuple(movers), pick(rng, BACKGROUNDS))


def middles(scene, rng=None):
    """The middle of every object's path in units, jittered when there is an rng."""
    step, along, across = (SPEC["jitter"][name] for name in ("step", "maxAlong", "maxAcross"))
    middle, lanes = SPEC["path"]["middle"], SPEC["path"]["lanes"]

    def shift(limit):
        return 0 if rng is None else step * int(rng.integers(-(limit // step), limit // step + 1))

    if len(scene.movers) == 1:
        axis = axis_of(scene.movers[0].motion)
        return [tuple(middle + shift(along if axis == i else across) for i in (0, 1))]
    axes = {axis_of(mover.motion) for mover in scene.movers} - {None}
    axis = axes.pop() if axes else 0 if rng is None else int(rng.integers(2))
    if rng is not None and rng.random() < 0.5:
        lanes = lanes[::-1]
    places = [(middle + shift(along), lane) for lane in lanes]
    return [place if axis == 0 else place[::-1] for place in places]


def centres(scene, middle, frame):
    """Where the objects are in a frame, in units."""
    steps = (frame - FRAMES // 2) * SPEC["path"]["step"]
    return [tuple(m + d * steps for m, d in zip(at, MOTIONS[mover.motion])) for mover, at in zip(scene.movers, middle)]


def render(scene, middle, frames=range(FRAMES)):
    """Frames of the clip, uint8 [frames, SIDE, SIDE, 3], with the middles of the objects' paths at `middle`."""
    clip = np.empty((len(frames), SIDE, SIDE, 3), np.float32)
    clip[:] = BACKGROUNDS[scene.background]
    for picture, frame in zip(clip, frames):
        for mover, centre in zip(scene.movers, centres(scene, middle, frame)):
            size = SIZES[mover.thing.size] // SCALE
            corner = [c / SCALE - size / 2 for c in centre]
            left, top = (int(c // 1) for c in corner)
            covered = coverage(mover.thing.shape, size, tuple(c % 1 for c in corner))
            part = picture[top : top + len(covered), left : left + covered.shape[1]]
            part += (np.array(COLOURS[mover.thing.colour], np.float32) - part) * covered[..., None]
    return np.floor(clip + 0.5).astype(np.uint8)


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
