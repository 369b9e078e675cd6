"""A far end's part in a call, told step by step and written out as a SIPp scenario.

`FarEnd` is the caller's phone: it places the call, is asked to follow a REFER, and answers as the
behaviour under test prescribes. CSeq numbers are counted here, because SIPp keeps no local
sequence per dialog. REFER's own header fields are kept in variables, so that it can be answered
at any later moment (RFC 3515 allows NOTIFYs to overtake the answer).
"""

from xml.sax.saxutils import quoteattr

REASONS = {
    100: "Trying", 180: "Ringing", 183: "Session Progress", 200: "OK", 202: "Accepted",
    302: "Moved Temporarily", 401: "Unauthorized", 404: "Not Found", 405: "Method Not Allowed",
    407: "Proxy Authentication Required", 408: "Request Timeout",
    480: "Temporarily Unavailable", 481: "Call/Transaction Does Not Exist", 486: "Busy Here",
    487: "Request Terminated", 503: "Service Unavailable", 600: "Busy Everywhere",
    603: "Decline",
}

_OFFER = """v=0
o=far 1 {version} IN IP[media_ip_type] [media_ip]
s=-
c=IN IP[media_ip_type] [media_ip]
t=0 0
m=audio {port} RTP/AVP 0 8 101
a=rtpmap:0 PCMU/8000
a=rtpmap:8 PCMA/8000
a=rtpmap:101 telephone-event/8000
a=fmtp:101 0-15
a=ptime:20
a=sendrecv
"""

_VIA = "Via: SIP/2.0/[transport] [local_ip]:[local_port];branch=[branch];rport"
CONTACT = "Contact: <sip:far@[local_ip]:[local_port];transport=[transport]>"
_ALLOW = "Allow: INVITE, ACK, BYE, CANCEL, OPTIONS, INFO, UPDATE, REFER, NOTIFY"


