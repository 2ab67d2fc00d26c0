import { HubError } from "./hub-error.js";

/** What was being fetched, for messages. */
export interface Fetching {
  /** owner/name. */
  readonly model: string;
  readonly hubUrl: string;
  readonly token: string | undefined;
}

/** One clear sentence for what went wrong between here and the hub. Errors that say it themselves are passed on. */
export function explainFailure(error: unknown, { model, hubUrl, token }: Fetching): unknown {
  if (typeof error === "object" && error !== null && Symbol.for("paroattn.error") in error) {
    return error;
  }
  const host = new URL(hubUrl).host;
  const status = statusOf(error);
  if (status === 401 || status === 403) {
    const advice =
      token === undefined
        ? "set HF_TOKEN to a token that may read it, if it is private or its terms must be accepted"
        : "the token in HF_TOKEN may not read it; accept its terms on its page, if it has some";
    return new HubError(`${host} refuses ${model} (${status}), or it does not exist: ${advice}`, {
      cause: error,
    });
  }
  if (status === 404) {
    return new HubError(`There is no model ${model} on ${host}, and no folder of that name here`, {
      cause: error,
    });
  }
  if (status !== undefined) {
    return new HubError(
      `${host} answered ${status} for ${model}; try again later, what is complete is kept`,
      { cause: error },
    );
  }
  const code = networkCodeOf(error);
  if (code !== undefined) {
    return new HubError(
      `Cannot fetch ${model}: no connection to ${host} (${code}); what is complete is kept, and offline --model takes a folder`,
      { cause: error },
    );
  }
  return error;
}

/** The HTTP status of the hub library's errors. */
function statusOf(error: unknown): number | undefined {
  if (!(error instanceof Error) || !("statusCode" in error)) return undefined;
  return typeof error.statusCode === "number" ? error.statusCode : undefined;
}

/** The system's code behind what `fetch` throws, or its own words; undefined for what is no failure of the network. */
function networkCodeOf(error: unknown): string | undefined {
  // A stream of the hub library fails with the message alone.
  if (typeof error === "string") return error;
  if (!(error instanceof TypeError)) return undefined;
  const { cause } = error;
  if (!(cause instanceof Error)) return error.message;
  return "code" in cause && typeof cause.code === "string" ? cause.code : cause.message;
}
