"""What it costs to bring each layer's mask from the host while the layer before computes."""

import numpy as np

import library as native
from clock import merge, summarize, time_interleaved
from layouts import axis_orders, planted_masks
from oracle import RowSample, allowed_pairs, check, limit_of
from packed import Mask, Orders, Ours, Shape

# Layers differ in these many masks, in turn: making one for each layer would take longer than the benchmark.
DIFFERENT = 3


def run(context):
    for layout, heads, head_dim in context.sizes.sparse:
        shape = Shape(layout, heads, head_dim)
        name = f"prefetch/{heads}x{shape.tokens}x{head_dim}x{context.sizes.layers}"
        context.case(name, lambda shape=shape: _case(context, shape), needs_seconds=15)


def _case(context, shape):
    sizes, clock, layout = context.sizes, context.clock, shape.layout
    orders = Orders(layout, axis_orders(layout), [head % 6 for head in range(shape.heads)], clock)
    ours = Ours(context.library, clock, shape, orders)
    density = sizes.densities[len(sizes.densities) // 2]
    masks = [
        Mask(
            context.library,
            shape,
            planted_masks(layout, shape.heads, density, context.seed + index),
            clock,
        )
        for index in range(DIFFERENT)
    ]
    layers = [masks[layer % DIFFERENT] for layer in range(sizes.layers)]
    words = np.concatenate([mask.host_words.numpy().reshape(-1) for mask in layers])
    items = np.concatenate([mask.host_items.numpy().reshape(-1) for mask in layers])
    prefetch = context.library.prefetch_create(
        native.LayerMasks(
            words=words.ctypes.data,
            items=items.ctypes.data,
            layers=sizes.layers,
            words_per_layer=layers[0].host_words.numel(),
            items_per_layer=len(layers[0].host_items),
        )
    )
    try:
        word_count = layers[0].words.shape[-1]

        def resident(_):
            for mask in layers:
                ours.attention(mask)

        def prefetched(_):
            for layer in range(sizes.layers):
                mask = context.library.prefetch_acquire(prefetch, layer, clock.stream())
                ours.attention_on(mask.words, word_count, mask.items, mask.item_count)

        contenders = {"resident": resident, "prefetched": prefetched}
        rounds = []
        for round_index in range(min(sizes.rounds, 2)):
            inputs = shape.random_inputs(clock, context.generator(4000 + round_index))
            ours.front(inputs)
            rounds.append(time_interleaved(clock, contenders, [inputs], sizes.passes, warmup=1))
        checks = _check(context, shape, ours, orders, masks, prefetch, inputs, word_count)
    finally:
        clock.synchronize()
        context.library.prefetch_destroy(prefetch)
    times = {who: summarize(samples) for who, samples in merge(rounds).items()}
    derived = {
        "prefetch_share": times["prefetched"]["median_ms"] / times["resident"]["median_ms"] - 1,
        "bytes_per_layer": layers[0].host_words.nbytes + layers[0].host_items.nbytes,
    }
    return {
        "shape": shape.describe(),
        "layers": sizes.layers,
        "density": masks[0].density,
        "times": times,
        "derived": derived,
        "checks": checks,
    }


def _check(context, shape, ours, orders, masks, prefetch, inputs, word_count):
    """Each mask arrives as itself: layers in turn, and once out of turn."""
    sample = RowSample(shape, context.seed)
    results = {}
    for layer in [0, 1, 2, 1]:
        ours.output.fill_(float("nan"))
        mask = context.library.prefetch_acquire(prefetch, layer, context.clock.stream())
        ours.attention_on(mask.words, word_count, mask.items, mask.item_count)
        context.clock.synchronize()
        blocks = masks[layer % DIFFERENT].blocks
        allowed = allowed_pairs(blocks, orders, shape.layout, sample.rows, context.device)
        expected, _ = sample.reference(shape, inputs, allowed)
        name = f"layer_{layer}" if f"layer_{layer}" not in results else f"layer_{layer}_again"
        results[name] = check(sample.take(ours.output), expected, limit_of(shape.dtype))
    return results
