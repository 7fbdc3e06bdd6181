# shellcheck shell=bash
# Programs out of Debian's packages, unpacked and not installed: an installation would start servers and need root.

# unpack_package PACKAGE FOLDER: fetches a package and unpacks it. apt checks it against the signed lists; those of a
# new machine are empty and only root may refresh them.
unpack_package() {
  local package=$1 folder=$2
  command -v apt-get >/dev/null || fail "$package is missing and there is no apt-get to fetch it: install $package"
  download_package "$package" || {
    [[ $(id -u) == 0 ]] || fail "$package is missing: install it, or refresh the package lists (apt-get update) and try again"
    quiet_run "refreshing the package lists" apt-get update -q
    download_package "$package" || {
      show_log_end "$STACK_DIR/log/fetch.log"
      fail "downloading $package failed"
    }
  }
  mkdir "$folder"
  dpkg-deb -x "$STAGING/$package"_*.deb "$folder"
}

download_package() {
  (cd "$STAGING" && apt-get download -q "$1") >"$STACK_DIR/log/fetch.log" 2>&1 </dev/null
}
