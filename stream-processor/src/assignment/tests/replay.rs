//! A replay: where it stops, and what it has then.

use super::*;

#[test]
fn a_replay_is_spent_at_its_goal_and_complete_once_that_is_committed() {
    let mut stage = Stage::new();
    history(&stage, 0..60);
    let ends = |ends: [i64; 3]| {
        let lane = |source| Lane {
            source,
            partition: PARTITION,
        };
        Source::INPUTS.map(lane).into_iter().zip(ends).collect()
    };
    // Nine statuses and twelve ticks of each input: the replay began before the last status.
    stage.goal = Some(Arc::new(Goal::between(
        &ends([0; 3]),
        &ends([0, 20, 12]),
        1,
    )));
    let mut subject = stage.restore();
    stage.run(&mut subject);
    assert!(subject.tasks.is_spent() && !subject.tasks.is_committed());
    subject.commit(&mut stage.output).unwrap();
    assert!(subject.tasks.is_spent() && subject.tasks.is_committed());
    assert_eq!(stage.next_offsets(), [0, 20, 12]);
    assert_eq!(stage.goal.unwrap().progress(), (32, 32));
}
