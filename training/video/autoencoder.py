"""Trains the AutoencoderKLCogVideoX: 3 levels (factor 4 in space and in time), 8 latent channels.

On short pieces of clips, long enough for the causal convolutions to hand frames on from one group to the next, and
first on crops around the objects, because the rest of a scene is flat.
"""

import argparse
import math

import numpy as np
import torch
from diffusers import AutoencoderKLCogVideoX

from fit import fit
from loop import larger
from video.scenes import CELL, FRAMES, GROUP, SCALE, SIDE, centres, held_out, middles, render, training_scene

CONFIG = dict(
    in_channels=3,
    out_channels=3,
    down_block_types=["CogVideoXDownBlock3D"] * 3,
    up_block_types=["CogVideoXUpBlock3D"] * 3,
    block_out_channels=[16, 32, 40],
    layers_per_block=1,
    latent_channels=8,
    norm_num_groups=4,
    temporal_compression_ratio=GROUP,
    sample_height=SIDE,
    sample_width=SIDE,
    scaling_factor=1.0,
    force_upcast=False,
)
# Three latent channels are pulled towards the mean colour of their 4x4 cell and 4 frames, see ../autoencoder.py.
ANCHOR = 0.5
# The decoder learns to bear small errors of the latents: those of a sampler with few steps.
LATENT_NOISE = 0.1
# Frames of a piece, and how many pieces of 32x32 make a batch. One frame at a time teaches shapes from many scenes; nine,
# what a group of frames shows of motion; 17, what one turn of the autoencoder's own loop over frames hands on to the next.
PIECES = [(1, 48), (9, 7), (17, 4)]
TWO_SHARE = 0.3

# side: of the crops. mix: how often each of PIECES. share: of the minutes. rate: learning rate, start and end. batch: times PIECES'.
STAGES = [
    dict(side=32, mix=(0.6, 0.3, 0.1), share=0.5, rate=(2e-3, 2e-3), batch=1),
    dict(side=32, mix=(0.25, 0.35, 0.4), share=0.35, rate=(2e-3, 5e-4), batch=1),
    dict(side=64, mix=(0.1, 0.3, 0.6), share=0.15, rate=(5e-4, 2e-5), batch=0.25),
]


def make_clips(rng, count, device):
    """uint8 [count, 3, FRAMES, SIDE, SIDE], and for every clip its scene with the middles of its objects' paths."""
    excluded = held_out()
    scenes = [training_scene(rng, TWO_SHARE, excluded) for _ in range(count)]
    scenes = [(scene, middles(scene, rng)) for scene in scenes]
    clips = np.stack([render(*scene) for scene in scenes])
    return torch.from_numpy(clips).permute(0, 4, 1, 2, 3).contiguous().to(device), scenes


