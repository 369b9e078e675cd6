//! Recordings written, lost, found again.

use std::cell::RefCell;
use std::time::{Duration, SystemTime};

use futures_util::FutureExt;
use hookflash_call::RecordingFile;
use hookflash_dialects::rest::{PageAsked, PageMark, RecordingList};
use hookflash_dialects::{RecordingQuery, RecordingSource};
use hookflash_program::Tracks;
use tempfile::TempDir;

use super::*;
use crate::config::Config;

/// A folder of a test's own, gone when the test's thread ends.
pub(crate) fn scratch() -> PathBuf {
    thread_local! {
        static FOLDERS: RefCell<Vec<TempDir>> = const { RefCell::new(Vec::new()) };
    }
    let folder = TempDir::with_prefix("hookflash-unit-").unwrap();
    let path = folder.path().canonicalize().unwrap();
    FOLDERS.with_borrow_mut(|folders| folders.push(folder));
    path
}

pub(crate) fn facts(sid: &str, account: &str) -> RecordingFacts {
    RecordingFacts {
        sid: sid.to_owned(),
        call_sid: "CA1".to_owned(),
        account_sid: account.to_owned(),
        application_sid: "AP1".to_owned(),
        from: "+441".to_owned(),
        to: "+442".to_owned(),
        inbound: true,
        parent_sid: None,
        source: RecordingSource::Verb,
        started_at: SystemTime::UNIX_EPOCH + Duration::from_millis(1_700_000_000_123),
        ended_at: None,
        duration: Duration::ZERO,
        channels: 1,
        tracks: Tracks::Inbound,
        format: RecordingFormat::Wav,
        bytes: 0,
        state: RecordingState::InProgress,
        error: None,
        name: None,
    }
}

/// Records in a file below the folder, which outlive the test's own.
pub(crate) fn records(folder: &Path) -> Records {
    let text = "[store]\nurl = \"sqlite://kept.db\"";
    let config = Config::from_parts("t", text, folder, &[], &Default::default()).unwrap();
    Records::open(&config).unwrap()
}

/// One of the account `AC1`.
pub(crate) fn find(recordings: &Recordings, sid: &str) -> Option<Arc<RecordingFacts>> {
    wait(recordings.find("AC1", sid)).unwrap()
}

fn list(recordings: &Recordings, account: &str, call: Option<&str>) -> Vec<String> {
    let query = RecordingQuery {
        call: call.map(str::to_owned),
        ..RecordingQuery::default()
    };
    listed(recordings, account, query, page_of(100, 0)).0
}

/// The identifiers of a page, and where the next one begins.
fn listed(
    recordings: &Recordings,
    account: &str,
    query: RecordingQuery,
    page: PageAsked,
) -> (Vec<String>, Option<PageMark>) {
    let page = wait(recordings.list(account, &RecordingList { query, page })).unwrap();
    let sids = page.recordings.iter().map(|facts| facts.sid.clone());
    (sids.collect(), page.next)
}

fn page_of(size: u32, number: u64) -> PageAsked {
    PageAsked {
        size,
        number,
        after: None,
    }
}

/// Records `seconds` of silence at 8 kHz and keeps it as completed.
pub(crate) fn record(
    recordings: &Recordings,
    facts: &RecordingFacts,
    seconds: u32,
) -> Arc<RecordingFacts> {
    let silence = vec![0; usize::from(facts.channels)];
    record_samples(recordings, facts, seconds, &silence)
}

/// The same with one sample that is always that of a channel.
pub(crate) fn record_samples(
    recordings: &Recordings,
    facts: &RecordingFacts,
    seconds: u32,
    samples: &[i16],
) -> Arc<RecordingFacts> {
    let mut recording = recordings.record(facts).unwrap();
    let channels: Vec<[i16; 160]> = samples.iter().map(|sample| [*sample; 160]).collect();
    let channels: Vec<&[i16]> = channels.iter().map(<[i16; 160]>::as_slice).collect();
    for _ in 0..seconds * 50 {
        recording.write(&channels, 8_000);
    }
    let finishing = recording.finish();
    recordings.settle();
    let (bytes, duration, format) = finishing.now_or_never().unwrap().unwrap();
    let kept = RecordingFacts {
        bytes,
        duration,
        format,
        state: RecordingState::Completed,
        ended_at: Some(SystemTime::UNIX_EPOCH + Duration::from_millis(1_700_000_009_000)),
        ..facts.clone()
    };
    recordings.keep(&kept);
    recordings.settle();
    Arc::new(kept)
}

