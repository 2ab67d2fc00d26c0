"""Block-sparse attention on plans: planted PARO-like and random balanced, as a share of the ideal against our own dense."""

from clock import merge, summarize, time_interleaved
from layouts import axis_orders, planted_masks, random_masks
from oracle import RowSample, allowed_pairs, check, limit_of
from packed import Mask, Orders, Ours, Shape


def run(context):
    for layout, heads, head_dim in context.sizes.sparse:
        shape = Shape(layout, heads, head_dim)
        name = f"sparse/{heads}x{shape.tokens}x{head_dim}"
        context.case(name, lambda shape=shape: _case(context, shape), needs_seconds=12)


def _case(context, shape):
    sizes, clock, layout = context.sizes, context.clock, shape.layout
    choice = [head % 6 for head in range(shape.heads)]
    orders = Orders(layout, axis_orders(layout), choice, clock)
    ours = Ours(context.library, clock, shape, orders)
    kinds = {"planted": planted_masks, "random": random_masks}
    masks = {
        f"{kind}_{density}": Mask(
            context.library, shape, make(layout, shape.heads, density, context.seed), clock
        )
        for kind, make in kinds.items()
        for density in sizes.densities
    }
    rounds, checks = [], {}
    for round_index in range(sizes.rounds):
        generator = context.generator(1000 + round_index)
        inputs = [shape.random_inputs(clock, generator) for _ in range(sizes.input_sets)]
        ours.front(inputs[0])
        contenders = {"front": ours.front, "dense": lambda _: ours.attention()}
        for name, mask in masks.items():
            contenders[name] = lambda _, mask=mask: ours.attention(mask)
        rounds.append(time_interleaved(clock, contenders, inputs, sizes.passes))
        if round_index == 0:
            checks = _checks(context, shape, ours, orders, masks, inputs[-1])
        del inputs
    times = {who: summarize(samples) for who, samples in merge(rounds).items()}
    dense, front = times["dense"]["median_ms"], times["front"]["median_ms"]
    shares = {}
    for name, mask in masks.items():
        sparse = times[name]["median_ms"]
        shares[name] = {
            "density": mask.density,
            # The ideal takes `density` of the dense time. With the front: it is paid on both sides and is never saved.
            "share_of_ideal_without_front": mask.density * dense / sparse,
            "share_of_ideal_with_front": mask.density * (front + dense) / (front + sparse),
            # Stricter: the front is charged to the sparse side alone.
            "share_of_ideal_front_on_sparse_only": mask.density * dense / (front + sparse),
            "speedup_with_front": (front + dense) / (front + sparse),
        }
    return {"shape": shape.describe(), "times": times, "derived": shares, "checks": checks}


def _checks(context, shape, ours, orders, masks, inputs):
    sample = RowSample(shape, context.seed)
    results = {}
    for name, mask in {"dense": None, **masks}.items():
        ours.poison()
        ours.front(inputs)
        ours.attention(mask)
        context.clock.synchronize()
        allowed = None
        if mask is not None:
            allowed = allowed_pairs(mask.blocks, orders, shape.layout, sample.rows, context.device)
        expected, _ = sample.reference(shape, inputs, allowed)
        results[name] = check(sample.take(ours.output), expected, limit_of(shape.dtype))
        if not bool(ours.output.isfinite().all()):
            results[name].update(finite=False, ok=False)
    return results
