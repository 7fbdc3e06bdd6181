# shellcheck shell=bash
# Detached processes and their pid files. A pid file holds pid and start time, so that a process which got the same
# pid later is never taken for ours.

pid_file() {
  echo "$STACK_DIR/run/$1.pid"
}

log_file() {
  echo "$STACK_DIR/log/$1.log"
}

# Prints when a process started (clock ticks since boot, field 22 of proc(5)); fails if it is gone or a zombie. Killed,
# its first thread is a zombie while the others still end and hold the ports: then it is not gone yet.
start_time() {
  local stat fields threads
  { read -r stat <"/proc/$1/stat"; } 2>/dev/null || return 1
  read -ra fields <<<"${stat##*) }"
  if [[ ${fields[0]} == [ZX] ]]; then
    threads=("/proc/$1/task"/*)
    ((${#threads[@]} > 1)) || return 1
  fi
  echo "${fields[19]}"
}

# Prints the pid of a part, if that very process still runs.
running_pid() {
  local pid started
  { read -r pid started <"$(pid_file "$1")"; } 2>/dev/null || return 1
  [[ $(start_time "$pid") == "$started" ]] || return 1
  echo "$pid"
}

# User and system time of a part so far, seconds.
cpu_seconds() {
  local pid
  pid=$(running_pid "$1") && cpu_seconds_of "$pid"
}

# The same of any process, by its pid.
cpu_seconds_of() {
  awk -v hertz="$(getconf CLK_TCK)" '{ sub(/^.*\) /, ""); print ($12 + $13) / hertz }' "/proc/$1/stat"
}

is_running() {
  running_pid "$1" >/dev/null
}

# spawn PART FOLDER COMMAND…: starts a command in a folder, in a session of its own with no input, so that neither
# Ctrl-C nor a closed terminal reaches it, and with none of our open files, so that no pipe of a caller stays open.
spawn() {
  local part=$1 folder=$2 log pid
  shift 2
  log=$(log_file "$part")
  [[ ! -f $log || $(stat -c %s "$log") -lt 16777216 ]] || mv "$log" "$log.1"
  (
    cd "$folder" || exit
    local path descriptor
    for path in /proc/"$BASHPID"/fd/*; do
      descriptor=${path##*/}
      ((descriptor <= 2 || descriptor == 255)) || exec {descriptor}>&-
    done
    exec setsid "$@" </dev/null >>"$log" 2>&1
  ) &
  pid=$!
  echo "$pid $(start_time "$pid")" >"$(pid_file "$part")"
}

# Waits up to so many seconds for a part's process to end.
await_end() {
  local part=$1 deadline=$((SECONDS + $2))
  while is_running "$part"; do
    ((SECONDS < deadline)) || return 1
    sleep 0.05
  done
}

# Ends a part: SIGTERM, a time limit, SIGKILL. Nothing happens if it does not run.
stop_part() {
  local part=$1 pid
  if pid=$(running_pid "$part"); then
    kill -TERM "$pid" 2>/dev/null || true
    if await_end "$part" "$STACK_STOP_SECONDS"; then
      say "$part: stopped"
    else
      kill -KILL "$pid" 2>/dev/null || true
      await_end "$part" 10 || fail "$part: process $pid outlives SIGKILL; see $(log_file "$part")"
      say "$part: did not stop within $STACK_STOP_SECONDS s and was killed; see $(log_file "$part")"
    fi
  fi
  rm -f "$(pid_file "$part")"
}

# Ends a part as a power cut would, and returns when it is gone.
kill_part() {
  local part=$1 pid
  pid=$(running_pid "$part") || fail "$part does not run: nothing to kill"
  kill -KILL "$pid"
  await_end "$part" 10 || fail "$part: process $pid outlives SIGKILL"
  rm -f "$(pid_file "$part")"
  say "$part: killed"
}
