"""Whether an output is right: sampled rows of attention in double precision, on the same inputs."""

import math

import torch

from layouts import block_lengths

# Unit roundoffs: half a unit in the last place, relative.
UNIT = {torch.bfloat16: 2.0**-8, torch.float16: 2.0**-11, torch.float32: 2.0**-24}
# Weights of the softmax and the output are each rounded once to the type, an error of about 0.4 unit roundoffs in the mean
# square; over many keys the weights' errors are as good as independent, so a row is off by about 0.6. Two leave room for
# the order of addition, and are far below what a wrong tile or a missed tail makes.
LIMIT_IN_UNITS = 2.0
# float32 arithmetic with an exp2 of about 2 ulp: no type's limit goes below.
FLOOR = 2.0**-12


def limit_of(dtype):
    return max(LIMIT_IN_UNITS * UNIT[dtype], FLOOR)


class RowSample:
    """Some rows of some heads. The last row of a sequence and the ends of blocks are always among them."""

    def __init__(self, shape, seed, heads=3, rows=96):
        generator = torch.Generator().manual_seed(seed)
        count = min(heads, shape.heads)
        self.heads = torch.randperm(shape.heads, generator=generator)[:count].tolist()
        drawn = torch.randint(shape.tokens, (rows,), generator=generator).tolist()
        ends = [0, min(63, shape.tokens - 1), max(0, shape.layout.text - 1), min(shape.layout.text, shape.tokens - 1)]
        self.rows = torch.tensor(sorted({*drawn, *ends, shape.tokens - 1}))

    def reference(self, shape, inputs, allowed=None):
        """[batch, sampled heads, rows, head_dim] and the log-sum-exp, both double.

        allowed: function(head) -> [rows, tokens] bool, or None for dense.
        """
        query, key, value = inputs
        rows = self.rows.to(query.device)
        outputs, sums = [], []
        for batch in range(shape.batch):
            for head in self.heads:
                logits = query[batch, rows, head].double() @ key[batch, :, head].double().T
                logits *= shape.scale
                if allowed is not None:
                    logits.masked_fill_(~allowed(head), -math.inf)
                outputs.append(logits.softmax(dim=-1) @ value[batch, :, head].double())
                sums.append(logits.logsumexp(dim=-1))
        size = (shape.batch, len(self.heads), len(self.rows))
        return torch.stack(outputs).reshape(*size, shape.head_dim), torch.stack(sums).reshape(size)

    def take(self, output):
        """The sampled rows of [batch, tokens, heads, head_dim]."""
        rows = self.rows.to(output.device)
        return output[:, rows][:, :, self.heads].transpose(1, 2).double()


def check(found, expected, limit):
    """Relative error (L2 over everything, and of the worst row) against a limit."""
    finite = bool(torch.isfinite(found).all())
    difference = (found - expected).norm(dim=-1)
    whole = float(difference.norm() / expected.norm())
    worst = float((difference / expected.norm(dim=-1).clamp_min(1e-30)).max())
    # A row of few keys averages its errors less than the whole: three times the limit.
    ok = finite and whole <= limit and worst <= 3 * limit
    return {"relative_error": whole, "worst_row": worst, "limit": limit, "finite": finite, "ok": ok}


def allowed_pairs(mask, orders, layout, rows, device):
    """function(head) -> [rows, tokens] bool: which keys a sampled row sees under a block mask in its head's order."""
    lengths = torch.as_tensor(block_lengths(layout))
    block_of_position = torch.repeat_interleave(torch.arange(layout.blocks), lengths)

    def allowed(head):
        gather = orders.gathers[orders.choice_list[head]]
        block_of_token = torch.empty(layout.tokens, dtype=torch.int64)
        block_of_token[gather] = block_of_position
        live = torch.as_tensor(mask[head])
        return live[block_of_token[rows]][:, block_of_token].to(device)

    return allowed


