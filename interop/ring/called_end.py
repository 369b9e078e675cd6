"""A called party's part in a call that the server places, written out as a SIPp scenario.

It is a `FarEnd` whose call came in: once the call is up, every behaviour of `far_ends.py` can be
played on it. What an INVITE's answer must repeat is kept in variables, so that it can be given
after a CANCEL has come.
"""

from ring.scenario import CONTACT, REASONS, FarEnd

_KEPT = (("From", "caller"), ("To", "called"), ("CSeq", "invite_cseq"))


class CalledEnd(FarEnd):
    """Collects the steps of one called party."""

    #: SIPp's own tag for this end, also of requests within the dialog
    _TAG = ";tag=[pid]far[call_number]"

    # Being called

    def is_called(self):
        """INVITE, 180, 200 with an answer, ACK."""
        self.is_invited()
        self.rings()
        self.answers()

    def is_invited(self):
        """An INVITE, or another one with the same Call-ID."""
        keep = "".join(
            f'<ereg regexp=".*" search_in="hdr" header="{header}:" assign_to="{variable}"/>'
            for header, variable in _KEPT
        )
        keep += "".join(
            f'<ereg regexp=".*" search_in="hdr" header="Via:" occurrence="{hop}"'
            f' assign_to="invite_{variable}"/>'
            for hop, variable in enumerate(self._vias, 1)
        )
        self._steps.append(f'<recv request="INVITE" rrs="true"><action>{keep}</action></recv>')
        self._used.update(variable for _, variable in _KEPT)
        self._used.update(f"invite_{variable}" for variable in self._vias)

    def rings(self, code=180):
        """A provisional answer without a session description."""
        self._answer_invite(code)

    def has_early_media(self, pause_ms=300):
        """183 with a session description, and some time to listen to it."""
        self._answer_invite(183, body=self._offer())
        self.pauses(pause_ms)

    def rings_reliably(self):
        """183 that must be acknowledged by PRACK (RFC 3262), and the PRACK."""
        self._answer_invite(
            183, "Require: 100rel\nRSeq: 1\n", body=self._offer(), retransmit=True
        )
        self._steps.append('<recv request="PRACK"/>')
        self._answer_last(200)

    def answers(self, acknowledged=True):
        """200 with an answer; then the ACK."""
        self._answer_invite(200, body=self._offer(), retransmit=True)
        if acknowledged:
            self.is_acknowledged()

    def is_acknowledged(self):
        """The ACK of a 2xx or of a refusal."""
        self._steps.append('<recv request="ACK"/>')

    def refuses(self, code, headers=""):
        """A final answer that is no 2xx, and its ACK."""
        self._answer_invite(code, headers, retransmit=True)
        self.is_acknowledged()

    def demands_credentials(self, code=401, realm="far.example", nonce="f00d"):
        """A digest challenge to the INVITE."""
        field = "WWW-Authenticate" if code == 401 else "Proxy-Authenticate"
        self.refuses(code, f'{field}: Digest realm="{realm}", nonce="{nonce}", qop="auth"\n')

    def is_canceled(self):
        """CANCEL, its 200, 487 to the INVITE, ACK."""
        self._is_told_to_cancel()
        self.refuses(487)

    def answers_across_the_cancel(self):
        """200 to the INVITE although CANCEL has come; ACK and BYE follow."""
        self._is_told_to_cancel()
        self.answers()
        self.is_hung_up()

    def ignores_bye(self, milliseconds):
        """BYE comes and is never answered, for so long."""
        self._steps.append('<recv request="BYE"/>')
        self.pauses(milliseconds)

    def _is_told_to_cancel(self):
        self._steps.append('<recv request="CANCEL"/>')
        self._answer_last(200)

    def _answer_invite(self, code, headers="", body="", retransmit=False):
        kind = "Content-Type: application/sdp\n" if body else ""
        vias = "\n".join(f"Via:[$invite_{variable}]" for variable in self._vias)
        contact = "" if 300 <= code else f"{CONTACT}\n"
        self._send(
            f"""SIP/2.0 {code} {REASONS[code]}
{vias}
From:[$caller]
To:[$called]{self._TAG}
Call-ID: [call_id]
CSeq:[$invite_cseq]
{contact}{headers}{kind}Content-Length: [len]

{body}""",
            retransmit=retransmit,
        )

    def _parties(self):
        return f"From:[$called]{self._TAG}\nTo:[$caller]\nCall-ID: [call_id]"
