"""Clips on disk: for people a contact sheet, for packages/sample-video/scripts/check-folder.mjs a folder."""

from pathlib import Path

import numpy as np
import torch
from PIL import Image


@torch.no_grad()
def decode(vae, latents):
    """uint8 [batch, frames, height, width, 3] of latents [batch, channels, frames, rows, columns], one at a time."""
    clips = [vae.decode(one[None] / vae.config.scaling_factor).sample[0] for one in latents]
    clips = (torch.stack(clips).float().clamp(-1, 1) + 1) * 127.5
    return clips.round().byte().permute(0, 2, 3, 4, 1).cpu().numpy()


def write_clips(folder, captions, clips):
    """captions.txt and, for every clip, a picture of its frames, one below the other."""
    folder = Path(folder)
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "captions.txt").write_text("\n".join(captions) + "\n")
    for i, clip in enumerate(clips):
        Image.fromarray(clip.reshape(-1, *clip.shape[2:])).save(folder / f"{i}.png")


def write_sheet(path, clips, frames=7, zoom=2):
    """A row for every clip: frames evenly apart, the first and the last among them."""
    at = np.linspace(0, len(clips[0]) - 1, frames).round().astype(int)
    image = Image.fromarray(np.concatenate([np.concatenate(list(clip[at]), 1) for clip in clips]))
    image.resize((image.width * zoom, image.height * zoom), Image.NEAREST).save(path)
