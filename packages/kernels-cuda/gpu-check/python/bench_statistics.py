"""Block statistics of the softmax map, with sampled tiles checked in double precision."""

import math

import torch

from cases import teraflops
from clock import merge, summarize, time_interleaved
from layouts import axis_orders
from packed import Orders, Ours, Shape

EPSILON = 1e-5  # a little below the mean of an entry at 17,776 tokens


def run(context):
    for layout, heads, head_dim in context.sizes.statistics:
        shape = Shape(layout, heads, head_dim)
        name = f"statistics/{heads}x{shape.tokens}x{head_dim}"
        context.case(name, lambda shape=shape: _case(context, shape), needs_seconds=10)


def _case(context, shape):
    sizes, clock, layout = context.sizes, context.clock, shape.layout
    choice = [(head + 1) % 6 for head in range(shape.heads)]
    orders = Orders(layout, axis_orders(layout), choice, clock)
    ours = Ours(context.library, clock, shape, orders)
    problem, outputs = ours.statistics_problem(EPSILON)
    rounds = []
    for round_index in range(sizes.rounds):
        inputs = shape.random_inputs(clock, context.generator(3000 + round_index))
        ours.poison()
        ours.front(inputs)
        ours.attention(log_sum_exp=True)
        contenders = {
            "statistics": lambda _: ours.statistics(problem),
            "dense_attention": lambda _: ours.attention(log_sum_exp=True),
        }
        rounds.append(time_interleaved(clock, contenders, [inputs], sizes.passes))
    for output in outputs:
        output.fill_(float("nan"))
    ours.statistics(problem)
    clock.synchronize()
    first = [output.clone() for output in outputs]
    ours.statistics(problem)
    clock.synchronize()
    same = all(torch.equal(before, after) for before, after in zip(first, outputs))
    checks = {
        "deterministic": {"ok": same},
        **_check_rows(outputs[0]),
        **_check_tiles(context, shape, orders, inputs, outputs),
    }
    times = {who: summarize(samples) for who, samples in merge(rounds).items()}
    derived = {
        # Only the product of queries and keys: half of attention's operations.
        "statistics_tflops": teraflops(shape.flops / 2, times["statistics"]["median_ms"]),
        "statistics_over_dense_attention": times["statistics"]["median_ms"]
        / times["dense_attention"]["median_ms"],
    }
    return {"shape": shape.describe(), "times": times, "derived": derived, "checks": checks}


def _check_rows(sums):
    """A row of blocks sums to its count of queries: the total over all tiles is the count of queries of all heads."""
    finite = bool(torch.isfinite(sums).all())
    per_row = sums.double().sum(dim=-1)
    nearest = per_row.round()
    error = float((per_row - nearest).abs().max() / 64)
    return {"row_sums": {"largest_error": error, "limit": 1e-3, "ok": finite and error <= 1e-3}}


def _check_tiles(context, shape, orders, inputs, outputs, tiles=24):
    layout, device = shape.layout, context.device
    starts = [int(start) for start in layout.starts()]
    generator = torch.Generator().manual_seed(context.seed)
    query, key, _ = inputs
    worst = {"sum": 0.0, "maximum": 0.0, "small_count": 0.0}
    for index in range(tiles):
        head = int(torch.randint(shape.heads, (1,), generator=generator))
        row, column = (int(x) for x in torch.randint(layout.blocks, (2,), generator=generator))
        if index == 0:
            row = column = layout.blocks - 1  # the short one
        gather = orders.gathers[orders.choice_list[head]].to(device)
        rows, columns = (gather[starts[at] : starts[at + 1]] for at in (row, column))
        logits = query[0, rows, head].double() @ key[0, :, head].double().T * shape.scale
        tile = logits.softmax(dim=-1)[:, columns]
        found = [float(output[0, head, row, column]) for output in outputs]
        worst["sum"] = _worse(worst["sum"], abs(found[0] - float(tile.sum())) / float(tile.sum()))
        worst["maximum"] = _worse(
            worst["maximum"], abs(found[1] - float(tile.max())) / float(tile.max())
        )
        # Entries next to the threshold may fall on either side.
        low = float((tile < EPSILON * (1 - 1e-3)).sum())
        high = float((tile < EPSILON * (1 + 1e-3)).sum())
        outside = max(low - found[2], found[2] - high, 0.0)
        worst["small_count"] = _worse(worst["small_count"], outside)
    limits = {"sum": 1e-3, "maximum": 1e-3, "small_count": 0.0}
    return {
        f"tile_{name}": {"largest_error": worst[name], "limit": limit, "ok": worst[name] <= limit}
        for name, limit in limits.items()
    }


def _worse(before, now):
    """The larger; a NaN counts as infinitely wrong."""
    return math.inf if math.isnan(now) else max(before, now)
