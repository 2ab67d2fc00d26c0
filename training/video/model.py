"""The transformer and the text encoder, and a forward pass over any subset of the full grid's tokens."""

import torch
import torch.nn.functional as F
from diffusers import CogVideoXDDIMScheduler, CogVideoXTransformer3DModel
from torch import nn
from transformers import T5Config, T5EncoderModel

from attention import LEAST, BlockedAttention
from video.scenes import CELL, FRAMES, GROUP, SIDE

GRID = (1 + (FRAMES - 1) // GROUP, SIDE // CELL, SIDE // CELL)  # latent frames, rows, columns
TEXT_TOKENS = 32
TRANSFORMER = dict(
    num_attention_heads=3,
    attention_head_dim=64,
    in_channels=8,
    out_channels=8,
    time_embed_dim=48,
    text_embed_dim=96,
    num_layers=6,
    sample_width=GRID[2],
    sample_height=GRID[1],
    sample_frames=FRAMES,
    patch_size=1,
    temporal_compression_ratio=GROUP,
    max_text_seq_length=TEXT_TOKENS,
    spatial_interpolation_scale=1.0,
    use_rotary_positional_embeddings=False,
)
TEXT = dict(
    d_model=96,
    d_kv=32,
    num_heads=3,
    d_ff=192,
    num_layers=2,
    feed_forward_proj="gated-gelu",
    dropout_rate=0.0,
    decoder_start_token_id=0,
)
SCHEDULER = dict(
    prediction_type="v_prediction",
    rescale_betas_zero_snr=True,
    snr_shift_scale=12.0,
    timestep_spacing="trailing",
    clip_sample=False,
)


class BlockedProcessor:
    """A diffusers attention processor on this project's own bfloat16 attention for CPUs."""

    def __call__(self, attn, hidden_states, encoder_hidden_states, image_rotary_emb=None, **_):
        text = encoder_hidden_states.shape[1]
        states = torch.cat([encoder_hidden_states, hidden_states], 1)
        query, key, value = (
            layer(states).unflatten(-1, (attn.heads, -1)).transpose(1, 2) for layer in (attn.to_q, attn.to_k, attn.to_v)
        )
        query, key = attn.norm_q(query), attn.norm_k(key)
        if query.dtype == torch.bfloat16 and query.device.type == "cpu" and query.shape[2] >= LEAST:
            heads = (x.flatten(0, 1).contiguous() for x in (query, key, value))
            out = BlockedAttention.apply(*heads).view(query.shape)
        else:
            out = F.scaled_dot_product_attention(query, key, value)
        out = attn.to_out[0](out.transpose(1, 2).flatten(2))
        return out[:, text:], out[:, :text]


class Pair(nn.Module):
    """Both are trained together while the grid is coarse; later the text encoder is frozen."""

    def __init__(self, pieces):
        super().__init__()
        self.transformer = CogVideoXTransformer3DModel(**TRANSFORMER)
        self.transformer.set_attn_processor(BlockedProcessor())
        self.text_encoder = T5EncoderModel(T5Config(vocab_size=pieces, **TEXT))
        # Every block starts as the identity in its timestep's gates, and the output at zero: the usual DiT start.
        gates = [norm.linear for block in self.transformer.transformer_blocks for norm in (block.norm1, block.norm2)]
        for layer in [*gates, self.transformer.norm_out.linear, self.transformer.proj_out]:
            nn.init.zeros_(layer.weight)
            nn.init.zeros_(layer.bias)

    def encode(self, ids):
        """Hidden states of padded captions, [batch, TEXT_TOKENS]; CogVideoX masks nothing."""
        return self.text_encoder(ids)[0]

    def forward(self, latents, positions, states, timestep):
        """latents [batch, tokens, channels]; positions [batch, tokens] in the full grid, frame by frame, row by row."""
        model = self.transformer
        proj = model.patch_embed.proj
        places = model.patch_embed.pos_embedding[0, TEXT_TOKENS:].to(latents.dtype)
        hidden = F.linear(latents, proj.weight[:, :, 0, 0], proj.bias) + places[positions]
        text = model.patch_embed.text_proj(states)
        embedded = model.time_embedding(model.time_proj(timestep).to(hidden.dtype))
        for block in model.transformer_blocks:
            hidden, text = block(hidden, text, embedded)
        return model.proj_out(model.norm_out(model.norm_final(hidden), temb=embedded))


def ids_of(tokenizer, texts):
    return tokenizer(texts, padding="max_length", max_length=TEXT_TOKENS, truncation=True, return_tensors="pt").input_ids


@torch.no_grad()
def sample(pair, tokenizer, prompts, seeds, strides=(1, 1), steps=25, guidance=4.0, shift=None):
    """Latents for the prompts, [batch, channels, frames, rows, columns], as the diffusers pipeline computes them.

    `strides` takes a part of the frames and of the cells; a smaller grid needs a smaller shift.
    """
    scheduler = CogVideoXDDIMScheduler(**{**SCHEDULER, **({} if shift is None else {"snr_shift_scale": shift})})
    scheduler.set_timesteps(steps)
    device = next(pair.parameters()).device
    states = pair.encode(ids_of(tokenizer, [""] * len(prompts) + list(prompts)).to(device))
    grid = torch.arange(GRID[0] * GRID[1] * GRID[2]).view(GRID)[:: strides[0], :: strides[1], :: strides[1]]
    shape = (*grid.shape, TRANSFORMER["in_channels"])
    latents = torch.stack([torch.randn(shape, generator=torch.Generator().manual_seed(seed)) for seed in seeds])
    latents = latents.flatten(1, 3).to(device)
    positions = grid.flatten().to(device).expand(2 * len(prompts), -1)
    for t in scheduler.timesteps:
        velocity = pair(torch.cat([latents] * 2), positions, states, t.to(device).expand(2 * len(prompts))).float()
        empty, text = velocity.chunk(2)
        latents = scheduler.step(empty + guidance * (text - empty), t, latents, return_dict=False)[0]
    return latents.unflatten(1, grid.shape).permute(0, 4, 1, 2, 3)