def pieces(rng, clips, stage):
    """Pieces of clips as the autoencoder takes them, [batch, 3, frames, side, side]."""
    pictures, scenes = clips
    side, found = stage["side"], []
    frames, batch = PIECES[rng.choice(len(PIECES), p=stage["mix"])]
    for i in rng.integers(len(scenes), size=max(1, int(batch * stage["batch"]))):
        first = int(rng.integers(FRAMES - frames + 1))
        at = centres(*scenes[i], first + frames // 2)
        # Whole latent cells, so that a crop's grid is a piece of the clip's grid.
        corner = [CELL * round((c / SCALE + rng.integers(-14, 15) - side / 2) / CELL) for c in at[int(rng.integers(len(at)))]]
        left, top = (int(np.clip(c, 0, SIDE - side)) for c in corner)
        found.append(pictures[i, :, first : first + frames, top : top + side, left : left + side])
    return as_input(torch.stack(found))


def as_input(clips):
    """From 0 ... 255 to -1 ... 1."""
    return clips.float() / 127.5 - 1


def mean_colours(clips):
    """The mean of every cell of a group of frames, [batch, 3, latent frames, cells, cells]; the first frame is alone."""
    cells = torch.nn.functional.avg_pool3d(clips, (1, CELL, CELL))
    if clips.shape[2] == 1:
        return cells
    return torch.cat([cells[:, :, :1], torch.nn.functional.avg_pool3d(cells[:, :, 1:], (GROUP, 1, 1))], 2)


def loss_of(model, stage, rng, clips, device):
    clips = pieces(rng, clips, stage)
    with torch.autocast(device_type=device, dtype=torch.bfloat16):
        posterior = model.encode(clips).latent_dist
        mean = posterior.mean.float()
        noisy = mean + LATENT_NOISE * torch.randn_like(mean)
        decoded = model.decode(noisy).sample.float()
    error = decoded - clips
    loss = error.abs().mean() + 2 * error.square().mean()
    loss = loss + 2e-3 * mean[:, 3:].square().mean()
    loss = loss + ANCHOR * (mean[:, :3] - mean_colours(clips)).square().mean()
    # The posterior says the noise that the decoder bears.
    return loss + 1e-3 * (posterior.logvar.float() - 2 * math.log(LATENT_NOISE)).square().mean()


@torch.no_grad()
def psnr(model, clips):
    """Over whole clips, the mean of theirs."""
    total = 0.0
    for clip in as_input(clips[0]):
        decoded = model.decode(model.encode(clip[None]).latent_dist.mode()).sample[0].clamp(-1, 1)
        total -= 10 * ((decoded - clip) / 2).square().mean().log10().item()
    return total / len(clips[0])


@torch.no_grad()
def normalise(model, clips):
    """Folds a unit deviation of every latent channel into the convolutions that make and that read the latents.

    The pipeline only divides by scaling_factor. A mean cannot be folded: the convolutions pad with zeros.
    """
    latents = torch.cat([model.encode(clip[None]).latent_dist.mode() for clip in as_input(clips[0])])
    deviation = latents.std((0, 2, 3, 4))
    made = model.encoder.conv_out.conv
    for tensor in (made.weight, made.bias):
        tensor[: len(deviation)] /= deviation.view(-1, *[1] * (tensor.ndim - 1))
    made.bias[len(deviation) :] -= 2 * deviation.log()
    reads = [module.conv for name, module in model.decoder.named_modules() if name.endswith(("conv_y", "conv_b"))]
    for conv in [model.decoder.conv_in.conv, *reads]:
        conv.weight *= deviation[None, :, None, None, None]
    return latents.mean((0, 2, 3, 4)).tolist(), deviation.tolist()


def train(options):
    torch.manual_seed(options.seed)
    torch.backends.cudnn.benchmark = True
    model = AutoencoderKLCogVideoX(**CONFIG).to(options.device)
    clips = make_clips(np.random.default_rng(options.seed + 100), options.clips, options.device)
    few = make_clips(np.random.default_rng(1), 2, options.device)
    stages = STAGES if options.device == "cpu" else [larger(stage, 16) for stage in STAGES]
    fit(
        model,
        lambda stage, rng: loss_of(model, stage, rng, clips, options.device),
        lambda: psnr(model, few),
        stages,
        options,
    )
    return model


if __name__ == "__main__":
    parser = argparse.ArgumentParser()
    parser.add_argument("--state", default="work/video/autoencoder.pt")
    parser.add_argument("--out", default="work/video/vae")
    parser.add_argument("--clips", type=int, default=1000, help="rendered beforehand, 0.6 MB each")
    parser.add_argument("--minutes", type=float, default=20)
    parser.add_argument("--device", default="cpu")
    parser.add_argument("--threads", type=int, default=2)
    parser.add_argument("--seed", type=int, default=1)
    options = parser.parse_args()
    torch.set_num_threads(options.threads)
    trained = train(options)
    print("psnr", psnr(trained, make_clips(np.random.default_rng(3), 4, options.device)))
    print("latents had mean, deviation", *normalise(trained, make_clips(np.random.default_rng(2), 16, options.device)))
    trained.save_pretrained(options.out)
