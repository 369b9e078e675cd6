"""The same spoken programmes in each dialect: what plays, gathers, records and streams."""

import json
from xml.sax.saxutils import escape, quoteattr


class Xml:
    """What the two dialects of Twilio's form share."""

    content_type = "text/xml"
    digits, speech_key = "Digits", None

    def document(self, *verbs):
        return "<Response>" + "".join(verbs) + "</Response>"

    def play(self, *urls):
        return "".join(f"<Play>{escape(url)}</Play>" for url in urls)

    def say(self, text):
        return f"<Say>{escape(text)}</Say>"

    def pause(self, seconds):
        return f'<Pause length="{seconds}"/>'

    def gather(self, action, url, most):
        return (
            f'<Gather action={quoteattr(action)} numDigits="{most}" timeout="5">'
            f"<Play>{escape(url)}</Play></Gather>"
        )

    def record(self, action, told, seconds):
        return (
            f'<Record action={quoteattr(action)} maxLength="{seconds}" timeout="0" trim="do-not-trim"'
            f' playBeep="false" recordingStatusCallback={quoteattr(told)}/>'
        )

    def send_keys(self, keys):
        return f'<Play digits="{keys}"/>'

    def record_both(self, told):
        return (
            f'<Start><Recording channels="dual" recordingStatusCallback={quoteattr(told)}/></Start>'
        )

    def stop_recording(self):
        return ""

    def stream(self, url, action):
        return (
            f'<Connect action={quoteattr(action)}><Stream url={quoteattr(url)}>'
            '<Parameter name="line" value="billing"/></Stream></Connect>'
        )

    def hangup(self):
        return "<Hangup/>"


class Bxml(Xml):
    """Bandwidth's."""

    content_type = "application/xml"
    digits = "digits"

    def play(self, *urls):
        return "".join(f"<PlayAudio>{escape(url)}</PlayAudio>" for url in urls)

    def say(self, text):
        return f"<SpeakSentence>{escape(text)}</SpeakSentence>"

    def pause(self, seconds):
        return f'<Pause duration="{seconds}"/>'

    def gather(self, action, url, most):
        return (
            f'<Gather gatherUrl={quoteattr(action)} maxDigits="{most}">{self.play(url)}</Gather>'
        )

    def record(self, action, told, seconds):
        return (
            f'<Record recordCompleteUrl={quoteattr(action)} maxDuration="{seconds}"'
            f' recordingAvailableUrl={quoteattr(told)}/>'
        )

    def send_keys(self, keys):
        return f'<SendDtmf toneDuration="120" toneInterval="120">{keys}</SendDtmf>'

    def record_both(self, told):
        return f'<StartRecording multiChannel="true" recordingAvailableUrl={quoteattr(told)}/>'

    def stop_recording(self):
        return "<StopRecording/>"


class Jambonz(Xml):
    """jambonz's."""

    content_type = "application/json"
    digits = "digits"

    def document(self, *verbs):
        return json.dumps([verb for part in verbs for verb in part])

    def play(self, *urls):
        return [{"verb": "play", "url": url} for url in urls]

    def say(self, text):
        return [{"verb": "say", "text": text}]

    def pause(self, seconds):
        return [{"verb": "answer"}, {"verb": "pause", "length": seconds}]

    def gather(self, action, url, most):
        return [{
            "verb": "gather", "actionHook": action, "input": ["digits"], "numDigits": most,
            "dtmfBargein": True, "timeout": 5, "play": {"url": url},
        }]

    def send_keys(self, keys):
        return [{"verb": "answer"}, {"verb": "dtmf", "dtmf": keys, "duration": 120}]

    def hangup(self):
        return [{"verb": "hangup"}]


WORDS = {"twiml": Xml(), "cxml": Xml(), "bxml": Bxml(), "jambonz": Jambonz()}
