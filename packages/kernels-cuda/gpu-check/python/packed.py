"""Our attention on torch tensors: buffers for one shape, and the problem structs over them.

Everything is allocated when the object is made; front(), attention() and statistics() only enqueue.
"""

import numpy as np
import torch

import library as native
from layouts import BLOCK, block_lengths, mask_words, pair_density, row_tables

ELEMENTS = {torch.float32: native.F32, torch.float16: native.F16, torch.bfloat16: native.BF16}


def pointer(tensor):
    return 0 if tensor is None else tensor.data_ptr()


class Shape:
    """batch x heads x layout.tokens x head_dim, keys as queries."""

    def __init__(self, layout, heads, head_dim, batch=1, dtype=torch.bfloat16):
        self.layout, self.heads, self.head_dim, self.batch, self.dtype = layout, heads, head_dim, batch, dtype

    @property
    def tokens(self):
        return self.layout.tokens

    @property
    def flops(self):
        """Of dense attention: two products of tokens x tokens x head_dim, two operations a multiply-add."""
        return 4.0 * self.batch * self.heads * self.tokens**2 * self.head_dim

    @property
    def scale(self):
        return self.head_dim**-0.5

    def describe(self):
        return {
            "batch": self.batch,
            "heads": self.heads,
            "tokens": self.tokens,
            "head_dim": self.head_dim,
            "dtype": str(self.dtype).removeprefix("torch."),
            "text_tokens": self.layout.text,
            "grid": list(self.layout.grid),
        }

    def random_inputs(self, clock, generator):
        """Query, key and value in sequence order: three [batch, tokens, heads, head_dim], standard normal."""
        size = (self.batch, self.tokens, self.heads, self.head_dim)
        return tuple(
            clock.place(torch.randn(size, device=clock.device, dtype=self.dtype, generator=generator))
            for _ in range(3)
        )


class Orders:
    """Row tables on the device. gathers: [orders, tokens] (layouts.axis_orders); choice: an order per head."""

    def __init__(self, layout, gathers, choice, clock):
        self.gathers = torch.as_tensor(gathers)
        self.choice_list = [int(order) for order in choice]
        self.rows = clock.place(torch.as_tensor(row_tables(layout, gathers)))
        self.choice = clock.place(torch.tensor(self.choice_list, dtype=torch.int32))


class Mask:
    """A block mask on the device with its order of work. mask: [heads, blocks, blocks] bool (NumPy)."""

    def __init__(self, library, shape, mask, clock):
        self.blocks = mask
        self.density = pair_density(mask, shape.layout)
        bits = mask_words(mask)
        items = work_order(library, shape, bits)
        self.host_words = torch.from_numpy(bits.view("int32"))
        self.host_items = torch.from_numpy(items.view("int32"))
        self.words = clock.place(self.host_words)
        self.items = clock.place(self.host_items)


