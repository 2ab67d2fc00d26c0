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
# noise, which grows with the number of tokens that show the same thing.
COARSE = dict(frames=13, stride=4, batch=16, shift=4.5)
HALF = dict(frames=5, stride=2, batch=8, shift=4.5)
FEW = dict(frames=3, stride=1, batch=4, shift=6.0)
LONG = dict(frames=13, stride=2, batch=3, shift=7.0)
FULL = dict(frames=13, stride=1, batch=1, shift=10.0)

# share: of all the minutes. rate: learning rate, start and end. text: is the text encoder trained as well?
CPU_STAGES = [
    dict(name="coarse", layouts=[COARSE, HALF], share=0.2, rate=(2e-3, 2e-3), text=True, ema=0.995),
    dict(name="mixed", layouts=[COARSE, HALF, FEW, FEW], share=0.4, rate=(2e-3, 1e-3), text=True, ema=0.995),
    dict(name="end", layouts=[HALF, FEW, FEW, LONG, FULL], share=0.4, rate=(1e-3, 3e-5), text=True, ema=0.998),
]

# What `--from` goes on with.
ON_STAGES = [
    dict(name="on", layouts=[HALF, FEW, FEW, LONG], share=0.5, rate=(1e-3, 5e-4), text=True, ema=0.998),
    dict(name="whole", layouts=[FEW, LONG, FULL], share=0.5, rate=(5e-4, 1e-5), text=True, ema=0.998),
]

# On a GPU the full grid is cheap enough to be most of the work.
GPU_STAGES = [
    dict(name="coarse", layouts=[larger(COARSE, 16), larger(HALF, 16)], share=0.08, rate=(2e-3, 2e-3), text=True, ema=0.998),
    dict(name="mixed", layouts=[larger(FEW, 16), larger(LONG, 16)], share=0.22, rate=(2e-3, 1e-3), text=True, ema=0.999),
    dict(name="full", layouts=[larger(FULL, 32)], share=0.7, rate=(1e-3, 1e-5), text=True, ema=0.999),
]
EMPTY_SHARE = 0.1
PURE_SHARE = 0.03  # of samples that are noise alone, where every sampling begins


def positions_of(rng, layout):
    """Which tokens of the full grid a sample uses. Coarse grids start at a random offset, so every cell is seen."""
    stride = layout["stride"]
    y, x = (int(rng.integers(stride)) for _ in range(2))
    times = np.sort(rng.permutation(GRID[0])[: layout["frames"]])
    return np.arange(np.prod(GRID)).reshape(GRID)[times, y::stride, x::stride].ravel()


class Noise:
    """What the scheduler calls its timesteps: the share of signal and of noise at each."""

    def __init__(self, device):
        alphas = CogVideoXDDIMScheduler(**SCHEDULER).alphas_cumprod.double()
        self.ratios = ((1 - alphas) / alphas.clamp(min=1e-12)).sqrt().numpy()
        self.signal, self.noise = (part.float().to(device) for part in (alphas.sqrt(), (1 - alphas).sqrt()))

    def timesteps(self, rng, count, shift):
        sigma = sigmas_of(rng, count, shift)
        nearest = np.searchsorted(self.ratios, sigma / (1 - sigma)).clip(max=len(self.ratios) - 1)
        return np.where(rng.random(count) < PURE_SHARE, len(self.ratios) - 1, nearest)


def channels(layout, count):
    """Channels after the third hold edges, which a coarse grid meets by chance: they count less there."""
    return torch.tensor([1.0] * 3 + [1.0 if layout["stride"] == 1 else 0.3] * (count - 3))


def loss_of(own, pool, levels, layout, rng, device):
    count = layout["batch"]
    picks = torch.from_numpy(rng.integers(len(pool["latents"]), size=count)).to(device)
    timestep = torch.from_numpy(levels.timesteps(rng, count, layout["shift"])).to(device)
    positions = torch.from_numpy(np.stack([positions_of(rng, layout) for _ in range(count)])).to(device)
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
    parser.add_argument("--two-share", type=float, default=0.25, help="of the clips of the pool that show two objects")
    train(parser.parse_args())
