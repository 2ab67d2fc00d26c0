"""What reordering costs: the front and the attention with per-head orders, against the same with the order of the sequence."""

import torch

import library as native
from clock import merge, summarize, time_interleaved
from layouts import axis_orders, planted_masks
from packed import Mask, Orders, Ours, Shape


def run(context):
    for layout, heads, head_dim in context.sizes.sparse:
        shape = Shape(layout, heads, head_dim)
        name = f"front/{heads}x{shape.tokens}x{head_dim}"
        context.case(name, lambda shape=shape: _case(context, shape), needs_seconds=8)


def _case(context, shape):
    sizes, clock, layout, device = context.sizes, context.clock, shape.layout, context.device
    gathers = axis_orders(layout)
    weights = clock.place(torch.ones(shape.head_dim))
    angles = torch.outer(
        torch.arange(layout.tokens, device=device, dtype=torch.float32),
        10000.0 ** -torch.linspace(0, 1, shape.head_dim // 2, device=device),
    )
    extras = {
        "norm": (native.NORM_LAYER, 1e-6, weights, weights),
        "rope": (native.PAIRING_INTERLEAVED, clock.place(angles.cos()), clock.place(angles.sin())),
    }
    choices = {"identity": [0] * shape.heads, "permuted": [head % 6 for head in range(shape.heads)]}
    ours = {
        name: Ours(context.library, clock, shape, Orders(layout, gathers, choice, clock), **extras)
        for name, choice in choices.items()
    }
    density = sizes.densities[len(sizes.densities) // 2]
    mask = Mask(
        context.library, shape, planted_masks(layout, shape.heads, density, context.seed), clock
    )
    contenders = {}
    for name, one in ours.items():
        contenders[f"front_{name}"] = one.front
        contenders[f"dense_{name}"] = lambda _, one=one: one.attention()
        contenders[f"sparse_{name}"] = lambda _, one=one: one.attention(mask)
    rounds = []
    for round_index in range(sizes.rounds):
        generator = context.generator(2000 + round_index)
        inputs = [shape.random_inputs(clock, generator) for _ in range(sizes.input_sets)]
        rounds.append(time_interleaved(clock, contenders, inputs, sizes.passes))
        del inputs
    times = {who: summarize(samples) for who, samples in merge(rounds).items()}
    median = {who: entry["median_ms"] for who, entry in times.items()}
    front = median["front_permuted"] - median["front_identity"]
    # Three projections read once and three panels written once.
    moved = 6 * shape.batch * shape.heads * shape.tokens * shape.head_dim * shape.dtype.itemsize
    derived = {
        f"front_{name}_gigabytes_per_second": moved / (median[f"front_{name}"] * 1e-3) / 1e9
        for name in choices
    }
    for kind in ("dense", "sparse"):
        attention = median[f"{kind}_identity"]
        derived[f"reorder_share_of_{kind}"] = front / attention
        derived[f"reorder_and_scatter_share_of_{kind}"] = (
            front + median[f"{kind}_permuted"] - attention
        ) / attention
    return {"shape": shape.describe(), "density": mask.density, "times": times, "derived": derived}
