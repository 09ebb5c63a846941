//! States by tables of cases.

use crate::control::Tolerance;
use crate::framework::Answer;
use crate::state::{
    Counts, Opinion, SourceState, State, of_age, of_counts, of_obligation, of_opinion, of_ratio, shown,
};

fn counts(holds: u64, fails: u64, errors: u64) -> Counts {
    Counts { holds, fails, errors }
}

fn tolerated(count: Option<u64>, share: Option<u64>) -> Tolerance {
    Tolerance { count, share_millipercent: share }
}

#[test]
fn counts_become_states() {
    let none = Tolerance::default();
    let present = SourceState::Present;
    for (given, tolerance, source, wanted) in [
        (counts(5, 0, 0), none, present, State::Conforming),
        (counts(5, 1, 0), none, present, State::Nonconforming),
        (counts(5, 0, 1), none, present, State::Nonconforming),
        (counts(0, 0, 0), none, present, State::NotTriggered),
        (counts(0, 0, 0), none, SourceState::Empty, State::NotProven),
        (counts(5, 0, 0), none, SourceState::Failed, State::NotProven),
        (counts(98, 2, 0), tolerated(Some(2), None), present, State::AtRisk),
        (counts(98, 1, 1), tolerated(Some(2), None), present, State::AtRisk),
        (counts(97, 3, 0), tolerated(Some(2), None), present, State::Nonconforming),
        (counts(98, 2, 0), tolerated(None, Some(2_000)), present, State::AtRisk),
        (counts(979, 21, 0), tolerated(None, Some(2_000)), present, State::Nonconforming),
        (counts(9_990, 10, 0), tolerated(Some(2), Some(2_000)), present, State::Nonconforming),
        (counts(9, 1, 0), tolerated(Some(0), None), present, State::Nonconforming),
    ] {
        assert_eq!(of_counts(given, tolerance, source), wanted, "{given:?} {tolerance:?} {source:?}");
    }
}

#[test]
fn shares_become_states() {
    let present = SourceState::Present;
    for (given, tolerance, wanted) in [
        (counts(95, 5, 0), Tolerance::default(), State::Conforming),
        (counts(94, 6, 0), Tolerance::default(), State::Nonconforming),
        (counts(94, 5, 1), Tolerance::default(), State::Nonconforming),
        (counts(94, 6, 0), tolerated(None, Some(5_000)), State::AtRisk),
        (counts(90, 10, 0), tolerated(None, Some(5_000)), State::AtRisk),
        (counts(89, 11, 0), tolerated(None, Some(5_000)), State::Nonconforming),
        (counts(94, 6, 0), tolerated(Some(1), None), State::AtRisk),
        (counts(93, 7, 0), tolerated(Some(1), None), State::Nonconforming),
        (counts(0, 0, 0), Tolerance::default(), State::NotTriggered),
    ] {
        assert_eq!(of_ratio(given, 95_000, tolerance, present), wanted, "{given:?} {tolerance:?}");
    }
    assert_eq!(of_ratio(counts(9, 0, 0), 95_000, Tolerance::default(), SourceState::Empty), State::NotProven);
}

#[test]
fn age_becomes_a_state() {
    let day = 86_400_000_000;
    for (age, source, wanted) in [
        (Some(10 * day), SourceState::Present, State::Conforming),
        (Some(85 * day), SourceState::Present, State::AtRisk),
        (Some(90 * day), SourceState::Present, State::AtRisk),
        (Some(91 * day), SourceState::Present, State::Nonconforming),
        (None, SourceState::Present, State::Nonconforming),
        (None, SourceState::Empty, State::NotProven),
        (Some(day), SourceState::Failed, State::NotProven),
    ] {
        assert_eq!(of_age(age, 90 * day, source), wanted, "{age:?} {source:?}");
    }
}

#[test]
fn an_opinion_becomes_a_state() {
    assert_eq!(of_opinion(None), State::JudgementDue);
    assert_eq!(of_opinion(Some(Opinion::Adequate)), State::Conforming);
    assert_eq!(of_opinion(Some(Opinion::Inadequate)), State::Nonconforming);
}

#[test]
fn the_worst_test_decides() {
    use State::{AtRisk, Conforming, JudgementDue, NoTestYet, Nonconforming, NotProven, NotTriggered};
    for (tests, wanted) in [
        (vec![], NoTestYet),
        (vec![Conforming], Conforming),
        (vec![Conforming, NotTriggered], Conforming),
        (vec![NotTriggered, NotTriggered], NotTriggered),
        (vec![Conforming, AtRisk], AtRisk),
        (vec![AtRisk, NotProven], NotProven),
        (vec![NotProven, Nonconforming], Nonconforming),
        (vec![Conforming, JudgementDue], JudgementDue),
        (vec![NotTriggered, JudgementDue], JudgementDue),
    ] {
        assert_eq!(of_obligation(&tests, Answer::Machine, None), wanted, "{tests:?}");
    }
}

#[test]
fn presence_needs_a_person_and_a_person_overrides_nothing() {
    use State::{Conforming, JudgementDue, Nonconforming};
    let adequate = Some(Opinion::Adequate);
    assert_eq!(of_obligation(&[Conforming], Answer::Presence, None), JudgementDue);
    assert_eq!(of_obligation(&[Conforming], Answer::Presence, adequate), Conforming);
    let inadequate = Some(Opinion::Inadequate);
    assert_eq!(of_obligation(&[Conforming], Answer::Presence, inadequate), Nonconforming);
    assert_eq!(of_obligation(&[Nonconforming], Answer::Presence, adequate), Nonconforming);
    assert_eq!(of_obligation(&[Nonconforming], Answer::Machine, adequate), Nonconforming);
    assert_eq!(of_obligation(&[Conforming], Answer::Machine, inadequate), Conforming);
}

#[test]
fn an_old_result_proves_nothing() {
    assert_eq!(shown(State::Conforming, 10, 10), State::Conforming);
    assert_eq!(shown(State::Conforming, 11, 10), State::NotProven);
    assert_eq!(shown(State::NoTestYet, 11, 10), State::NoTestYet);
}

#[test]
fn every_state_is_read_as_it_is_written() {
    for state in State::ALL {
        assert_eq!(State::parse(state.as_str()), state);
    }
    assert_eq!(State::parse("green"), State::NotProven);
}
