"""Samples prompts from a training state (EMA weights): the monitor while training runs.

`--out` is a folder for packages/sample-video/scripts/check-folder.mjs, which says how many are right.
"""

import argparse
import time

import numpy as np
import torch
from diffusers import AutoencoderKLCogVideoX

import tokenizer as tokenizers
from files import load
from video.clips import decode, write_clips, write_sheet
from video.model import GRID, Pair, sample
from video.scenes import PACKAGE, SPEC, caption, held_out, training_scene

if __name__ == "__main__":
    parser = argparse.ArgumentParser()
    parser.add_argument("--state", default="work/video/train.pt")
    parser.add_argument("--weights", default="ema")
    parser.add_argument("--tokenizer", default="work/video/tokenizer")
    parser.add_argument("--vae", default="work/video/vae")
    parser.add_argument("--prompts", default="training", choices=["heldoutOne", "heldoutTwo", "calibration", "training"],
                        help="training: random one-object captions that are not held out, to choose settings with")
    parser.add_argument("--first", type=int, default=0)
    parser.add_argument("--count", type=int, default=8)
    parser.add_argument("--batch", type=int, default=4)
    parser.add_argument("--steps", type=int, default=25)
    parser.add_argument("--guidance", type=float, default=4.0)
    parser.add_argument("--shift", type=float, default=None, help="snr_shift_scale")
    parser.add_argument("--coarse", type=int, default=1, help="take every nth row and column only")
    parser.add_argument("--seed", type=int, default=1000)
    parser.add_argument("--threads", type=int, default=2)
    parser.add_argument("--device", default="cpu")
    parser.add_argument("--sheet", default=None, help="a contact sheet")
    parser.add_argument("--out", default=None, help="a folder of clips with their captions")
    options = parser.parse_args()
    torch.set_num_threads(options.threads)

    tokenizer = tokenizers.load(options.tokenizer)
    pair = Pair(len(tokenizer)).to(options.device).eval()
    pair.load_state_dict(load(options.state)[options.weights])
    vae = AutoencoderKLCogVideoX.from_pretrained(options.vae).to(options.device).eval()
    if options.prompts == "training":
        rng, excluded = np.random.default_rng(options.seed), held_out()
        lines = [caption(training_scene(rng, 0.0, excluded)) for _ in range(options.first + options.count)]
    else:
        lines = (PACKAGE / SPEC["prompts"][options.prompts]).read_text().splitlines()
    lines = lines[options.first : options.first + options.count]
    clips, begun = [], time.time()
    for at in range(0, len(lines), options.batch):
        prompts = lines[at : at + options.batch]
        seeds = [options.seed + options.first + at + i for i in range(len(prompts))]
        with torch.autocast(options.device, dtype=torch.bfloat16):
            latents = sample(
                pair, tokenizer, prompts, seeds, (1, options.coarse), options.steps, options.guidance, options.shift
            )
            # Each value of a coarse grid stands for the cells that were left out.
            whole = latents.repeat_interleave(options.coarse, 3).repeat_interleave(options.coarse, 4)
            clips.extend(decode(vae, whole[..., : GRID[1], : GRID[2]]))
    print(f"{(time.time() - begun) / len(lines):.1f} s a clip", *lines, sep="\n")
    if options.sheet:
        write_sheet(options.sheet, clips)
    if options.out:
        write_clips(options.out, lines, clips)
