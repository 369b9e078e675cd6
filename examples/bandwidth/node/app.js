// A billing line in BXML: ask for the account number, transfer the caller with it, and tell the
// truth when the transfer fails. Written with Bandwidth's own library.
//
//     npm install
//     BILLING=sip:billing@127.0.0.1:5090 node app.js

const express = require('express');
const { Bxml } = require('bandwidth-sdk');

const BILLING = process.env.BILLING || 'sip:billing@127.0.0.1:5090';
const REASONS = { 486: 'is busy', 600: 'is busy', 408: 'does not answer', 480: 'does not answer' };

// This library has no class for Refer yet. Transfer is built alike: attributes and a SipUri.
class Refer extends Bxml.Transfer {
  constructor(attributes, sipUri) {
    super(attributes, sipUri);
    this.name = 'Refer';
  }
}

const app = express();
app.use(express.json());

const reply = (res, ...verbs) => (
  res.type('application/xml').send(new Bxml.Response(verbs).toBxml())
);
const speak = (text) => new Bxml.SpeakSentence(text);

app.post('/voice', (req, res) => reply(res, new Bxml.Gather(
  { gatherUrl: '/account', maxDigits: 6, terminatingDigits: '#' },
  speak('Welcome. Please type your six digit account number.'),
)));

app.post('/account', (req, res) => {
  const number = req.body.digits;
  if (!number) return reply(res, speak('We did not hear a number. Goodbye.'));
  return transfer(res, number);
});

// Refers the caller to billing; the account number travels with the call.
function transfer(res, number) {
  const uui = encodeURIComponent(Buffer.from(number).toString('hex') + ';encoding=hex');
  const target = `${BILLING}?User-to-User=${uui}&X-Account=${number}`;
  return reply(
    res,
    speak('Thank you. We connect you to billing.'),
    new Refer({ referCompleteUrl: `/transferred?account=${number}` }, new Bxml.SipUri(target)),
  );
}

// After success Bandwidth ends the call and ignores the reply.
app.post('/transferred', (req, res) => {
  if (req.body.referCallStatus === 'success') return reply(res);
  const reason = REASONS[req.body.notifySipResponseCode] || 'cannot be reached';
  return reply(res, new Bxml.Gather(
    { gatherUrl: `/again?account=${req.query.account}`, maxDigits: 1 },
    speak(`Billing ${reason}. Press 1 to try again.`),
  ));
});

app.post('/again', (req, res) => (
  req.body.digits === '1' ? transfer(res, req.query.account) : reply(res, speak('Goodbye.'))
));

app.listen(process.env.PORT || 3000);
