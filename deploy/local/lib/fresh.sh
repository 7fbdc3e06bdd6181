# shellcheck shell=bash
# A fresh stack for the demo and for measurements: built, empty, prepared, and stopped again whatever happens.

# Sets STACK, STACK_BIN, FLEET and the addresses; STACK_DIR is the caller's or the one given.
choose_stack() {
  export STACK_DIR=${STACK_DIR:-$1}
  export STACK_BIN=${STACK_BIN:-${CARGO_TARGET_DIR:-$ROOT/target}/debug}
  STACK=$HERE/stack
  FLEET=$STACK_DIR/fleet
  load_defaults "$HERE/ports.env"
  eval "$("$STACK" env)"
}

stop_everything() {
  trap - EXIT INT TERM
  say "stopping everything"
  if [[ -n ${LIVE_PID:-} ]]; then
    kill "$LIVE_PID" 2>/dev/null || true
    wait "$LIVE_PID" 2>/dev/null || true
  fi
  "$STACK" down
}

build_everything() {
  "$STACK" fetch
  (cd "$ROOT" && cargo build --workspace --bins --locked)
}

start_fresh_stack() {
  "$STACK" down
  "$STACK" clean-data
  rm -rf "$FLEET"
  trap stop_everything EXIT
  trap 'exit 130' INT
  trap 'exit 143' TERM
  "$STACK" up kafka registry clickhouse
  "$STACK" prepare
}

# ask SQL [FORMAT]: one question to ClickHouse, printed as a table for people unless told otherwise.
ask() {
  curl -sS --fail-with-body "$CLICKHOUSE_URL/?database=qualicharge&default_format=${2:-PrettyCompactMonoBlock}" --data-binary "$1"
}
