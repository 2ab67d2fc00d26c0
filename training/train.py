"""Trains the transformer and the text encoder, coarse grids first.

A coarse grid is a strided sampling of the full grid's latents at their true positions; what a model learns there
about layout, colour and rough shape carries over, at a small part of the price.
"""

import argparse
import functools

import numpy as np
import torch
from diffusers import AutoencoderKL, PixArtTransformer2DModel
from transformers import T5EncoderModel

import tokenizer as tokenizers
from files import load, save
from loop import add_arguments, larger, run, sigmas_of
from model import GRID, Pair
from scenes import SIDE, SIZES, caption, centres, coverage, held_out, render, training_scene

CELL = SIDE // GRID

# A layout is a set of tokens. stride: of the grid. window: side of a contiguous square of tokens near an object, in
# addition (0: none). shift: of the noise, which grows with the number of tokens that show the same thing.
EIGHT = dict(stride=8, window=0, batch=32, shift=2.0)
SIXTEEN = dict(stride=4, window=0, batch=12, shift=4.0)
THIRTY_TWO = dict(stride=2, window=0, batch=4, shift=6.0)
WINDOW = dict(stride=4, window=20, batch=6, shift=8.0)
LARGE_WINDOW = dict(stride=2, window=32, batch=2, shift=9.0)
FULL = dict(stride=1, window=0, batch=1, shift=10.0)

# share: of all the minutes. rate: learning rate, start and end. text: is the text encoder trained as well?
CPU_STAGES = [
    dict(name="8", layouts=[EIGHT], share=0.08, rate=(1.5e-3, 1.5e-3), text=True, ema=0.995),
    dict(name="16", layouts=[SIXTEEN], share=0.34, rate=(1.5e-3, 1e-3), text=True, ema=0.995),
    dict(name="mixed", layouts=[SIXTEEN, SIXTEEN, THIRTY_TWO, WINDOW], share=0.24, rate=(1e-3, 9e-4), text=True, ema=0.995),
    dict(name="window", layouts=[THIRTY_TWO, WINDOW], share=0.12, rate=(9e-4, 7e-4), text=True, ema=0.995),
    dict(
        name="end", layouts=[THIRTY_TWO, THIRTY_TWO, WINDOW, WINDOW, LARGE_WINDOW],
        share=0.22, rate=(8e-4, 5e-5), text=True, ema=0.995,
    ),
]

# What `--from` goes on with.
ON_STAGES = [
    dict(
        name="on", layouts=[THIRTY_TWO, THIRTY_TWO, THIRTY_TWO, WINDOW, WINDOW, LARGE_WINDOW],
        share=0.6, rate=(1e-3, 3e-4), text=True, ema=0.998,
    ),
    dict(name="whole", layouts=[THIRTY_TWO, WINDOW, LARGE_WINDOW, FULL], share=0.4, rate=(3e-4, 1e-5), text=True, ema=0.998),
]


# On a GPU the full grid is cheap enough to be most of the work.
GPU_STAGES = [
    dict(name="8", layouts=[larger(EIGHT, 8)], share=0.05, rate=(1.5e-3, 1.5e-3), text=True, ema=0.998),
    dict(name="16", layouts=[larger(SIXTEEN, 8)], share=0.10, rate=(1.5e-3, 1e-3), text=True, ema=0.999),
    dict(name="64", layouts=[larger(FULL, 32)], share=0.85, rate=(8e-4, 2e-5), text=False, ema=0.999),
]
EMPTY_SHARE = 0.1
TWO_SHARE = 0.25
OBJECT_WEIGHT = 3.0
OUTLINE_WEIGHT = 10.0
BAND = 2  # cells
PLACED = 0.8  # below this noise level an object's place shows through


@torch.no_grad()
def make_pool(vae, count, seed, device):
    """Encoded scenes: latents (F16), scenes and centres. Whatever is not held out may appear."""
    rng = np.random.default_rng(seed)
    excluded = held_out()
    latents, scenes = [], []
    while len(scenes) < count:
        pictures = []
        for _ in range(8):
            scene = training_scene(rng, TWO_SHARE, excluded)
            at = centres(scene, rng)
            scenes.append((scene, at))
            pictures.append(render(scene, at))
        pictures = torch.from_numpy(np.stack(pictures)).permute(0, 3, 1, 2).float() / 127.5 - 1
        latents.append(vae.encode(pictures.to(device)).latent_dist.mode().half().cpu())
    return torch.cat(latents).flatten(2).transpose(1, 2).contiguous(), scenes


