"""Trains the AutoencoderKL: 3 levels (factor 4), 4 latent channels, no attention.

Mostly on crops around the objects, because the rest of a scene is flat; the last stage sees whole
pictures, because group norms see the whole picture at inference.
"""

import argparse
import math
import time

import numpy as np
import torch
from diffusers import AutoencoderKL

from files import load, save
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
    pictures = crops(rng, excluded, SIDE, count)
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


def train(path, minutes, device, seed):
    torch.manual_seed(seed)
    rng = np.random.default_rng(seed)
    excluded = held_out()
    model = AutoencoderKL(**CONFIG).to(device, memory_format=torch.channels_last)
    optimizer = torch.optim.AdamW(model.parameters(), lr=1e-3, betas=(0.9, 0.98), weight_decay=0.01)
    spent = step = 0
    try:
        state = load(path)
        model.load_state_dict(state["model"])
        optimizer.load_state_dict(state["optimizer"])
        rng.bit_generator.state = state["rng"]
        torch.set_rng_state(state["torch_rng"])
        spent, step = state["spent"], state["step"]
    except FileNotFoundError:
        pass

    last = time.time()
    while spent < minutes * 60:
        done, begin = spent / (minutes * 60), 0.0
        for stage in STAGES:
            if done < begin + stage["share"]:
                break
            begin += stage["share"]
        within = min(1.0, (done - begin) / stage["share"])
        first, final = stage["rate"]
        rate = first * math.exp(within * math.log(final / first)) * min(1, (step + 1) / 100)
        for group in optimizer.param_groups:
            group["lr"] = rate

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
        loss = loss + 1e-3 * (posterior.logvar.float() - 2 * math.log(LATENT_NOISE)).square().mean()
        optimizer.zero_grad(set_to_none=True)
        loss.backward()
        torch.nn.utils.clip_grad_norm_(model.parameters(), 1.0)
        optimizer.step()
        step += 1
        now = time.time()
        spent, last = spent + now - last, now
        if step % 200 == 0 or spent >= minutes * 60:
            quality = psnr(model, np.random.default_rng(1), excluded)[0]
            print(f"{step} {spent:.0f}s side {stage['side']} loss {loss.item():.4f} psnr {quality:.2f}", flush=True)
            save(dict(model=model.state_dict(), optimizer=optimizer.state_dict(), rng=rng.bit_generator.state,
                      torch_rng=torch.get_rng_state(), spent=spent, step=step), path)
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
    trained = train(options.state, options.minutes, options.device, options.seed).float().cpu()
    shown = np.random.default_rng(2)
    print("latents had mean, deviation", normalise(trained, shown, held_out()))
    print("psnr", psnr(trained, np.random.default_rng(3), held_out(), 32)[0])
    trained.save_pretrained(options.out)
