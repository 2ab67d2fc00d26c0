"""Trains the transformer and the text encoder, coarse grids first.

A coarse grid is a strided sampling of the full grid's latents at their true positions; what a model learns there
about layout, colour and rough shape carries over, at a small part of the price.
"""

import argparse
import copy
import functools
import time

import numpy as np
import torch
from diffusers import AutoencoderKL, PixArtTransformer2DModel
from transformers import T5EncoderModel

import tokenizer as tokenizers
from files import load, save
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


def larger(layout, times):
    return dict(layout, batch=layout["batch"] * times)


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
WARM_UP = 200


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


def sigmas_of(rng, count, shift):
    """Noise levels: logit-normal with a share of uniform ones, then shifted as the sampler shifts them."""
    normal = 1 / (1 + np.exp(-rng.normal(0, 1.0, count)))
    base = np.where(rng.random(count) < 0.2, rng.random(count), normal)
    return np.clip(shift * base / (1 + (shift - 1) * base), 1e-3, 0.9999).astype(np.float32)


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


def stage_at(stages, done):
    begin = 0.0
    for stage in stages:
        if done < begin + stage["share"] or stage is stages[-1]:
            return stage, min(1.0, (done - begin) / stage["share"])
        begin += stage["share"]


def load_exported(pair, folder):
    """The weights of an exported diffusers folder: F16, of the EMA, without the optimizer's state."""
    transformer = PixArtTransformer2DModel.from_pretrained(f"{folder}/transformer")
    text_encoder = T5EncoderModel.from_pretrained(f"{folder}/text_encoder")
    pair.transformer.load_state_dict(transformer.state_dict())
    pair.text_encoder.load_state_dict(text_encoder.state_dict())


def optimizers_of(pair):
    """Muon for the matrices inside the blocks, AdamW for the rest (embeddings, projections in and out, vectors).

    With match_rms_adamw a step of Muon is as long as one of AdamW, so both follow one rate.
    """
    inside = {
        p for model in (pair.transformer.transformer_blocks, pair.text_encoder.encoder.block)
        for p in model.parameters() if p.ndim == 2 and min(p.shape) >= 64
    }
    outside = [p for p in pair.parameters() if p not in inside]
    groups = [
        dict(params=[p for p in outside if p.ndim > 1], weight_decay=0.01),
        dict(params=[p for p in outside if p.ndim <= 1], weight_decay=0.0),
    ]
    muon = torch.optim.Muon(
        [p for p in pair.parameters() if p in inside], lr=1e-3, weight_decay=0.01, adjust_lr_fn="match_rms_adamw"
    )
    adam = torch.optim.AdamW(groups, lr=1e-3, betas=(0.9, 0.98), fused=True)
    # The states exist before the first step, so that workers can share them.
    for group in muon.param_groups:
        for p in group["params"]:
            muon.state[p] = dict(momentum_buffer=torch.zeros_like(p))
    for group in adam.param_groups:
        for p in group["params"]:
            adam.state[p] = dict(
                step=torch.zeros((), device=p.device), exp_avg=torch.zeros_like(p), exp_avg_sq=torch.zeros_like(p)
            )
    return [muon, adam]


def prepare(options):
    """Models, optimizers and progress, fresh or from the state file, in memory that workers can share."""
    tokenizer = tokenizers.load(options.tokenizer)
    torch.manual_seed(options.seed)
    pair = Pair(len(tokenizer)).to(options.device)
    ema = Pair(len(tokenizer)).to(options.device).requires_grad_(False)
    ema.load_state_dict(pair.state_dict())
    optimizers = optimizers_of(pair)
    spent, step = 0.0, 0
    try:
        state = load(options.state)
        pair.load_state_dict(state["model"])
        ema.load_state_dict(state["ema"])
        for optimizer, saved in zip(optimizers, state["optimizers"]):
            optimizer.load_state_dict(saved)
        spent, step = state["spent"], state["step"]
        print(f"resumed at step {step}, {spent / 60:.1f} minutes", flush=True)
    except FileNotFoundError:
        if options.start:
            for model in (pair, ema):
                load_exported(model, options.start)
    if options.workers > 1:
        for tensor in [*pair.parameters(), *ema.parameters()]:
            tensor.share_memory_()
        for optimizer in optimizers:
            for state in optimizer.state.values():
                for tensor in state.values():
                    tensor.share_memory_()
    return tokenizer, pair, ema, optimizers, spent, step


