//! Two phones call each other over real sockets on loopback.

#![allow(clippy::unwrap_used, reason = "a test may stop at the first surprise")]

use std::net::SocketAddr;
use std::time::Duration;

use hookflash_phone::{Answer, News, Phone, Script};
use tokio::sync::{mpsc, watch};

const ANYWHERE: ([u8; 4], u16) = ([127, 0, 0, 1], 0);

/// Runs a callee with this script and a caller that hangs up after a moment; returns what each
/// told.
async fn conversation(callee: Script) -> (Vec<News>, Vec<News>) {
    let callee = Phone::bind(SocketAddr::from(ANYWHERE), callee, None, 1)
        .await
        .unwrap();
    let (stop, stopped) = watch::channel(false);
    let caller = Script {
        user: "ann".to_owned(),
        call: Some(format!("sip:bob@{}", callee.address())),
        hang_up_after: Some(Duration::from_millis(50)),
        ..Script::default()
    };
    let caller = Phone::bind(SocketAddr::from(ANYWHERE), caller, None, 2)
        .await
        .unwrap();
    let (callee_news, mut callee_heard) = mpsc::unbounded_channel();
    let (caller_news, mut caller_heard) = mpsc::unbounded_channel();
    let serving = tokio::spawn(callee.run(false, callee_news, stopped.clone()));
    caller.run(true, caller_news, stopped).await;
    stop.send(true).unwrap();
    serving.await.unwrap();
    let drain = |heard: &mut mpsc::UnboundedReceiver<News>| {
        std::iter::from_fn(|| heard.try_recv().ok())
            .filter(|item| !matches!(item, News::Listening(_)))
            .collect()
    };
    (drain(&mut caller_heard), drain(&mut callee_heard))
}

#[tokio::test]
async fn a_call_is_answered_and_hung_up_by_the_caller() {
    let (caller, callee) = conversation(Script {
        user: "bob".to_owned(),
        ..Script::default()
    })
    .await;
    assert!(
        matches!(caller.first(), Some(News::Calling(_))),
        "{caller:?}"
    );
    assert!(caller.contains(&News::Answered), "{caller:?}");
    assert_eq!(caller.last(), Some(&News::Ended("hung up".to_owned())));
    assert_eq!(callee.get(1), Some(&News::Took(200)), "{callee:?}");
    assert_eq!(
        callee.last(),
        Some(&News::Ended("the other side hung up".to_owned()))
    );
}

#[tokio::test]
async fn a_busy_phone_rings_and_refuses() {
    let busy = Answer {
        status: 486,
        ring: Duration::from_millis(30),
    };
    let (caller, callee) = conversation(Script {
        answer: busy,
        ..Script::default()
    })
    .await;
    assert!(caller.contains(&News::Progress(180)), "{caller:?}");
    assert!(!caller.contains(&News::Answered), "{caller:?}");
    assert_eq!(
        caller.last(),
        Some(&News::Ended("refused with 486".to_owned()))
    );
    assert!(callee.contains(&News::Took(486)), "{callee:?}");
}
