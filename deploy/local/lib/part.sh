# shellcheck shell=bash
# What is done with any part: launch it, ask whether it is ready, wait for that. Kafka's own matters are in kafka.sh, those of the entrance in ingress.sh.

PARTS=(kafka registry clickhouse)
SERVICES=(producer-gateway stream-processor indicator-sink)
EDGE=(ingress)

is_part() {
  [[ " ${PARTS[*]} ${SERVICES[*]} ${EDGE[*]} " == *" $1 "* ]]
}

require_part() {
  is_part "${1:-}" || fail "no part '${1:-}'; there are ${PARTS[*]} ${SERVICES[*]} ${EDGE[*]}"
}

# Quarkus reads .env and config/ of the folder it starts in, hence the folder. Without WRITE_DELAY=0 a kill loses
# acknowledged schemas, and every record that carries the lost id could never be read again.
launch_registry() {
  local home
  home=$(registry_home)
  [[ -d $home ]] || fail "the registry is not in $CACHE: run 'stack fetch'"
  require_java
  set_java_flags registry
  (
    export APICURIO_STORAGE_KIND=sql APICURIO_STORAGE_SQL_KIND=h2
    export APICURIO_DATASOURCE_URL="jdbc:h2:file:$STACK_DIR/data/registry/registry;WRITE_DELAY=0"
    spawn registry "$home" "$JAVA" -Xms64m -Xmx256m -XX:TieredStopAtLevel=1 "${JAVA_FLAGS[@]}" \
      -Dquarkus.http.host=127.0.0.1 "-Dquarkus.http.port=$REGISTRY_PORT" -Dquarkus.http.access-log.enabled=false \
      -Dquarkus.management.host=127.0.0.1 -Dquarkus.management.port=0 -jar quarkus-run.jar
  )
}

launch_clickhouse() {
  require_binary clickhouse-server
  [[ -f $(clickhouse_library) ]] || fail "the ClickHouse engine is not in $CACHE: run 'stack fetch'"
  spawn clickhouse "$ROOT" "$STACK_BIN/clickhouse-server" --path "$STACK_DIR/data/clickhouse" \
    --listen "127.0.0.1:$CLICKHOUSE_PORT" --library "$(clickhouse_library)"
}

require_binary() {
  [[ -x $STACK_BIN/$1 ]] || fail "$STACK_BIN/$1 is missing: build it with 'make build', or set STACK_BIN"
}

# Starts the process of a part that is not running. Two callers at once start it once.
launch_part() {
  local part=$1
  (
    flock 9
    ! is_running "$part" || exit 0
    require_free_ports "$part"
    case $part in
      kafka | registry | clickhouse | ingress) "launch_$part" ;;
      *) launch_service "$part" ;;
    esac
    say "$part: starting"
  ) 9>"$STACK_DIR/run/$part.lock"
}

# Asks the part itself.
is_ready() {
  case $1 in
    kafka) kafka_answers ;;
    registry) answers "http://127.0.0.1:$REGISTRY_PORT/apis/ccompat/v7/subjects" >/dev/null ;;
    clickhouse) [[ $(answers "http://127.0.0.1:$CLICKHOUSE_PORT/?query=SELECT%201") == 1 ]] ;;
    ingress) answers "http://127.0.0.1:$INGRESS_PORT/ingress/live" >/dev/null ;;
    producer-gateway) answers "http://127.0.0.1:$GATEWAY_ADMIN_PORT/ready" >/dev/null ;;
    stream-processor) answers "http://127.0.0.1:$PROCESSOR_ADMIN_PORT/ready" >/dev/null ;;
    indicator-sink) answers "http://127.0.0.1:$SINK_ADMIN_PORT/ready" >/dev/null ;;
  esac
}

# Prints the body of a 2xx answer; fails on any other. No proxy: the addresses are on loopback.
answers() {
  curl -fsS --noproxy '*' --max-time 3 "$1" 2>/dev/null
}

# Waits until a part says it is ready; ends the script if its process ends first or the time is over.
await_ready() {
  local part=$1 deadline=$((SECONDS + STACK_READY_SECONDS)) next=$((SECONDS + 5))
  until is_ready "$part"; do
    if ! is_running "$part"; then
      show_log_end "$(log_file "$part")"
      fail "$part ended before it was ready; its log is $(log_file "$part")"
    fi
    if ((SECONDS >= deadline)); then
      show_log_end "$(log_file "$part")"
      fail "$part is not ready after $STACK_READY_SECONDS s; its log is $(log_file "$part")"
    fi
    if ((SECONDS >= next)); then
      say "$part: not ready yet"
      next=$((SECONDS + 5))
    fi
    sleep 0.1
  done
  say "$part: ready on port $(part_port "$part")"
}

part_port() {
  local name
  read -r name _ <<<"$(port_names "$1")"
  echo "${!name}"
}

# Starts parts and waits for all of them: they start side by side.
start_parts() {
  local part
  local -a ours=()
  for part; do
    if is_replaced "$part"; then
      local name=${REPLACED_BY[$part]}
      say "$part: not started, $name=${!name} takes its place"
    else
      ours+=("$part")
    fi
  done
  for part in "${ours[@]}"; do
    launch_part "$part"
  done
  for part in "${ours[@]}"; do
    await_ready "$part"
  done
}
