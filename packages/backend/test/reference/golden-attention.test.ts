import { imageLayout } from "@paroattn/reorder";
import type { Tensor } from "@paroattn/tensor";
import { expect, it } from "vitest";
import { createReferenceBackend } from "../../src/index.js";
import { expectGolden } from "../support/close.js";
import { wave } from "../support/wave.js";

/*
Golden values by PyTorch 2.13 in float64, from this script:

import torch, torch.nn.functional as F
def wave(shape, phase):
    n = int(torch.tensor(shape).prod())
    i = torch.arange(n, dtype=torch.float64)
    return (2 * torch.sin(i * 0.7 + i * i * 0.013 + phase)).float().double().reshape(shape)
def show(name, t): print(name, [float(f"{v:.9g}") for v in t.flatten().tolist()])
def heads(t, n): return t.unflatten(-1, (n, -1)).transpose(1, 2)
def merge(t): return t.transpose(1, 2).flatten(2)
# 1. grouped heads, padded keys, relative-position bias, scale 1
q, k, v = wave([2, 3, 16], 0), wave([2, 5, 8], 1), wave([2, 5, 8], 2)
bias = wave([4, 3, 5], 3)[None].expand(2, -1, -1, -1).clone()
bias[1, :, :, 2:] = -torch.inf
k4, v4 = (heads(t, 2).repeat_interleave(2, 1) for t in (k, v))
show("grouped", merge(F.scaled_dot_product_attention(heads(q, 4), k4, v4, bias, scale=1.0)))
show("groupedLse", (heads(q, 4) @ k4.transpose(-1, -2) + bias).logsumexp(-1))
# 2. rms norm, then the two rotary embeddings: diffusers' apply_rotary_emb and transformers' rotate_half
q, k, v = wave([1, 3, 4], 0), wave([1, 3, 4], 1), wave([1, 3, 4], 2)
qn, kn = F.rms_norm(q, [4], wave([4], 4), 1e-6), F.rms_norm(k, [4], wave([4], 5), 1e-6)
angle = wave([3, 2], 6)
def interleaved(x):
    cos, sin = angle.cos().repeat_interleave(2, -1), angle.sin().repeat_interleave(2, -1)
    real, imag = x.reshape(1, 3, 2, 2).unbind(-1)
    return x * cos + torch.stack([-imag, real], -1).flatten(2) * sin
def half(x):
    cos, sin = torch.cat([angle, angle], -1).cos(), torch.cat([angle, angle], -1).sin()
    a, b = x.chunk(2, -1)
    return x * cos + torch.cat([-b, a], -1) * sin
for name, rope in (("interleaved", interleaved), ("half", half)):
    show(name, F.scaled_dot_product_attention(rope(qn), rope(kn), v))
# 3. 5 text tokens and a 9x8 grid in the order WH, block mask [[1,0,1],[0,1,0],[1,1,0]] over blocks of 5, 64 and 8
q, k, v = wave([1, 77, 2], 0), wave([1, 77, 2], 1), wave([1, 77, 2], 2)
source = list(range(5)) + [5 + h * 8 + w for w in range(8) for h in range(9)]
block = [0] * 5 + [1] * 64 + [2] * 8
live = torch.tensor([[1, 0, 1], [0, 1, 0], [1, 1, 0]]).bool()
mask = torch.zeros(77, 77).bool()
for i in range(77):
    for j in range(77):
        mask[source[i], source[j]] = live[block[i], block[j]]
logits = q @ k.transpose(-1, -2) / 2 ** 0.5
masked = logits.masked_fill(~mask, -torch.inf)
show("masked", (masked.softmax(-1) @ v)[0, [0, 4, 5, 20, 68, 69, 76]])
show("maskedLse", masked.logsumexp(-1)[0, [0, 4, 5, 20, 68, 69, 76]])
p = logits.softmax(-1)[0][source][:, source]
tiles = [p[a:b, c:d] for a, b in ((0, 5), (5, 69), (69, 77)) for c, d in ((0, 5), (5, 69), (69, 77))]
show("sum", torch.stack([t.sum() for t in tiles]))
show("maximum", torch.stack([t.max() for t in tiles]))
show("smallCount", torch.stack([(t < 0.005).sum() for t in tiles]))
*/
const golden = {
  grouped: [
    1.70685822, 0.902748916, -0.575434804, -1.77483602, -1.41449553, -1.81224418, -0.0925664791,
    1.76587547, 0.717763394, 1.90519411, -0.295049373, -1.95704572, -1.10909773, 0.454134399,
    1.47751282, 1.09074376, 1.47247193, 0.0243884073, -1.4330874, -1.67709804, 1.77688763,
    1.19056741, -1.25559993, -1.737477, -0.197435469, 1.64265074, 0.789661628, -0.615754576,
    -0.423480082, 1.38085076, 1.59438424, 0.208273117, 0.027516512, 1.98645667, 0.0208173091,
    -1.98827528, 0.0358783214, 1.99503648, 0.0179489342, -1.99799848, 0.256251064, 1.97000144,
    -0.445299963, -1.88430251, 0.141943604, 1.97463297, -0.490145126, -1.85823125, 0.818999963,
    -1.98434934, 0.741221193, 1.34491557, 0.818160532, -1.99901782, 0.751042973, 1.35392594,
    -1.8905285, 0.427930678, 1.44963806, -1.88985921, 1.97154546, -0.267663654, -1.79887088,
    1.40911145, 1.01885037, 1.50790101, -1.59713356, -0.800260489, 0.818161425, -1.99900222,
    0.751032526, 1.35391636, 1.70101978, -0.218939541, -1.57132343, 1.17802933, -1.92374492,
    0.433913256, 1.47757742, -1.91823257, 0.818192919, -1.99845188, 0.75066403, 1.3535783,
    0.835986882, -1.68751444, 0.542465313, 1.16257952, 1.97709043, -0.268662354, -1.80353493,
    1.41384795, 1.9741311, -0.268129351, -1.80104575, 1.4113201,
  ],
  groupedLse: [
    5.22804571, 7.42219484, 5.03328338, 4.83408411, 9.09389342, 6.39247239, 5.72976768, 7.09427513,
    10.0714798, 6.45172613, 7.78412689, 9.28860163, 4.45080021, 5.89745004, 3.19298419, 4.51293422,
    5.81414265, 0.742576408, 1.8857397, 1.50576043, 5.89861108, 1.26499567, 6.14305279, 2.45898431,
  ],
  interleaved: [
    1.5942715, 0.151037839, -1.43555177, -1.8223252, 1.19206204, 0.445541707, -0.535579056,
    -1.19292398, 1.66355607, 0.14670333, -1.51768903, -1.90800937,
  ],
  half: [
    1.67378031, 0.185609312, -1.46768142, -1.90127459, 1.29138109, 0.0776020869, -1.22161553,
    -1.4930135, 1.20166429, 0.012588838, -1.2262134, -1.41667065,
  ],
  masked: [
    0.60786527, 0.738055674, 0.803109242, 0.732428113, 0.7998731, -0.611111795, -0.638235624,
    0.760076684, 0.822598938, 0.223412586, -0.642999521, 0.73824694, -0.627342214, 0.674844928,
  ],
  maskedLse: [3.69666445, 4.24705622, 5.23985726, 5.77988314, 4.91577308, 5.66525574, 5.58316007],
  sum: [
    0.878161208, 3.58347344, 0.538365356, 4.37455945, 52.3256218, 7.29981871, 0.396967076,
    6.60519386, 0.997839062,
  ],
  maximum: [
    0.203525831, 0.129131334, 0.0789981079, 0.214059826, 0.135062222, 0.0831011771, 0.103489527,
    0.122154964, 0.0683043772,
  ],
  smallCount: [11.0, 179.0, 23.0, 197.0, 2221.0, 265.0, 24.0, 265.0, 26.0],
} as const satisfies Readonly<Record<string, readonly number[]>>;

