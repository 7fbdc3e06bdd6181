# shellcheck shell=bash
# The HTTP entrance: nginx, of this machine or unpacked into the cache from Debian's package, which is not installed:
# its installation would start a server on port 80.

nginx_folder() {
  echo "$CACHE/nginx"
}

# Prints the nginx to run.
find_nginx() {
  local candidate
  for candidate in "$(command -v nginx || true)" /usr/sbin/nginx "$(nginx_folder)/usr/sbin/nginx"; do
    if [[ -x $candidate ]]; then
      echo "$candidate"
      return
    fi
  done
  return 1
}

has_ingress() {
  find_nginx >/dev/null
}

fetch_ingress() {
  say "ingress: fetching nginx from Debian (0.5 MB)"
  make_staging
  unpack_package nginx "$STAGING/nginx"
  "$STAGING/nginx/usr/sbin/nginx" -v 2>"$STACK_DIR/log/fetch.log" || {
    show_log_end "$STACK_DIR/log/fetch.log"
    fail "the nginx of Debian does not run here: install nginx with what it needs"
  }
  mv -T "$STAGING/nginx" "$(nginx_folder)"
}

# Reads go to the gateway too, until INGRESS_READS_PORT names a service of their own.
launch_ingress() {
  local nginx folder="$STACK_DIR/run/ingress" configuration="$STACK_DIR/run/ingress.conf"
  nginx=$(find_nginx) || fail "nginx is not in $CACHE: run 'stack fetch'"
  mkdir -p "$folder"
  sed -e "s|@RUN@|$folder|g" -e "s|@INGRESS_PORT@|$INGRESS_PORT|g" -e "s|@GATEWAY_PORT@|$GATEWAY_PORT|g" \
    -e "s|@READS_PORT@|${INGRESS_READS_PORT:-$GATEWAY_PORT}|g" \
    "$HERE/ingress/nginx.conf.template" >"$configuration"
  spawn ingress "$ROOT" "$nginx" -p "$folder" -e stderr -c "$configuration"
}
