"""Samples prompts from a training state (EMA weights) and scores them: the monitor while training runs."""

import argparse
import time

import numpy as np
import torch
from diffusers import AutoencoderKL
from PIL import Image

import tokenizer as tokenizers
from files import load
from model import GRID, Pair, sample
from scenes import PACKAGE, SPEC, caption, held_out, parse, training_scene
from score import check

if __name__ == "__main__":
    parser = argparse.ArgumentParser()
    parser.add_argument("--state", default="work/train.pt")
    parser.add_argument("--weights", default="ema")
    parser.add_argument("--tokenizer", default="work/tokenizer")
    parser.add_argument("--vae", default="work/vae")
    parser.add_argument("--grid", type=int, default=GRID)
    parser.add_argument("--prompts", default="heldoutOne", choices=["heldoutOne", "heldoutTwo", "calibration", "training"],
                        help="training: random one-object captions that are not held out, to choose settings with")
    parser.add_argument("--first", type=int, default=0)
    parser.add_argument("--count", type=int, default=8)
    parser.add_argument("--batch", type=int, default=4)
    parser.add_argument("--steps", type=int, default=20)
    parser.add_argument("--guidance", type=float, default=3.0)
    parser.add_argument("--shift", type=float, default=None)
    parser.add_argument("--seed", type=int, default=1000)
    parser.add_argument("--threads", type=int, default=2)
    parser.add_argument("--picture", default=None, help="a contact sheet")
    parser.add_argument("--quiet", action="store_true")
    options = parser.parse_args()
    torch.set_num_threads(options.threads)

    tokenizer = tokenizers.load(options.tokenizer)
    pair = Pair(len(tokenizer)).eval()
    pair.load_state_dict(load(options.state)[options.weights])
    vae = AutoencoderKL.from_pretrained(options.vae).eval()
    if options.prompts == "training":
        rng, excluded = np.random.default_rng(options.seed), held_out()
        lines = [caption(training_scene(rng, 0.0, excluded)) for _ in range(options.first + options.count)]
    else:
        lines = (PACKAGE / SPEC["prompts"][options.prompts]).read_text().splitlines()
    lines = lines[options.first : options.first + options.count]
    results, sheet, begun = [], [], time.time()
    for at in range(0, len(lines), options.batch):
        prompts = lines[at : at + options.batch]
        seeds = [options.seed + options.first + at + i for i in range(len(prompts))]
        with torch.no_grad(), torch.autocast("cpu", dtype=torch.bfloat16):
            latents = sample(pair, tokenizer, prompts, seeds, options.grid, options.steps, options.guidance, options.shift)
        with torch.no_grad():
            full = latents.float().repeat_interleave(GRID // options.grid, 2).repeat_interleave(GRID // options.grid, 3)
            pictures = vae.decode(full / vae.config.scaling_factor).sample
        pictures = ((pictures.clamp(-1, 1) + 1) * 127.5).round().byte().permute(0, 2, 3, 1).numpy()
        for prompt, picture in zip(prompts, pictures):
            result = check(picture, parse(prompt), *(() if options.grid == GRID else (0.6, 0.2)))
            results.append(result)
            sheet.append(picture)
            if not options.quiet:
                print("right" if result["all"] else "WRONG " + ", ".join(k for k, v in result.items() if not v and k != "all"), "|", prompt)
    for what in results[0]:
        print(f"{what} {sum(r[what] for r in results)}/{len(results)}", end="  ")
    print(f"| {(time.time() - begun) / len(lines):.1f} s a picture")
    if options.picture:
        columns = min(8, len(sheet))
        sheet += [np.zeros_like(sheet[0])] * (-len(sheet) % columns)
        rows = [np.concatenate(sheet[i : i + columns], 1) for i in range(0, len(sheet), columns)]
        image = Image.fromarray(np.concatenate(rows))
        image.resize((image.width // 2, image.height // 2), Image.BOX).save(options.picture)
