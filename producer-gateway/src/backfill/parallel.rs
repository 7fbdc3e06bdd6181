//! Work on pieces of a stream, on all cores, with the results in the order of the pieces.
//!
//! While one round of pieces is worked on, the results of the round before are taken and the next
//! pieces are made, so that neither waits for the other. At most two rounds are held.

use std::num::NonZero;
use std::thread;

use anyhow::anyhow;

/// Makes pieces with `next` until there is none, works on them, and takes the results in order.
///
/// # Errors
/// The first error of `next` or `take`; what was not taken by then is dropped.
pub fn in_order<T: Send, U: Send>(
    mut next: impl FnMut() -> anyhow::Result<Option<T>>,
    work: impl Fn(T) -> U + Sync,
    mut take: impl FnMut(U) -> anyhow::Result<()>,
) -> anyhow::Result<()> {
    let workers = thread::available_parallelism().map_or(1, NonZero::get);
    let mut done = Vec::new();
    let mut pieces = round(&mut next, workers)?;
    while !(pieces.is_empty() && done.is_empty()) {
        let (results, following) = thread::scope(|scope| {
            let work = &work;
            let working: Vec<_> = pieces
                .into_iter()
                .map(|piece| scope.spawn(move || work(piece)))
                .collect();
            done.into_iter().try_for_each(&mut take)?;
            let following = round(&mut next, workers)?;
            let results = working
                .into_iter()
                .map(|worker| worker.join().map_err(|_panic| anyhow!("a worker panicked")));
            Ok::<_, anyhow::Error>((results.collect::<Result<Vec<_>, _>>()?, following))
        })?;
        (done, pieces) = (results, following);
    }
    Ok(())
}

fn round<T>(
    next: &mut impl FnMut() -> anyhow::Result<Option<T>>,
    workers: usize,
) -> anyhow::Result<Vec<T>> {
    std::iter::from_fn(|| next().transpose())
        .take(workers)
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn results_come_in_the_order_of_the_pieces() {
        let (mut numbers, mut taken) = (0..1_000, Vec::new());
        let next = || Ok(numbers.next());
        let take = |number| {
            taken.push(number);
            Ok(())
        };
        in_order(next, |number| number * 2, take).unwrap();
        assert_eq!(
            taken,
            (0..1_000).map(|number| number * 2).collect::<Vec<_>>()
        );
    }

    #[test]
    fn an_error_of_either_end_stops() {
        let mut numbers = 0..;
        let stopped = in_order(
            || Ok(numbers.next()),
            |number: i32| number,
            |number| {
                anyhow::ensure!(number < 5, "enough");
                Ok(())
            },
        );
        assert_eq!(stopped.unwrap_err().to_string(), "enough");
        let broken = in_order(
            || Err::<Option<i32>, _>(anyhow!("broken")),
            |_| (),
            |()| Ok(()),
        );
        assert!(broken.is_err());
    }
}
