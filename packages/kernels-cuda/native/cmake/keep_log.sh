#!/bin/sh
# Runs a compiler, and keeps what it said in OBJECT.log, where OBJECT is the argument of -o.
object=""
previous=""
for argument in "$@"; do
  if [ "$previous" = "-o" ]; then object=$argument; fi
  previous=$argument
done
if [ -z "$object" ]; then exec "$@"; fi
"$@" >"$object.log" 2>&1
status=$?
cat "$object.log" >&2
exit $status
