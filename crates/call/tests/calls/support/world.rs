//! The server's side of a test: its endpoint, its desk, an application, a network.

use std::cell::{Cell, RefCell};
use std::net::{IpAddr, SocketAddr};
use std::rc::{Rc, Weak};
use std::sync::Arc;
use std::time::{Duration, Instant, SystemTime};

use hookflash_audio::Clip;
use hookflash_call::journal::{Entry, What};
use hookflash_call::{
    CallKey, CallOptions, CallRecord, ClipError, CommandRefused, Desk, Host, Ledger, MediaError,
    Placement, SpeechError, Turn, Updated, Way, view,
};
use hookflash_dialects::{
    Account, Application as Configured, CallAction, CallHooks, CallOrder, CallUpdate, Caller,
    Dialect, FetchError, HttpRequest, RecordingFacts, RecordingState, Reply,
};
use hookflash_program::{Heard, Hook, HookMethod, Recognizer, SpeechText, Voice};
use hookflash_sip::{Endpoint, EndpointConfig, Event, LegEnd, Listener, Transport};
use serde_json::Value;

use super::application::{Application, Asked, Page};
use super::net::{Net, Weather, now};
use super::phone::Phone;
use super::rtp::{Handset, RtpNet, TestMedia};
use super::services::{Services, TestRecognition, TestRecording, TestSocket};

pub struct World {
    pub net: Rc<Net>,
    pub host: Rc<TestHost>,
    pub desk: Rc<Desk<TestHost>>,
    pub ledger: Arc<Ledger>,
    pub application: Rc<Application>,
    pub server: SocketAddr,
    pub endpoint: Rc<RefCell<Endpoint>>,
    pub options: Rc<RefCell<Arc<CallOptions>>>,
    next_port: Cell<u16>,
    next_handset: Cell<u16>,
}

pub struct TestHost {
    net: Weak<Net>,
    server: SocketAddr,
    application: Rc<Application>,
    began: Instant,
    random: Cell<u64>,
    pub open_ports: Rc<Cell<usize>>,
    pub ports_left: Cell<usize>,
    pub rtp: Rc<RtpNet>,
    pub services: Services,
    /// When a session tells that nothing comes.
    pub packet_timeout: Cell<Option<Duration>>,
    next_media: Cell<u16>,
    /// What the host was told of calls, in order.
    pub turns: RefCell<Vec<Turn>>,
    /// The call that takes this turn next panics.
    pub breaks_at: Cell<Option<Turn>>,
    /// How ways ended: their trunks, and whether they had rung.
    pub ways: RefCell<Vec<(String, LegEnd, bool)>>,
    /// How long it takes to write a call down.
    pub writing: Cell<Duration>,
}

impl Host for TestHost {
    type Media = TestMedia;
    type Recognition = TestRecognition;
    type Recording = TestRecording;
    type Socket = TestSocket;

    fn now(&self) -> Instant {
        now()
    }

    fn wall_clock(&self) -> SystemTime {
        SystemTime::UNIX_EPOCH + Duration::from_secs(1_795_255_200) + (now() - self.began)
    }

    fn random(&self) -> u128 {
        self.random.set(self.random.get() + 1);
        u128::from(self.random.get()).wrapping_mul(0x9e37_79b9_7f4a_7c15_f39c_c060_5ced_c835)
    }

    fn endpoint<R>(&self, work: impl FnOnce(&mut Endpoint, Instant) -> R) -> R {
        self.net
            .upgrade()
            .expect("the network")
            .with(self.server, work)
    }

