/** Pieces with their log probabilities; the id of a piece is its index. */
export interface UnigramVocabulary {
  readonly pieces: readonly { readonly piece: string; readonly score: number }[];
  readonly unknownId: number;
}

/** An unknown character costs this much more than the least likely piece (sentencepiece's kUnkPenalty). */
const UNKNOWN_PENALTY = 10;

/** Splits one word into piece ids. */
export type UnigramEncoder = (word: string) => number[];

/**
 * The most likely segmentation under a unigram model (Kudo 2018, the Viterbi search of sentencepiece and of
 * Hugging Face tokenizers): neighbouring unknown characters become one unknown token; of equals, the first found stays.
 */
export function createUnigramEncoder({ pieces, unknownId }: UnigramVocabulary): UnigramEncoder {
  const ids = new Map<string, number>();
  let longest = 0;
  let lowest = Number.POSITIVE_INFINITY;
  for (const [id, { piece, score }] of pieces.entries()) {
    if (piece !== "") ids.set(piece, id);
    longest = Math.max(longest, piece.length);
    lowest = Math.min(lowest, score);
  }
  const unknownScore = lowest - UNKNOWN_PENALTY;

  return (word) => {
    // Best way to reach each UTF-16 position: where its last piece begins, which piece, at what total score.
    const score = new Float64Array(word.length + 1).fill(Number.NEGATIVE_INFINITY);
    const start = new Int32Array(word.length + 1);
    const piece = new Int32Array(word.length + 1);
    score[0] = 0;
    const reach = (end: number, from: number, id: number, total: number) => {
      if (total <= score[end]!) return;
      score[end] = total;
      start[end] = from;
      piece[end] = id;
    };
    for (let from = 0; from < word.length; ) {
      const next = from + (word.codePointAt(from)! > 0xffff ? 2 : 1);
      let single = false;
      for (let end = next; end <= Math.min(word.length, from + longest); end++) {
        const id = ids.get(word.slice(from, end));
        if (id === undefined) continue;
        single ||= end === next;
        reach(end, from, id, score[from]! + pieces[id]!.score);
      }
      if (!single) reach(next, from, unknownId, score[from]! + unknownScore);
      from = next;
    }
    const path: number[] = [];
    for (let end = word.length; end > 0; end = start[end]!) {
      const id = piece[end]!;
      if (id !== unknownId || path.at(-1) !== unknownId) path.push(id);
    }
    return path.reverse();
  };
}
