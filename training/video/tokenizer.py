"""Trains the tokenizer on captions of clips, as ../tokenizer.py does on those of pictures."""

import argparse

from tokenizer import load, sample_captions, train
from video.scenes import caption, held_out, training_scene

if __name__ == "__main__":
    parser = argparse.ArgumentParser()
    parser.add_argument("--out", default="work/video/tokenizer")
    options = parser.parse_args()
    train(options.out, sample_captions(caption, training_scene, held_out()))
    shown = load(options.out)
    lines = ["a large orange circle moves up and a small blue star stays still on a white background"]
    for text in [*lines, "", "An astronaut, riding 2 horses"]:
        print(shown.convert_ids_to_tokens(shown(text).input_ids))
    print(len(shown), "pieces")
