"""Dense attention beside every backend that torch has, on the same tensors."""


import sdpa
from cases import teraflops
from clock import merge, summarize, time_interleaved
from layouts import axis_orders
from oracle import RowSample, check, limit_of
from packed import Orders, Ours, Shape


def run(context):
    for layout, heads, head_dim in context.sizes.dense:
        shape = Shape(layout, heads, head_dim)
        name = f"dense/{heads}x{shape.tokens}x{head_dim}"
        context.case(name, lambda shape=shape: _case(context, shape), needs_seconds=8)


def _case(context, shape):
    sizes, clock = context.sizes, context.clock
    orders = Orders(shape.layout, axis_orders(shape.layout)[:1], [0] * shape.heads, clock)
    ours = Ours(context.library, clock, shape, orders)
    rounds, checks, missing = [], {}, {}
    for round_index in range(sizes.rounds):
        generator = context.generator(round_index)
        inputs = [shape.random_inputs(clock, generator) for _ in range(sizes.input_sets)]
        if round_index == 0:
            theirs, missing = sdpa.available(inputs[0], shape.scale)
        # Our kernel alone reads what was packed before: one image for all passes, several times the cache at full size.
        ours.front(inputs[0])

        def with_front(tensors):
            ours.front(tensors)
            ours.attention()

        contenders = {"ours": lambda _: ours.attention(), "ours_with_front": with_front, **theirs}
        rounds.append(time_interleaved(clock, contenders, inputs, sizes.passes))
        _check(context, shape, ours, theirs, inputs[-1], round_index, checks)
        del inputs
    times = {who: summarize(samples) for who, samples in merge(rounds).items()}
    for who, entry in times.items():
        entry["tflops"] = teraflops(shape.flops, entry["median_ms"])
    derived = {
        f"speed_over_{who}": times[who]["median_ms"] / times["ours"]["median_ms"] for who in theirs
    }
    if theirs:
        best = min(theirs, key=lambda who: times[who]["median_ms"])
        derived["best_of_torch"] = best
        derived["speed_over_best_of_torch"] = times[best]["median_ms"] / times["ours"]["median_ms"]
        derived["speed_with_front_over_best_of_torch"] = (
            times[best]["median_ms"] / times["ours_with_front"]["median_ms"]
        )
    return {
        "shape": shape.describe(),
        "flops": shape.flops,
        "times": times,
        "derived": derived,
        "unavailable": missing,
        "checks": checks,
    }


def _check(context, shape, ours, theirs, inputs, round_index, checks):
    """After the timing, on inputs of this round, outputs poisoned before. A round may only worsen what is recorded."""
    sample = RowSample(shape, context.seed + round_index)
    expected, expected_sums = sample.reference(shape, inputs)
    ours.poison()
    ours.front(inputs)
    ours.attention(log_sum_exp=True)
    context.clock.synchronize()
    found = {"ours": check(sample.take(ours.output), expected, limit_of(shape.dtype))}
    if not bool(ours.output.isfinite().all()):
        found["ours"].update(finite=False, ok=False)
    sums = ours.log_sum_exp[:, sample.heads][:, :, sample.rows.to(context.device)].double()
    error = float((sums - expected_sums).abs().max())
    # Absolute: logits of order 10 in float32, summed over thousands of keys.
    found["ours_log_sum_exp"] = {"largest_error": error, "limit": 2e-3, "ok": error <= 2e-3}
    for who, run_theirs in theirs.items():
        found[who] = check(sample.take(run_theirs(inputs)), expected, limit_of(shape.dtype))
    for who, result in found.items():
        before = checks.get(who)
        key = "largest_error" if "largest_error" in result else "relative_error"
        # A NaN compares as neither; whatever is not ok stays.
        if before is None or (before["ok"] and not (result["ok"] and result[key] <= before[key])):
            checks[who] = result
