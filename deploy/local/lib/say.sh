# shellcheck shell=bash
# What the script tells a person: one line per step on standard output, errors on standard error.

say() {
  printf '%s\n' "$*"
}

# Ends the script. The message names the value and the remedy.
fail() {
  printf 'stack: %s\n' "$*" >&2
  exit 1
}

# Shows the last lines of a log, indented, on standard error.
show_log_end() {
  local file=$1
  [[ -s $file ]] || return 0
  printf 'the end of %s:\n' "$file" >&2
  tail -n 20 "$file" | sed 's/^/    /' >&2
}
