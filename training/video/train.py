"""Trains the transformer and the text encoder: few frames and coarse grids first.

A layout takes some of the 13 latent frames and a strided sampling of each, at their true positions; what a model
learns there about layout, colour, shape and motion carries over, at a small part of the price.
"""

import argparse

import numpy as np
import torch
from diffusers import AutoencoderKLCogVideoX, CogVideoXDDIMScheduler, CogVideoXTransformer3DModel
from transformers import T5EncoderModel

import tokenizer as tokenizers
from files import load, save
from loop import add_arguments, larger, run, sigmas_of
from video.model import GRID, SCHEDULER, Pair
from video.pool import KEEP, make_pool

# A layout is a set of tokens. frames: how many, drawn anew each time. stride: of the rows and columns. shift: of the
# noise, which grows with the number of tokens that show the same thing. first: the first latent frame to draw from
# (default 0). window: rows and columns of a square that follows the object, instead of whole frames; level: the noise
# reaches up to this share only (default 1), because where it hides the object a square would tell where it is. pure: the share of samples that are noise alone, where every sampling begins (default 0.06).
COARSE = dict(frames=13, stride=4, batch=16, shift=4.5)
HALF = dict(frames=5, stride=2, batch=8, shift=4.5)
ONE = dict(frames=1, stride=1, batch=12, shift=4.5)
WINDOW = dict(frames=3, stride=1, batch=10, shift=4.5, window=10, level=0.9)
FEW = dict(frames=3, stride=1, batch=4, shift=6.0)
LONG = dict(frames=13, stride=2, batch=3, shift=7.0)
FULL = dict(frames=13, stride=1, batch=1, shift=10.0)


def late(share, times=1):
    """Stages of one or two coarse frames, half of them noise alone: the last frames of a clip first, then earlier ones too.

    Where an object is depends on the caption's direction times the time. Over whole clips the direction alone says
    nothing on average, and training on them alone did not begin to read it in 6,000 updates.
    """
    return [
        dict(
            name=f"late{first}", share=share / 5, rate=(2e-3, 2e-3), text=True, ema=0.995,
            layouts=[
                dict(frames=frames, stride=4, batch=batch * times, shift=4.5, first=first, pure=0.5)
                for frames, batch in ((1, 112), (2, 80))
            ],
        )
        for first in (11, 9, 6, 3, 0)
    ]


# share: of all the minutes. rate: learning rate, start and end. text: is the text encoder trained as well?
CPU_STAGES = [
    *late(0.05),
    dict(name="mixed", layouts=[COARSE, LONG, FEW, FEW], share=0.1, rate=(2e-3, 2e-3), text=True, ema=0.998),
    dict(name="shapes", layouts=[ONE, ONE, FEW, LONG], share=0.3, rate=(2e-3, 1e-3), text=True, ema=0.998),
    dict(name="windows", layouts=[WINDOW, WINDOW, ONE, LONG], share=0.33, rate=(1.5e-3, 1e-3), text=True, ema=0.998),
    dict(name="end", layouts=[WINDOW, FEW, LONG, FULL], share=0.22, rate=(1e-3, 2e-5), text=True, ema=0.998),
]

# What `--from` goes on with.
ON_STAGES = [
    dict(name="on", layouts=[HALF, FEW, FEW, LONG], share=0.5, rate=(1e-3, 5e-4), text=True, ema=0.998),
    dict(name="whole", layouts=[FEW, LONG, FULL], share=0.5, rate=(5e-4, 1e-5), text=True, ema=0.998),
]

# On a GPU the full grid is cheap enough to be most of the work.
GPU_STAGES = [
    *late(0.1, times=8),
    dict(name="mixed", layouts=[larger(COARSE, 16), larger(FEW, 16), larger(LONG, 16)], share=0.2, rate=(2e-3, 1e-3), text=True, ema=0.998),
    dict(name="full", layouts=[larger(FULL, 32)], share=0.7, rate=(1e-3, 1e-5), text=True, ema=0.999),
]
EMPTY_SHARE = 0.1
PURE_SHARE = 0.06


def centres_of(weights):
    """Row and column of the middle of what a clip shows, [clips, frames, 2]: tokens that weigh more than background."""
    shown = (weights > 1).view(-1, *GRID)
    return torch.stack(
        [
            (shown.any(other) * torch.arange(1.0, size + 1)).sum(-1) / shown.any(other).sum(-1).clamp(min=1) - 1
            for other, size in ((3, GRID[1]), (2, GRID[2]))
        ],
        -1,
    ).numpy()


