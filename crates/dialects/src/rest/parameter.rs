//! The parameters of the APIs, for readers and for people.

/// What can be asked of the calls of an account.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Operation {
    /// A new call.
    Create,
    /// A change of a call.
    Update,
    /// A list of calls.
    List,
    /// A list of recordings.
    ListRecordings,
    /// A recording of a call that runs.
    Record,
    /// A change of a recording that runs.
    ChangeRecording,
}

/// What becomes of a parameter.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum ParameterState {
    /// It is carried out.
    Runs,
    /// It is taken and changes nothing here.
    WithoutEffect,
    /// A request with it is refused.
    Refused,
}

impl ParameterState {
    /// The words that the documentation has for it.
    pub fn as_str(self) -> &'static str {
        match self {
            ParameterState::Runs => "runs",
            ParameterState::WithoutEffect => "accepted without effect",
            ParameterState::Refused => "refused",
        }
    }
}

/// A parameter, what becomes of it, and a note for people.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Parameter {
    /// Its name.
    pub name: &'static str,
    /// What becomes of it.
    pub state: ParameterState,
    /// Limits, defaults, and why it is refused.
    pub note: &'static str,
}

pub(crate) const fn runs(name: &'static str, note: &'static str) -> Parameter {
    Parameter {
        name,
        state: ParameterState::Runs,
        note,
    }
}

pub(crate) const fn without_effect(name: &'static str, note: &'static str) -> Parameter {
    Parameter {
        name,
        state: ParameterState::WithoutEffect,
        note,
    }
}

pub(crate) const fn refused(name: &'static str, note: &'static str) -> Parameter {
    Parameter {
        name,
        state: ParameterState::Refused,
        note,
    }
}
