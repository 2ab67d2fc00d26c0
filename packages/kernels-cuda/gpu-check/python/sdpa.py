"""The backends of torch's scaled_dot_product_attention, each forced."""

import torch
import torch.nn.functional as functional
from torch.nn.attention import SDPBackend, sdpa_kernel

BACKENDS = {
    "torch_flash": SDPBackend.FLASH_ATTENTION,
    "torch_cudnn": SDPBackend.CUDNN_ATTENTION,
    "torch_efficient": SDPBackend.EFFICIENT_ATTENTION,
}


def contender(backend, scale):
    """A function of (query, key, value), each [batch, tokens, heads, head_dim], giving output of the same layout."""

    def run(inputs):
        # These backends take strided tensors; in this layout none of them copies.
        query, key, value = (tensor.transpose(1, 2) for tensor in inputs)
        with sdpa_kernel(BACKENDS[backend]):
            output = functional.scaled_dot_product_attention(query, key, value, scale=scale)
        return output.transpose(1, 2)

    return run


def available(inputs, scale):
    """Contenders that run on these inputs, and for the others the reason: ({name: function}, {name: sentence})."""
    found, missing = {}, {}
    for name in BACKENDS:
        run = contender(name, scale)
        try:
            run(inputs)
            if inputs[0].is_cuda:
                torch.cuda.synchronize()
            found[name] = run
        except RuntimeError as error:
            missing[name] = str(error).strip().splitlines()[0]
    return found, missing
