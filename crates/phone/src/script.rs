//! What the phone does, settled before it starts.

use std::fmt;
use std::str::FromStr;
use std::time::Duration;

use hookflash_sip::Credentials;

use crate::registering::Registrar;
use crate::sound::Sound;

/// How the phone takes an incoming call.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Answer {
    /// The final status: 200 answers, anything above refuses.
    pub status: u16,
    /// How long it rings before.
    pub ring: Duration,
}

/// What the phone does with a REFER.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum OnRefer {
    /// Places the new call, reports on it, and hangs up the old one when it was answered.
    #[default]
    Accept,
    /// Answers the REFER with this status.
    Reject(u16),
    /// Accepts, calls nobody, and reports that the call failed with this status.
    Fail(u16),
    /// Never answers the REFER.
    Silent,
    /// Accepts, and hangs up at once without calling anybody.
    Bye,
    /// Asks for a digest first (401); what comes with the right one is accepted.
    Challenge,
}

/// A word that means nothing to the phone.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ScriptError {
    word: String,
    expected: &'static str,
}

impl ScriptError {
    pub(crate) fn new(word: &str, expected: &'static str) -> ScriptError {
        ScriptError {
            word: word.to_owned(),
            expected,
        }
    }
}

impl fmt::Display for ScriptError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(
            f,
            "`{}` is not understood; use {}",
            self.word, self.expected
        )
    }
}

impl std::error::Error for ScriptError {}

impl FromStr for OnRefer {
    type Err = ScriptError;

    fn from_str(word: &str) -> Result<OnRefer, ScriptError> {
        let expected = "accept, reject=CODE, fail=CODE (300 to 699), silent, bye or challenge";
        let error = || ScriptError::new(word, expected);
        let code = |text: &str| {
            text.parse()
                .ok()
                .filter(|code| (300..700).contains(code))
                .ok_or_else(error)
        };
        match word.split_once('=') {
            None => match word {
                "accept" => Ok(OnRefer::Accept),
                "silent" => Ok(OnRefer::Silent),
                "bye" => Ok(OnRefer::Bye),
                "challenge" => Ok(OnRefer::Challenge),
                _ => Err(error()),
            },
            Some(("reject", status)) => Ok(OnRefer::Reject(code(status)?)),
            Some(("fail", status)) => Ok(OnRefer::Fail(code(status)?)),
            Some(_) => Err(error()),
        }
    }
}

/// Everything the phone is told beforehand.
#[derive(Clone, Debug)]
pub struct Script {
    /// User part of the phone's own address.
    pub user: String,
    /// Where the phone registers, so that it can be called.
    pub register: Option<Registrar>,
    /// The URI to call at once; with `register`, once it is registered.
    pub call: Option<String>,
    /// How incoming calls are taken.
    pub answer: Answer,
    /// What happens to a REFER.
    pub on_refer: OnRefer,
    /// Hangs up this long after a call was answered. A call that is being transferred is left
    /// alone until the transfer is over.
    pub hang_up_after: Option<Duration>,
    /// Shown to whoever challenges the phone, and demanded of whoever sends REFER when
    /// `on_refer` is `Challenge`.
    pub credentials: Option<Credentials>,
    /// How many transfers in a row one call may go through.
    pub max_transfers: u32,
    /// What it does with sound.
    pub sound: Sound,
}

impl Default for Script {
    fn default() -> Script {
        Script {
            user: "phone".to_owned(),
            register: None,
            call: None,
            answer: Answer {
                status: 200,
                ring: Duration::ZERO,
            },
            on_refer: OnRefer::Accept,
            hang_up_after: None,
            credentials: None,
            max_transfers: 5,
            sound: Sound::default(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_behaviour_has_a_word() {
        assert_eq!("accept".parse(), Ok(OnRefer::Accept));
        assert_eq!("reject=405".parse(), Ok(OnRefer::Reject(405)));
        assert_eq!("fail=486".parse(), Ok(OnRefer::Fail(486)));
        assert_eq!("silent".parse(), Ok(OnRefer::Silent));
        assert_eq!("bye".parse(), Ok(OnRefer::Bye));
        assert_eq!("challenge".parse(), Ok(OnRefer::Challenge));
    }

    #[test]
    fn other_words_and_codes_are_refused_with_the_list() {
        for word in [
            "",
            "maybe",
            "reject",
            "reject=",
            "reject=200",
            "fail=99999",
            "accept=1",
        ] {
            let error = word.parse::<OnRefer>().unwrap_err().to_string();
            assert!(error.contains("reject=CODE"), "{word}: {error}");
        }
    }
}
