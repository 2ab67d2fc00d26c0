import { expect, it } from "vitest";
import { openPeers } from "../src/peers/open-peers.js";

it("says why torch does not take part", async () => {
  const peers = await openPeers({ names: ["torch"], threads: 1, python: "no-such-python" });
  expect(peers.all).toEqual([]);
  expect(peers.absent).toEqual({
    "onnxruntime-node": "not asked for",
    torch: expect.stringMatching(/no-such-python ended early: .*ENOENT/),
  });
  await peers.close();
});
