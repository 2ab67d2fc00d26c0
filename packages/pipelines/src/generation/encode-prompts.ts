import type { Backend, DeviceTensor } from "@paroattn/backend";
import type { Watch } from "../checkpoint/watch.js";
import { uploadFloats } from "../modules/upload.js";
import type { Spans } from "../profile/spans.js";
import { useComponent } from "../profile/use-component.js";
import { PADDING_ID, type T5Encoder, type TokenIds } from "../text-encoders/t5-encoder.js";
import type { DiffusionModel } from "./model.js";
import type { GenerationRequest } from "./request.js";

/**
 * Longest prompt that is looked at; the time to clean one may grow with the square of its length. Far more than the
 * 120 to 300 tokens of which something is drawn.
 */
const MAXIMUM_CHARACTERS = 10_000;
/** Longest quotation in a warning. */
const QUOTED_CHARACTERS = 80;

/** A text's hidden states, [1, tokens, d_model], and how many tokens it has. */
export interface EncodedText {
  readonly states: DeviceTensor;
  readonly tokens: number;
}

/** A prompt with the negative prompt that it was encoded beside, if there is guidance. */
export interface EncodedPrompt {
  readonly negative?: EncodedText;
  readonly positive: EncodedText;
}

/**
 * Cleans, tokenizes and encodes every prompt. Each goes through the encoder with its negative prompt alone, so that a
 * picture does not depend on the prompts beside it.
 */
export async function encodePrompts(options: {
  readonly model: DiffusionModel;
  readonly request: GenerationRequest;
  /** Lives as long as the result. */
  readonly backend: Backend;
  /** Follows the encoder's loading. */
  readonly loading: Watch;
  readonly warn: (message: string) => void;
  readonly spans: Spans;
  /** Told how many prompts are done, with the share of the one in work. */
  readonly onPrompt?: (done: number) => void;
}): Promise<EncodedPrompt[]> {
  const { model, request, warn, loading, spans } = options;
  const idsOf = (kind: string, text: string) => {
    const rest = text.length - MAXIMUM_CHARACTERS;
    if (rest > 0) {
      warn(
        `The ${kind} is longer than ${MAXIMUM_CHARACTERS} characters; the last ${rest} are left out`,
      );
    }
    const looked = text.slice(0, MAXIMUM_CHARACTERS);
    const prepared = model.prepareText(looked, request.cleanCaption);
    const { ids, removed } = model.tokenizer.encode(prepared, model.maximumTokens);
    if (removed !== "") {
      warn(
        `The ${kind} is longer than ${model.maximumTokens} tokens; left out: ${shortened(removed)}`,
      );
    }
    if (!model.padsTexts) return ids;
    return [...ids, ...Array<number>(model.maximumTokens - ids.length).fill(PADDING_ID)];
  };
  const negative = request.guided ? [idsOf("negative prompt", request.negativePrompt)] : [];
  const prompts = request.prompts.map((prompt) => idsOf("prompt", prompt));
  return useComponent({
    component: model.textEncoder,
    name: "text_encoder",
    spans,
    loading,
    task: (encoder) => encodeTexts({ ...options, encoder, negative, prompts }),
  });
}

async function encodeTexts(options: {
  readonly encoder: T5Encoder;
  /** Token ids of the negative prompt, or none. */
  readonly negative: TokenIds;
  readonly prompts: TokenIds;
  readonly backend: Backend;
  readonly spans: Spans;
  readonly onPrompt?: (done: number) => void;
}): Promise<EncodedPrompt[]> {
  const { encoder, negative, prompts, backend, spans, onPrompt } = options;
  const encoded: EncodedPrompt[] = [];
  onPrompt?.(0);
  for (const [index, prompt] of prompts.entries()) {
    const texts = [...negative, prompt];
    using scope = backend.scope({ timed: spans.wanted });
    const rows = await spans.part("prompt", scope, async () => {
      const onLayer = onPrompt && ((share: number) => onPrompt(index + share));
      const states = encoder.encode(scope, texts, onLayer);
      const parts = texts.map((ids, row) => {
        const text = scope.slice({ input: states, axis: 0, start: row, end: row + 1 });
        const valid = scope.slice({ input: text, axis: 1, start: 0, end: ids.length });
        return { states: scope.keep(valid), tokens: ids.length };
      });
      await scope.flush();
      return parts;
    });
    const positive = rows.at(-1)!;
    encoded.push(rows.length > 1 ? { negative: rows[0]!, positive } : { positive });
    onPrompt?.(encoded.length);
  }
  return encoded;
}

function shortened(text: string): string {
  const rest = text.length - QUOTED_CHARACTERS;
  if (rest <= 0) return `"${text}"`;
  return `"${text.slice(0, QUOTED_CHARACTERS)}"... (${rest} more characters)`;
}

/** Texts as one batch, [texts, longest, d_model]; what pads the shorter ones is zero. */
export function joinTexts(backend: Backend, texts: readonly EncodedText[]): DeviceTensor {
  const longest = Math.max(...texts.map(({ tokens }) => tokens));
  using scope = backend.scope();
  const inputs = texts.map(({ states, tokens }) => {
    const channels = states.shape[2]!;
    if (tokens === longest) return states;
    const rest = longest - tokens;
    const zeros = uploadFloats(scope, new Float32Array(rest * channels), 1, rest, channels);
    return scope.concat({ inputs: [states, zeros], axis: 1 });
  });
  return scope.keep(scope.concat({ inputs, axis: 0 }));
}
