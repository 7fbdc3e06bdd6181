# shellcheck shell=bash
# Our own services: their settings, and the deploy steps that come before them. What the caller's environment sets
# stands; the three addresses are exported already.

# A service's setting is the caller's, or ours.
setting() {
  [[ -n ${!1:-} ]] || printf -v "$1" '%s' "$2"
  export "${1?}"
}

launch_service() {
  local part=$1
  require_binary "$part"
  case $part in
    producer-gateway)
      make_token_secret
      setting GATEWAY_LISTEN "127.0.0.1:$GATEWAY_PORT"
      setting GATEWAY_ADMIN_LISTEN "127.0.0.1:$GATEWAY_ADMIN_PORT"
      setting GATEWAY_TRUSTED_PROXIES 127.0.0.1/32
      setting GATEWAY_USERS_FILE "$HERE/users.toml"
      setting GATEWAY_TOKEN_SECRET_FILE "$STACK_DIR/run/token-secret"
      ;;
    stream-processor) setting PROCESSOR_ADMIN_LISTEN "127.0.0.1:$PROCESSOR_ADMIN_PORT" ;;
    indicator-sink) setting SINK_ADMIN_LISTEN "127.0.0.1:$SINK_ADMIN_PORT" ;;
  esac
  spawn "$part" "$ROOT" "$STACK_BIN/$part"
}

# Makes the key that signs tokens, once: 32 random bytes in hex, readable by the owner only.
make_token_secret() {
  local file="$STACK_DIR/run/token-secret"
  [[ ! -s $file ]] || return 0
  (
    umask 077
    head -c 32 /dev/urandom | od -An -t x1 | tr -d ' \n' >"$file.new"
  )
  mv "$file.new" "$file"
}

# One deploy step: deploy_step WHAT COMMAND…
deploy_step() {
  local what=$1 log
  log=$(log_file deploy)
  shift
  (cd "$ROOT" && "$@") >>"$log" 2>&1 </dev/null || {
    show_log_end "$log"
    fail "$what failed; its log is $log"
  }
  say "$what: done"
}

# Topics before schemas before tables before services, each a command that may be run again.
prepare_services() {
  local binary
  for binary in stream-setup indicator-sink; do
    require_binary "$binary"
  done
  deploy_step topics "$STACK_BIN/stream-setup" topics
  deploy_step schemas "$STACK_BIN/stream-setup" schemas
  # Histories of any age are replayed here: nothing may expire, unless somebody asks for it.
  SINK_RETENTION=${SINK_RETENTION:-off} deploy_step tables "$STACK_BIN/indicator-sink" migrate
  deploy_step territories "$STACK_BIN/indicator-sink" seed
}
