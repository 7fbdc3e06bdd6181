# shellcheck shell=bash
# The broker: one KRaft node.

launch_kafka() {
  local home data properties="$STACK_DIR/run/kafka.properties"
  home=$(kafka_home)
  data="$STACK_DIR/data/kafka"
  [[ -d $home ]] || fail "kafka is not in $CACHE: run 'stack fetch'"
  require_java
  sed -e "s|@KAFKA_PORT@|$KAFKA_PORT|g" -e "s|@KAFKA_CONTROLLER_PORT@|$KAFKA_CONTROLLER_PORT|g" \
    -e "s|@DATA@|$data|g" "$HERE/kafka/server.properties.template" >"$properties"
  [[ -f $data/meta.properties ]] || format_kafka "$properties"
  set_java_flags kafka
  spawn kafka "$ROOT" "$JAVA" -Xms256m -Xmx384m -XX:MaxDirectMemorySize=128m "${JAVA_FLAGS[@]}" \
    "-Dlog4j2.configurationFile=$HERE/kafka/log4j2.properties" -cp "$home/*" kafka.Kafka "$properties"
}

# Gives the data folder its cluster id: 16 random bytes in base64, without the two characters that a command line or a
# file name could misread.
format_kafka() {
  local id
  id=$(head -c 16 /dev/urandom | base64 | tr '+/' 'ab' | tr -d '=')
  kafka_tool kafka.tools.StorageTool format -t "$id" -c "$1" --ignore-formatted >>"$(log_file kafka)" 2>&1 || {
    show_log_end "$(log_file kafka)"
    fail "kafka: formatting $STACK_DIR/data/kafka failed"
  }
}

# kafka_tool CLASS ARGUMENT…: runs a command line tool of Kafka.
kafka_tool() {
  "$JAVA" -XX:+UseSerialGC -XX:TieredStopAtLevel=1 -Dstack.log.level=warn \
    "-Dlog4j2.configurationFile=$HERE/kafka/log4j2.properties" -cp "$(kafka_home)/*" "$@"
}

# Asks for the topic list, as the wire protocol has it (a Metadata request, version 1, for all topics): the answer
# carries its size, our correlation id and the number of brokers. No Java is started, so this can be asked often.
kafka_answers() {
  local reply
  # shellcheck disable=SC2016 # the inner shell expands
  reply=$(timeout 2 bash -c '
    exec 3<>"/dev/tcp/127.0.0.1/$1"
    printf "\0\0\0\x0e\0\x03\0\x01\0\0\0\x01\xff\xff\xff\xff\xff\xff" >&3
    head -c 12 <&3 | od -An -t x1 | tr -d " \n"' _ "$KAFKA_PORT" 2>/dev/null) || return 1
  [[ $reply =~ ^[0-9a-f]{8}00000001([0-9a-f]{8})$ && ${BASH_REMATCH[1]} != 00000000 ]]
}

# stack cli NAME ARGUMENT…: the tools under the names they have in a Kafka distribution.
run_kafka_cli() {
  local name=${1:-} class
  case $name in
    kafka-topics) class=org.apache.kafka.tools.TopicCommand ;;
    kafka-configs) class=kafka.admin.ConfigCommand ;;
    kafka-consumer-groups) class=org.apache.kafka.tools.consumer.group.ConsumerGroupCommand ;;
    kafka-console-consumer) class=org.apache.kafka.tools.consumer.ConsoleConsumer ;;
    kafka-console-producer) class=org.apache.kafka.tools.ConsoleProducer ;;
    kafka-get-offsets) class=org.apache.kafka.tools.GetOffsetShell ;;
    kafka-transactions) class=org.apache.kafka.tools.TransactionsCommand ;;
    kafka-dump-log) class=org.apache.kafka.tools.DumpLogSegments ;;
    *) fail "no tool '$name'; there are kafka-topics, kafka-configs, kafka-consumer-groups, kafka-console-consumer," \
      "kafka-console-producer, kafka-get-offsets, kafka-transactions and kafka-dump-log" ;;
  esac
  shift
  once has_java fetch_java
  once has_kafka fetch_kafka
  require_java
  if [[ $name == kafka-dump-log ]]; then
    kafka_tool "$class" "$@"
  else
    kafka_tool "$class" --bootstrap-server "$KAFKA_BOOTSTRAP" "$@"
  fi
}
