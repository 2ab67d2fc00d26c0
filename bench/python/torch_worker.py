"""Runs one operation of torch whenever it is asked to, so that a benchmark in another process can take turns with it.

python3 torch_worker.py THREADS. Says {"version": torch's} first. Then reads requests, a line of JSON each, and answers each:
  {"open": OPERATION, "inputs": {NAME: {"path": FILE, "shape": [..]}}}   reads files of raw f32
  {"run": true}                                                          answers {"ms": MILLISECONDS}
  {"output": FILE}                                                       runs and writes the result as raw f32
  {"close": true}                                                        forgets the operation
"""

import json
import sys
import time

import torch
import torch.nn.functional as F


def read(path, shape):
    count = torch.Size(shape).numel()
    return torch.from_file(path, shared=False, size=count, dtype=torch.float32).clone().reshape(shape)


def write(path, result):
    target = torch.from_file(path, shared=True, size=result.numel(), dtype=torch.float32)
    target.copy_(result.reshape(-1))


def attention(query, key, value, heads, **_):
    batch, tokens, channels = query.shape
    split = (t.view(batch, tokens, heads, channels // heads).transpose(1, 2) for t in (query, key, value))
    return F.scaled_dot_product_attention(*split).transpose(1, 2).reshape(batch, tokens, channels)


def linear(input, weight, bias, activation=None, **_):
    output = F.linear(input, weight, bias)
    return output if activation is None else F.gelu(output, approximate="tanh")


def adaptive_layer_norm(input, factor, shift, epsilon, **_):
    # With one batch row the modulation is the norm's own weight and bias.
    return F.layer_norm(input, input.shape[-1:], factor, shift, epsilon)


def rms_norm(input, weight, epsilon, **_):
    return F.rms_norm(input, input.shape[-1:], weight, epsilon)


def group_norm_silu(input, weight, bias, groups, epsilon, **_):
    return F.silu(F.group_norm(input, groups, weight, bias, epsilon), inplace=True)


def activate(input, activation, **_):
    return F.silu(input) if activation == "silu" else F.gelu(input)


def conv3x3(input, weight, bias, **_):
    return F.conv2d(input, weight, bias, padding=1)


OPERATIONS = {
    "attention": attention,
    "linear": linear,
    "adaptiveLayerNorm": adaptive_layer_norm,
    "rmsNorm": rms_norm,
    "groupNormSilu": group_norm_silu,
    "activate": activate,
    "conv3x3": conv3x3,
}


def answer(request, state):
    if "open" in request:
        settings = request["open"]
        inputs = {name: read(**one) for name, one in request["inputs"].items()}
        function = OPERATIONS[settings["kind"]]
        state["run"] = lambda: function(**{**settings, **inputs})
        return {}
    if "close" in request:
        state.clear()
        return {}
    if "output" in request:
        write(request["output"], state["run"]())
        return {}
    start = time.perf_counter()
    state["run"]()
    return {"ms": (time.perf_counter() - start) * 1000}


def main():
    torch.set_num_threads(int(sys.argv[1]))
    torch.set_num_interop_threads(1)
    print(json.dumps({"version": torch.__version__}), flush=True)
    state = {}
    with torch.inference_mode():
        for line in sys.stdin:
            print(json.dumps(answer(json.loads(line), state)), flush=True)


main()
