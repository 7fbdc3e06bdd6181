# shellcheck shell=bash
# Programs that only tests need: Python packages, each in a virtual environment of its own in the cache. tools/NAME.txt
# pins every package of it; the first line names the one that the program comes from.

PYTHON_MINIMUM=11

# tool_program NAME: the program that a tool brings.
tool_program() {
  case $1 in
    qcc) echo qcc ;;
    schemathesis) echo st ;;
    *) fail "no tool '$1'; there are qcc and schemathesis" ;;
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

# stack tool NAME: fetches a tool if need be and prints the path of its program, alone on standard output.
show_tool() {
  local program
  TOOL=${1:-}
  program=$(tool_program "$TOOL")
  once has_tool fetch_tool >&2
  echo "$(tool_folder "$TOOL")/bin/$program"
}
