# shellcheck shell=bash
# Programs that only tests need. Python packages, each in a virtual environment of its own in the cache: tools/NAME.txt
# pins every package of it; the first line names the one that the program comes from. And promtool, out of Debian's
# package of Prometheus.

PYTHON_MINIMUM=11

# tool_program NAME: the program that a tool brings.
tool_program() {
  case $1 in
    qcc) echo qcc ;;
    schemathesis) echo st ;;
    *) fail "no tool '$1'; there are qcc, schemathesis and promtool" ;;
  esac
}

# The folder carries the sum of the pins, so that a changed list makes a new environment.
tool_folder() {
  echo "$CACHE/tools/$1-$(sha256sum "$HERE/tools/$1.txt" | cut -c 1-8)"
}

# A virtual environment cannot be moved, so it is made in its place and marked when it is whole.
has_tool() {
  [[ -f $(tool_folder "$TOOL")/whole ]]
}

# Prints the first Python 3.11 or later that can make virtual environments, asked of each itself.
find_python() {
  local candidate
  for candidate in python3 /usr/bin/python3 python3.14 python3.13 python3.12 python3.11; do
    if "$candidate" -c "import ensurepip, sys, venv; sys.exit(sys.version_info < (3, $PYTHON_MINIMUM))" 2>/dev/null; then
      echo "$candidate"
      return
    fi
  done
  return 1
}

fetch_tool() {
  local folder python
  folder=$(tool_folder "$TOOL")
  python=$(find_python) || {
    install_packages python3 python3-venv
    python=$(find_python) || fail "no Python 3.$PYTHON_MINIMUM or later with venv here: install one as python3"
  }
  say "$TOOL: fetching $(head -n 1 "$HERE/tools/$TOOL.txt") and what it needs" >&2
  rm -rf "$folder"
  quiet_run "making a virtual environment" "$python" -m venv "$folder"
  quiet_run "installing $TOOL" "$folder/bin/pip" --quiet --disable-pip-version-check install --no-deps \
    --only-binary=:all: -r "$HERE/tools/$TOOL.txt"
  touch "$folder/whole"
}

# Prints the promtool to run.
find_promtool() {
  local candidate
  for candidate in "$(command -v promtool || true)" "$CACHE/tools/promtool/usr/bin/promtool"; do
    if [[ -x $candidate ]]; then
      echo "$candidate"
      return
    fi
  done
  return 1
}

has_promtool() {
  find_promtool >/dev/null
}

fetch_promtool() {
  say "promtool: fetching Prometheus from Debian (19 MB)" >&2
  make_staging
  unpack_package prometheus "$STAGING/promtool"
  "$STAGING/promtool/usr/bin/promtool" --version >"$STACK_DIR/log/fetch.log" 2>&1 || {
    show_log_end "$STACK_DIR/log/fetch.log"
    fail "the promtool of Debian does not run here: install prometheus"
  }
  mkdir -p "$CACHE/tools"
  mv -T "$STAGING/promtool" "$CACHE/tools/promtool"
}

# stack tool NAME: fetches a tool if need be and prints the path of its program, alone on standard output.
show_tool() {
  local program
  TOOL=${1:-}
  if [[ $TOOL == promtool ]]; then
    once has_promtool fetch_promtool >&2
    find_promtool
    return
  fi
  program=$(tool_program "$TOOL")
  once has_tool fetch_tool >&2
  echo "$(tool_folder "$TOOL")/bin/$program"
}
