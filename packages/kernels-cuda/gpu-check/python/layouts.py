"""Token layouts, axis orders, row tables and planted block masks, as a plan of PARO attention has them. NumPy only.

Blocks are cut per segment: text first, then the visual grid, 64 tokens a block, the last of a segment may be short.
"""

from dataclasses import dataclass
from itertools import permutations

import numpy as np

BLOCK = 64


@dataclass(frozen=True)
class Layout:
    """`text` tokens, then a grid of frames x height x width tokens, frames slowest."""

    text: int
    grid: tuple

    @property
    def visual(self):
        return int(np.prod(self.grid))

    @property
    def tokens(self):
        return self.text + self.visual

    def starts(self):
        """Where each block starts, then the count of tokens."""
        text = list(range(0, self.text, BLOCK))
        visual = list(range(self.text, self.tokens, BLOCK))
        return np.array([*text, *visual, self.tokens], dtype=np.int64)

    @property
    def text_blocks(self):
        return -(-self.text // BLOCK)

    @property
    def blocks(self):
        return self.text_blocks + -(-self.visual // BLOCK)


def gather_index(layout, axes):
    """Position i of the order holds token gather[i]; axes: which axis of the grid is slowest, middle, fastest."""
    index = np.arange(layout.visual).reshape(layout.grid).transpose(axes).reshape(-1)
    return np.concatenate([np.arange(layout.text), layout.text + index])


def axis_orders(layout):
    """Gather indices of all six axis orders; the first is the identity."""
    return np.stack([gather_index(layout, axes) for axes in permutations(range(3))])


def row_tables(layout, orders):
    """[orders, blocks * 64] i32: the token that a packed row holds, -1 for padding (PackedOperands::query_rows)."""
    starts = layout.starts()
    lengths = np.diff(starts)
    rows = np.full((len(orders), layout.blocks, BLOCK), -1, dtype=np.int32)
    for order, gather in enumerate(orders):
        for block, (start, length) in enumerate(zip(starts[:-1], lengths)):
            rows[order, block, :length] = gather[start : start + length]
    return rows.reshape(len(orders), -1)


def block_lengths(layout):
    """Tokens of each block."""
    return np.diff(layout.starts())


def pair_density(mask, layout):
    """Executed valid query-key pairs over all valid pairs. mask: [heads, blocks, blocks] bool."""
    lengths = block_lengths(layout).astype(np.float64)
    pairs = lengths[:, None] * lengths[None, :]
    return float((mask * pairs).sum() / (pairs.sum() * mask.shape[0]))


def _with_density(scores, always, densities, layout):
    """Per head: the blocks of `always`, then those of highest score until its density is met. Every row keeps one block."""
    lengths = block_lengths(layout).astype(np.float64)
    pairs = lengths[:, None] * lengths[None, :]
    masks = np.zeros(scores.shape, dtype=bool)
    for head, (score, density) in enumerate(zip(scores, densities)):
        score = np.where(always, np.inf, score)
        best = score.argmax(axis=1)
        score[np.arange(len(best)), best] = np.inf
        ranked = np.argsort(-score, axis=None, kind="stable")
        mass = np.cumsum(pairs.reshape(-1)[ranked])
        forced = int(np.isinf(score).sum())
        count = max(forced, int(np.searchsorted(mass, density * pairs.sum())))
        masks[head].reshape(-1)[ranked[:count]] = True
    return masks


def planted_masks(layout, heads, density, seed):
    """Masks like those that PARO calibration makes: [heads, blocks, blocks] bool.

    Each head has a band along the diagonal, weaker bands at a regular distance (the next frame, the next row) and some
    columns that every row looks at; text rows and columns are whole. Neighbouring rows are alike. Bands, columns and
    densities differ from head to head, as one threshold for all heads makes them; `density` is the mean.
    """
    random = np.random.default_rng(seed)
    blocks, text = layout.blocks, layout.text_blocks
    always = np.zeros((blocks, blocks), dtype=bool)
    always[:text, :] = True
    always[:, :text] = True
    distance = np.abs(np.arange(blocks)[:, None] - np.arange(blocks)[None, :]).astype(np.float64)
    scores = []
    for _ in range(heads):
        width = random.uniform(1.5, 6.0)
        period = random.uniform(blocks / 14, blocks / 5)
        decay = random.uniform(0.1, 0.5)
        nearest = np.abs(distance - np.round(distance / period) * period)
        band = np.exp(-nearest / width) * np.exp(-decay * np.round(distance / period))
        columns = random.choice(blocks, size=max(2, blocks // 40), replace=False)
        score = band + 1e-3 * np.exp(-distance / blocks)
        score[:, columns] += random.uniform(0.3, 1.0, size=len(columns))
        # A little roughness at the rims, as calibrated plans have it; rows come in pairs, so neighbours stay alike.
        rough = np.repeat(random.uniform(0.9, 1.1, size=(-(-blocks // 2), blocks)), 2, axis=0)[:blocks]
        scores.append(score * rough)
    spread = random.uniform(0.6, 1.4, size=heads)
    return _with_density(np.stack(scores), always, density * spread / spread.mean(), layout)


def random_masks(layout, heads, density, seed):
    """Random masks with the same count of live blocks in every visual row; text rows and columns are whole."""
    random = np.random.default_rng(seed)
    blocks, text = layout.blocks, layout.text_blocks
    visual = blocks - text
    # Text takes its share first; what is left is spread evenly.
    lengths = block_lengths(layout).astype(np.float64)
    pairs = lengths[:, None] * lengths[None, :]
    always = np.zeros((blocks, blocks), dtype=bool)
    always[:text, :] = True
    always[:, :text] = True
    share = (density * pairs.sum() - (always * pairs).sum()) / pairs[text:, text:].sum()
    count = min(visual, max(1, round(share * visual)))
    masks = np.broadcast_to(always, (heads, blocks, blocks)).copy()
    for head in range(heads):
        live = random.random((visual, visual)).argsort(axis=1)[:, :count]
        masks[head, text + np.arange(visual)[:, None], text + live] = True
    return masks


def mask_words(mask, words=None):
    """Bits as AttentionProblem::mask has them: [heads, blocks, words] u32, least significant bit first, rows of whole 16 bytes."""
    heads, rows, columns = mask.shape
    if words is None:
        words = -(-columns // 128) * 4
    bits = np.zeros((heads, rows, words * 32), dtype=np.uint8)
    bits[:, :, :columns] = mask
    packed = np.packbits(bits, axis=-1, bitorder="little")
    return np.ascontiguousarray(packed).view(np.uint32).reshape(heads, rows, words)
