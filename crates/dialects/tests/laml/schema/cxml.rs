//! One sample per verb and noun of cXML, with every attribute it has.

use super::Sample;

pub(super) const SAMPLES: &[Sample] = &[
    (
        "Refer",
        r#"<Refer action="/done" method="GET"><Sip>sip:bob@example.com</Sip></Refer>"#,
    ),
    ("Pause", r#"<Pause length="10"/>"#),
    ("Hangup", r#"<Hangup/>"#),
    ("Reject", r#"<Reject reason="rejected"/>"#),
    ("Redirect", r#"<Redirect method="POST">/next</Redirect>"#),
    ("Leave", r#"<Leave/>"#),
    ("Denoise", r#"<Denoise>on</Denoise>"#),
    ("Echo", r#"<Echo timeout="120"/>"#),
    (
        "Say",
        r#"<Say voice="woman" language="en-US" loop="2">Hi <break time="1s"/></Say>"#,
    ),
    (
        "Play",
        r#"<Play digits="w1" loop="0">rtmp://media.example.com/a</Play>"#,
    ),
    (
        "Gather",
        r##"<Gather action="/g" actionOnEmptyResult="true" enhanced="true" finishOnKey="#" hints="a"
 input="speech" language="en-US" method="GET" numDigits="4" partialResultCallback="/p"
 partialResultCallbackMethod="GET" profanityFilter="false" speechModel="x" speechTimeout="3"
 timeout="10"><Say>Go</Say><Play>/a.mp3</Play><Pause/></Gather>"##,
    ),
    (
        "Record",
        r#"<Record action="/r" finishOnKey="*" maxLength="0" method="GET" playBeep="false"
 recordingStatusCallback="/s" recordingStatusCallbackMethod="GET"
 recordingStatusCallbackEvent="completed failed" storageUrl="https://s.example.com/"
 storageUrlMethod="PUT" timeout="3" transcribe="true" transcribeCallback="/t"
 trim="do-not-trim"/>"#,
    ),
    (
        "Dial",
        r#"<Dial action="/d" answerOnBridge="true" callerId="+15550100" callerName="Support"
 hangupOnStar="true" method="GET" record="record-from-answer-dual" recordingStatusCallback="/s"
 recordingStatusCallbackEvent="completed" recordingStatusCallbackMethod="GET"
 recordingStorageUrl="https://s.example.com/" recordingStorageUrlMethod="PUT" recordingTrack="both"
 ringTone="us" timeLimit="60" timeout="30" trim="trim-silence">+15550101</Dial>"#,
    ),
    (
        "Number",
        r#"<Dial><Number method="GET" sendDigits="1" statusCallback="/s" statusCallbackEvent="ringing"
 statusCallbackMethod="GET" url="/w">+15550101</Number></Dial>"#,
    ),
    (
        "Dial Sip",
        r#"<Dial><Sip codecs="OPUS,PCMU" method="GET" username="u" password="p" sessionTimeout="600"
 statusCallback="/s" statusCallbackEvent="answered completed" statusCallbackMethod="GET"
 url="/w">sip:kate@example.com;transport=udp</Sip></Dial>"#,
    ),
    (
        "Conference",
        r#"<Dial><Conference beep="false" coach="x" endConferenceOnExit="true" eventCallbackUrl="/e"
 maxParticipants="3" muted="true" record="record-from-start" recordingStatusCallback="/r"
 recordingStatusCallbackMethod="GET" recordingStatusCallbackEvent="completed failed"
 startConferenceOnEnter="false" statusCallback="/s" statusCallbackMethod="GET"
 statusCallbackEvent="start end" trim="trim-silence" waitMethod="GET" waitUrl="/w">r</Conference>
</Dial>"#,
    ),
    (
        "Dial Queue",
        r#"<Dial><Queue method="GET" url="/w">support</Queue></Dial>"#,
    ),
    (
        "Verto",
        r#"<Dial><Verto>a@b.verto.signalwire.com</Verto></Dial>"#,
    ),
    (
        "Enqueue",
        r#"<Enqueue action="/q" method="GET" waitUrl="/w" waitUrlMethod="GET">support</Enqueue>"#,
    ),
    (
        "Stream",
        r#"<Start action="/a" method="GET"><Stream url="wss://media.example.com/x" name="n"
 track="inbound_track" codec="L16@24000h" realtime="true" authBearerToken="t" statusCallback="/s"
 statusCallbackMethod="GET"><Parameter name="a" value="b"/></Stream></Start>
<Stop action="/a" method="GET"><Stream name="n"/></Stop>"#,
    ),
    (
        "Connect",
        r#"<Connect action="/a" method="GET"><Room participantIdentity="a">r</Room></Connect>
<Connect><VirtualAgent connectorName="c" language="en" sentimentAnalysis="true" statusCallback="/s"
 statusCallbackMethod="GET"><Parameter name="a" value="b"/></VirtualAgent></Connect>
<Connect><AI>x</AI></Connect>"#,
    ),
    (
        "Sms",
        r#"<Sms action="/a" from="+15550100" method="GET" statusCallback="/s" to="+15550101">Hi</Sms>"#,
    ),
    (
        "Pay",
        r#"<Pay paymentConnectorUrl="https://p.example.com/" paymentConnector="c"
 minPostalCodeLength="3" action="https://a.example.com/" method="GET" securityCode="false"
 postalCode="false" chargeAmount="10.50" currency="usd" description="d" input="dtmf"
 language="en-us" maxAttempts="3" paymentMethod="ach-debit" statusCallback="/s" timeout="4"
 tokenType="one-time" validCardTypes="visa"><Prompt for="security-code" attempt="1 2 3"
 cardType="amex" errorType="invalid-date"><Say>x</Say><Play>/a.mp3</Play></Prompt>
<Parameter name="a" value="b"/></Pay>"#,
    ),
];