def work_order(library, shape, words):
    """Work items, [count, 2] u32: the host's work for a mask that all batch rows share. words: of mask_words()."""
    blocks = shape.layout.blocks
    counts = np.broadcast_to(block_lengths(shape.layout), (shape.batch, shape.heads, blocks))
    counts = np.ascontiguousarray(counts, dtype=np.int32)
    items = np.empty((shape.batch * shape.heads * -(-blocks // 2), 2), dtype=np.uint32)
    problem = native.WorkOrderProblem(
        words=words.ctypes.data,
        mask_batch=1,
        heads=shape.heads,
        query_blocks=blocks,
        key_blocks=blocks,
        batch=shape.batch,
        key_heads=shape.heads,
        head_dim=shape.head_dim,
        key_counts=counts.ctypes.data,
    )
    return items[: library.work_order(problem, items.ctypes.data, len(items))]


class Ours:
    """The kernels of this package for one shape and set of orders."""

    def __init__(self, library, clock, shape, orders, norm=None, rope=None):
        """norm: (native.NORM_..., epsilon, query weight, key weight); rope: (native.PAIRING_..., cosine, sine)."""
        self._library, self._clock, self.shape, self.orders = library, clock, shape, orders
        layout = shape.layout
        width = library.packed_head_dim(shape.head_dim)
        panels = (shape.batch, shape.heads, layout.blocks, BLOCK, width)
        self.panels = [clock.empty(panels, shape.dtype) for _ in range(3)]
        self.key_counts = clock.empty(panels[:3], torch.int32)
        self.output = clock.empty((shape.batch, shape.tokens, shape.heads, shape.head_dim), shape.dtype)
        self.log_sum_exp = clock.empty((shape.batch, shape.heads, shape.tokens), torch.float32)
        self.counter = clock.empty((2,), torch.int32).zero_()
        self._norm, self._rope = norm, rope
        packed = native.PackedOperands(
            element=ELEMENTS[shape.dtype],
            batch=shape.batch,
            heads=shape.heads,
            key_heads=shape.heads,
            head_dim=shape.head_dim,
            query_tokens=shape.tokens,
            key_tokens=shape.tokens,
            query_blocks=layout.blocks,
            key_blocks=layout.blocks,
            scale=shape.scale,
            query=pointer(self.panels[0]),
            key=pointer(self.panels[1]),
            value=pointer(self.panels[2]),
            key_counts=pointer(self.key_counts),
            query_rows=pointer(orders.rows),
            order_choice=pointer(orders.choice),
        )
        self._front = native.FrontProblem(
            input_element=ELEMENTS[shape.dtype],
            key_value_heads=shape.heads,
            key_rows=pointer(orders.rows),
            query_factor=1.0,
            packed=packed,
        )
        if norm is not None:
            kind, epsilon, query_weight, key_weight = norm
            self._front.norm, self._front.epsilon = kind, epsilon
            self._front.query_weight, self._front.key_weight = pointer(query_weight), pointer(key_weight)
        if rope is not None:
            pairing, cosine, sine = rope
            self._front.pairing = pairing
            self._front.cosine, self._front.sine = pointer(cosine), pointer(sine)
        self._attention = native.AttentionProblem(
            operands=packed,
            output_element=ELEMENTS[shape.dtype],
            output=pointer(self.output),
            counter=pointer(self.counter),
            mask_batch=1,
        )

    def poison(self):
        """Fills what the kernels write with NaN, so that what they leave out is seen."""
        for tensor in (*self.panels, self.output, self.log_sum_exp):
            tensor.fill_(float("nan"))
        self.key_counts.fill_(-1)

    def front(self, inputs):
        """Packs query, key and value."""
        tokens = self.shape.heads * self.shape.head_dim
        for name, tensor in zip(("query", "key", "value"), inputs):
            projection = getattr(self._front, name)
            projection.data = pointer(tensor)
            projection.token_stride = tokens
            projection.batch_stride = tokens * self.shape.tokens
        self._library.front(self._front, self._clock.stream())

    def attention(self, mask=None, log_sum_exp=False):
        """Attention on what front() packed last, into self.output. mask: None for dense, or a Mask."""
        if mask is None:
            self.attention_on(0, 0, 0, 0, log_sum_exp)
        else:
            self.attention_on(
                pointer(mask.words), mask.words.shape[-1], pointer(mask.items), len(mask.items), log_sum_exp
            )

    def attention_on(self, words, word_count, items, item_count, log_sum_exp=False):
        """The same on pointers to mask words and work items."""
        problem = self._attention
        problem.mask, problem.mask_words = words, word_count
        problem.items, problem.item_count = items, item_count
        problem.log_sum_exp = pointer(self.log_sum_exp) if log_sum_exp else 0
        self._library.attention(problem, self._clock.stream())

    def statistics_problem(self, epsilon):
        """A problem with its three outputs, [batch, heads, blocks, blocks] f32, as (problem, outputs)."""
        blocks = self.shape.layout.blocks
        size = (self.shape.batch, self.shape.heads, blocks, blocks)
        outputs = [self._clock.empty(size, torch.float32).fill_(float("nan")) for _ in range(3)]
        problem = native.StatisticsProblem(
            operands=self._attention.operands,
            log_sum_exp=pointer(self.log_sum_exp),
            epsilon=epsilon,
            sum=pointer(outputs[0]),
            maximum=pointer(outputs[1]),
            small_count=pointer(outputs[2]),
        )
        return problem, outputs

    def statistics(self, problem):
        self._library.block_statistics(problem, self._clock.stream())
