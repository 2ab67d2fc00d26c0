import { stat } from "node:fs/promises";
import { join } from "node:path";
import type { Context } from "../context.js";
import { cacheFolder } from "../files/cache-folder.js";
import { fetchModel } from "./fetch-model.js";
import { HubError } from "./hub-error.js";

const HUB_URL = "https://huggingface.co";

/** owner/name, as the hub writes it; "./owner/name" and "a/b/c" are folders. */
const HUB_NAME = /^[A-Za-z0-9][\w.-]*\/[A-Za-z0-9][\w.-]*$/;

/**
 * The folder of a model: itself where it is one, else where "owner/name" of the hub was fetched to, now or before.
 * What is neither is returned as it is, for the loader to refuse.
 *
 * @throws HubError saying why a model cannot be fetched; the signal's reason.
 */
export async function localModel(
  model: string,
  context: Omit<Context, "backend">,
): Promise<string> {
  const { app, progress, warn, signal } = context;
  const isThere = await stat(model).then(
    () => true,
    () => false,
  );
  if (isThere || !HUB_NAME.test(model)) return model;
  return fetchModel({
    model,
    kind: app.kind,
    cache: join(cacheFolder(), "hub"),
    hubUrl: hubUrl(),
    token: process.env.HF_TOKEN || undefined,
    signal,
    onStart: ({ bytes, folder }) =>
      warn(`fetching ${(bytes / 1e9).toFixed(1)} GB of ${model}, kept in ${folder}`),
    onBytes: (done, total) => progress.update(`fetch ${model}`, done / total),
  });
}

/** `HF_ENDPOINT` names a mirror, as it does for the hub's own tools. */
function hubUrl(): string {
  const url = process.env.HF_ENDPOINT || HUB_URL;
  if (URL.canParse(url)) return url.replace(/\/+$/, "");
  throw new HubError(`Expected an address in HF_ENDPOINT, such as ${HUB_URL}, but found ${url}`);
}
