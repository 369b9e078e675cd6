//! The page as those who scrape it read it.

use std::collections::HashSet;

use super::table::{Kind, TABLE};
use super::*;
use crate::http::tests::desk;

fn page() -> String {
    let desk = desk();
    let kept = Kept {
        owed: 2,
        oldest_owed: 61,
        dead_letters: 1,
        recordings: 0,
    };
    let seen = Seen {
        desk: &desk,
        live: Vec::new(),
        shards: vec![(0, Holdings::default()), (1, Holdings::default())],
        kept: Some(kept),
    };
    write(&seen).unwrap()
}

/// The rules of `promtool check metrics`.
#[test]
fn names_and_helps_are_as_prometheus_wants_them() {
    let mut names = HashSet::new();
    for row in TABLE {
        let name = row.name;
        assert!(names.insert(name), "{name} twice");
        assert_eq!(
            row.kind == Kind::Counter,
            name.ends_with("_total"),
            "{name}"
        );
        assert!(row.help.ends_with('.'), "{name}: {}", row.help);
        let is_name = |text: &str| text.bytes().all(|b| b.is_ascii_lowercase() || b == b'_');
        assert!(
            is_name(name) && row.labels.iter().all(|label| is_name(label)),
            "{name}"
        );
    }
}

#[test]
fn the_page_has_what_was_seen_and_leaves_out_what_nobody_could_say() {
    let page = page();
    for line in [
        "hookflash_calls 0",
        "hookflash_calls_started_total{dialect=\"twiml\",direction=\"inbound\"} 0",
        "hookflash_outbox_oldest_owed_seconds 61",
        "hookflash_sip_legs{shard=\"1\"} 0",
        "hookflash_sip_requests_total{direction=\"in\"} 0",
        concat!(
            "hookflash_build_info{version=\"",
            env!("CARGO_PKG_VERSION"),
            "\"} 1"
        ),
    ] {
        assert!(page.lines().any(|found| found == line), "{line}\n{page}");
    }
    assert!(
        !page.contains("hookflash_transfers_ended_total"),
        "none has ended"
    );
    if cfg!(target_os = "linux") {
        for name in [
            "process_resident_memory_bytes",
            "process_open_fds",
            "process_start_time_seconds",
        ] {
            assert!(page.contains(&format!("\n{name} ")), "{name}\n{page}");
        }
    }
}

/// docs/metrics.md has a line for each, with its labels and what it says.
#[test]
fn every_metric_is_documented() {
    let manual = include_str!("../../../../../docs/metrics.md");
    for row in TABLE {
        let labels: Vec<String> = row
            .labels
            .iter()
            .map(|label| format!("`{label}`"))
            .collect();
        let kind = match row.kind {
            Kind::Counter => "counter",
            Kind::Gauge => "gauge",
        };
        let line = format!(
            "| `hookflash_{}` | {kind} | {} | {} |",
            row.name,
            labels.join(", "),
            row.help
        );
        assert!(
            manual.contains(&line),
            "docs/metrics.md should have:\n{line}"
        );
    }
}
