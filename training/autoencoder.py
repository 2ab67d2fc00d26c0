"""Trains the AutoencoderKL: 3 levels (factor 4), 4 latent channels, no attention.

Mostly on crops around the objects, because the rest of a scene is flat; the last stage sees whole
pictures, because group norms see the whole picture at inference.
"""

import argparse
import math

import numpy as np
import torch
from diffusers import AutoencoderKL

from fit import fit
from scenes import SIDE, centres, held_out, render, training_scene

CONFIG = dict(
    in_channels=3,
    out_channels=3,
    down_block_types=["DownEncoderBlock2D"] * 3,
    up_block_types=["UpDecoderBlock2D"] * 3,
    block_out_channels=[16, 32, 64],
    layers_per_block=1,
    act_fn="silu",
    latent_channels=4,
    norm_num_groups=4,
    sample_size=SIDE,
    scaling_factor=1.0,
    mid_block_add_attention=False,
    force_upcast=False,
)
# Three latent channels are pulled towards the mean colour of their 4x4 cell: group norms make absolute colour
# slow to learn otherwise, and a strided sampling of such latents is a meaningful coarse picture.
ANCHOR = 0.5
# The decoder learns to bear small errors of the latents: those of a sampler with few steps.
LATENT_NOISE = 0.1

STAGES = [  # side of the crops, batch, share of the minutes, learning rate at the start and at the end
    dict(side=64, batch=16, share=0.6, rate=(2e-3, 6e-4)),
    dict(side=128, batch=8, share=0.2, rate=(6e-4, 3e-4)),
    dict(side=256, batch=2, share=0.2, rate=(3e-4, 3e-5)),
]


def crops(rng, excluded, side, batch):
    pictures = []
    for _ in range(batch):
        scene = training_scene(rng, 0.4, excluded)
        at = centres(scene, rng)
        picture = render(scene, at)
        if side < SIDE:
            x, y = at[int(rng.integers(len(at)))]
            # Whole latent cells, so that a crop's grid is a piece of the picture's grid.
            corner = [4 * round((c + rng.integers(-56, 57) - side / 2) / 4) for c in (x, y)]
            left, top = (int(np.clip(c, 0, SIDE - side)) for c in corner)
            picture = picture[top : top + side, left : left + side]
        pictures.append(picture)
    return torch.from_numpy(np.stack(pictures)).permute(0, 3, 1, 2).float() / 127.5 - 1


def psnr(model, rng, excluded, count=8):
    pictures = crops(rng, excluded, SIDE, count).to(model.device)
    with torch.no_grad():
        latents = model.encode(pictures).latent_dist.mode()
        decoded = model.decode(latents).sample.clamp(-1, 1)
    error = ((decoded - pictures) / 2).square().mean((1, 2, 3))
    return -10 * error.log10().mean().item(), latents, decoded


@torch.no_grad()
def normalise(model, rng, excluded):
    """Folds a zero mean and a unit deviation of every latent channel into the 1x1 convolutions around them.

    The pipeline only divides by scaling_factor; it has no shift.
    """
    latents = torch.cat([model.encode(crops(rng, excluded, SIDE, 8)).latent_dist.mode() for _ in range(24)])
    mean, deviation = latents.mean((0, 2, 3)), latents.std((0, 2, 3))
    count = len(mean)
    into, out = model.quant_conv, model.post_quant_conv
    into.weight[:count] /= deviation[:, None, None, None]
    into.bias[:count] = (into.bias[:count] - mean) / deviation
    into.bias[count:] -= 2 * deviation.log()
    out.bias += (out.weight[:, :, 0, 0] * mean).sum(1)
    out.weight *= deviation[None, :, None, None]
    return mean.tolist(), deviation.tolist()


def loss_of(model, stage, rng, excluded, device):
    pictures = crops(rng, excluded, stage["side"], stage["batch"]).to(device, memory_format=torch.channels_last)
    with torch.autocast(device_type=device, dtype=torch.bfloat16):
        posterior = model.encode(pictures).latent_dist
        mean = posterior.mean.float()
        noisy = mean + LATENT_NOISE * torch.randn_like(mean)
        decoded = model.decode(noisy).sample.float()
    error = decoded - pictures
    loss = error.abs().mean() + 2 * error.square().mean()
    loss = loss + 2e-3 * mean[:, 3:].square().mean()
    cells = torch.nn.functional.avg_pool2d(pictures, 4)
    loss = loss + ANCHOR * (mean[:, :3] - cells).square().mean()
    # The posterior says the noise that the decoder bears.
    return loss + 1e-3 * (posterior.logvar.float() - 2 * math.log(LATENT_NOISE)).square().mean()


def train(options):
    torch.manual_seed(options.seed)
    excluded = held_out()
    model = AutoencoderKL(**CONFIG).to(options.device, memory_format=torch.channels_last)
    fit(
        model,
        lambda stage, rng: loss_of(model, stage, rng, excluded, options.device),
        lambda: psnr(model, np.random.default_rng(1), excluded)[0],
        STAGES,
        options,
    )
    return model


if __name__ == "__main__":
    parser = argparse.ArgumentParser()
    parser.add_argument("--state", default="work/autoencoder.pt")
    parser.add_argument("--out", default="work/vae")
    parser.add_argument("--minutes", type=float, default=20)
    parser.add_argument("--device", default="cpu")
    parser.add_argument("--seed", type=int, default=1)
    options = parser.parse_args()
    torch.set_num_threads(2)
    trained = train(options).float().cpu()
    shown = np.random.default_rng(2)
    print("latents had mean, deviation", normalise(trained, shown, held_out()))
    print("psnr", psnr(trained, np.random.default_rng(3), held_out(), 32)[0])
    trained.save_pretrained(options.out)
