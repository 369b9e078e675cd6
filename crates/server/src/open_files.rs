//! How many files the process may have open: a call has up to three sockets.

use rustix::process::{Resource, Rlimit, getrlimit, setrlimit};

/// Takes as many as the system allows. Programs begin with few for the sake of old ones that cannot
/// count any further.
pub(crate) fn allow_most() {
    let Rlimit { current, maximum } = getrlimit(Resource::Nofile);
    // Without a maximum the kernel has one of its own, which is not said here.
    if maximum.is_none() || current == maximum {
        return;
    }
    let most = Rlimit {
        current: maximum,
        maximum,
    };
    if let Err(error) = setrlimit(Resource::Nofile, most) {
        tracing::warn!(%error, ?current, "no more files than these can be open");
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn as_many_files_may_be_open_as_the_system_allows() {
        let Rlimit { maximum, .. } = getrlimit(Resource::Nofile);
        let Some(most) = maximum else { return };
        // One less harms no test beside this one.
        let fewer = Rlimit {
            current: Some(most - 1),
            maximum,
        };
        setrlimit(Resource::Nofile, fewer).unwrap();
        allow_most();
        assert_eq!(getrlimit(Resource::Nofile).current, maximum);
    }
}