    fn fetch(
        &self,
        _call: CallKey,
        request: HttpRequest,
    ) -> impl Future<Output = Result<Reply, FetchError>> + 'static {
        self.application.fetch(request)
    }

    fn tell(
        &self,
        call: CallKey,
        request: HttpRequest,
        done: Box<dyn FnOnce(Result<u16, FetchError>)>,
    ) {
        self.application.tell(call, request, done);
    }

    fn owe(
        &self,
        record: &Arc<CallRecord>,
        request: HttpRequest,
        done: Box<dyn FnOnce(Result<u16, FetchError>)>,
    ) {
        self.application.tell(record.key, request, done);
    }

    fn call_changed(&self, _record: &Arc<CallRecord>, turn: Turn) {
        if self.breaks_at.get() == Some(turn) {
            self.breaks_at.set(None);
            panic!("a fault of the test");
        }
        self.turns.borrow_mut().push(turn);
    }

    fn way_ended(&self, way: &Way, end: &LegEnd, has_rung: bool) {
        let trunk = way.trunk.as_deref().unwrap_or_default().to_owned();
        self.ways.borrow_mut().push((trunk, end.clone(), has_rung));
    }

    fn written_down(&self, _record: &Arc<CallRecord>) -> impl Future<Output = ()> + 'static {
        let writing = self.writing.get();
        async move {
            if writing > Duration::ZERO {
                tokio::time::sleep(writing).await;
            }
        }
    }

    fn clip(
        &self,
        request: HttpRequest,
    ) -> impl Future<Output = Result<Arc<Clip>, ClipError>> + 'static {
        self.services.fetch_clip(&request)
    }

    fn speak(
        &self,
        text: SpeechText,
        voice: Voice,
    ) -> impl Future<Output = Result<Arc<Clip>, SpeechError>> + 'static {
        self.services.say(text, voice)
    }

    fn recognize(
        &self,
        recognizer: &Recognizer,
        rate: u32,
    ) -> Result<TestRecognition, SpeechError> {
        self.services.listen(recognizer, rate)
    }

    fn transcribe(
        &self,
        _recording: &RecordingFacts,
        _recognizer: &Recognizer,
    ) -> impl Future<Output = Result<Heard, SpeechError>> + 'static {
        std::future::ready(self.services.transcribe())
    }

    fn record(&self, recording: &RecordingFacts) -> Result<TestRecording, String> {
        self.services.open_file(recording)
    }

    fn keep_recording(&self, recording: &RecordingFacts) {
        self.services.kept.borrow_mut().push(recording.clone());
    }

    fn connect(
        &self,
        request: HttpRequest,
    ) -> impl Future<Output = Result<TestSocket, FetchError>> + 'static {
        std::future::ready(self.services.open_socket(request))
    }

    fn open_media(&self, _towards: IpAddr) -> Result<TestMedia, MediaError> {
        if self.open_ports.get() >= self.ports_left.get() {
            return Err(MediaError::NoPortLeft);
        }
        let port = self.next_media.get();
        // Two of the range are enough between one use of a port and the next.
        self.next_media
            .set(if port == 39_999 { 30_001 } else { port + 1 });
        let address = ([127, 0, 0, 1], port).into();
        let timeout = self.packet_timeout.get();
        Ok(TestMedia::open(
            &self.rtp,
            address,
            &self.open_ports,
            timeout,
        ))
    }
}

impl World {
    pub fn new(dialect: Dialect) -> World {
        World::in_weather(dialect, Weather::FAIR)
    }

    pub fn in_weather(dialect: Dialect, weather: Weather) -> World {
        let net = Net::new(weather);
        let server: SocketAddr = ([127, 0, 0, 1], 5060).into();
        let application = Application::new();
        let host = Rc::new(TestHost {
            net: Rc::downgrade(&net),
            server,
            application: Rc::clone(&application),
            began: now(),
            random: Cell::new(0),
            open_ports: Rc::default(),
            ports_left: Cell::new(usize::MAX),
            rtp: RtpNet::new(),
            services: Services::default(),
            packet_timeout: Cell::new(None),
            next_media: Cell::new(30_001),
            turns: RefCell::default(),
            breaks_at: Cell::default(),
            ways: RefCell::default(),
            writing: Cell::default(),
        });
        let ledger = Ledger::new(10_000);
        let desk = Rc::new(Desk::new(Rc::clone(&host), Arc::clone(&ledger)));
        let config = EndpointConfig {
            listeners: vec![Listener {
                transport: Transport::Udp,
                local: server,
                advertise: String::new(),
            }],
            ..EndpointConfig::default()
        };
        let endpoint = Rc::new(RefCell::new(Endpoint::new(config, 7)));
        let options = Rc::new(RefCell::new(Arc::new(CallOptions::new(configured(
            dialect,
        )))));
        let (calls, orders) = (Rc::clone(&desk), Rc::clone(&options));
        net.add_agent(
            server,
            Rc::clone(&endpoint),
            Rc::new(move |leg, event| match event {
                Event::Incoming { invite, flow } => {
                    calls.incoming(leg, invite, flow, Arc::clone(&orders.borrow()));
                }
                event => {
                    calls.event(leg, event);
                }
            }),
        );
        World {
            net,
            host,
            desk,
            ledger,
            application,
            server,
            endpoint,
            options,
            next_port: Cell::new(6000),
            next_handset: Cell::new(40_000),
        }
    }

    pub fn change_options(&self, change: impl FnOnce(&mut CallOptions)) {
        let mut options = CallOptions::clone(&self.options.borrow());
        change(&mut options);
        *self.options.borrow_mut() = Arc::new(options);
    }

    /// Another phone, at an address of its own.
    pub fn phone(&self) -> Phone {
        let port = self.next_port.get();
        self.next_port.set(port + 1);
        Phone::new(
            &self.net,
            ([127, 0, 0, 1], port).into(),
            self.server,
            "+441632960001",
        )
    }

