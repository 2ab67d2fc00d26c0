"""Training states on disk: written to a temporary name and renamed, so that a stop never leaves half a file."""

import os
from pathlib import Path

import torch


def save(state, path):
    path = Path(path)
    path.parent.mkdir(parents=True, exist_ok=True)
    temporary = path.with_suffix(".tmp")
    torch.save(state, temporary)
    os.replace(temporary, path)


def load(path):
    # Only files that this code wrote are read here; they hold random generator states, which plain tensors cannot.
    return torch.load(path, map_location="cpu", weights_only=False)
