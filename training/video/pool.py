"""What the transformer learns from: encoded clips, the weights of their tokens, their captions."""

import multiprocessing
from concurrent.futures import ProcessPoolExecutor
from itertools import repeat

import numpy as np
import torch

from video.autoencoder import as_input
from video.model import GRID, ids_of
from video.scenes import BACKGROUNDS, CELL, caption, held_out, middles, render, training_scene

KEEP = (1.0, 1.0, 0.85, 0.5)  # the wordings of a clip, by how much of the optional parts they keep
BATCH = 8
OBJECT_WEIGHT = 3.0
OUTLINE_WEIGHT = 8.0


def weights_of(scene, clip):
    """A weight for every token of the grid: most of a clip is background, and shape and motion show at outlines."""
    differs = (clip != np.array(BACKGROUNDS[scene.background], np.uint8)).any(-1)
    frames, rows, columns = GRID
    cells = differs.reshape(len(clip), rows, CELL, columns, CELL).swapaxes(2, 3).reshape(len(clip), rows, columns, -1)
    groups = [cells[:1], *np.split(cells[1:], frames - 1)]
    covered = np.stack([group.transpose(1, 2, 0, 3).reshape(rows, columns, -1).mean(-1) for group in groups])
    around = np.lib.stride_tricks.sliding_window_view(np.pad(covered, ((0, 0), (1, 1), (1, 1))), (3, 3), (1, 2))
    outline = around.max((3, 4)) > around.min((3, 4))
    return np.where(outline, OUTLINE_WEIGHT, np.where(covered > 0, OBJECT_WEIGHT, 1.0)).astype(np.float16).ravel()


def draw(seed, two_share, excluded):
    """A clip, uint8 [frames, height, width, 3], its weights and its captions. Whatever is not held out may appear."""
    rng = np.random.default_rng(seed)
    scene = training_scene(rng, two_share, excluded)
    clip = render(scene, middles(scene, rng))
    return clip, weights_of(scene, clip), [caption(scene, rng, keep) for keep in KEEP]


@torch.no_grad()
def make_pool(vae, tokenizer, options):
    """latents F16 [clips, tokens, channels], weights [clips, tokens], ids of captions [clips, wordings, TEXT_TOKENS]."""
    seeds = [[options.seed + 100, i] for i in range(options.scenes)]
    device, excluded = options.device, held_out()
    latents, weights, texts = [], [], []
    # New processes, not forks: this one may hold a GPU.
    with ProcessPoolExecutor(options.threads, multiprocessing.get_context("spawn")) as workers:
        drawn = workers.map(draw, seeds, repeat(options.two_share), repeat(excluded), chunksize=BATCH)
        for at in range(0, len(seeds), BATCH):
            batch = [next(drawn) for _ in seeds[at : at + BATCH]]
            clips = torch.from_numpy(np.stack([clip for clip, _, _ in batch])).permute(0, 4, 1, 2, 3).to(device)
            with torch.autocast(device, dtype=torch.bfloat16, enabled=device == "cpu"):
                encoded = vae.encode(as_input(clips)).latent_dist.mode()
            latents.append(encoded.flatten(2).transpose(1, 2).half().cpu())
            weights += [weight for _, weight, _ in batch]
            texts += [text for _, _, captions in batch for text in captions]
            if at // 1000 != (at + BATCH) // 1000:
                print(f"encoded {at + len(batch)} clips", flush=True)
    ids = ids_of(tokenizer, texts).view(len(seeds), len(KEEP), -1).to(torch.int16)
    empty = ids_of(tokenizer, [""])[0].to(torch.int16)
    return dict(latents=torch.cat(latents), weights=torch.from_numpy(np.stack(weights)), ids=ids, empty=empty)