fn wait<T>(work: impl Future<Output = T>) -> T {
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_time()
        .build();
    runtime.unwrap().block_on(work)
}

fn files(folder: &Path) -> Vec<String> {
    let mut names: Vec<String> = std::fs::read_dir(folder)
        .into_iter()
        .flatten()
        .map(|entry| entry.unwrap().file_name().into_string().unwrap())
        .collect();
    names.sort();
    names
}

#[test]
fn a_recording_is_a_wav_file_and_outlives_a_restart_with_what_is_known_of_it() {
    let (folder, store) = (scratch(), scratch());
    let recordings = Recordings::open(&folder, &records(&store));
    let facts = RecordingFacts {
        channels: 2,
        tracks: Tracks::Both,
        name: Some("mine".to_owned()),
        ..facts("RE1", "AC1")
    };
    let kept = record(&recordings, &facts, 3);
    assert_eq!(kept.bytes, 44 + 3 * 8_000 * 2 * 2);
    assert_eq!(kept.duration, Duration::from_secs(3));
    assert_eq!(files(&folder.join("AC1")), ["RE1.wav"]);
    let wav = std::fs::read(recordings.sound(&kept)).unwrap();
    assert_eq!(wav.len() as u64, kept.bytes);
    assert_eq!(&wav[..4], b"RIFF");
    assert_eq!(wav[22..24], [2, 0]);
    assert_eq!(wav[24..28], 8_000_u32.to_le_bytes());
    assert_eq!(wav[40..44], 96_000_u32.to_le_bytes());
    wait(recordings.store.close());
    drop(recordings);

    let again = Recordings::open(&folder, &records(&store));
    assert_eq!(find(&again, "RE1").as_deref(), Some(&*kept));
    assert_eq!(list(&again, "AC1", Some("CA1")), ["RE1"]);
    assert!(list(&again, "AC1", Some("CA2")).is_empty());
    assert!(list(&again, "AC2", None).is_empty());
    wait(again.delete(&kept)).unwrap();
    again.settle();
    assert!(find(&again, "RE1").is_none());
    assert!(files(&folder.join("AC1")).is_empty());
}

/// As an earlier version wrote it.
const BESIDE: &str = r#"{"version":1,"sid":"RE7","call":"CA1","account":"AC1",
    "application":"AP1","from":"+441","to":"+442","inbound":true,"parent":null,"source":"verb",
    "started_at":1700000000123,"ended_at":1700000009000,"duration":3000,"channels":1,
    "tracks":"inbound","format":"wav","bytes":48044,"state":"completed","error":null,"name":null}"#;

#[test]
fn what_an_earlier_version_put_beside_the_sound_is_taken_into_the_store() {
    let (folder, store) = (scratch(), scratch());
    let account = folder.join("AC1");
    std::fs::create_dir(&account).unwrap();
    std::fs::write(account.join("RE7.json"), BESIDE).unwrap();
    let recordings = Recordings::open(&folder, &records(&store));
    assert!(files(&account).is_empty());
    let taken = find(&recordings, "RE7").unwrap();
    assert_eq!(
        (taken.duration, taken.bytes, taken.state),
        (Duration::from_secs(3), 48_044, RecordingState::Completed)
    );
    assert_eq!(taken.started_at, facts("RE7", "AC1").started_at);
}

#[test]
fn records_that_end_with_the_process_leave_what_is_beside_the_sound_where_it_is() {
    let folder = scratch();
    let account = folder.join("AC1");
    std::fs::create_dir(&account).unwrap();
    std::fs::write(account.join("RE7.json"), BESIDE).unwrap();
    let text = "[store]\nurl = \"sqlite::memory:\"";
    let config = Config::from_parts("t", text, &folder, &[], &Default::default()).unwrap();
    let recordings = Recordings::open(&folder, &Records::open(&config).unwrap());
    assert!(find(&recordings, "RE7").is_some());
    assert_eq!(files(&account), ["RE7.json"]);
}

