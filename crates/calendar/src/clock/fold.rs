//! From events to running intervals. What they amount to on a calendar: `result.rs`.

use super::result::{Runs, Window, figures};
use super::{
    ClockDefinition, ClockEvent, ClockState, Ended, HoursSource, PriorInstance, ReopenPolicy, RetargetPolicy,
    What,
};
use crate::error::CalendarError;
use crate::hours::ServiceHours;
use crate::target::Target;
use crate::{instant, seconds};

/// A clock after its events; seconds throughout.
pub(super) struct Folded<'a> {
    definition: &'a ClockDefinition,
    source: &'a dyn HoursSource,
    pub(super) state: ClockState,
    /// Start of the current instance; none before the start.
    pub(super) start: Option<i64>,
    pub(super) target: Target,
    pub(super) hours: &'a ServiceHours,
    /// Attachment, last retarget or migration: no breach of this instance is recorded earlier.
    pub(super) revealed: i64,
    pub(super) runs: Runs,
    /// Agreed exclusions so far.
    pub(super) excluded: Vec<Window>,
    pub(super) prior: Vec<PriorInstance>,
    /// Before the start: a pause holds already. After a stop: the clock was paused when it stopped.
    held: bool,
    stopped_at: i64,
}

impl<'a> Folded<'a> {
    /// Applies events, which are in the order of their instants, to a clock without a start.
    pub(super) fn of<'e>(
        definition: &'a ClockDefinition,
        source: &'a dyn HoursSource,
        events: impl Iterator<Item = &'e ClockEvent>,
    ) -> Result<Self, CalendarError> {
        let mut clock = Self {
            definition,
            source,
            state: ClockState::NotStarted,
            start: None,
            target: definition.target,
            hours: known(source, &definition.hours)?,
            revealed: i64::MIN,
            runs: Runs::default(),
            excluded: Vec::new(),
            prior: Vec::new(),
            held: false,
            stopped_at: 0,
        };
        for event in events {
            clock.apply(seconds(event.at), &event.what)?;
        }
        Ok(clock)
    }

    fn apply(&mut self, at: i64, what: &What) -> Result<(), CalendarError> {
        if self.state == ClockState::Cancelled && !matches!(what, What::Suppress { .. }) {
            return Ok(());
        }
        match what {
            What::Start { attached } => self.start(at, attached.map(seconds)),
            What::Pause { reason } => self.pause(at, reason),
            What::Resume => self.resume(at),
            What::Stop => self.stop(at),
            What::Reopen => self.reopen(at)?,
            What::Retarget { target, hours } => self.retarget(at, *target, hours.as_deref())?,
            What::Migrate { hours, .. } => {
                self.hours = known(self.source, hours)?;
                self.revealed = self.revealed.max(at);
            }
            What::Cancel => {
                self.runs.close(at);
                self.state = ClockState::Cancelled;
            }
            What::Suppress { from, to, .. } => {
                if from < to {
                    self.excluded.push((seconds(*from), seconds(*to)));
                }
            }
            // Worked in before: see `evaluate.rs`.
            What::Correct { .. } => {}
        }
        Ok(())
    }

    fn start(&mut self, at: i64, attached: Option<i64>) {
        if self.state != ClockState::NotStarted {
            return;
        }
        self.start = Some(at);
        self.revealed = attached.unwrap_or(at).max(at);
        if self.held {
            self.state = ClockState::Paused;
        } else {
            self.state = ClockState::Running;
            self.runs.open(at);
        }
    }

    fn pause(&mut self, at: i64, reason: &str) {
        let agreed = match &self.definition.pause_reasons {
            Some(reasons) => reasons.iter().any(|agreed| agreed == reason),
            None => true,
        };
        if !agreed {
            return;
        }
        match self.state {
            ClockState::NotStarted => self.held = true,
            ClockState::Running => {
                self.runs.close(at);
                self.state = ClockState::Paused;
            }
            _ => {}
        }
    }

    fn resume(&mut self, at: i64) {
        match self.state {
            ClockState::NotStarted => self.held = false,
            ClockState::Paused => {
                self.runs.open(at);
                self.state = ClockState::Running;
            }
            _ => {}
        }
    }

    fn stop(&mut self, at: i64) {
        if matches!(self.state, ClockState::Running | ClockState::Paused) {
            self.held = self.state == ClockState::Paused;
            self.runs.close(at);
            self.stopped_at = at;
            self.state = ClockState::Stopped;
        }
    }

    fn reopen(&mut self, at: i64) -> Result<(), CalendarError> {
        if self.state != ClockState::Stopped {
            return Ok(());
        }
        match self.definition.reopen {
            ReopenPolicy::Resume => self.runs.open(at),
            ReopenPolicy::CountGap => self.runs.open(if self.held { at } else { self.stopped_at }),
            ReopenPolicy::Restart => {
                self.keep(at, Ended::Reopened)?;
                self.renew(at);
                self.runs.open(at);
            }
        }
        self.state = ClockState::Running;
        Ok(())
    }

    fn retarget(&mut self, at: i64, target: Target, hours: Option<&str>) -> Result<(), CalendarError> {
        let started = self.start.is_some();
        if started {
            self.keep(at, Ended::Retargeted)?;
        }
        self.target = target;
        if let Some(key) = hours {
            self.hours = known(self.source, key)?;
        }
        if started && self.definition.retarget == RetargetPolicy::Restart {
            self.renew(at);
            if self.state == ClockState::Running {
                self.runs.open(at);
            }
            self.stopped_at = at;
        }
        self.revealed = self.revealed.max(at);
        Ok(())
    }

    /// Empties the clock for an instance that starts now.
    fn renew(&mut self, at: i64) {
        self.start = Some(at);
        self.revealed = at;
        self.runs = Runs::default();
    }

    /// Keeps the ending instance with its facts at this instant.
    fn keep(&mut self, at: i64, ended: Ended) -> Result<(), CalendarError> {
        let figures = figures(self, at)?;
        self.prior.push(PriorInstance {
            start_at: instant(self.start.unwrap_or(at)),
            ended_at: instant(at),
            ended,
            target_seconds: figures.target,
            elapsed_seconds: figures.elapsed,
            breached: figures.breached(),
            breach_at: figures.breach_at().map(instant),
            breach_recorded_at: figures.breach_at().map(|breach| instant(breach.max(self.revealed))),
        });
        Ok(())
    }
}

fn known<'a>(source: &'a dyn HoursSource, key: &str) -> Result<&'a ServiceHours, CalendarError> {
    source.hours(key).ok_or_else(|| CalendarError::UnknownHours(key.to_owned()))
}
