//! The oracle against the worked cases of the specification.
#![expect(
    clippy::unwrap_used,
    clippy::panic,
    reason = "the helpers of tests fail the test, too"
)]

mod golden;