const backend = createReferenceBackend();
const up = (shape: readonly number[], phase: number) =>
  backend.upload(wave(shape, phase, { amplitude: 2, chirp: 0.013 }));

it("grouped heads, padded keys, bias and a scale of 1 are PyTorch's", async () => {
  const operands = backend.prepareAttention({
    query: up([2, 3, 16], 0),
    key: up([2, 5, 8], 1),
    value: up([2, 5, 8], 2),
    heads: 4,
    keyValueHeads: 2,
    headDim: 4,
    keyLengths: [5, 2],
    scale: 1,
  });
  const { output, logSumExp } = backend.attention({
    operands,
    bias: up([4, 3, 5], 3),
    returnLogSumExp: true,
  });
  expectGolden(await backend.read(output), golden.grouped);
  expectGolden(await backend.read(logSumExp!), golden.groupedLse);
});

it.each(["interleaved", "half"] as const)(
  "rms norm and %s rope are diffusers'",
  async (pairing) => {
    const angle = wave([3, 2], 6, { amplitude: 2, chirp: 0.013 });
    const operands = backend.prepareAttention({
      query: up([1, 3, 4], 0),
      key: up([1, 3, 4], 1),
      value: up([1, 3, 4], 2),
      heads: 1,
      headDim: 4,
      norm: { kind: "rms", epsilon: 1e-6, queryWeight: up([4], 4), keyWeight: up([4], 5) },
      rope: {
        cos: backend.upload({ ...angle, data: angle.data.map(Math.cos) }),
        sin: backend.upload({ ...angle, data: angle.data.map(Math.sin) }),
        pairing,
      },
    });
    expectGolden(await backend.read(backend.attention({ operands }).output), golden[pairing]);
  },
);