#[test]
fn recordings_that_run_are_listed_among_the_others_wherever_the_page_begins() {
    let recordings = Recordings::open(&scratch(), &records(&scratch()));
    let start = SystemTime::UNIX_EPOCH + Duration::from_secs(1_700_000_000);
    for number in 0..8_u64 {
        let is_running = [2, 3, 7].contains(&number);
        recordings.keep(&RecordingFacts {
            started_at: start + Duration::from_secs(number),
            state: match is_running {
                true => RecordingState::InProgress,
                false => RecordingState::Completed,
            },
            ..facts(&format!("RE{number}"), "AC1")
        });
    }
    let all: Vec<String> = (0..8).rev().map(|number| format!("RE{number}")).collect();
    let any = RecordingQuery::default;
    for size in 1..10 {
        let mut asked = page_of(size, 0);
        for (number, wanted) in all.chunks(size as usize).enumerate() {
            // By its number, and behind the page before.
            let by_number = page_of(size, number as u64);
            let (page, _) = listed(&recordings, "AC1", any(), by_number);
            assert_eq!(page, wanted, "page {number} of {size}");
            let (page, next) = listed(&recordings, "AC1", any(), asked.clone());
            assert_eq!(page, wanted, "page {number} of {size}, by its mark");
            let is_last = wanted.last() == all.last();
            assert_eq!(next.is_none(), is_last, "page {number} of {size}");
            asked.after = next;
        }
        let past = page_of(size, 8);
        assert_eq!(listed(&recordings, "AC1", any(), past), (Vec::new(), None));
    }
}

#[test]
fn recordings_are_listed_by_when_they_began_and_by_their_parties() {
    let recordings = Recordings::open(&scratch(), &records(&scratch()));
    let start = SystemTime::UNIX_EPOCH + Duration::from_micros(1_700_000_000_123_456);
    let at = |minutes: u64| start + Duration::from_secs(60 * minutes);
    for number in 0..6_u64 {
        recordings.keep(&RecordingFacts {
            started_at: at(number),
            from: format!("+44{}", number % 2),
            state: match number < 4 {
                true => RecordingState::Completed,
                false => RecordingState::InProgress,
            },
            ..facts(&format!("RE{number}"), "AC1")
        });
    }
    let of = |query, size| listed(&recordings, "AC1", query, page_of(size, 0)).0;
    let between = |from, before| RecordingQuery {
        started: (from, before),
        ..RecordingQuery::default()
    };
    assert_eq!(of(between(Some(at(3)), None), 9), ["RE5", "RE4", "RE3"]);
    assert_eq!(of(between(None, Some(at(1))), 9), ["RE0"]);
    assert_eq!(of(between(Some(at(6)), None), 9), [""; 0]);
    let by = |from: &str, to: &str| RecordingQuery {
        from: Some(from.to_owned()),
        to: Some(to.to_owned()),
        ..RecordingQuery::default()
    };
    // Those that fit are found behind any number of others.
    for size in 1..4 {
        let wanted: Vec<_> = ["RE4", "RE2", "RE0"].into_iter().take(size).collect();
        assert_eq!(of(by("+440", "+442"), size as u32), wanted);
    }
    assert_eq!(of(by("+440", "+443"), 9), [""; 0]);
    let of_conference = RecordingQuery {
        conference: Some("CF1".to_owned()),
        ..RecordingQuery::default()
    };
    assert_eq!(of(of_conference, 9), [""; 0]);
}

#[test]
fn channels_are_interleaved_and_a_change_of_rate_keeps_the_rate_of_the_file() {
    let folder = scratch();
    let recordings = Recordings::open(&folder, &records(&scratch()));
    let facts = RecordingFacts {
        channels: 2,
        ..facts("RE1", "AC1")
    };
    let mut recording = recordings.record(&facts).unwrap();
    recording.write(&[&[1, 2], &[3, 4]], 8_000);
    for _ in 0..50 {
        recording.write(&[&[0; 320], &[0; 320]], 16_000);
    }
    let (bytes, duration, _) = wait(recording.finish()).unwrap();
    let wav = std::fs::read(recordings.sound(&facts)).unwrap();
    assert_eq!(wav[44..52], [1, 0, 3, 0, 2, 0, 4, 0]);
    assert_eq!(wav[24..28], 8_000_u32.to_le_bytes());
    let frames = (bytes - 44) / 4;
    assert!((7_900..=8_100).contains(&frames), "{frames}");
    assert!(duration.abs_diff(Duration::from_secs(1)) < Duration::from_millis(15));
}

