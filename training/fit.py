"""The training loop of the autoencoders: stages by share of the minutes, resumable from its state file."""

import math
import time

import numpy as np
import torch

from files import load, save

PAUSE = 20  # seconds; no update takes as long


def fit(model, loss_of, quality_of, stages, options):
    """Trains a model; `loss_of(stage, rng)` gives a loss, `quality_of()` what to print now and then, in dB.

    A stage holds `share` (of the minutes), `rate` (learning rate at its start and its end) and whatever `loss_of` needs.
    """
    torch.manual_seed(options.seed)
    rng = np.random.default_rng(options.seed)
    optimizer = torch.optim.AdamW(model.parameters(), lr=1e-3, betas=(0.9, 0.98), weight_decay=0.01)
    spent = step = 0
    try:
        state = load(options.state)
        model.load_state_dict(state["model"])
        optimizer.load_state_dict(state["optimizer"])
        rng.bit_generator.state = state["rng"]
        torch.set_rng_state(state["torch_rng"])
        spent, step = state["spent"], state["step"]
    except FileNotFoundError:
        pass

    last = time.time()
    while spent < options.minutes * 60:
        done, begin = spent / (options.minutes * 60), 0.0
        for stage in stages:
            if done < begin + stage["share"]:
                break
            begin += stage["share"]
        within = min(1.0, (done - begin) / stage["share"])
        first, final = stage["rate"]
        rate = first * math.exp(within * math.log(final / first)) * min(1, (step + 1) / 100)
        for group in optimizer.param_groups:
            group["lr"] = rate

        loss = loss_of(stage, rng)
        optimizer.zero_grad(set_to_none=True)
        loss.backward()
        torch.nn.utils.clip_grad_norm_(model.parameters(), 1.0)
        optimizer.step()
        step += 1
        now = time.time()
        # A process that was stopped for a while does not count that while.
        spent, last = spent + min(now - last, PAUSE), now
        if step % 200 == 0 or spent >= options.minutes * 60:
            print(f"{step} {spent:.0f}s side {stage['side']} loss {loss.item():.4f} psnr {quality_of():.2f}", flush=True)
            save(dict(model=model.state_dict(), optimizer=optimizer.state_dict(), rng=rng.bit_generator.state,
                      torch_rng=torch.get_rng_state(), spent=spent, step=step), options.state)