def positions_of(rng, layout, centres):
    """Which tokens of the full grid a sample uses. Coarse grids start at a random offset, so every cell is seen."""
    stride = layout["stride"]
    times = np.sort(rng.permutation(np.arange(layout.get("first", 0), GRID[0]))[: layout["frames"]])
    grid = np.arange(np.prod(GRID)).reshape(GRID)
    side = layout.get("window")
    if side is None:
        y, x = (int(rng.integers(stride)) for _ in range(2))
        return grid[times, y::stride, x::stride].ravel()
    corners = np.rint(centres[times] - (side - 1) / 2).astype(int) + rng.integers(-1, 2, (len(times), 2))
    corners = corners.clip(0, np.array(GRID[1:]) - side)
    return np.concatenate([grid[t, y : y + side, x : x + side].ravel() for t, (y, x) in zip(times, corners)])


class Noise:
    """What the scheduler calls its timesteps: the share of signal and of noise at each."""

    def __init__(self, device):
        alphas = CogVideoXDDIMScheduler(**SCHEDULER).alphas_cumprod.double()
        self.ratios = ((1 - alphas) / alphas.clamp(min=1e-12)).sqrt().numpy()
        self.signal, self.noise = (part.float().to(device) for part in (alphas.sqrt(), (1 - alphas).sqrt()))

    def timesteps(self, rng, count, layout):
        sigma = sigmas_of(rng, count, layout["shift"]) * layout.get("level", 1)
        nearest = np.searchsorted(self.ratios, sigma / (1 - sigma)).clip(max=len(self.ratios) - 1)
        pure = 0 if "level" in layout else layout.get("pure", PURE_SHARE)
        return np.where(rng.random(count) < pure, len(self.ratios) - 1, nearest)


def channels(layout, count):
    """Channels after the third hold edges, which a coarse grid meets by chance: they count less there."""
    return torch.tensor([1.0] * 3 + [1.0 if layout["stride"] == 1 else 0.3] * (count - 3))


def chances_of(ids, tokenizer):
    """Cumulative chances of the clips to be drawn. Small objects and stars come more often: their shapes are learnt last."""
    captions = tokenizer.batch_decode(ids[:, 0].long(), skip_special_tokens=True)
    weights = [(2.0 if "small" in text else 1.0) * (3.0 if "star" in text else 1.0) for text in captions]
    return np.cumsum(weights) / np.sum(weights)


def loss_of(own, pool, levels, layout, rng, device):
    count = layout["batch"]
    drawn = np.searchsorted(pool["chances"], rng.random(count))
    picks = torch.from_numpy(drawn).to(device)
    timestep = torch.from_numpy(levels.timesteps(rng, count, layout)).to(device)
    positions = torch.from_numpy(np.stack([positions_of(rng, layout, pool["centres"][i]) for i in drawn])).to(device)
    clean = pool["latents"][picks[:, None], positions].float()
    weights = pool["weights"][picks[:, None], positions].float()
    ids = pool["ids"][picks, torch.from_numpy(rng.integers(len(KEEP), size=count)).to(device)]
    ids[torch.from_numpy(rng.random(count) < EMPTY_SHARE).to(device)] = pool["empty"]

    noise = torch.randn_like(clean)
    signal, level = (part[timestep][:, None, None] for part in (levels.signal, levels.noise))
    noisy = (signal * clean + level * noise).bfloat16()
    velocity = own(noisy, positions, own.encode(ids.long()), timestep)
    error = (velocity.float() - (signal * noise - level * clean)).square() * channels(layout, clean.shape[-1]).to(device)
    return (error.mean(-1) * weights / weights.mean(1, keepdim=True)).mean()


def load_exported(pair, folder):
    """The weights of an exported diffusers folder: F16, of the EMA, without the optimizer's state."""
    transformer = CogVideoXTransformer3DModel.from_pretrained(f"{folder}/transformer")
    text_encoder = T5EncoderModel.from_pretrained(f"{folder}/text_encoder")
    pair.transformer.load_state_dict(transformer.state_dict())
    pair.text_encoder.load_state_dict(text_encoder.state_dict())


def train(options):
    # Workers are forked: nothing may start torch's thread pool before that.
    torch.set_num_threads(1 if options.workers > 1 else options.threads)
    tokenizer = tokenizers.load(options.tokenizer)
    try:
        pool = load(options.pool)
    except FileNotFoundError:
        vae = AutoencoderKLCogVideoX.from_pretrained(options.vae).to(options.device).eval()
        pool = make_pool(vae, tokenizer, options)
        save(pool, options.pool)
    pool = {name: tensor.to(options.device) for name, tensor in pool.items()}
    pool["centres"] = centres_of(pool["weights"].cpu())
    pool["chances"] = chances_of(pool["ids"], tokenizer)
    levels = Noise(options.device)
    run(
        options,
        GPU_STAGES if options.device != "cpu" else ON_STAGES if options.start else CPU_STAGES,
        lambda: Pair(len(tokenizer)),
        load_exported,
        lambda own, layout, rng: loss_of(own, pool, levels, layout, rng, options.device),
    )


if __name__ == "__main__":
    parser = argparse.ArgumentParser()
    add_arguments(parser, "work/video")
    parser.add_argument("--two-share", type=float, default=0.0, help="of the clips of the pool that show two objects")
    train(parser.parse_args())
