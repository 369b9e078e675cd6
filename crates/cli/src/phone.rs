//! `hookflash phone`: runs the phone in the terminal.

use std::net::SocketAddr;
use std::path::Path;
use std::process::ExitCode;
use std::sync::Arc;

use hookflash_audio::{Clip, DecodeLimits, decode};
use hookflash_phone::{News, Phone, Script};
use tokio::signal::unix::{SignalKind, signal};
use tokio::sync::{mpsc, watch};

use crate::{WRONG_USAGE, complain, print};

/// Runs the phone until its call is over, or until Ctrl-C or SIGTERM: the first hangs up and waits
/// a few seconds for the other side to answer, a second does not wait. Exit status 1 when the call
/// that it was to place was not answered.
pub(crate) fn phone(listen: SocketAddr, script: Script, json: bool) -> ExitCode {
    let runtime = match tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()
    {
        Ok(runtime) => runtime,
        Err(error) => return complain(format_args!("cannot start: {error}"), 1),
    };
    runtime.block_on(run(listen, script, json))
}

async fn run(listen: SocketAddr, script: Script, json: bool) -> ExitCode {
    let calls = script.call.is_some();
    let signals = (
        signal(SignalKind::interrupt()),
        signal(SignalKind::terminate()),
    );
    let (Ok(mut interrupt), Ok(mut terminate)) = signals else {
        return complain("cannot listen to signals", 1);
    };
    let phone = match Phone::bind(listen, script, None, rand_seed()).await {
        Ok(phone) => phone,
        Err(error) => return complain(error, WRONG_USAGE),
    };
    let (news, mut heard) = mpsc::unbounded_channel();
    let (stop, stopped) = watch::channel(false);
    let running = phone.run(calls, news, stopped);
    tokio::pin!(running);
    let mut answered = false;
    loop {
        tokio::select! {
            () = &mut running => break,
            Some(item) = heard.recv() => {
                answered |= matches!(item, News::Answered);
                show(&item, json);
                continue;
            }
            _ = interrupt.recv() => {}
            _ = terminate.recv() => {}
        }
        if stop.send_replace(true) {
            return complain("stopped at once; the other side may not know", 1);
        }
        eprintln!(
            "hookflash: hanging up; waits a few seconds for the other side to answer, another \
             Ctrl-C does not"
        );
    }
    while let Ok(item) = heard.try_recv() {
        answered |= matches!(item, News::Answered);
        show(&item, json);
    }
    let is_stopped = *stop.borrow();
    if answered || is_stopped || !calls {
        ExitCode::SUCCESS
    } else {
        ExitCode::FAILURE
    }
}

fn show(item: &News, json: bool) {
    if json {
        print(&format!("{}\n", item.to_json()));
    } else {
        print(&format!("{item}\n"));
    }
}

/// The audio of a file, to be played.
pub(crate) fn clip(path: &Path) -> Result<Arc<Clip>, String> {
    let complaint = |why: &dyn std::fmt::Display| format!("{}: {why}", path.display());
    let bytes = std::fs::read(path).map_err(|error| complaint(&error))?;
    let name = path.to_string_lossy();
    let clip = decode(&bytes, None, &name, DecodeLimits::default());
    clip.map(Arc::new).map_err(|error| complaint(&error))
}

/// A different number for each run, so that two phones never make the same Call-ID.
pub(crate) fn rand_seed() -> u64 {
    use std::hash::{BuildHasher as _, RandomState};
    RandomState::new().hash_one(std::process::id())
}
