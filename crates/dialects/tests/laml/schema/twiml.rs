//! One sample per verb and noun of TwiML, with every attribute it has.

use super::Sample;

pub(super) const SAMPLES: &[Sample] = &[
    (
        "Refer",
        r#"<Refer action="/done" method="GET"><Sip>sip:bob@example.com?X-A=1</Sip></Refer>"#,
    ),
    ("Pause", r#"<Pause length="10"/>"#),
    (
        "Hangup",
        r#"<Hangup><Parameter name="a" value="b"/></Hangup>"#,
    ),
    (
        "Reject",
        r#"<Reject reason="busy"><Parameter name="a" value="b"/></Reject>"#,
    ),
    (
        "Redirect",
        r#"<Redirect method="POST">../next?a=1&amp;b=2</Redirect>"#,
    ),
    ("Leave", r#"<Leave/>"#),
    ("Echo", r#"<Echo/>"#),
    ("Transcribe", r#"<Transcribe/>"#),
    (
        "Say",
        r#"<Say voice="Polly.Joanna" language="en-US" loop="0">Hello
<break strength="x-weak" time="200ms"/><emphasis level="strong">you</emphasis>
<lang xml:lang="de-DE">Hallo</lang><p>One</p><s>Two</s>
<phoneme alphabet="ipa" ph="pɪˈkɑːn">pecan</phoneme>
<prosody volume="loud" rate="slow" pitch="+5%"><p><s>Three</s></p></prosody>
<say-as interpret-as="date" format="dmy">1.2.</say-as>
<sub alias="mercury">Hg</sub><w role="amazon:VB">read</w></Say>"#,
    ),
    (
        "Play",
        r#"<Play loop="2" digits="ww12#">https://cdn.example.com/a.mp3</Play>"#,
    ),
    ("Play digits alone", r#"<Play digits="1"/>"#),
    (
        "Gather",
        r#"<Gather action="/g" method="GET" input="dtmf speech" finishOnKey="" numDigits="4"
 timeout="10" speechTimeout="auto" maxSpeechTime="30" language="en-GB" hints="a,b"
 speechModel="phone_call" enhanced="true" profanityFilter="false" bargeIn="true"
 actionOnEmptyResult="true" partialResultCallback="/p" partialResultCallbackMethod="POST"
 debug="true"><Say voice="man" language="en" loop="1">Go</Say><Play loop="1">/a.mp3</Play>
<Pause length="1"/></Gather>"#,
    ),
    (
        "Record",
        r##"<Record action="/r" method="GET" timeout="0" finishOnKey="*#" maxLength="60"
 playBeep="false" trim="do-not-trim" recordingTrack="inbound" transcribe="true"
 transcribeCallback="/t" recordingConfigurationId="x" recordingStatusCallback="/s"
 recordingStatusCallbackMethod="GET" recordingStatusCallbackEvent="in-progress completed absent"/>"##,
    ),
    (
        "Dial",
        r#"<Dial action="/d" method="GET" answerOnBridge="true" callerId="+15550100"
 callReason="Your appointment" hangupOnStar="true" record="record-from-ringing-dual"
 recordingTrack="outbound" recordingConfigurationId="x" referUrl="/refer" referMethod="GET"
 ringTone="us-old" timeLimit="3600" timeout="5" trim="trim-silence" sequential="true" events="x"
 passports="x" recordingStatusCallback="/s" recordingStatusCallbackMethod="GET"
 recordingStatusCallbackEvent="completed">+15550101</Dial>"#,
    ),
    (
        "Number",
        r#"<Dial><Number sendDigits="wwww1" url="/w" method="GET" byoc="BY1" statusCallback="/s"
 statusCallbackMethod="GET" statusCallbackEvent="initiated ringing answered completed"
 machineDetection="Enable" machineDetectionTimeout="30" machineDetectionSpeechThreshold="2400"
 machineDetectionSpeechEndThreshold="1200" machineDetectionSilenceTimeout="5000"
 amdStatusCallback="/m" amdStatusCallbackMethod="GET">+15550101</Number></Dial>"#,
    ),
    (
        "Dial Sip",
        r#"<Dial><Sip username="u" password="p" url="/w" method="GET" statusCallback="/s"
 statusCallbackMethod="POST" statusCallbackEvent="answered" machineDetection="DetectMessageEnd"
 machineDetectionTimeout="30" machineDetectionSpeechThreshold="2400"
 machineDetectionSpeechEndThreshold="1200" machineDetectionSilenceTimeout="5000"
 amdStatusCallback="/m" amdStatusCallbackMethod="GET">
sip:kate@example.com;transport=tcp?x-a=1&amp;User-to-User=12&amp;Remote-Party-ID=x</Sip></Dial>"#,
    ),
    (
        "Client",
        r#"<Dial><Client url="/w" method="GET" statusCallback="/s" statusCallbackMethod="POST"
 statusCallbackEvent="answered" clientNotificationUrl="/n"><Identity>joey</Identity>
<Parameter name="a" value="b"/></Client><Client>tommy</Client></Dial>"#,
    ),
    (
        "Conference",
        r#"<Dial><Conference muted="true" beep="onEnter" startConferenceOnEnter="false"
 endConferenceOnExit="true" waitUrl="" waitMethod="GET" maxParticipants="10"
 record="record-from-start" region="ie1" coach="CA1" trim="do-not-trim" participantLabel="a"
 jitterBufferSize="small" statusCallback="/s" statusCallbackMethod="GET"
 statusCallbackEvent="start end join leave mute hold modify speaker announcement"
 eventCallbackUrl="/e" recordingStatusCallback="/r" recordingStatusCallbackMethod="GET"
 recordingStatusCallbackEvent="in-progress completed absent failed">Room</Conference></Dial>"#,
    ),
    (
        "Dial Queue",
        r#"<Dial><Queue url="/w" method="GET" reservationSid="WR1" postWorkActivitySid="WA1">support
</Queue></Dial>"#,
    ),
    (
        "Application",
        r#"<Dial><Application url="/w" method="GET" statusCallback="/s" statusCallbackMethod="GET"
 statusCallbackEvent="completed" customerId="c" copyParentTo="true">
<ApplicationSid>AP1</ApplicationSid><Parameter name="a" value="b"/></Application></Dial>"#,
    ),
    (
        "WhatsApp",
        r#"<Dial><WhatsApp url="/w" method="GET" statusCallback="/s" statusCallbackMethod="GET"
 statusCallbackEvent="completed">whatsapp:+15550101</WhatsApp></Dial>"#,
    ),
    ("Sim", r#"<Dial><Sim>DE1</Sim></Dial>"#),
    (
        "Enqueue",
        r#"<Enqueue action="/q" method="GET" waitUrl="" waitUrlMethod="GET" maxQueueSize="5"
 workflowSid="WW1"><Task priority="5" timeout="200">{"lang":"en"}</Task></Enqueue>"#,
    ),
    (
        "Queue",
        r#"<Queue url="/w" method="GET" reservationSid="WR1" postWorkActivitySid="WA1">a</Queue>"#,
    ),
    (
        "Sms",
        r#"<Sms to="+15550101" from="+15550100" action="/a" method="GET"
 statusCallback="/s">Hello</Sms>"#,
    ),
    (
        "Stream",
        r#"<Connect action="/a" method="GET"><Stream url="wss://media.example.com/x" name="n"
 track="both_tracks" connectorName="c" audioFormat="x" sampleRate="8000" statusCallback="/s"
 statusCallbackMethod="GET"><Parameter name="a" value="b"/></Stream></Connect>"#,
    ),
    (
        "Start and Stop",
        r#"<Start action="/a" method="GET"><Stream url="wss://media.example.com/x" name="n"/></Start>
<Stop action="/a" method="GET"><Stream name="n"/><Siprec name="n"/><Transcription name="n"/>
<Recording name="n"/></Stop>"#,
    ),
    (
        "Siprec",
        r#"<Start><Siprec name="n" connectorName="c" track="inbound_track" statusCallback="/s"
 statusCallbackMethod="GET"><Parameter name="a" value="b"/><SipUri username="u" password="p"
 priority="1" weight="2">sip:rec@example.com</SipUri><Header name="X-A" value="b"/></Siprec></Start>"#,
    ),
    (
        "Transcription",
        r#"<Start><Transcription name="n" track="both_tracks" statusCallbackUrl="/s"
 statusCallbackMethod="POST" inboundTrackLabel="a" outboundTrackLabel="b" partialResults="true"
 languageCode="en-US" transcriptionEngine="google" profanityFilter="true" speechModel="telephony"
 hints="a" enableAutomaticPunctuation="true" intelligenceService="GA1"><Config name="a" value="b"/>
<Parameter name="a" value="b"/></Transcription></Start>"#,
    ),
    (
        "Recording",
        r#"<Start><Recording name="n" channels="dual" track="both" trim="trim-silence"
 recordingStatusCallback="/s" recordingStatusCallbackMethod="GET"
 recordingStatusCallbackEvent="in-progress completed absent" recordingConfigurationId="x"/></Start>"#,
    ),
    (
        "ConversationRelay",
        r#"<Connect><ConversationRelay url="wss://ai.example.com/x" language="en-US"
 ttsLanguage="en-US" ttsProvider="Amazon" voice="Joanna" transcriptionLanguage="en-US"
 transcriptionProvider="Google" speechModel="telephony" welcomeGreeting="Hi"
 welcomeGreetingInterruptible="any" interruptible="speech" interruptSensitivity="high"
 preemptible="true" dtmfDetection="true" reportInputDuringAgentSpeech="none" partialPrompts="true"
 profanityFilter="true" hints="a" intelligenceService="GA1" events="x" debug="x"
 elevenlabsTextNormalization="on" deepgramsmartformat="true" speechtimeout="auto"
 ignorebackchannel="true" backgroundnoisereduction="true"><Language code="es-ES"
 ttsProvider="Google" voice="x" transcriptionProvider="Google" speechModel="long"/>
<Parameter name="a" value="b"/></ConversationRelay></Connect>"#,
    ),
    (
        "sessions",
        r#"<Connect><ConversationRelaySession connector="c" sessionConfiguration="s"/></Connect>
<Connect><AiSession aiConnector="c" aiSessionConfiguration="s"/></Connect>
<Connect><Autopilot>UA1</Autopilot></Connect>
<Connect><Room participantIdentity="alice">Daily</Room></Connect>"#,
    ),
    (
        "Conversation",
        r#"<Connect><Conversation serviceInstanceSid="IS1" inboundAutocreation="true"
 routingAssignmentTimeout="10" inboundTimeout="20" url="/w" method="GET" record="true"
 trim="trim-silence" recordingStatusCallback="/r" recordingStatusCallbackMethod="GET"
 recordingStatusCallbackEvent="completed" statusCallback="/s" statusCallbackMethod="GET"
 statusCallbackEvent="call-initiated call-ringing call-answered call-completed"/></Connect>"#,
    ),
    (
        "VirtualAgent",
        r#"<Connect><VirtualAgent connectorName="c" language="en-US" sentimentAnalysis="true"
 statusCallback="/s" statusCallbackMethod="GET"><Config name="a" value="b"/>
<Parameter name="a" value="b"/></VirtualAgent></Connect>"#,
    ),
    (
        "Pay",
        r#"<Pay input="dtmf" action="/a" method="GET" statusCallback="/s" statusCallbackMethod="GET"
 timeout="5" maxAttempts="3" securityCode="false" postalCode="94105" minPostalCodeLength="5"
 paymentConnector="c" paymentMethod="ach-debit" tokenType="payment-method" chargeAmount="20.45"
 currency="usd" description="d" validCardTypes="visa amex" language="en-US"
 bankAccountType="consumer-checking"><Prompt for="payment-card-number" attempt="1 2"
 cardType="visa" errorType="timeout invalid-card-number" requireMatchingInputs="true"><Say>Card</Say>
<Play>/a.mp3</Play><Pause/></Prompt><Parameter name="a" value="b"/></Pay>"#,
    ),
    (
        "Prompt",
        r#"<Prompt for="postal-code" attempt="1" cardType="visa" errorType="timeout"
 requireMatchingInputs="false"><Say>Code</Say></Prompt>"#,
    ),
];
