//! Blows at chosen steps, dealt by a process to itself: what the fault tests on real Kafka arm, so that
//! a kill or a standstill falls between two steps of a transaction or a restore, not only near them.
//!
//! Only builds with `debug_assertions` have it, which are those of the tests: in a release build the
//! flags do not exist, and `after` is nothing. One blow for a life; the steps are counted over all
//! workers of the process. A crate of fail points would bring its own language, its own environment
//! variable and a feature to build everything with, for two actions.

use clap::ValueEnum;

/// A step after which a blow can fall.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum Step {
    /// The transactions are taken over.
    TakeOver,
    /// The group is joined.
    Join,
    /// A transaction begins.
    Begin,
    /// A record is sent, perhaps not yet delivered.
    Send,
    /// Everything sent is in Kafka.
    Drain,
    /// Offsets are in the transaction.
    Offsets,
    /// The transaction is committed.
    Commit,
    /// The transaction is given up.
    Abort,
    /// Partitions are opened: the changelog, then the inputs.
    Open,
    /// Partitions are let go.
    LetGo,
}

#[cfg(debug_assertions)]
pub use armed::{Args, arm};

/// Deals the blow if it is due after this step.
#[cfg(debug_assertions)]
pub(crate) fn after(step: Step) {
    armed::after(step);
}

/// Does nothing: this build has no blows.
#[cfg(not(debug_assertions))]
pub(crate) const fn after(_step: Step) {}

#[cfg(debug_assertions)]
mod armed {
    use std::num::NonZeroUsize;
    use std::process::Command;
    use std::sync::OnceLock;
    use std::sync::atomic::{AtomicUsize, Ordering};

    use clap::ValueEnum;

    use super::Step;

    /// What happens to the process.
    #[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
    pub enum Blow {
        /// It ends at once, without a farewell.
        Kill,
        /// It stands still: SIGSTOP.
        Stop,
    }

    /// Which blow falls, and when.
    #[derive(clap::Args, Clone, Copy, Debug)]
    pub struct Args {
        /// Step after which a blow falls; by default none does
        #[arg(long, env = "PROCESSOR_FAIL_STEP", value_enum, hide = true)]
        pub fail_step: Option<Step>,

        /// The blow
        #[arg(long, env = "PROCESSOR_FAIL_BLOW", value_enum, hide = true,
              default_value_t = Blow::Kill)]
        pub fail_blow: Blow,

        /// After how many of these steps, from 1
        #[arg(long, env = "PROCESSOR_FAIL_NUMBER", hide = true, default_value = "1")]
        pub fail_number: NonZeroUsize,
    }

    /// The blow of this process.
    static ARMED: OnceLock<Args> = OnceLock::new();

    /// Its steps so far.
    static TAKEN: AtomicUsize = AtomicUsize::new(0);

    /// Arms the blow of this process. The first call counts.
    pub fn arm(args: &Args) {
        if args.fail_step.is_some() {
            tracing::warn!(?args, "a blow is armed");
            ARMED.get_or_init(|| *args);
        }
    }

    pub(super) fn after(step: Step) {
        let Some(args) = ARMED.get().filter(|args| args.fail_step == Some(step)) else {
            return;
        };
        if TAKEN.fetch_add(1, Ordering::Relaxed) + 1 == args.fail_number.get() {
            match args.fail_blow {
                Blow::Kill => std::process::abort(),
                Blow::Stop => stand_still(),
            }
        }
    }

    /// Returns once the process goes on.
    fn stand_still() {
        let pid = std::process::id().to_string();
        let stopped = Command::new("kill").args(["-STOP", &pid]).status();
        if let Err(error) = stopped {
            tracing::error!(%error, "the process cannot stop itself");
        }
    }
}
