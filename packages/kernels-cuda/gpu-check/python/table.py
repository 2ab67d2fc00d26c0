"""The result as a text that people read. No third-party modules."""


def format_result(result):
    """Of the whole result file (README.md describes it)."""
    lines = [_heading(result)]
    lines.append("\nStages")
    for stage in result["stages"]:
        note = stage.get("reason") or stage.get("note") or ""
        lines.append(f"  {stage['name']:<14}{stage['status']:<10}{stage['seconds']:>7.1f} s  {note}")
    for test in [*result.get("device_tests", []), *result.get("native_tests", [])]:
        if test["status"] != "ok":
            lines.append(f"  {test['name']}: {test['reason']}")
    for case in result.get("conformance", {}).get("failed", [])[:20]:
        lines.append(f"  conformance, {case['name']}: {case['message'].splitlines()[0]}")
    for record in result.get("sanitizer", []):
        if record["status"] != "ok":
            lines.append(f"  {record['tool']}: {record['reason']}")
    clocks = (result.get("clocks") or {}).get("during_benchmarks")
    if clocks:
        sm = clocks["clocks.sm"]
        lines.append(
            f"\nSM clock during the benchmarks: {sm['median']:.0f} MHz (least {sm['least']:.0f}, greatest {sm['greatest']:.0f})"
        )
    for case in result.get("benchmarks", {}).get("cases", []):
        lines.append(f"\n{case['name']}: {case['status']}{_reason(case)}")
        lines.extend(_times(case))
        lines.extend(_derived(case.get("derived", {})))
        lines.extend(_checks(case.get("checks", {})))
        for name, reason in case.get("unavailable", {}).items():
            lines.append(f"  {name}: not available here: {reason}")
    if result.get("goals"):
        lines.append("\nGoals")
        for goal in result["goals"]:
            mark = "met" if goal["met"] else "MISSED"
            lines.append(f"  {mark:<8}{goal['goal']}: {_number(goal['found'])} (limit {_number(goal['limit'])})")
    lines.append(f"\n{'Everything that ran was right.' if result['ok'] else 'Something went wrong; see above and log.txt.'}")
    return "\n".join(lines) + "\n"


def _heading(result):
    bundle = result["bundle"]
    gpu = (result.get("machine") or {}).get("gpu") or {}
    where = f"{gpu.get('name')}, driver {gpu.get('driver_version')}" if gpu else "no GPU"
    dirty = " with uncommitted changes" if bundle.get("uncommitted_changes") else ""
    return f"paroattn gpu-check: {where}; commit {bundle.get('commit')}{dirty}; seed {result['seed']}; {result['started']}"


def _times(case):
    for who, entry in case.get("times", {}).items():
        rate = f"{entry['tflops']:>8.0f} TFLOP/s" if "tflops" in entry else ""
        yield (
            f"  {who:<20}{entry['median_ms']:>10.4f} ms median{entry['best_ms']:>10.4f} best"
            f"  (n {entry['samples']}){rate}"
        )


def _derived(derived, prefix=""):
    for name, value in derived.items():
        if isinstance(value, dict):
            yield from _derived(value, f"{name}: ")
        else:
            yield f"  {prefix}{name.replace('_', ' ')} {_number(value)}"


def _checks(checks):
    for who, check in checks.items():
        if not check["ok"]:
            details = ", ".join(f"{name} {_number(value)}" for name, value in check.items() if name != "ok")
            yield f"  WRONG {who}: {details}"


def _reason(case):
    return f" ({case['reason']})" if "reason" in case else ""


def _number(value):
    return f"{value:.4g}" if isinstance(value, float) else str(value)
