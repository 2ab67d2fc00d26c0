import { expect, it } from "vitest";
import { createReferenceBackend } from "../../src/index.js";
import { expectGolden } from "../support/close.js";
import { wave } from "../support/wave.js";

/*
Golden values by PyTorch 2.13 in float64, from this script:

import torch, torch.nn.functional as F
def wave(shape, phase):  # the inputs, as in the test
    n = int(torch.tensor(shape).prod())
    i = torch.arange(n, dtype=torch.float64)
    return torch.sin(i * 0.7 + phase).float().double().reshape(shape)
def show(name, t): print(name, [float(f"{v:.9g}") for v in t.flatten().tolist()])
x = wave([2, 3], 0)
show("linear", F.gelu(F.linear(x, wave([4, 3], 1), wave([4], 2)), approximate="tanh"))
image = wave([1, 2, 4, 5], 0)
show("conv2d", F.conv2d(F.pad(image, (0, 1, 0, 1)), wave([2, 2, 3, 3], 1), wave([2], 2), stride=2))
video = wave([1, 2, 2, 2, 3], 0)
show("conv3d", F.conv3d(F.pad(video, (1, 0, 0, 1, 2, 0)), wave([2, 2, 3, 2, 2], 1), wave([2], 2)))
normed = F.layer_norm(wave([2, 2, 4], 0), [4], wave([4], 1), wave([4], 2), 1e-5)
show("layerNorm", normed * (1 + wave([2, 4], 3)[:, None]) + wave([2, 4], 4)[:, None])
show("rmsNorm", F.rms_norm(wave([2, 5], 0), [5], wave([5], 1), 1e-6))
show("groupNorm", F.silu(F.group_norm(wave([2, 4, 3], 0), 2, wave([4], 1), wave([4], 2), 1e-6)))
points = torch.tensor([-4, -1, -0.3, 0, 0.5, 2, 5], dtype=torch.float32).double()
show("silu", F.silu(points))
show("gelu", F.gelu(points))
show("geluTanh", F.gelu(points, approximate="tanh"))
show("upsample", F.interpolate(wave([1, 1, 2, 2], 0), scale_factor=2, mode="nearest"))
show("permute", wave([2, 3, 2], 0).permute(2, 0, 1))
*/
const golden = {
  linear: [
    2.18434395, -0.163974307, -0.0804712639, 0.322017958, 1.65856742, 0.436534262, -0.131957816,
    0.00743238706,
  ],
  conv2d: [
    4.22833597, 0.404258687, 4.18046235, -2.28759702, 3.89178375, -0.072079947, 3.78011521,
    -2.7623859,
  ],
  conv3d: [
    2.3540618, 4.61646445, 3.48461961, 1.63639709, 0.883256148, 0.073671434, -1.56371119,
    -3.99758428, -1.21047552, -0.201559642, 1.16450841, 2.43470409, 0.955046477, -1.14342208,
    -2.82911517, -1.09140113, -1.90727999, -0.51525639, 0.594233979, 4.33183442, 5.93103373,
    2.58114906, 3.04697203, 0.0737736588,
  ],
  layerNorm: [
    -1.29387147, -0.773222337, -0.753972255, -0.240918667, 1.75951331, -0.694590151, -0.81048536,
    -0.245915306, 0.335785678, 0.989763292, 1.26173025, -1.03685608, 1.57724585, 2.07358218,
    -0.157719942, -1.24327412,
  ],
  rmsNorm: [
    0.0, 0.953721205, 0.993710925, 0.0535835449, -0.305987653, -0.440343122, -1.28938711,
    -0.989980357, -0.0391577306, -0.0153473112,
  ],
  groupNorm: [
    0.0952831527, 1.04240389, 1.68253895, 1.09348754, 0.149472749, -0.277188164, -0.26143739,
    -0.269779614, -0.231848808, -0.249363173, -0.244363964, -0.241597838, 2.1485685, 1.40599252,
    0.549341236, -0.182328174, -0.21792767, -0.0397556826, -0.246152599, 0.0583521199, 0.359179222,
    -0.245233031, -0.251712964, -0.258773529,
  ],
  silu: [-0.0719448398, -0.268941421, -0.127667249, 0.0, 0.311229666, 1.76159416, 4.96653575],
  gelu: [-0.000126684967, -0.158655254, -0.114626577, 0.0, 0.345731231, 1.95449974, 4.99999857],
  geluTanh: [-7.02459482e-5, -0.158808009, -0.11462908, 0.0, 0.34571401, 1.95459769, 4.99999977],
  upsample: [
    0.0, 0.0, 0.64421767, 0.64421767, 0.0, 0.0, 0.64421767, 0.64421767, 0.985449731, 0.985449731,
    0.863209367, 0.863209367, 0.985449731, 0.985449731, 0.863209367, 0.863209367,
  ],
  permute: [
    0.0, 0.985449731, 0.334988147, -0.871575773, -0.631266654, 0.656986594, 0.64421767, 0.863209367,
    -0.350783229, -0.982452631, 0.0168139003, 0.98816824,
  ],
} as const satisfies Readonly<Record<string, readonly number[]>>;

const backend = createReferenceBackend();
const up = (shape: readonly number[], phase: number) => backend.upload(wave(shape, phase));

const results = {
  linear: () =>
    backend.linear({
      input: up([2, 3], 0),
      weight: up([4, 3], 1),
      bias: up([4], 2),
      activation: "geluTanh",
    }),
  conv2d: () =>
    backend.conv2d({
      input: up([1, 2, 4, 5], 0),
      weight: up([2, 2, 3, 3], 1),
      bias: up([2], 2),
      stride: 2,
      padding: [0, 1, 0, 1],
    }),
  conv3d: () =>
    backend.conv3d({
      input: up([1, 2, 2, 2, 3], 0),
      weight: up([2, 2, 3, 2, 2], 1),
      bias: up([2], 2),
      padding: [2, 0, 0, 1, 1, 0],
    }),
  layerNorm: () =>
    backend.layerNorm({
      input: up([2, 2, 4], 0),
      weight: up([4], 1),
      bias: up([4], 2),
      scale: up([2, 4], 3),
      shift: up([2, 4], 4),
      epsilon: 1e-5,
    }),
  rmsNorm: () => backend.rmsNorm({ input: up([2, 5], 0), weight: up([5], 1), epsilon: 1e-6 }),
  groupNorm: () =>
    backend.groupNorm({
      input: up([2, 4, 3], 0),
      groups: 2,
      weight: up([4], 1),
      bias: up([4], 2),
      epsilon: 1e-6,
      activation: "silu",
    }),
  silu: () => activated("silu"),
  gelu: () => activated("gelu"),
  geluTanh: () => activated("geluTanh"),
  upsample: () => backend.upsampleNearest2d({ input: up([1, 1, 2, 2], 0), factor: 2 }),
  permute: () => backend.permute({ input: up([2, 3, 2], 0), axes: [2, 0, 1] }),
};

function activated(activation: "silu" | "gelu" | "geluTanh") {
  const data = Float32Array.of(-4, -1, -0.3, 0, 0.5, 2, 5);
  return backend.activate({
    input: backend.upload({ dtype: "f32", shape: [7], data }),
    activation,
  });
}

it.each(Object.entries(results))("%s is PyTorch's", async (name, make) => {
  expectGolden(await backend.read(make()), golden[name as keyof typeof golden]);
});

it("has a test for every golden value", () => {
  expect(Object.keys(results).sort()).toEqual(Object.keys(golden).sort());
});