def work(index, options, stages, pool, prepared, lock, counter):
    """One worker: gradients on a bfloat16 copy of the weights, updates on the shared F32 ones, one worker at a time."""
    tokenizer, pair, ema, optimizers, before, _ = prepared
    device, minutes = options.device, options.minutes * 60
    torch.set_num_threads(1 if options.workers > 1 else options.threads)
    # The generator's state is (seed, worker, step): a resumed run goes on with other numbers, not the same again.
    rng = np.random.default_rng([options.seed, index, counter.value])
    own = copy.deepcopy(pair).bfloat16()
    begun = written = shown = time.time()
    name, losses, reached = None, [], counter.value

    def write(path):
        save(dict(model=pair.state_dict(), ema=ema.state_dict(), optimizers=[o.state_dict() for o in optimizers],
                  spent=before + time.time() - begun, step=counter.value, stage=name), path)

    while before + time.time() - begun < minutes:
        stage, within = stage_at(stages, (before + time.time() - begun) / minutes)
        if stage["name"] != name:
            if name is not None and index == 0:
                with lock:
                    write(f"{options.state}.{name}")
            name = stage["name"]
            own.text_encoder.requires_grad_(stage["text"])
            if index == 0:
                print(f"stage {name} at step {counter.value}", flush=True)
        layout = stage["layouts"][int(rng.integers(len(stage["layouts"])))]
        (clean, noise, positions, weights, sigma), texts = batch_of(rng, layout, pool, device)
        level = sigma[:, None, None]
        states, mask = own.encode(tokenizer, texts, device)
        # The sampler hands the model whole timesteps: the same rounding here.
        noisy = ((1 - level) * clean + level * noise).bfloat16()
        flow = own(noisy, positions, states, mask, (sigma * 1000).floor())
        error = ((flow.float() - (noise - clean)).square() * channels(layout).to(device)).mean(-1)
        loss = (error * weights).mean()
        own.zero_grad(set_to_none=True)
        loss.backward()
        torch.nn.utils.clip_grad_norm_(own.parameters(), 1.0)

        with lock:
            counter.value += 1
            first, final = stage["rate"]
            rate = first * (final / first) ** within * min(1, counter.value / WARM_UP)
            for group in (group for optimizer in optimizers for group in optimizer.param_groups):
                group["lr"] = rate
            for shared, local in zip(pair.parameters(), own.parameters()):
                shared.grad = None if local.grad is None else local.grad.float()
            for optimizer in optimizers:
                optimizer.step()
            decay = min(stage["ema"], (1 + counter.value) / (10 + counter.value))
            with torch.no_grad():
                torch._foreach_lerp_(list(ema.parameters()), list(pair.parameters()), 1 - decay)
                torch._foreach_copy_(list(own.parameters()), list(pair.parameters()))
            now = time.time()
            losses.append(loss.item())
            if index == 0 and now - shown > 60:
                print(f"{counter.value} {(before + now - begun) / 60:.1f} min stage {name} "
                      f"{(counter.value - reached) / (now - shown):.2f} updates/s "
                      f"loss {sum(losses) / len(losses):.4f}", flush=True)
                shown, losses, reached = now, [], counter.value
            if index == 0 and now - written > 90:
                write(options.state)
                written = now
    if index == 0:
        with lock:
            write(options.state)


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
    prepared = prepare(options)
    if options.workers == 1:
        from multiprocessing import dummy

        work(0, options, stages, pool, prepared, dummy.Lock(), dummy.Value("i", prepared[-1]))
        return
    context = torch.multiprocessing.get_context("fork")
    shared = context.Lock(), context.Value("l", prepared[-1], lock=False)
    workers = [
        context.Process(target=work, args=(i, options, stages, pool, prepared, *shared)) for i in range(options.workers)
    ]
    for worker in workers:
        worker.start()
    for worker in workers:
        worker.join()


if __name__ == "__main__":
    parser = argparse.ArgumentParser()
    parser.add_argument("--state", default="work/train.pt")
    parser.add_argument("--from", dest="start", help="a diffusers folder to go on from, through ON_STAGES")
    parser.add_argument("--tokenizer", default="work/tokenizer")
    parser.add_argument("--vae", default="work/vae")
    parser.add_argument("--pool", default="work/pool.pt")
    parser.add_argument("--scenes", type=int, default=6000)
    parser.add_argument("--minutes", type=float, default=90)
    parser.add_argument("--workers", type=int, default=1, help="processes of one thread each, updating asynchronously")
    parser.add_argument("--threads", type=int, default=2)
    parser.add_argument("--device", default="cpu")
    parser.add_argument("--seed", type=int, default=1)
    options = parser.parse_args()
    train(options)
