#!/usr/bin/env bash
# Checks paroattn's CUDA kernels on this machine: bash run.sh [--without-gpu] [--help]
# Needs bash, Python 3 (with torch for the benchmarks), CMake and nvcc; no network. Results go to $OUT, or ./result.
set -u
folder="$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)"
if ! command -v python3 >/dev/null 2>&1; then
  echo "Expected python3 on the PATH but found none" >&2
  exit 2
fi
exec python3 -B "$folder/python/check.py" "$@"
