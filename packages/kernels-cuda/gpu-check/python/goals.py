"""The numbers that the kernels must reach on a data-centre GPU, against what was found. No third-party modules."""

# Against torch's flash backend, 16 to 18 thousand tokens.
DENSE_SPEED = 0.95
# Of the ideal against our own dense, the front included, on planted plans; by density.
SPARSE_SHARE = {"0.5": 0.88, "0.3": 0.84, "0.2": 0.80}
# Of attention's time.
REORDER_SHARE = 0.005
PREFETCH_SHARE = 0.005


def judge(result):
    """A list of {goal, found, limit, met}; only what was measured is judged."""
    goals = []

    def at_least(goal, found, limit):
        goals.append({"goal": goal, "found": found, "limit": limit, "met": found >= limit})

    def at_most(goal, found, limit):
        goals.append({"goal": goal, "found": found, "limit": limit, "met": found <= limit})

    conformance = result.get("conformance")
    if conformance is not None:
        at_most("conformance: failed cases", len(conformance["failed"]), 0)
        # What was not reached has not conformed either.
        stages = {stage["name"]: stage["status"] for stage in result["stages"]}
        goals[-1]["met"] = goals[-1]["met"] and stages.get("conformance", "ok") == "ok"
    benchmarks = result.get("benchmarks", {})
    # Times of the emulator mean nothing.
    for case in [] if benchmarks.get("emulated") else benchmarks.get("cases", []):
        name, derived = case["name"], case.get("derived", {})
        kind = name.split("/")[0]
        if kind == "dense" and "speed_over_torch_flash" in derived:
            at_least(f"{name}: speed over torch's flash backend", derived["speed_over_torch_flash"], DENSE_SPEED)
        if kind == "sparse":
            for density, limit in SPARSE_SHARE.items():
                shares = derived.get(f"planted_{density}")
                if shares is not None:
                    at_least(
                        f"{name}: share of ideal at density {density}, front included",
                        shares["share_of_ideal_with_front"],
                        limit,
                    )
        if kind == "front" and "reorder_share_of_dense" in derived:
            at_most(f"{name}: reorder, share of dense attention", derived["reorder_share_of_dense"], REORDER_SHARE)
        if kind == "prefetch" and "prefetch_share" in derived:
            at_most(f"{name}: mask prefetch, share of attention", derived["prefetch_share"], PREFETCH_SHARE)
    return goals
