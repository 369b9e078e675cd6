//! What the configuration says about a call, gathered by the server when the call begins.

use std::sync::Arc;
use std::time::Duration;

use hookflash_dialects::Application;
use hookflash_media::Codec;
use hookflash_transfer::AllowList;

use crate::command::GivenDocument;

/// Everything that a call needs to know beside its INVITE. Shared between calls that are alike.
#[derive(Clone, Debug)]
pub struct CallOptions {
    /// The application that runs the call.
    pub application: Arc<Application>,
    /// A document instead of asking the application for the first one.
    pub document: Option<GivenDocument>,
    /// Name of the trunk that the peer belongs to.
    pub trunk: Option<String>,
    /// Digest credentials for requests that the peer challenges.
    pub credentials: Vec<hookflash_sip::Credentials>,
    /// Base of absolute URLs that point at this server, without a trailing slash.
    pub public_url: Arc<str>,
    /// The call is ended after this time, answered or not.
    pub max_duration: Option<Duration>,
    /// Codecs that may be used, in our order of preference.
    pub codecs: Arc<[Codec]>,
    /// How transfers are made.
    pub transfer: TransferOptions,
    /// The call is ended when its session tells that no packets come
    /// (`SessionConfig::packet_timeout`).
    pub hang_up_without_packets: bool,
    /// The journal says which keys the caller pressed and not only that it did: they may be card
    /// numbers.
    pub show_keys: bool,
}

/// How transfers are made (configuration section `transfer`).
#[derive(Clone, Debug)]
pub struct TransferOptions {
    /// How long to wait for the final NOTIFY: the figure of the application's dialect.
    pub final_notify_timeout: Duration,
    /// How long a transfer may take in all.
    pub max_duration: Duration,
    /// Whether the local party is named in Referred-By when the document names nobody.
    pub referred_by: bool,
    /// How long the referred party is given to hang up before follow-up verbs run.
    pub grace_after_success: Duration,
    /// Which targets may be reached.
    pub allow_targets: AllowList,
    /// Allows transfers on legs whose direction the dialect rules out (BXML on calls we placed).
    pub any_direction: bool,
    /// The Refer-Sub header that asks for a subscription or for none (RFC 4488); `None` sends none.
    pub refer_sub: Option<bool>,
    /// Bridge the target through this server when the far end refuses REFER. Calls cannot be
    /// bridged in this release: the wish is noted in the journal and the refusal is reported.
    pub bridge_when_refused: bool,
}

impl Default for TransferOptions {
    fn default() -> TransferOptions {
        TransferOptions {
            final_notify_timeout: Duration::from_secs(120),
            max_duration: Duration::from_secs(300),
            referred_by: true,
            grace_after_success: Duration::from_secs(2),
            allow_targets: AllowList::everything(),
            any_direction: false,
            refer_sub: None,
            bridge_when_refused: false,
        }
    }
}

impl CallOptions {
    /// The defaults of the configuration for this application.
    pub fn new(application: Arc<Application>) -> CallOptions {
        CallOptions {
            application,
            document: None,
            trunk: None,
            credentials: Vec::new(),
            public_url: Arc::default(),
            max_duration: None,
            codecs: [Codec::Pcmu, Codec::Pcma].into(),
            transfer: TransferOptions::default(),
            hang_up_without_packets: true,
            show_keys: false,
        }
    }
}