    /// A handset for a phone, at a port of its own.
    pub fn handset(&self) -> Handset {
        let port = self.next_handset.get();
        self.next_handset.set(port + 2);
        Handset::new(&self.host.rtp, port)
    }

    /// A phone that calls and, once it was answered, holds its handset.
    pub async fn caller(&self) -> (Phone, Handset) {
        let (phone, handset) = (self.phone(), self.handset());
        let sdp = [("Content-Type", "application/sdp")];
        let answer = phone.call_with(&sdp, &handset.offer()).await;
        assert_eq!(answer.status(), 200);
        handset.accept(&answer.body);
        (phone, handset)
    }

    /// Puts a document where calls begin.
    pub fn begins_with(&self, document: &str) {
        self.application.page("/start", Page::document(document));
    }

    /// A phone and its handset, once this document has answered the call.
    pub async fn caller_of(&self, document: &str) -> (Phone, Handset) {
        self.begins_with(document);
        self.caller().await
    }

    /// Puts a document at a path.
    pub fn then(&self, path: &str, document: &str) {
        self.application.page(path, Page::document(document));
    }

    /// Redirects the only call.
    pub fn redirect(&self, path: &str) {
        let redirect = CallAction::Redirect(Hook::post(path));
        self.tell(redirect).expect("a running call");
    }

    /// Tells the only call what to do.
    pub fn tell(&self, action: CallAction) -> Result<Updated, CommandRefused> {
        self.update(CallUpdate {
            action: Some(action),
            ..CallUpdate::default()
        })
    }

    /// Changes the only call.
    pub fn update(&self, update: CallUpdate) -> Result<Updated, CommandRefused> {
        let sid = self.record().facts(|facts| facts.sid.clone());
        self.desk.update(&sid, update)
    }

    /// An order to call somebody, whose application is asked at `/start`.
    pub fn order(&self) -> CallOrder {
        CallOrder {
            to: "+441632960099".to_owned(),
            from: Caller {
                value: "+441632960011".to_owned(),
                ..Caller::default()
            },
            application: Arc::clone(&self.options.borrow().application),
            hooks: CallHooks::default(),
            document: None,
            ring_timeout: Duration::from_secs(30),
            max_duration: None,
            keys: None,
            record: None,
            headers: Vec::new(),
            credentials: None,
            trunk: None,
            machine_detection: None,
            tag: None,
            tag_data: None,
            voice: None,
            recognizer: None,
        }
    }

    /// Places a call; each group of phones rings at once.
    pub fn place(&self, order: CallOrder, phones: &[&[&Phone]]) -> Arc<CallRecord> {
        let ways = phones.iter().enumerate().map(|(number, group)| {
            let trunk = format!("trunk-{number}");
            group.iter().map(|phone| way(&trunk, phone)).collect()
        });
        self.place_by(order, ways.collect())
    }

    /// Places a call by these ways.
    pub fn place_by(&self, order: CallOrder, ways: Vec<Vec<Way>>) -> Arc<CallRecord> {
        self.desk.place(Placement {
            order,
            options: Arc::clone(&self.options.borrow()),
            ways,
        })
    }

    /// The only request for a path.
    pub fn asked_once(&self, path: &str) -> Asked {
        let asked = self.application.asked_at(path);
        assert_eq!(asked.len(), 1, "requests for {path}: {asked:?}");
        asked.into_iter().next().unwrap()
    }

    /// As [`World::caller_of`], for a phone whose keys are tones.
    pub async fn tone_caller_of(&self, document: &str) -> (Phone, Handset) {
        self.begins_with(document);
        let (phone, handset) = (self.phone(), self.handset());
        let offer = handset.offer();
        let lines = offer.split_inclusive("\r\n");
        let lines =
            lines.filter(|line| !line.contains("telephone-event") && !line.contains("fmtp"));
        let offer: String = lines.map(|line| line.replace(" 0 8 101", " 0 8")).collect();
        assert!(!offer.contains("101"), "{offer}");
        let answer = phone
            .call_with(&[("Content-Type", "application/sdp")], &offer)
            .await;
        assert_eq!(answer.status(), 200);
        handset.accept(&answer.body);
        (phone, handset)
    }

    /// The record of the only call.
    pub fn record(&self) -> Arc<CallRecord> {
        let calls = self.ledger.newest(2, None, |_| true);
        assert_eq!(calls.len(), 1, "one call");
        Arc::clone(&calls[0])
    }

    pub fn view(&self) -> Value {
        view::call(&self.record())
    }

    /// The only transfer of the only call.
    pub fn transfer(&self) -> Value {
        let transfers = view::transfers(&self.record());
        assert_eq!(
            transfers.as_array().unwrap().len(),
            1,
            "one transfer: {transfers}"
        );
        transfers[0].clone()
    }

