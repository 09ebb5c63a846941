//! Workflow of a type: states, transitions with roles, required fields and guards, and clocks.

use proofdesk_condition::Condition;

/// What a state means to clocks, lists and tests.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum StateKind {
    /// Not yet begun.
    New,
    /// Being worked on.
    Open,
    /// Waits for somebody.
    Waiting,
    /// The work is done, not yet confirmed.
    Done,
    /// Finished for good.
    Closed,
}

impl StateKind {
    /// Whether work or confirmation is still to come.
    pub fn is_open(self) -> bool {
        matches!(self, Self::New | Self::Open | Self::Waiting)
    }

    /// The written form.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::New => "new",
            Self::Open => "open",
            Self::Waiting => "waiting",
            Self::Done => "done",
            Self::Closed => "closed",
        }
    }
}

/// A declared state.
#[derive(Debug, Clone)]
pub struct State {
    /// Stored value.
    pub name: String,
    /// What people read.
    pub label: String,
    /// Its meaning.
    pub kind: StateKind,
    /// Fields that must be filled while the record is in this state.
    pub requires: Vec<String>,
    /// Off the main line of stages (a waiting or rejected state).
    pub aside: bool,
}

/// A condition that must hold for a transition.
#[derive(Debug, Clone)]
pub struct Guard {
    /// The condition over the record as it would be.
    pub condition: Condition,
    /// Clause that asks for it.
    pub clause: Option<String>,
    /// What is missing, for a person.
    pub says: String,
    /// Field of the person from whom whoever takes the step is to be apart: by the log, too, so that nobody takes his own
    /// name out first.
    pub apart_from: Option<String>,
    /// By the log, somebody else than whoever takes the step had a hand in the record.
    pub two_hands: bool,
}

impl Guard {
    /// Whether it is about who takes the step, not about the record.
    pub fn holds_apart(&self) -> bool {
        self.apart_from.is_some() || self.two_hands
    }
}

/// A declared transition.
#[derive(Debug, Clone)]
pub struct Transition {
    /// Name, unique in the type; an action of permissions.
    pub name: String,
    /// What the button says.
    pub label: String,
    /// States it starts from.
    pub from: Vec<String>,
    /// State it ends in.
    pub to: String,
    /// Roles that may do it; empty means every role that may update.
    pub roles: Vec<String>,
    /// Fields that must be filled.
    pub requires: Vec<String>,
    /// Fields that the form of this transition offers besides the required ones.
    pub offers: Vec<String>,
    /// Conditions that must hold.
    pub guards: Vec<Guard>,
    /// Key on the keyboard.
    pub key: Option<char>,
    /// The natural next step: shown as the primary button.
    pub primary: bool,
    /// Fields set by the transition: name and written value (`now`, `me`, or a literal).
    pub sets: Vec<(String, String)>,
    /// Instant field at whose instant the transition is taken by itself; empty it is taken by people only.
    pub at: Option<String>,
}

/// A declared clock: which instants start, pause and stop it. Its target comes from the agreement.
#[derive(Debug, Clone)]
pub struct ClockSpec {
    /// `response` or `resolution`, for example; prefix of its columns.
    pub name: String,
    /// What people read.
    pub label: String,
    /// Instant field that starts it.
    pub start: String,
    /// States in which it pauses.
    pub pause_states: Vec<String>,
    /// Further condition for a pause (R10: the reason must be the customer's).
    pub pause_when: Option<Condition>,
    /// States whose entering stops it.
    pub stop_states: Vec<String>,
    /// Instant field whose filling stops it too, whatever the state.
    pub until: Option<String>,
    /// `keep_elapsed` or `restart`.
    pub retarget: String,
    /// `resume`, `count_gap` or `restart`; the agreement's target may say otherwise.
    pub reopen: String,
    /// At-risk threshold in per cent of the target.
    pub at_risk_percent: u8,
    /// Link to a team or a supplier: the clock is that of whoever holds the record, by what was agreed with him. It
    /// has no start of its own then: it starts when he takes the record.
    pub holder: Option<String>,
    /// Further condition for holding: while it is not true, nobody holds the record.
    pub held_while: Option<Condition>,
}