const TOKENS = [0, 4, 5, 20, 68, 69, 76];

function prepareGrid() {
  return backend.prepareAttention({
    query: up([1, 77, 2], 0),
    key: up([1, 77, 2], 1),
    value: up([1, 77, 2], 2),
    heads: 1,
    headDim: 2,
    layout: imageLayout({ height: 9, width: 8, textTokens: 5 }),
    orders: ["WH"],
  });
}

function rowsOf(tensor: Tensor, width: number): Tensor {
  const data = Float32Array.from(
    TOKENS.flatMap((token) => Array.from(tensor.data.subarray(token * width, (token + 1) * width))),
  );
  return { dtype: "f32", shape: [TOKENS.length, width], data };
}

it("a block mask over text and a reordered grid is PyTorch's dense mask", async () => {
  const operands = prepareGrid();
  expect([operands.queryBlocks, operands.keyBlocks]).toEqual([3, 3]);
  // [[1, 0, 1], [0, 1, 0], [1, 1, 0]], row-major, least significant bit first.
  const mask = backend.prepareMask({
    heads: 1,
    queryBlocks: 3,
    keyBlocks: 3,
    bits: Uint8Array.of(0b11010101, 0b0),
  });
  const { output, logSumExp } = backend.attention({ operands, mask, returnLogSumExp: true });
  expectGolden(rowsOf(await backend.read(output), 2), golden.masked);
  expectGolden(rowsOf(await backend.read(logSumExp!), 1), golden.maskedLse);
});

it("block statistics are those of PyTorch's softmax map", async () => {
  const operands = prepareGrid();
  const { logSumExp } = backend.attention({ operands, returnLogSumExp: true });
  const statistics = backend.blockStatistics({ operands, logSumExp: logSumExp!, epsilon: 0.005 });
  expectGolden(await backend.read(statistics.sum), golden.sum);
  expectGolden(await backend.read(statistics.maximum), golden.maximum);
  expectGolden(await backend.read(statistics.smallCount), golden.smallCount);
});
