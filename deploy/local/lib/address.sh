# shellcheck shell=bash
# Ports, addresses, and which parts of the stack are ours to run.

# Sets each NAME=value of a file unless the environment has it already.
load_defaults() {
  local name value
  while IFS='=' read -r name value; do
    [[ $name =~ ^[A-Z][A-Z0-9_]*$ ]] || continue
    [[ -n ${!name:-} ]] || printf -v "$name" '%s' "$value"
  done <"$1"
}

# Decides the three addresses. One that the environment gives replaces the part, unless it is the part's own address
# (as printed by `stack env`). Exports them for every process that is started.
load_addresses() {
  local kafka="127.0.0.1:$KAFKA_PORT"
  local registry="http://127.0.0.1:$REGISTRY_PORT/apis/ccompat/v7"
  local clickhouse="http://127.0.0.1:$CLICKHOUSE_PORT"
  declare -gA REPLACED_BY=()
  [[ ${KAFKA_BOOTSTRAP:-$kafka} == "$kafka" ]] || REPLACED_BY[kafka]=KAFKA_BOOTSTRAP
  [[ ${SCHEMA_REGISTRY_URL:-$registry} == "$registry" ]] || REPLACED_BY[registry]=SCHEMA_REGISTRY_URL
  [[ ${CLICKHOUSE_URL:-$clickhouse} == "$clickhouse" ]] || REPLACED_BY[clickhouse]=CLICKHOUSE_URL
  export KAFKA_BOOTSTRAP=${KAFKA_BOOTSTRAP:-$kafka}
  export SCHEMA_REGISTRY_URL=${SCHEMA_REGISTRY_URL:-$registry}
  export CLICKHOUSE_URL=${CLICKHOUSE_URL:-$clickhouse}
}

is_replaced() {
  [[ -n ${REPLACED_BY[$1]:-} ]]
}

# The variables that hold the ports of a part; the first is the one people talk to.
port_names() {
  case $1 in
    kafka) echo KAFKA_PORT KAFKA_CONTROLLER_PORT ;;
    registry) echo REGISTRY_PORT ;;
    clickhouse) echo CLICKHOUSE_PORT ;;
    ingress) echo INGRESS_PORT ;;
    producer-gateway) echo GATEWAY_PORT GATEWAY_ADMIN_PORT ;;
    stream-processor) echo PROCESSOR_ADMIN_PORT ;;
    indicator-sink) echo SINK_ADMIN_PORT ;;
  esac
}

# Prints the pid and name of the process that listens on a port; fails if the port is free.
port_holder() {
  local hex inode link pid
  printf -v hex '%04X' "$1"
  inode=$(awk -v port=":$hex" '$4 == "0A" && substr($2, length($2) - 4) == port { print $10; exit }' \
    /proc/net/tcp /proc/net/tcp6 2>/dev/null) || true
  [[ -n $inode ]] || return 1
  link=$(find /proc/[0-9]*/fd -lname "socket:\[$inode\]" -print -quit 2>/dev/null) || true
  pid=${link#/proc/}
  pid=${pid%%/*}
  if [[ -n $pid ]]; then
    echo "process $pid ($(tr '\0' ' ' <"/proc/$pid/cmdline" | cut -c1-60 | sed 's/ *$//'))"
  else
    echo "a process of another user"
  fi
}

# Ends the script if a stranger holds a port of the part. The stranger is named, never ended.
require_free_ports() {
  local name holder
  for name in $(port_names "$1"); do
    if holder=$(port_holder "${!name}"); then
      fail "port ${!name} of $1 is held by $holder: end it, or choose another port with $name=..."
    fi
  done
}
