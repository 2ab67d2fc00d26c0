"""Writes the diffusers folder (F16 safetensors) from a training state, and generates from it as a check."""

import argparse
import time

import torch
from diffusers import AutoencoderKL, DPMSolverMultistepScheduler, PixArtAlphaPipeline
from diffusers.models.attention_processor import AttnProcessor2_0

import tokenizer as tokenizers
from files import load
from folder import write_folder
from model import SCHEDULER, Pair
from scenes import PACKAGE, SPEC

if __name__ == "__main__":
    parser = argparse.ArgumentParser()
    parser.add_argument("--state", default="work/train.pt")
    parser.add_argument("--weights", default="ema")
    parser.add_argument("--tokenizer", default="work/tokenizer")
    parser.add_argument("--vae", default="work/vae")
    parser.add_argument("--out", default=str(PACKAGE / "checkpoint"))
    parser.add_argument("--shift", type=float, default=SCHEDULER["flow_shift"])
    parser.add_argument("--check", default=None, help="a picture to write, made by the pipeline from the exported files")
    parser.add_argument("--guidance", type=float, default=3.0)
    parser.add_argument("--threads", type=int, default=2)
    options = parser.parse_args()
    torch.set_num_threads(options.threads)

    tokenizer = tokenizers.load(options.tokenizer)
    pair = Pair(len(tokenizer)).eval()
    pair.load_state_dict(load(options.state)[options.weights])
    pair.transformer.set_attn_processor(AttnProcessor2_0())
    pipeline = PixArtAlphaPipeline(
        tokenizer=tokenizer,
        text_encoder=pair.text_encoder,
        vae=AutoencoderKL.from_pretrained(options.vae),
        transformer=pair.transformer,
        scheduler=DPMSolverMultistepScheduler(**{**SCHEDULER, "flow_shift": options.shift}),
    )
    write_folder(pipeline, options.tokenizer, options.out)

    if options.check:
        again = PixArtAlphaPipeline.from_pretrained(options.out, torch_dtype=torch.float16).to(torch.float32)
        prompts = (PACKAGE / SPEC["prompts"]["calibration"]).read_text().splitlines()[:2]
        begun = time.time()
        # Without use_resolution_binning=False the pipeline would ask for 512x512, PixArt's size for this sample_size.
        pictures = again(
            prompts, num_inference_steps=20, guidance_scale=options.guidance, use_resolution_binning=False,
            generator=torch.Generator().manual_seed(1), output_type="np",
        ).images
        print(f"{(time.time() - begun) / len(prompts):.1f} s a picture", pictures.shape)
        from PIL import Image

        Image.fromarray((pictures * 255).round().astype("uint8").reshape(-1, *pictures.shape[2:])).save(options.check)
