"""Writes the diffusers folder (F16 safetensors) from a training state, and generates from it as a check."""

import argparse
import time

import numpy as np
import torch
from diffusers import AutoencoderKLCogVideoX, CogVideoXDDIMScheduler, CogVideoXPipeline
from diffusers.models.attention_processor import CogVideoXAttnProcessor2_0

import tokenizer as tokenizers
from files import load
from folder import write_folder
from video.clips import write_sheet
from video.model import SCHEDULER, TEXT_TOKENS, Pair
from video.scenes import PACKAGE, SPEC

if __name__ == "__main__":
    parser = argparse.ArgumentParser()
    parser.add_argument("--state", default="work/video/train.pt")
    parser.add_argument("--weights", default="ema")
    parser.add_argument("--tokenizer", default="work/video/tokenizer")
    parser.add_argument("--vae", default="work/video/vae")
    parser.add_argument("--out", default="work/video/checkpoint")
    parser.add_argument("--shift", type=float, default=SCHEDULER["snr_shift_scale"])
    parser.add_argument("--check", default=None, help="a contact sheet to write, made by the pipeline from the exported files")
    parser.add_argument("--steps", type=int, default=25)
    parser.add_argument("--guidance", type=float, default=4.0)
    parser.add_argument("--threads", type=int, default=2)
    options = parser.parse_args()
    torch.set_num_threads(options.threads)

    tokenizer = tokenizers.load(options.tokenizer)
    pair = Pair(len(tokenizer)).eval()
    pair.load_state_dict(load(options.state)[options.weights])
    pair.transformer.set_attn_processor(CogVideoXAttnProcessor2_0())
    pipeline = CogVideoXPipeline(
        tokenizer=tokenizer,
        text_encoder=pair.text_encoder,
        vae=AutoencoderKLCogVideoX.from_pretrained(options.vae),
        transformer=pair.transformer,
        scheduler=CogVideoXDDIMScheduler(**{**SCHEDULER, "snr_shift_scale": options.shift}),
    )
    write_folder(pipeline, options.tokenizer, options.out)

    if options.check:
        again = CogVideoXPipeline.from_pretrained(options.out, torch_dtype=torch.float16).to(torch.float32)
        prompts = (PACKAGE / SPEC["prompts"]["calibration"]).read_text().splitlines()[:2]
        begun = time.time()
        # The pipeline pads captions to 226 tokens, whatever the transformer was made for, unless told.
        clips = again(
            prompts, num_inference_steps=options.steps, guidance_scale=options.guidance, max_sequence_length=TEXT_TOKENS,
            generator=torch.Generator().manual_seed(1), output_type="np",
        ).frames
        print(f"{(time.time() - begun) / len(prompts):.1f} s a clip", clips.shape)
        write_sheet(options.check, (clips * 255).round().astype(np.uint8))