    /// What the journals say of one recording.
    pub fn notes_of(&self, recording: &str) -> Vec<String> {
        let calls = self.ledger.newest(usize::MAX, None, |_| true);
        let of_it = |entry: &Entry| match &entry.what {
            What::Media(text) => text
                .strip_prefix("recording ")
                .and_then(|text| text.strip_prefix(recording))
                .map(|text| text.trim_start().to_owned()),
            _ => None,
        };
        calls
            .iter()
            .flat_map(|call| {
                call.entries(|entries| entries.iter().filter_map(of_it).collect::<Vec<_>>())
            })
            .collect()
    }

    /// No recording is lost in silence: one that began or failed to begin has one end in its call's
    /// journal, which is the one that is kept of it.
    fn assert_recordings_say_how_they_ended(&self) {
        let kept = self.host.services.kept.borrow().clone();
        let opened: Vec<String> = {
            let files = self.host.services.files.borrow();
            files.iter().map(|file| file.sid.clone()).collect()
        };
        for sid in kept.iter().map(|facts| &facts.sid).chain(&opened) {
            let notes = self.notes_of(sid);
            let ends: Vec<RecordingState> = notes.iter().filter_map(|note| end_of(note)).collect();
            let last = kept.iter().rfind(|facts| facts.sid == *sid);
            let last = last.map(|facts| facts.state);
            assert_eq!(
                (ends.len(), ends.last()),
                (1, last.as_ref()),
                "{sid}: {notes:?}"
            );
        }
    }

    /// Lets time pass until nothing is left that could still happen, and checks that nothing is
    /// left over.
    pub async fn settle(&self) {
        for _ in 0..200 {
            tokio::time::sleep(Duration::from_secs(5)).await;
            if self.desk.held() == 0 && self.endpoint.borrow().census() == Default::default() {
                break;
            }
        }
        assert_eq!(self.desk.held(), 0, "calls held");
        assert_eq!(self.desk.live(), 0, "calls live");
        assert_eq!(
            self.endpoint.borrow().census(),
            Default::default(),
            "the endpoint's census"
        );
        assert_eq!(self.host.open_ports.get(), 0, "media ports");
        self.assert_recordings_say_how_they_ended();
        self.host.services.assert_nothing_left();
    }
}

/// The end that a note on a recording tells of.
fn end_of(note: &str) -> Option<RecordingState> {
    [
        ("is complete: ", RecordingState::Completed),
        ("came to nothing: ", RecordingState::Absent),
        ("failed: ", RecordingState::Failed),
    ]
    .into_iter()
    .find_map(|(words, state)| {
        note.strip_prefix(words)
            .filter(|why| !why.is_empty())
            .map(|_| state)
    })
}

/// The way to a phone.
pub fn way(trunk: &str, phone: &Phone) -> Way {
    Way {
        trunk: Some(trunk.into()),
        uri: format!("sip:+441632960099@{}", phone.address),
        to: None,
        route: None,
        flow: None,
        keeps_flow: false,
        credentials: Vec::new(),
        from: "\"Support\" <sip:+441632960011@voice.example>".to_owned(),
        headers: Vec::new(),
    }
}

pub fn configured(dialect: Dialect) -> Arc<Configured> {
    let sid = match dialect {
        Dialect::Twiml => "AC00000000000000000000000000000001",
        Dialect::Bxml => "9900000",
        Dialect::Cxml | Dialect::Jambonz => "b3877c40-da60-4998-90ad-b792e98472ca",
    };
    Arc::new(Configured {
        name: "support".to_owned(),
        sid: dialect.application_sid(1),
        account: Account {
            sid: sid.to_owned(),
            dialect,
            signing_key: "key".to_owned(),
            callback_credentials: None,
        },
        url: "http://app.example/start".to_owned(),
        method: HookMethod::Post,
        fallback_url: Some("http://app.example/fallback".to_owned()),
        status_callback: Some("http://app.example/status".to_owned()),
        events_url: (dialect == Dialect::Jambonz).then(|| "http://app.example/events".to_owned()),
    })
}

/// Runs a test in virtual time.
pub fn in_virtual_time(test: impl Future<Output = ()>) {
    let (runtime, tasks) = virtual_time();
    // Hours of virtual time pass soon when nothing happens any more.
    let hours = Duration::from_secs(3_600);
    let ended = tasks.block_on(&runtime, async { tokio::time::timeout(hours, test).await });
    assert!(
        ended.is_ok(),
        "the test waits for something that never comes"
    );
}

/// What runs tasks in virtual time.
pub fn virtual_time() -> (tokio::runtime::Runtime, tokio::task::LocalSet) {
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_time()
        .start_paused(true)
        .build()
        .unwrap();
    (runtime, tokio::task::LocalSet::new())
}
