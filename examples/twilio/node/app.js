// A billing line in TwiML: ask for the account number, transfer the caller with it, and tell the
// truth when the transfer fails. Written with Twilio's own library.
//
//     npm install
//     BILLING=sip:billing@127.0.0.1:5090 node app.js

const express = require('express');
const { VoiceResponse } = require('twilio').twiml;

const BILLING = process.env.BILLING || 'sip:billing@127.0.0.1:5090';
const REASONS = { busy: 'is busy', 'no-answer': 'does not answer' };

const app = express();
app.use(express.urlencoded({ extended: false }));

const reply = (res, response) => res.type('text/xml').send(response.toString());

app.post('/voice', (req, res) => {
  const response = new VoiceResponse();
  const gather = response.gather({ action: '/account', numDigits: 6, finishOnKey: '#', timeout: 5 });
  gather.say('Welcome. Please type your six digit account number.');
  response.say('We did not hear a number. Goodbye.');
  reply(res, response);
});

app.post('/account', (req, res) => reply(res, transfer(req.body.Digits)));

// Refers the caller to billing; the account number travels with the call.
function transfer(number) {
  const uui = encodeURIComponent(Buffer.from(number).toString('hex') + ';encoding=hex');
  const response = new VoiceResponse();
  response.say('Thank you. We connect you to billing.');
  const refer = response.refer({ action: `/transferred?account=${number}` });
  refer.sip(`${BILLING}?User-to-User=${uui}&X-Account=${number}`);
  return response;
}

app.post('/transferred', (req, res) => {
  const response = new VoiceResponse();
  const outcome = req.body.ReferCallStatus;
  if (outcome !== 'in-progress') {
    const reason = REASONS[outcome] || 'cannot be reached';
    const again = `/again?account=${req.query.account}`;
    const gather = response.gather({ action: again, numDigits: 1, timeout: 5 });
    gather.say(`Billing ${reason}. Press 1 to try again.`);
    response.say('Goodbye.');
  }
  reply(res, response);
});

app.post('/again', (req, res) => {
  if (req.body.Digits === '1') return reply(res, transfer(req.query.account));
  const response = new VoiceResponse();
  response.say('Goodbye.');
  return reply(res, response);
});

app.listen(process.env.PORT || 3000);