#[test]
fn an_mp3_is_one_that_can_be_read_again_at_its_length() {
    let folder = scratch();
    let recordings = Recordings::open(&folder, &records(&scratch()));
    for channels in [1, 2] {
        let facts = RecordingFacts {
            format: RecordingFormat::Mp3,
            channels,
            ..facts(&format!("RE{channels}"), "AC1")
        };
        let kept = record(&recordings, &facts, 3);
        assert_eq!(kept.format, RecordingFormat::Mp3);
        assert_eq!(kept.duration, Duration::from_secs(3));
        let file = std::fs::read(recordings.sound(&kept)).unwrap();
        assert_eq!(file.len() as u64, kept.bytes);
        let limits = hookflash_audio::DecodeLimits::default();
        let clip = hookflash_audio::decode(&file, None, "x.mp3", limits).unwrap();
        let wrong = clip.duration().abs_diff(Duration::from_secs(3));
        assert!(wrong < Duration::from_millis(250), "{:?}", clip.duration());
    }
}

#[test]
fn a_recording_that_is_given_up_leaves_no_file() {
    let folder = scratch();
    let recordings = Recordings::open(&folder, &records(&scratch()));
    let mut recording = recordings.record(&facts("RE1", "AC1")).unwrap();
    recording.write(&[&[0; 8_000]], 8_000);
    recordings.settle();
    assert_eq!(files(&folder.join("AC1")), ["RE1.wav.part"]);
    drop(recording);
    recordings.settle();
    assert!(files(&folder.join("AC1")).is_empty());
}

