"""Trains the T5 tokenizer (sentencepiece, unigram) on captions and saves it as a diffusers folder would hold it."""

import argparse
import io
import shutil
import string
from pathlib import Path

import numpy as np
import sentencepiece
from transformers import T5Tokenizer

from scenes import caption, held_out, training_scene


def sample_captions(caption, training_scene, excluded, count=8000, seed=3):
    rng = np.random.default_rng(seed)
    return [caption(training_scene(rng, 0.4, excluded), rng, 0.8) for _ in range(count)]


def train(folder, lines, pieces=224):
    # A piece must occur in two different words to be considered; with punctuation every word does.
    words = sorted({word for line in lines for word in line.split()})
    lines += [f"{word}, {word}. {word}" for word in words]
    model = io.BytesIO()
    sentencepiece.SentencePieceTrainer.train(
        sentence_iterator=iter(lines),
        model_writer=model,
        model_type="unigram",
        vocab_size=pieces,
        hard_vocab_limit=False,
        # Every printable character is a piece, so that a prompt of other words is split into letters and not lost.
        required_chars=string.ascii_letters + string.digits + string.punctuation,
        character_coverage=1.0,
        # T5's numbers.
        pad_id=0, eos_id=1, unk_id=2, bos_id=-1,
        normalization_rule_name="nmt_nfkc",
        num_threads=1,
        minloglevel=2,
    )
    folder = Path(folder)
    folder.mkdir(parents=True, exist_ok=True)
    spiece = folder / "spiece.model"
    spiece.write_bytes(model.getvalue())
    # No sentinels: nothing here was trained with them, and they would only widen the embedding.
    return T5Tokenizer(vocab_file=str(spiece), extra_ids=0, model_max_length=120)


def load(folder):
    return T5Tokenizer.from_pretrained(str(folder), extra_ids=0, model_max_length=120)


if __name__ == "__main__":
    parser = argparse.ArgumentParser()
    parser.add_argument("--out", default="work/tokenizer")
    options = parser.parse_args()
    train(options.out, sample_captions(caption, training_scene, held_out()))
    shown = load(options.out)
    for text in ("a large orange circle at the top left on a white background", "", "An astronaut, riding 2 horses"):
        print(shown.convert_ids_to_tokens(shown(text).input_ids))
    print(len(shown), "pieces")
