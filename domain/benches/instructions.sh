#!/usr/bin/env bash
# Counts the instructions of a fixed replay under valgrind and compares them with the figures that are kept.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/../.."

KEPT=domain/benches/instructions.toml
TOLERANCE_PERCENT=3

if [[ ${1:-} == --help || ${1:-} == -h ]]; then
  cat <<TEXT
domain/benches/instructions.sh [--accept]     (or: make instructions)

Compares the instructions of each item with $KEPT, ±$TOLERANCE_PERCENT %.
  --accept   writes the counts down as the figures to keep
TEXT
  exit 0
fi
if ! command -v valgrind >/dev/null; then
  echo "instructions: skipped, valgrind is not installed (Debian: apt-get install valgrind)" >&2
  exit 0
fi

work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
binary=$(cargo bench -p domain --bench instructions --locked --quiet --no-run --message-format json |
  grep -o '"executable":"[^"]*/instructions-[^"]*"' | tail -n 1 | cut -d '"' -f 4)
valgrind --tool=callgrind --quiet --callgrind-out-file="$work/out" --toggle-collect='*instructions*gauged*' \
  --dump-before='*end_of_item*' "$binary" >"$work/items" 2>"$work/errors" || {
  cat "$work/errors" >&2
  exit 1
}

number=0
while read -r item; do
  number=$((number + 1))
  count=$(awk '$1 == "totals:" || $1 == "summary:" { count = $2 } END { print count + 0 }' "$work/out.$number")
  if ((count == 0)); then
    echo "instructions: nothing was counted for $item, valgrind no longer finds the functions of the bench" >&2
    exit 1
  fi
  echo "$item $count"
done <"$work/items" >"$work/counts"

if [[ ${1:-} == --accept ]]; then
  {
    echo "# Instructions of each item of \`make instructions\`: 1,000 charge points, release profile. Accept new ones with"
    echo "# domain/benches/instructions.sh --accept, and say in the commit why they changed."
    sed 's/ / = /' "$work/counts"
  } >"$KEPT"
  cat "$KEPT"
  exit 0
fi

awk -v tolerance="$TOLERANCE_PERCENT" -v kept="$KEPT" '
  NR == FNR { if ($2 == "=") expected[$1] = $3; next }
  !($1 in expected) { printf "%s: %d instructions, none are kept\n", $1, $2; failed = 1; next }
  {
    change = 100 * ($2 / expected[$1] - 1)
    is_off = change > tolerance || change < -tolerance
    printf "  %-14s %14d  %+6.2f %%%s\n", $1, $2, change, is_off ? "  <-- expected " expected[$1] " ± " tolerance " %" : ""
    failed = failed || is_off
    delete expected[$1]
  }
  END {
    for (item in expected) { printf "%s: kept, but not counted\n", item; failed = 1 }
    if (failed) {
      printf "instructions differ from %s: mend the code, or accept them with domain/benches/instructions.sh --accept\n", kept
      exit 1
    }
  }' "$KEPT" "$work/counts"
