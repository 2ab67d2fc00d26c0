import { join } from "node:path";
import { parseArgs } from "node:util";
import { type AttentionStrategy, denseAttention, paroAttention } from "@paroattn/attention";
import {
  createProgress,
  differencePicture,
  formatSeconds,
  formatTable,
  makeFolder,
  runCommand,
  samplePlan,
  showOn,
  UsageError,
  warnThrough,
  writePicture,
} from "@paroattn/commands";
import { createCpuBackend } from "@paroattn/kernels-cpu";
import { compareWithReference, loadPipeline } from "@paroattn/pipelines";
import {
  checkCaption,
  checkpointFolder,
  readPrompts,
  recommendedGuidance,
} from "@paroattn/sample-image";
import { imageApp } from "./app.js";

const DENSITY = 0.3;
const SEED = 7;
/** Differences are small; they are shown enlarged. */
const DIFFERENCE_GAIN = 4;

function readFlags() {
  try {
    return parseArgs({
      options: {
        json: { type: "boolean", default: false },
        out: { type: "string", default: "out/demo" },
      },
    }).values;
  } catch (error) {
    throw new UsageError(
      `${(error as Error).message}\nusage: npm run demo -- [--out FOLDER] [--json]`,
    );
  }
}

async function demo(signal: AbortSignal): Promise<void> {
  const values = readFlags();
  await makeFolder(values.out);
  // A held-out prompt: neither the training nor the calibration has seen it.
  const prompt = (await readPrompts("heldoutOne"))[0]!;
  const progress = createProgress();
  const backend = createCpuBackend();
  try {
    const warn = warnThrough(progress, imageApp);
    const plan = await samplePlan({
      app: imageApp,
      density: DENSITY,
      backend,
      progress,
      warn,
      signal,
    });
    const loadStart = performance.now();
    await using pipeline = await loadPipeline(checkpointFolder, {
      backend,
      attention: denseAttention(),
      signal,
    });
    const loadMs = performance.now() - loadStart;
    const draw = async (attention: AttentionStrategy) => {
      const start = performance.now();
      const { images, report, steps, timings } = await pipeline.generate({
        prompt,
        seed: SEED,
        guidance: recommendedGuidance,
        attention,
        signal,
        onProgress: showOn(progress, attention.name),
      });
      const image = images[0]!;
      const file = join(values.out, `${attention.name}.png`);
      await writePicture(file, image);
      const { correct } = checkCaption(image, prompt);
      const totalMs = loadMs + performance.now() - start;
      return { image, file, density: report.density, steps, ...timings, totalMs, correct };
    };
    // The first steps of a process pay for fresh memory and for oneDNN's kernels; neither side should.
    await pipeline.generate({ prompt, seed: SEED, steps: 1, signal });
    const dense = await draw(denseAttention());
    const paro = await draw(paroAttention({ plan }));
    const difference = join(values.out, "difference.png");
    await writePicture(difference, differencePicture(dense.image, paro.image, DIFFERENCE_GAIN));
    progress.end();
    const fidelity = compareWithReference(dense.image, paro.image);
    if (values.json) {
      const { image: _dense, ...denseResult } = dense;
      const { image: _paro, ...paroResult } = paro;
      const result = { prompt, seed: SEED, densityAsked: DENSITY, difference, ...fidelity };
      process.stdout.write(
        `${JSON.stringify({ ...result, dense: denseResult, paro: paroResult })}\n`,
      );
      return;
    }
    const row = (title: string, key: "attentionMs" | "loopMs" | "totalMs") => [
      title,
      formatSeconds(dense[key]),
      formatSeconds(paro[key]),
      `${(dense[key] / paro[key]).toFixed(2)}x`,
    ];
    const judge = (correct: boolean) => (correct ? "right" : "wrong");
    const table = formatTable([
      ["", "dense", "PARO", "speedup"],
      ["density asked", "1", String(DENSITY), ""],
      ["density met", dense.density.toFixed(3), paro.density.toFixed(3), ""],
      row("attention", "attentionMs"),
      row(`loop, ${dense.steps} steps`, "loopMs"),
      row("total", "totalMs"),
      ["caption checker", judge(dense.correct), judge(paro.correct), ""],
    ]);
    const { psnr, ssim, cosine } = fidelity;
    process.stdout.write(
      [
        `"${prompt}", seed ${SEED}, ${backend.description}`,
        "",
        table,
        "",
        `PARO against dense: PSNR ${psnr.toFixed(2)} dB, SSIM ${ssim.toFixed(4)}, cosine ${cosine.toFixed(4)}`,
        "",
        dense.file,
        paro.file,
        `${difference} (absolute difference x${DIFFERENCE_GAIN})`,
        "",
      ].join("\n"),
    );
  } finally {
    progress.end();
    backend.dispose();
  }
}

await runCommand(demo, { name: "demo" });