#[test]
fn what_a_crash_left_is_removed_and_what_cannot_be_read_is_left_alone() {
    let folder = scratch();
    let account = folder.join("AC1");
    std::fs::create_dir(&account).unwrap();
    for (name, text) in [
        ("RE1.wav.part", ""),
        ("RE2.json.part", "{"),
        ("RE3.json", "{}"),
        ("RE4.json", r#"{"version":9}"#),
    ] {
        std::fs::write(account.join(name), text).unwrap();
    }
    Recordings::open(&folder, &records(&scratch()));
    assert_eq!(files(&account), ["RE3.json", "RE4.json"]);
}

#[test]
fn a_folder_that_cannot_be_written_fails_the_recording_and_nothing_else() {
    let folder = scratch();
    let taken = folder.join("taken");
    std::fs::write(&taken, "").unwrap();
    let recordings = Recordings::open(&taken, &records(&scratch()));
    let mut recording = recordings.record(&facts("RE1", "AC1")).unwrap();
    recordings.settle();
    let why = recording.failure().unwrap();
    assert!(why.contains("cannot be written"), "{why}");
    recording.write(&[&[0; 8_000]], 8_000);
    assert_eq!(wait(recording.finish()), Err(why));
    assert_eq!(recordings.counts().failed.load(Ordering::Relaxed), 1);
}

#[cfg(target_os = "linux")]
#[test]
fn a_folder_that_cannot_be_made_is_known_before_anybody_records() {
    let folder = scratch();
    std::fs::create_dir_all(&folder).expect("a folder");
    assert_eq!(obstacle(&folder), None);
    assert_eq!(obstacle(&folder.join("not/yet/there")), None);
    assert_eq!(obstacle(Path::new("not-yet-there")), None);
    let file = folder.join("file");
    std::fs::write(&file, "").expect("a file");
    let why = obstacle(&file.join("below")).expect("an obstacle");
    assert!(why.ends_with("file is no folder"), "{why}");
}

#[test]
fn a_full_disk_ends_the_recording_with_a_sentence() {
    let folder = scratch();
    let account = folder.join("AC1");
    std::fs::create_dir(&account).unwrap();
    std::os::unix::fs::symlink("/dev/full", account.join("RE1.wav.part")).unwrap();
    let recordings = Recordings {
        folder,
        ..open_nothing()
    };
    let mut recording = recordings.record(&facts("RE1", "AC1")).unwrap();
    for _ in 0..10 {
        recording.write(&[&[0; 8_000]], 8_000);
    }
    recordings.settle();
    let why = recording.failure().unwrap();
    assert!(why.to_lowercase().contains("space"), "{why}");
    assert!(wait(recording.finish()).is_err());
    recordings.settle();
    assert!(files(&account).is_empty());
}

#[test]
fn a_fault_in_one_recording_fails_that_one_and_no_other_of_its_writer() {
    let folder = scratch();
    let recordings = Recordings::open(&folder, &records(&scratch()));
    // Those of one writer: every second goes to the other.
    let begin = |sid| recordings.record(&facts(sid, "AC1")).unwrap();
    let (mut broken, _other, mut sound) = (begin("RE1"), begin("RE2"), begin("RE3"));
    for recording in [&mut broken, &mut sound] {
        recording.write(&[&[7; 8_000]], 8_000);
    }
    broken.meet_fault();
    recordings.settle();
    let why = broken.failure().unwrap();
    assert!(why.contains("a fault of this server"), "{why}");
    assert_eq!(wait(broken.finish()), Err(why));
    assert_eq!(recordings.counts().failed.load(Ordering::Relaxed), 1);
    let (bytes, ..) = wait(sound.finish()).unwrap();
    assert_eq!(bytes, 44 + 16_000);
    assert!(!files(&folder.join("AC1")).contains(&"RE1.wav.part".to_owned()));
}

#[cfg(target_os = "linux")]
fn open_nothing() -> Recordings {
    Recordings {
        folder: PathBuf::new(),
        store: records(&scratch()).store().clone(),
        running: Mutex::default(),
        writers: Writers::new(),
        counts: Arc::default(),
        converting: tokio::sync::Mutex::default(),
    }
}

#[test]
fn identifiers_cannot_leave_the_folder() {
    let sound = sound_of(Path::new("/r"), &facts("../../etc/x", ".."));
    assert_eq!(sound, Path::new("/r/__/______etc_x.wav"));
}

#[test]
fn an_absent_recording_is_known_without_sound() {
    let folder = scratch();
    let recordings = Recordings::open(&folder, &records(&scratch()));
    let facts = facts("RE1", "AC1");
    record(&recordings, &facts, 1);
    let state = RecordingState::Absent;
    recordings.keep(&RecordingFacts { state, ..facts });
    recordings.settle();
    assert!(files(&folder.join("AC1")).is_empty());
    assert_eq!(find(&recordings, "RE1").unwrap().state, state);
}

#[test]
fn old_recordings_are_swept_and_young_ones_stay() {
    let folder = scratch();
    let recordings = Recordings::open(&folder, &records(&scratch()));
    record(&recordings, &facts("RE1", "AC1"), 1);
    let young = RecordingFacts {
        ended_at: Some(SystemTime::now()),
        state: RecordingState::Completed,
        ..facts("RE2", "AC1")
    };
    recordings.keep(&young);
    wait(recordings.sweep(Duration::from_secs(60))).unwrap();
    recordings.settle();
    assert!(files(&folder.join("AC1")).is_empty());
    assert_eq!(list(&recordings, "AC1", None), ["RE2"]);
}

#[test]
fn ten_thousand_recordings_leave_no_handle_open() {
    let open = || std::fs::read_dir("/proc/self/fd").map(Iterator::count).ok();
    let folder = scratch();
    let recordings = Recordings::open(&folder, &records(&scratch()));
    recordings.settle();
    let before = open();
    for number in 0..10_000 {
        let facts = facts(&format!("RE{number}"), "AC1");
        let mut recording = recordings.record(&facts).unwrap();
        recording.write(&[&[0; 160]], 8_000);
        if number % 2 == 0 {
            wait(recording.finish()).unwrap();
        }
    }
    recordings.settle();
    // Other tests of this process open files too, but not thousands.
    if let (Some(before), Some(after)) = (before, open()) {
        assert!(after < before + 500, "{before} before, {after} after");
    }
    assert_eq!(files(&folder.join("AC1")).len(), 5_000);
}