def positions_of(rng, layout, at, sigma):
    """Which tokens of the full grid a sample uses. Coarse grids start at a random offset, so every cell is seen.

    A window lies near an object once the noise lets one see the object; before that it lies anywhere, or the model
    would learn to put objects where the tokens are dense.
    """
    stride = layout["stride"]
    y, x = (int(rng.integers(stride)) for _ in range(2))
    parts = [(np.arange(y, GRID, stride)[:, None] * GRID + np.arange(x, GRID, stride)).ravel()]
    side = layout["window"]
    if side:
        if sigma > PLACED:
            left, top = (int(rng.integers(GRID - side + 1)) for _ in range(2))
        else:
            centre = at[int(rng.integers(len(at)))]
            left, top = (int(np.clip(c // CELL - side // 2 + rng.integers(-10, 11), 0, GRID - side)) for c in centre)
        parts.append(((top + np.arange(side))[:, None] * GRID + left + np.arange(side)).ravel())
    return np.concatenate(parts)


@functools.cache
def near_outline(shape, size):
    """Cells within two cells of a shape's outline, in the shape's box with a margin of BAND cells: [cells, cells] bool."""
    cells = size // CELL
    covered = np.pad(coverage(shape, size).reshape(cells, CELL, cells, CELL).mean((1, 3)), 2 * BAND)
    around = np.lib.stride_tricks.sliding_window_view(covered, (2 * BAND + 1, 2 * BAND + 1))
    return around.max((2, 3)) > around.min((2, 3))


def weights_of(scene, at):
    """More weight where an object is, for most of a scene is background, and most where its shape shows."""
    weights = np.ones((GRID, GRID), np.float32)
    for thing, (x, y) in zip(scene.things, at):
        outline = near_outline(thing.shape, SIZES[thing.size])
        left, top = (c // CELL - len(outline) // 2 for c in (x, y))
        rows, columns = (slice(max(0, first), first + len(outline)) for first in (top, left))
        inside = outline[max(0, -top) :, max(0, -left) :]
        box = weights[rows, columns]
        box[:] = np.where(inside[: box.shape[0], : box.shape[1]], OUTLINE_WEIGHT, OBJECT_WEIGHT)
    return weights.ravel()


def batch_of(rng, layout, pool, device):
    latents, scenes = pool
    picks = rng.integers(len(scenes), size=layout["batch"])
    sigma = sigmas_of(rng, len(picks), layout["shift"])
    positions = torch.from_numpy(np.stack([positions_of(rng, layout, scenes[i][1], s) for i, s in zip(picks, sigma)]))
    clean = latents[picks].float()
    # Noise for the whole grid, then the subset: a token that is in twice has the same noise twice.
    noise = torch.from_numpy(rng.standard_normal(clean.shape, dtype=np.float32))
    weights = torch.from_numpy(np.stack([weights_of(*scenes[i]) for i in picks])).gather(1, positions)
    at = positions[..., None].expand(-1, -1, clean.shape[-1])
    texts = []
    for i in picks:
        keep = (1.0, 0.85, 0.5)[int(rng.integers(3))]
        texts.append("" if rng.random() < EMPTY_SHARE else caption(scenes[i][0], rng, keep))
    weights = weights / weights.mean(1, keepdim=True)
    parts = clean.gather(1, at), noise.gather(1, at), positions, weights, torch.from_numpy(sigma)
    return [part.to(device) for part in parts], texts


def channels(layout):
    """The fourth latent channel holds edges, which a coarse grid meets by chance: it counts less there."""
    return torch.tensor([1.0, 1.0, 1.0, 0.2 if layout["stride"] > 1 and not layout["window"] else 1.0])


def load_exported(pair, folder):
    """The weights of an exported diffusers folder: F16, of the EMA, without the optimizer's state."""
    transformer = PixArtTransformer2DModel.from_pretrained(f"{folder}/transformer")
    text_encoder = T5EncoderModel.from_pretrained(f"{folder}/text_encoder")
    pair.transformer.load_state_dict(transformer.state_dict())
    pair.text_encoder.load_state_dict(text_encoder.state_dict())


def loss_of(own, tokenizer, pool, layout, rng, device):
    (clean, noise, positions, weights, sigma), texts = batch_of(rng, layout, pool, device)
    level = sigma[:, None, None]
    states, mask = own.encode(tokenizer, texts, device)
    noisy = ((1 - level) * clean + level * noise).bfloat16()
    # The sampler hands the model whole timesteps: the same rounding here.
    flow = own(noisy, positions, states, mask, (sigma * 1000).floor())
    error = ((flow.float() - (noise - clean)).square() * channels(layout).to(device)).mean(-1)
    return (error * weights).mean()


def train(options):
    # Workers are forked: nothing may start torch's thread pool before that.
    torch.set_num_threads(1 if options.workers > 1 else options.threads)
    try:
        pool = load(options.pool)
    except FileNotFoundError:
        vae = AutoencoderKL.from_pretrained(options.vae).to(options.device).eval()
        pool = make_pool(vae, options.scenes, options.seed + 100, options.device)
        save(pool, options.pool)
        print(f"encoded {len(pool[1])} scenes", flush=True)
    stages = GPU_STAGES if options.device != "cpu" else ON_STAGES if options.start else CPU_STAGES
    tokenizer = tokenizers.load(options.tokenizer)
    run(
        options,
        stages,
        lambda: Pair(len(tokenizer)),
        load_exported,
        lambda own, layout, rng: loss_of(own, tokenizer, pool, layout, rng, options.device),
    )


if __name__ == "__main__":
    parser = argparse.ArgumentParser()
    add_arguments(parser, "work")
    train(parser.parse_args())
