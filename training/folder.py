"""Writes a pipeline as the diffusers folder that ships: F16 safetensors, and the sentencepiece model beside the rest."""

import json
import shutil
from pathlib import Path

import torch


def write_folder(pipeline, tokenizer, out):
    """`tokenizer`: the folder of the trained tokenizer. `out` is replaced once all is written."""
    out = Path(out)
    new = out.with_name(out.name + ".new")
    shutil.rmtree(new, ignore_errors=True)
    pipeline.to(torch.float16).save_pretrained(new, safe_serialization=True)
    # The models ship T5's sentencepiece model; transformers 5 writes only its own tokenizer.json.
    shutil.copy(Path(tokenizer) / "spiece.model", new / "tokenizer" / "spiece.model")
    for path in new.rglob("*"):
        path.chmod(0o755 if path.is_dir() else 0o644)
        if path.name == "config.json":
            config = json.loads(path.read_text())
            config.pop("_name_or_path", None)  # where it lay while it was trained
            path.write_text(json.dumps(config, indent=2, sort_keys=True) + "\n")
    shutil.rmtree(out, ignore_errors=True)
    new.rename(out)
    files = [path for path in out.rglob("*") if path.is_file()]
    print(f"{sum(path.stat().st_size for path in files) / 1e6:.2f} MB in {len(files)} files")
