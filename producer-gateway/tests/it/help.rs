//! The help of the gateway: every flag with its variable, its range and its default.

use clap::Args as _;
use producer_gateway::config::RunArgs;

#[test]
#[expect(clippy::too_many_lines, reason = "the help is as long as it is")]
fn help_names_every_flag_with_its_variable_and_default() {
    // Without the values, which are the tester's own.
    let command = RunArgs::augment_args(clap::Command::new("producer-gateway"))
        .mut_args(|argument| argument.hide_env_values(true));
    let help = command.term_width(100).render_long_help().to_string();
    let lines: Vec<_> = help.lines().map(str::trim_end).collect();
    insta::assert_snapshot!(lines.join("\n"), @r"
    Flags of the gateway

    Usage: producer-gateway [OPTIONS]

    Options:
      -h, --help
              Print help (see a summary with '-h')

    Connections:
          --listen <ADDRESS>
              Address that the API is served on

              [env: GATEWAY_LISTEN]
              [default: 0.0.0.0:8000]

          --admin-listen <ADDRESS>
              Address of /metrics, /live and /ready

              [env: GATEWAY_ADMIN_LISTEN]
              [default: 0.0.0.0:9000]

          --public-url <URL>
              What absolute URLs in answers begin with; without it, the host that the request names

              [env: GATEWAY_PUBLIC_URL]

          --trusted-proxies <CIDR>
              Networks whose `X-Forwarded-*` headers count, separated by commas; none by default

              [env: GATEWAY_TRUSTED_PROXIES]

          --cors-allowed-origins <ORIGIN>
              Sites whose web pages may read answers (GET and HEAD), like `https://map.example.org`,
              separated by commas; none by default

              [env: GATEWAY_CORS_ALLOWED_ORIGINS]

          --max-connections <COUNT>
              Connections at a time, 1 to 1000000; more wait to be accepted

              [env: GATEWAY_MAX_CONNECTIONS]
              [default: 10000]

          --tls-certificate-file <PATH>
              Chain of certificates in PEM, the server's first; with it the API speaks TLS only. Read
              again on SIGHUP

              [env: GATEWAY_TLS_CERTIFICATE_FILE]

          --tls-key-file <PATH>
              Key of that certificate in PEM

              [env: GATEWAY_TLS_KEY_FILE]

          --instance-id <NAME>
              Name of this gateway in ticks and in the brokers' logs

              [env: GATEWAY_INSTANCE_ID]
              [default: producer-gateway]

          --clock <CLOCK>
              Where `received_at` comes from; `simulated` is for tests: it is set with `PUT /clock` on
              the admin port

              Possible values:
              - system:    The operating system
              - simulated: `PUT /clock` on the admin port; for tests only

              [env: GATEWAY_CLOCK]
              [default: system]

          --access-log <ACCESS_LOG>
              Requests that are logged, one line of JSON each: failures, logins and static writes, or
              all, or none

              Possible values:
              - errors: 4xx, 5xx, logins and static writes
              - all:    All
              - off:    None

              [env: GATEWAY_ACCESS_LOG]
              [default: errors]

    Accounts:
          --users-file <PATH>
              TOML file with accounts and groups; needed. Read again on SIGHUP

              [env: GATEWAY_USERS_FILE]

          --units-file <PATH>
              File with the known operational units, one a line; without it every well-formed one is
              known. Read again on SIGHUP

              [env: GATEWAY_UNITS_FILE]

          --auth-mode <AUTH_MODE>
              Whose tokens are good

              Possible values:
              - local: Our own, for a name and a password of the users file
              - oidc:  Those of an identity provider; `/auth/token` does not exist

              [env: GATEWAY_AUTH_MODE]
              [default: local]

          --token-secret <SECRET>
              Secret that signs tokens, 32 bytes or more; needed with `local`, here or in a file

              [env: GATEWAY_TOKEN_SECRET]

          --token-secret-file <PATH>
              File that holds that secret

              [env: GATEWAY_TOKEN_SECRET_FILE]

          --token-secret-previous <SECRET>
              Secret that signed tokens before, 32 bytes or more: they stay good until they expire

              [env: GATEWAY_TOKEN_SECRET_PREVIOUS]

          --token-secret-previous-file <PATH>
              File that holds that secret

              [env: GATEWAY_TOKEN_SECRET_PREVIOUS_FILE]

          --token-issuer <URL>
              Issuer that our own tokens name

              [env: GATEWAY_TOKEN_ISSUER]
              [default: http://127.0.0.1:18000]

          --token-lifetime-seconds <SECONDS>
              Seconds that our own tokens are good for, 1 to 86400

              [env: GATEWAY_TOKEN_LIFETIME_SECONDS]
              [default: 1800]

          --oidc-issuer <URL>
              Identity provider, as it calls itself; needed with `oidc`

              [env: GATEWAY_OIDC_ISSUER]

          --oidc-audience <NAME>
              Audience that the provider's tokens name

              [env: GATEWAY_OIDC_AUDIENCE]
              [default: account]

    Limits:
          --max-body-bytes <BYTES>
              Bytes of a body as sent, 1 KiB to 1 GiB

              [env: GATEWAY_MAX_BODY_BYTES]
              [default: 8388608]

          --max-decoded-bytes <BYTES>
              Bytes of a body once decompressed, 1 KiB to 1 GiB

              [env: GATEWAY_MAX_DECODED_BYTES]
              [default: 67108864]

          --max-compression-ratio <RATIO>
              Decompressed bytes per byte sent, judged from 1 MiB on, 1 to 10000

              [env: GATEWAY_MAX_COMPRESSION_RATIO]
              [default: 250]

          --max-in-flight-bytes <BYTES>
              Bytes of bodies, sent and decompressed, that are held at a time, 1 MiB to 64 GiB; a
              request for which there is no room is answered 503

              [env: GATEWAY_MAX_IN_FLIGHT_BYTES]
              [default: 536870912]

          --max-queued-records <COUNT>
              Records on their way to Kafka at a time, 100 to 10000000; a request for which there is no
              room is answered 503

              [env: GATEWAY_MAX_QUEUED_RECORDS]
              [default: 100000]

          --rate-limits-file <PATH>
              TOML file with rate limits; without it there are none

              [env: GATEWAY_RATE_LIMITS_FILE]

          --max-in-flight-requests <COUNT>
              Requests that are handled at a time, 1 to 100000; more are answered 503

              [env: GATEWAY_MAX_IN_FLIGHT_REQUESTS]
              [default: 1024]

          --status-bulk-max <COUNT>
              Statuses of one request, 1 to 100000

              [env: GATEWAY_STATUS_BULK_MAX]
              [default: 1000]

          --session-bulk-max <COUNT>
              Sessions of one request, 1 to 100000

              [env: GATEWAY_SESSION_BULK_MAX]
              [default: 1000]

          --statique-bulk-max <COUNT>
              Static records of one request, 1 to 100000

              [env: GATEWAY_STATIQUE_BULK_MAX]
              [default: 1000]

          --statique-page-size <COUNT>
              Static records of a page unless the caller says otherwise, 1 to 10000

              [env: GATEWAY_STATIQUE_PAGE_SIZE]
              [default: 10]

          --statique-page-max <COUNT>
              Static records of a page at most, 1 to 10000

              [env: GATEWAY_STATIQUE_PAGE_MAX]
              [default: 100]

    Times:
          --clock-skew-seconds <SECONDS>
              Seconds that an event may lie ahead of its reception, 0 to 3600

              [env: GATEWAY_CLOCK_SKEW_SECONDS]
              [default: 60]

          --max-status-age-seconds <SECONDS>
              Seconds that a status may be old, 60 to 86400: windows are final an hour after that

              [env: GATEWAY_MAX_STATUS_AGE_SECONDS]
              [default: 86400]

          --max-session-age-seconds <SECONDS>
              Seconds that the start of a session may be old, 60 to 31536000

              [env: GATEWAY_MAX_SESSION_AGE_SECONDS]
              [default: 31536000]

          --ack-timeout-seconds <SECONDS>
              Seconds until a record that Kafka does not acknowledge is given up, 1 to 60: below the
              clients' time-out, so that a stall is a 503

              [env: GATEWAY_ACK_TIMEOUT_SECONDS]
              [default: 4]

          --tick-interval-seconds <SECONDS>
              Seconds between ticks, 1 to 300: silence reaches the windows as soon as that

              [env: GATEWAY_TICK_INTERVAL_SECONDS]
              [default: 5]

          --linger-milliseconds <MILLISECONDS>
              Milliseconds that a record waits for others to share a batch with, 0 to 1000; they are
              added to every acknowledgement

              [env: GATEWAY_LINGER_MILLISECONDS]
              [default: 1]

          --header-timeout-seconds <SECONDS>
              Seconds that the head of a request may take to arrive, 1 to 3600; the connection is cut
              then

              [env: GATEWAY_HEADER_TIMEOUT_SECONDS]
              [default: 10]

          --idle-timeout-seconds <SECONDS>
              Seconds that a connection may be silent between requests, 1 to 3600; it is cut then

              [env: GATEWAY_IDLE_TIMEOUT_SECONDS]
              [default: 75]

          --body-timeout-seconds <SECONDS>
              Seconds that a body may take to arrive, 1 to 3600

              [env: GATEWAY_BODY_TIMEOUT_SECONDS]
              [default: 30]

          --shutdown-delay-seconds <SECONDS>
              Seconds between `/ready` turning 503 and the end of accepting, 0 to 300: time for a load
              balancer to notice

              [env: GATEWAY_SHUTDOWN_DELAY_SECONDS]
              [default: 5]

    Kafka:
          --kafka-bootstrap <BROKERS>
              Brokers to start from, `host:port`, separated by commas

              [env: KAFKA_BOOTSTRAP]
              [default: 127.0.0.1:19092]

          --kafka-security-protocol <KAFKA_SECURITY_PROTOCOL>
              Protection of the connection; the two with `sasl` need a user

              Possible values:
              - plaintext:      Neither encrypted nor authenticated
              - ssl:            Encrypted
              - sasl-plaintext: Authenticated but not encrypted
              - sasl-ssl:       Encrypted and authenticated

              [env: KAFKA_SECURITY_PROTOCOL]
              [default: plaintext]

          --kafka-sasl-mechanism <KAFKA_SASL_MECHANISM>
              Proof of identity, with `sasl-plaintext` and `sasl-ssl`

              Possible values:
              - PLAIN:         Name and password in clear; only with `sasl-ssl`
              - SCRAM-SHA-256: Salted challenge and response with SHA-256
              - SCRAM-SHA-512: Salted challenge and response with SHA-512

              [env: KAFKA_SASL_MECHANISM]
              [default: SCRAM-SHA-512]

          --kafka-username <NAME>
              User, with `sasl-plaintext` and `sasl-ssl`

              [env: KAFKA_USERNAME]

          --kafka-password <SECRET>
              Password of that user

              [env: KAFKA_PASSWORD]

          --kafka-password-file <PATH>
              File that holds the password

              [env: KAFKA_PASSWORD_FILE]

          --kafka-property <KEY=VALUE>
              One more librdkafka property; may be repeated, wins over ours. In the environment,
              properties are separated by `;`

              [env: KAFKA_PROPERTIES]

    Schema registry:
          --schema-registry-url <URL>
              Address of the Confluent-compatible registry API

              [env: SCHEMA_REGISTRY_URL]
              [default: http://127.0.0.1:18081/apis/ccompat/v7]

          --schema-registry-user <NAME>
              User for basic authentication; without it requests carry none

              [env: SCHEMA_REGISTRY_USER]

          --schema-registry-password <SECRET>
              Password of that user

              [env: SCHEMA_REGISTRY_PASSWORD]

          --schema-registry-password-file <PATH>
              File that holds the password

              [env: SCHEMA_REGISTRY_PASSWORD_FILE]

    Life:
          --shutdown-timeout-seconds <SECONDS>
              Seconds that draining may take after the first signal, 1 to 3600; afterwards the process
              gives up and leaves with 1

              [env: SHUTDOWN_TIMEOUT_SECONDS]
              [default: 30]

    Logging:
          --log-format <LOG_FORMAT>
              Look of the log lines on standard error

              Possible values:
              - text: One readable line per event, coloured when standard error is a terminal
              - json: One JSON object per line

              [env: LOG_FORMAT]
              [default: text]

          --log-filter <FILTER>
              What is logged: a level (`error warn info debug trace`), or levels per module such as
              `info,platform=debug`

              [env: LOG_FILTER]
              [default: info]
    ");
}
