"""A crude monitor: does a picture show what its caption says? The project's checker is the TypeScript one.

Segment by the nearest palette colour, then compare each object's mask with the four shapes' own masks.
"""

import numpy as np

from scenes import BACKGROUNDS, COLOURS, PLACES, SHAPES, SIZES, coverage

NAMES = list(COLOURS) + list(BACKGROUNDS)
PALETTE = np.array([*COLOURS.values(), *BACKGROUNDS.values()], np.float32)


def largest_extent(mask, least=4):
    """The box of the rows and columns that hold at least a few pixels: specks do not count."""
    rows, columns = (np.flatnonzero(mask.sum(axis) >= least) for axis in (1, 0))
    if not len(rows) or not len(columns):
        return None
    return columns[0], rows[0], columns[-1] + 1, rows[-1] + 1


def solid(mask):
    """The pixels whose eight neighbours are in the mask too."""
    inner = mask.copy()
    for axis in (0, 1):
        inner &= np.roll(inner, 1, axis) & np.roll(inner, -1, axis)
    return inner


def best_shape(mask, centre, size):
    """The shape whose mask overlaps most, over small shifts; with that overlap."""
    best = (0.0, None)
    for shape in SHAPES:
        template = coverage(shape, size) >= 0.5
        for dy in (-4, -2, 0, 2, 4):
            for dx in (-4, -2, 0, 2, 4):
                left, top = int(round(centre[0])) + dx - size // 2, int(round(centre[1])) + dy - size // 2
                window = np.zeros((size, size), bool)
                y0, y1, x0, x1 = max(0, top), min(mask.shape[0], top + size), max(0, left), min(mask.shape[1], left + size)
                if y0 < y1 and x0 < x1:
                    window[y0 - top : y1 - top, x0 - left : x1 - left] = mask[y0:y1, x0:x1]
                both = (window & template).sum()
                overlap = both / (mask.sum() + template.sum() - both)
                best = max(best, (overlap, shape), key=lambda pair: pair[0])
    return best


def look(picture, objects):
    """What a picture shows: the background and, for each of the most frequent object colours, what can be measured."""
    distances = ((picture.astype(np.float32)[:, :, None] - PALETTE) ** 2).sum(-1)
    nearest = distances.argmin(-1)
    border = np.concatenate([nearest[:4].ravel(), nearest[-4:].ravel(), nearest[:, :4].ravel(), nearest[:, -4:].ravel()])
    background = np.bincount(border, minlength=len(NAMES)).argmax()
    counts = np.bincount(nearest.ravel(), minlength=len(NAMES))
    counts[background] = 0
    found, used = [], 0
    for colour in counts.argsort()[::-1][:objects]:
        # Pixels on an edge are mixtures: they belong to the object when they are nearer to it than to the background.
        mask = (distances[..., colour] < distances[..., background]) & (distances[..., colour] <= 3 * 96**2)
        # Mixtures at another object's edge can pass for this colour: only those around this one's solid part count.
        core = largest_extent(solid(nearest == colour), 1)
        if core is not None:
            near = np.zeros_like(mask)
            near[max(0, core[1] - 8) : core[3] + 8, max(0, core[0] - 8) : core[2] + 8] = True
            mask &= near
        box = largest_extent(mask)
        if counts[colour] < 200 or box is None:
            continue
        extent = max(box[2] - box[0], box[3] - box[1])
        size = "small" if extent < (SIZES["small"] * SIZES["large"]) ** 0.5 else "large"
        centre = ((box[0] + box[2]) / 2, (box[1] + box[3]) / 2)
        overlap, shape = best_shape(mask, centre, SIZES[size])
        used += mask.sum()
        found.append(dict(colour=NAMES[colour], size=size, shape=shape, overlap=overlap, centre=centre, extent=extent))
    stray = 1 - (used + (nearest == background).sum()) / nearest.size
    return NAMES[background], found, stray


def check(picture, scene, overlap=0.8, stray=0.03):
    """{what: right or wrong}; `all` also wants a clear shape and little that is neither object nor background."""
    background, found, left_over = look(picture, len(scene.things))
    result = dict.fromkeys(("background", "colour", "size", "shape", "place", "clean"), False)
    result["background"] = background == scene.background
    by_colour = {thing["colour"]: thing for thing in found}
    pairs = [(thing, by_colour.get(thing.colour)) for thing in scene.things]
    if all(seen for _, seen in pairs):
        result["colour"] = True
        result["size"] = all(seen["size"] == thing.size for thing, seen in pairs)
        result["shape"] = all(seen["shape"] == thing.shape and seen["overlap"] >= overlap for thing, seen in pairs)
        result["clean"] = left_over <= stray
        (x, y), *others = [seen["centre"] for _, seen in pairs]
        if not others:
            place = min(PLACES, key=lambda name: (PLACES[name][0] - x) ** 2 + (PLACES[name][1] - y) ** 2)
            result["place"] = place == scene.where
        else:
            dx, dy = x - others[0][0], y - others[0][1]
            along = {"left of": -dx, "right of": dx, "above": -dy, "below": dy}[scene.where]
            across = abs(dy) if scene.where in ("left of", "right of") else abs(dx)
            result["place"] = along > 40 and along > across
    result["all"] = all(result.values())
    return result
