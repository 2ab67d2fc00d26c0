"""The transformer and the text encoder, and a forward pass over any subset of the full grid's tokens."""

import torch
from diffusers import DPMSolverMultistepScheduler, PixArtTransformer2DModel
from torch import nn
from transformers import T5Config, T5EncoderModel

from attention import CpuProcessor

GRID = 64
TRANSFORMER = dict(
    num_attention_heads=3,
    attention_head_dim=64,
    in_channels=4,
    out_channels=4,
    num_layers=5,
    cross_attention_dim=192,
    sample_size=GRID,
    patch_size=1,
    caption_channels=96,
    interpolation_scale=1,
    use_additional_conditions=False,
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
    num_train_timesteps=1000,
    prediction_type="flow_prediction",
    use_flow_sigmas=True,
    flow_shift=6.0,
    algorithm_type="dpmsolver++",
    solver_order=2,
    lower_order_final=True,
    final_sigmas_type="zero",
)


class Pair(nn.Module):
    """Both are trained together while the grid is coarse; later the text encoder is frozen."""

    def __init__(self, pieces):
        super().__init__()
        self.transformer = PixArtTransformer2DModel(**TRANSFORMER)
        self.transformer.set_attn_processor(CpuProcessor())
        self.text_encoder = T5EncoderModel(T5Config(vocab_size=pieces, **TEXT))
        # Every block starts as the identity in its timestep's gates, and the output at zero: the usual DiT start.
        nn.init.zeros_(self.transformer.adaln_single.linear.weight)
        nn.init.zeros_(self.transformer.adaln_single.linear.bias)
        nn.init.zeros_(self.transformer.proj_out.weight)
        nn.init.zeros_(self.transformer.proj_out.bias)
        nn.init.normal_(self.transformer.adaln_single.emb.timestep_embedder.linear_1.weight, std=0.02)
        nn.init.normal_(self.transformer.adaln_single.emb.timestep_embedder.linear_2.weight, std=0.02)

    def encode(self, tokenizer, texts, device):
        # Padded to the longest only: the mask makes that the same as the pipeline's 120.
        batch = tokenizer(texts, padding="longest", return_tensors="pt").to(device)
        states = self.text_encoder(batch.input_ids, attention_mask=batch.attention_mask)[0]
        return states, batch.attention_mask

    def forward(self, latents, positions, states, mask, timestep):
        """latents [batch, tokens, channels]; positions [batch, tokens] in the full grid, row by row."""
        model = self.transformer
        embed = model.pos_embed
        hidden = nn.functional.linear(latents, embed.proj.weight[:, :, 0, 0], embed.proj.bias)
        hidden = hidden + embed.pos_embed[0][positions]
        modulation, embedded = model.adaln_single(timestep, None, batch_size=len(latents), hidden_dtype=hidden.dtype)
        states = model.caption_projection(states)
        bias = (1 - mask.to(hidden.dtype)).unsqueeze(1) * -10000.0
        for block in model.transformer_blocks:
            hidden = block(hidden, encoder_hidden_states=states, encoder_attention_mask=bias, timestep=modulation)
        shift, scale = (model.scale_shift_table[None] + embedded[:, None]).chunk(2, dim=1)
        return model.proj_out(model.norm_out(hidden) * (1 + scale) + shift)


@torch.no_grad()
def sample(pair, tokenizer, prompts, seeds, grid=GRID, steps=20, guidance=3.0, shift=None):
    """Latents for the prompts, as the diffusers pipeline computes them; a smaller grid needs a smaller shift."""
    scheduler = DPMSolverMultistepScheduler(**{**SCHEDULER, "flow_shift": shift or SCHEDULER["flow_shift"] * grid / GRID})
    scheduler.set_timesteps(steps)
    states, mask = pair.encode(tokenizer, [""] * len(prompts) + list(prompts), "cpu")
    shape = (1, TRANSFORMER["in_channels"], grid, grid)
    latents = torch.cat([torch.randn(shape, generator=torch.Generator().manual_seed(seed)) for seed in seeds])
    for t in scheduler.timesteps:
        flow = pair.transformer(
            torch.cat([latents] * 2), states, t.expand(2 * len(prompts)), encoder_attention_mask=mask, return_dict=False
        )[0].float()
        empty, text = flow.chunk(2)
        latents = scheduler.step(empty + guidance * (text - empty), t, latents, return_dict=False)[0]
    return latents
