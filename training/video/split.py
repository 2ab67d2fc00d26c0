"""Writes the held-out and the calibration prompts. Run once: what it wrote is the record."""

import numpy as np

from video.scenes import PACKAGE, SPEC, caption, random_scene

rng = np.random.default_rng(2507)
seen = set()


def fresh(objects, count):
    found = []
    while len(found) < count:
        scene = random_scene(rng, objects)
        if scene.key() not in seen:
            seen.add(scene.key())
            found.append(caption(scene))
    return found


lists = {"heldoutOne": fresh(1, 40), "heldoutTwo": fresh(2, 20), "calibration": fresh(1, 6) + fresh(2, 2)}
for name, lines in lists.items():
    path = PACKAGE / SPEC["prompts"][name]
    path.parent.mkdir(exist_ok=True)
    path.write_text("\n".join(lines) + "\n")
