# shellcheck shell=bash
# What the script can tell about the stack: a table, logs, addresses.

resident_kib() {
  sed -n 's/^VmRSS:[[:space:]]*\([0-9]*\) kB/\1/p' "/proc/$1/status" 2>/dev/null
}

show_status() {
  local part pid kib ready total=0
  local -r row='%-17s %8s %6s %-8s %8s  %s\n'
  # shellcheck disable=SC2059 # the format is ours
  printf "$row" part pid port ready memory log
  for part in "${PARTS[@]}" "${SERVICES[@]}" "${EDGE[@]}"; do
    pid='-' kib=0 ready=stopped
    if is_replaced "$part"; then
      local name=${REPLACED_BY[$part]}
      # shellcheck disable=SC2059 # the format is ours
      printf "$row" "$part" - - replaced - "$name=${!name}"
      continue
    fi
    if pid=$(running_pid "$part"); then
      kib=$(resident_kib "$pid")
      ready=no
      ! is_ready "$part" || ready=yes
    fi
    total=$((total + ${kib:-0}))
    # shellcheck disable=SC2059 # the format is ours
    printf "$row" "$part" "${pid:--}" "$(part_port "$part")" "$ready" "$((${kib:-0} / 1024)) MiB" "$(log_file "$part")"
  done
  say "total memory: $((total / 1024)) MiB"
}

# stack logs [PART] [-f]
show_logs() {
  local argument follow=
  local -a files=()
  for argument; do
    if [[ $argument == -f ]]; then
      follow=yes
    else
      require_part "$argument"
      files+=("$(log_file "$argument")")
    fi
  done
  ((${#files[@]})) || for argument in "$STACK_DIR"/log/*.log; do
    [[ ! -f $argument ]] || files+=("$argument")
  done
  ((${#files[@]})) || fail "no log in $STACK_DIR/log: nothing was started yet"
  if [[ -n $follow ]]; then
    exec tail -n 50 -F "${files[@]}"
  fi
  [[ -f ${files[0]} ]] || fail "no log ${files[0]}: the part was not started yet"
  tail -n 50 "${files[@]}"
}

# Lines for eval, so that other programs find this very stack.
show_environment() {
  local name
  for name in KAFKA_BOOTSTRAP SCHEMA_REGISTRY_URL CLICKHOUSE_URL; do
    printf 'export %s=%q\n' "$name" "${!name}"
  done
  printf 'export GATEWAY_URL=%q\n' "http://127.0.0.1:$GATEWAY_PORT"
  printf 'export INGRESS_URL=%q\n' "http://127.0.0.1:$INGRESS_PORT"
  printf 'export CHDB_LIBRARY=%q\n' "$(clickhouse_library)"
}
