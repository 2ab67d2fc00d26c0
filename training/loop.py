"""The training loop of the transformers, with their text encoders: stages, workers, EMA, a state to resume from.

A model here is a module with `transformer.transformer_blocks` and `text_encoder.encoder.block`.
"""

import copy
import time

import numpy as np
import torch

from files import load, save

WARM_UP = 200
PAUSE = 60  # seconds; no update takes as long


def add_arguments(parser, folder):
    """What every such training can be told; its files lie in `folder`."""
    parser.add_argument("--state", default=f"{folder}/train.pt")
    parser.add_argument("--from", dest="start", help="a diffusers folder to go on from, through ON_STAGES")
    parser.add_argument("--tokenizer", default=f"{folder}/tokenizer")
    parser.add_argument("--vae", default=f"{folder}/vae")
    parser.add_argument("--pool", default=f"{folder}/pool.pt")
    parser.add_argument("--scenes", type=int, default=6000)
    parser.add_argument("--minutes", type=float, default=90)
    parser.add_argument("--workers", type=int, default=1, help="processes of one thread each, updating asynchronously")
    parser.add_argument("--threads", type=int, default=2)
    parser.add_argument("--device", default="cpu")
    parser.add_argument("--seed", type=int, default=1)


def larger(layout, times):
    return dict(layout, batch=layout["batch"] * times)


def sigmas_of(rng, count, shift):
    """Noise levels: logit-normal with a share of uniform ones, then shifted as the sampler shifts them."""
    normal = 1 / (1 + np.exp(-rng.normal(0, 1.0, count)))
    base = np.where(rng.random(count) < 0.2, rng.random(count), normal)
    return np.clip(shift * base / (1 + (shift - 1) * base), 1e-3, 0.9999).astype(np.float32)


def stage_at(stages, done):
    begin = 0.0
    for stage in stages:
        if done < begin + stage["share"] or stage is stages[-1]:
            return stage, min(1.0, (done - begin) / stage["share"])
        begin += stage["share"]


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


def prepare(options, make_model, load_exported):
    """Models, optimizers and progress, fresh or from the state file, in memory that workers can share."""
    torch.manual_seed(options.seed)
    pair = make_model().to(options.device)
    ema = make_model().to(options.device).requires_grad_(False)
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
    return pair, ema, optimizers, spent, step


def work(index, options, stages, loss_of, prepared, lock, counter):
    """One worker: gradients on a bfloat16 copy of the weights, updates on the shared F32 ones, one worker at a time."""
    pair, ema, optimizers, spent, _ = prepared
    minutes = options.minutes * 60
    torch.set_num_threads(1 if options.workers > 1 else options.threads)
    # The generator's state is (seed, worker, step): a resumed run goes on with other numbers, not the same again.
    rng = np.random.default_rng([options.seed, index, counter.value])
    torch.manual_seed(int(rng.integers(2**31)))
    own = copy.deepcopy(pair).bfloat16()
    last = written = shown = time.time()
    name, losses, reached = None, [], counter.value

    def write(path):
        save(dict(model=pair.state_dict(), ema=ema.state_dict(), optimizers=[o.state_dict() for o in optimizers],
                  spent=spent, step=counter.value, stage=name), path)

    while spent < minutes:
        stage, within = stage_at(stages, spent / minutes)
        if stage["name"] != name:
            if name is not None and index == 0:
                with lock:
                    write(f"{options.state}.{name}")
            name = stage["name"]
            own.text_encoder.requires_grad_(stage["text"])
            if index == 0:
                print(f"stage {name} at step {counter.value}", flush=True)
        loss = loss_of(own, stage["layouts"][int(rng.integers(len(stage["layouts"])))], rng)
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
            losses.append(loss.detach())
            now = time.time()
            # A process that was stopped for a while does not count that while.
            spent, last = spent + min(now - last, PAUSE), now
            if index == 0 and now - shown > 60:
                print(f"{counter.value} {spent / 60:.1f} min stage {name} "
                      f"{(counter.value - reached) / (now - shown):.2f} updates/s "
                      f"loss {torch.stack(losses).mean().item():.4f}", flush=True)
                shown, losses, reached = now, [], counter.value
            if index == 0 and now - written > 90:
                write(options.state)
                written = now
    if index == 0:
        with lock:
            write(options.state)


def run(options, stages, make_model, load_exported, loss_of):
    """Trains until `options.minutes`. `loss_of(model, layout, rng)` gives a loss of the bfloat16 model."""
    prepared = prepare(options, make_model, load_exported)
    if options.workers == 1:
        from multiprocessing import dummy

        work(0, options, stages, loss_of, prepared, dummy.Lock(), dummy.Value("i", prepared[-1]))
        return
    context = torch.multiprocessing.get_context("fork")
    shared = context.Lock(), context.Value("l", prepared[-1], lock=False)
    workers = [
        context.Process(target=work, args=(i, options, stages, loss_of, prepared, *shared)) for i in range(options.workers)
    ]
    for worker in workers:
        worker.start()
    for worker in workers:
        worker.join()
