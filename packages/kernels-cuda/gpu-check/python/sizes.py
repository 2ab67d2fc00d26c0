"""Sizes of the benchmarks: the real ones, and tiny ones for a run in the emulator that shows whether everything works."""

from dataclasses import dataclass

from layouts import Layout


@dataclass(frozen=True)
class Sizes:
    rounds: int  # of fresh random inputs
    passes: int  # over all contenders in a round
    input_sets: int  # in rotation, so that a pass finds no input in the cache
    dense: tuple  # (layout, heads, head_dim)
    sparse: tuple  # (layout, heads, head_dim)
    densities: tuple
    layers: int  # of the mask prefetch
    statistics: tuple  # (layout, heads, head_dim)


# 16,384 tokens without text; CogVideoX (226 text tokens, 13 x 30 x 45 latent patches); Wan 720p (21 x 45 x 80).
POWER_OF_TWO = Layout(0, (16, 32, 32))
COGVIDEOX = Layout(226, (13, 30, 45))
WAN_720P = Layout(0, (21, 45, 80))

FULL = Sizes(
    rounds=4,
    passes=6,
    input_sets=3,
    dense=(
        (POWER_OF_TWO, 8, 64),
        (POWER_OF_TWO, 8, 128),
        (POWER_OF_TWO, 48, 64),
        (POWER_OF_TWO, 24, 128),
        (COGVIDEOX, 48, 64),
        (COGVIDEOX, 24, 128),
    ),
    sparse=((COGVIDEOX, 48, 64), (COGVIDEOX, 24, 128)),
    densities=(0.5, 0.3, 0.2),
    layers=42,
    statistics=((COGVIDEOX, 8, 64), (WAN_720P, 1, 128)),
)

TINY_GRID = Layout(10, (3, 6, 9))

TINY = Sizes(
    rounds=1,
    passes=2,
    input_sets=2,
    dense=((Layout(0, (2, 8, 8)), 2, 64), (TINY_GRID, 1, 128)),
    sparse=((TINY_GRID, 2, 64),),
    densities=(0.7,),
    layers=3,
    statistics=((TINY_GRID, 2, 64),),
)