class FarEnd:
    """Collects the steps of one caller."""

    def __init__(
        self, caller="+493012345678", rtp_port=9, reliable=False, server_transport="[transport]",
        proxies=0,
    ):
        self._caller = caller
        self._rtp_port = rtp_port
        self._reliable = reliable
        #: Via fields of a request that reaches this phone; SIPp repeats them one by one
        self._vias = [f"via_{hop}" for hop in range(1, proxies + 2)]
        self._address = f"sip:[service]@[remote_ip]:[remote_port];transport={server_transport}"
        self._cseq = 1
        self._steps = []
        self._labels = 0
        self._session_version = 1
        self._used = set()

    # The call itself

    def calls(self):
        """INVITE, 2xx, ACK."""
        self._invites()
        self._is_answered()

    def calls_and_awaits_the_end(self, refusals):
        """INVITE that must come to some end: a refusal, or an answer and the other side's BYE."""
        refused, over = self._label(), self._label()
        self._invites()
        for code in refusals:
            self._steps.append(f'<recv response="{code}" optional="true" next="{refused}"/>')
        self._is_answered()
        self._steps.append('<recv request="BYE"/>')
        self._answer_last(200, after=f' next="{over}"')
        self._mark(refused)
        self._send(
            f"""ACK {self._address} SIP/2.0
[last_Via:]
Max-Forwards: 70
[last_From:]
[last_To:]
Call-ID: [call_id]
CSeq: 1 ACK
Content-Length: 0
"""
        )
        self._mark(over)

    def _invites(self):
        self._send(
            f"""INVITE {self._address} SIP/2.0
{_VIA}
Max-Forwards: 70
From: "Anna Example" <sip:{self._caller}@[local_ip]:[local_port]>;tag=[pid]far[call_number]
To: <sip:[service]@[remote_ip]:[remote_port]>
Call-ID: [call_id]
CSeq: 1 INVITE
{CONTACT}
{_ALLOW}
Supported: timer, replaces
User-Agent: Far End
X-Account: 4711
Content-Type: application/sdp
Content-Length: [len]

{self._offer()}""",
            retransmit=True,
        )
        for code in (100, 180, 183):
            self._steps.append(f'<recv response="{code}" optional="true"/>')

    def _is_answered(self):
        self._steps.append(
            '<recv response="200" rrs="true"><action>'
            '<ereg regexp=";tag=[^;]*" search_in="hdr" header="To:" assign_to="far_tag"/>'
            "</action></recv>"
        )
        self._used.add("far_tag")
        self._acknowledge(1)

    def hangs_up(self):
        """BYE from the far end, 200 from the other side, whose own BYE may cross it."""
        crossed, over = self._label(), self._label()
        self._request("BYE")
        self._steps.append(f'<recv request="BYE" optional="true" next="{crossed}"/>')
        self._steps.append(f'<recv response="200" next="{over}"/>')
        self._mark(crossed)
        self._answer_last(200)
        self._steps.append('<recv response="200"/>')
        self._mark(over)

    def is_hung_up(self):
        """BYE from the other side; requests that only probe the dialog are answered meanwhile."""
        waiting, probed, bye = self._label(), self._label(), self._label()
        self._mark(waiting)
        self._steps.append(f'<recv request="OPTIONS" optional="true" next="{probed}"/>')
        self._steps.append(f'<recv request="UPDATE" optional="true" next="{probed}"/>')
        self._steps.append(f'<recv request="BYE" next="{bye}"/>')
        self._mark(probed)
        self._answer_last(200, f"{CONTACT}\n", after=f' next="{waiting}"')
        self._mark(bye)
        self._answer_last(200)

    def may_be_hung_up(self, milliseconds=1500):
        """BYE from the other side is answered, but may also be left out."""
        over = self._label()
        self._steps.append(
            f'<recv request="BYE" timeout="{milliseconds}" ontimeout="{over}"/>'
        )
        self._answer_last(200)
        self._mark(over)

    def reinvites(self):
        """A re-INVITE with an offer, its 200 and ACK."""
        self._session_version += 1
        number = self._request("INVITE", "Content-Type: application/sdp\n", self._offer())
        self._steps.append('<recv response="100" optional="true"/>')
        self._steps.append('<recv response="200"/>')
        self._acknowledge(number)

    def pauses(self, milliseconds):
        """Lets time pass."""
        self._steps.append(f'<pause milliseconds="{milliseconds}"/>')

    def presses(self, capture, milliseconds):
        """Plays a packet capture of key presses, which take this long."""
        self._steps.append(
            f'<nop><action><exec play_pcap_audio="{capture}"/></action></nop>'
        )
        self.pauses(milliseconds)

    # The transfer

    def is_referred(self):
        """Waits for REFER and keeps what its answer must repeat."""
        keep = "".join(
            f'<ereg regexp=".*" search_in="hdr" header="{header}:" assign_to="{variable}"/>'
            for header, variable in (
                ("From", "refer_from"), ("To", "refer_to"), ("CSeq", "refer_cseq"),
            )
        )
        keep += "".join(
            f'<ereg regexp=".*" search_in="hdr" header="Via:" occurrence="{hop}"'
            f' assign_to="refer_{variable}"/>'
            for hop, variable in enumerate(self._vias, 1)
        )
        keep += (
            '<ereg regexp="[0-9]+" search_in="hdr" header="CSeq:" assign_to="refer_number"/>'
        )
        self._steps.append(f'<recv request="REFER"><action>{keep}</action></recv>')
        self._used.update(
            (*(f"refer_{variable}" for variable in self._vias), "refer_from", "refer_to",
             "refer_cseq", "refer_number")
        )

    def answers_refer(self, code, headers=""):
        """The response to the last REFER, whenever it comes."""
        contact = f"{CONTACT}\n" if 200 <= code < 300 else ""
        vias = "\n".join(f"Via:[$refer_{variable}]" for variable in self._vias)
        self._send(
            f"""SIP/2.0 {code} {REASONS[code]}
{vias}
From:[$refer_from]
To:[$refer_to]
Call-ID: [call_id]
CSeq:[$refer_cseq]
{contact}{headers}Content-Length: 0
"""
        )

    def accepts(self):
        """202 to REFER."""
        self.answers_refer(202)

    def challenges(self, code, realm="far.example", algorithm="MD5"):
        """401 or 407 with a digest challenge; the next REFER must carry credentials."""
        field = "WWW-Authenticate" if code == 401 else "Proxy-Authenticate"
        self.answers_refer(
            code,
            f'{field}: Digest realm="{realm}", nonce="b0a3f6d1c2e4", '
            f'algorithm={algorithm}, qop="auth"\n',
        )

    def notifies(self, code, over=False, **more):
        """NOTIFY with `code` as its status line; `over` ends the subscription."""
        self.notifies_body(f"SIP/2.0 {code} {REASONS[code]}\n", over, **more)

    def notifies_body(
        self, body, over=False, state=None, with_id=False,
        content_type="message/sipfrag;version=2.0",
    ):
        """NOTIFY with this very body; a trailing line end is sent only if `body` has one."""
        if state is None:
            state = "terminated;reason=noresource" if over else "active;expires=60"
        event = "refer;id=[$refer_number]" if with_id else "refer"
        headers = f"Event: {event}\nSubscription-State: {state}\n"
        if body:
            headers += f"Content-Type: {content_type}\n"
        self._request("NOTIFY", headers, body)
        self._steps.append('<recv response="200"/>')

    # Writing

    def xml(self, name):
        """The scenario as SIPp reads it."""
        reference = ""
        if self._used:
            reference = f'<Reference variables="{",".join(sorted(self._used))}"/>\n'
        steps = "\n".join(self._steps)
        if self._steps[-1].startswith("<label"):
            steps += "\n<nop/>"
        return (
            '<?xml version="1.0" encoding="UTF-8"?>\n'
            f"<scenario name={quoteattr(name)}>\n{steps}\n{reference}</scenario>\n"
        )

    def _offer(self):
        return _OFFER.format(version=self._session_version, port=self._rtp_port)

    def _label(self):
        self._labels += 1
        return str(self._labels)

    def _mark(self, label):
        self._steps.append(f'<label id="{label}"/>')

    def _send(self, message, retransmit=False, after=""):
        retrans = ' retrans="500"' if retransmit and not self._reliable else ""
        self._steps.append(f"<send{retrans}{after}><![CDATA[\n{message}]]></send>")

    def _answer_last(self, code, headers="", after=""):
        self._send(
            f"""SIP/2.0 {code} {REASONS[code]}
[last_Via:]
[last_From:]
[last_To:]
[last_Call-ID:]
[last_CSeq:]
{headers}Content-Length: 0
""",
            after=after,
        )

    def _acknowledge(self, number):
        self._send(
            f"""ACK [next_url] SIP/2.0
{_VIA}
[routes]
Max-Forwards: 70
{self._parties()}
CSeq: {number} ACK
{CONTACT}
Content-Length: 0
"""
        )

    def _request(self, method, headers="", body=""):
        self._cseq += 1
        self._send(
            f"""{method} [next_url] SIP/2.0
{_VIA}
[routes]
Max-Forwards: 70
{self._parties()}
CSeq: {self._cseq} {method}
{CONTACT}
{headers}Content-Length: [len]

{body}""",
            retransmit=True,
        )
        return self._cseq

    def _parties(self):
        return (
            f'From: "Anna Example" <sip:{self._caller}@[local_ip]:[local_port]>'
            ";tag=[pid]far[call_number]\n"
            "To: <sip:[service]@[remote_ip]:[remote_port]>[$far_tag]\n"
            "Call-ID: [call_id]"
        )
