// A billing line in jambonz verbs: ask for the account number, transfer the caller with it, and
// tell the truth when the transfer fails. Written with jambonz' own library.
//
//     npm install
//     BILLING=sip:billing@127.0.0.1:5090 node app.js

const express = require('express');
const { WebhookResponse } = require('@jambonz/sdk/webhook');

const BILLING = process.env.BILLING || 'sip:billing@127.0.0.1:5090';
const REASONS = { 486: 'is busy', 600: 'is busy', 408: 'does not answer', 480: 'does not answer' };

const app = express();
app.use(express.json());

app.post('/voice', (req, res) => res.json(new WebhookResponse().gather({
  actionHook: '/account',
  input: ['digits'],
  numDigits: 6,
  finishOnKey: '#',
  timeout: 5,
  say: { text: 'Welcome. Please type your six digit account number.' },
})));

app.post('/account', (req, res) => {
  const number = req.body.digits;
  if (!number) {
    return res.json(new WebhookResponse().say({ text: 'We did not hear a number. Goodbye.' }));
  }
  return res.json(transfer(number));
});

// Refers the caller to billing; the account number travels with the call.
function transfer(number) {
  const uui = encodeURIComponent(Buffer.from(number).toString('hex') + ';encoding=hex');
  return new WebhookResponse()
    .say({ text: 'Thank you. We connect you to billing.' })
    .sipRefer({
      referTo: `${BILLING}?User-to-User=${uui}&X-Account=${number}`,
      actionHook: `/transferred?account=${number}`,
    });
}

app.post('/transferred', (req, res) => {
  const { refer_status: accepted, final_referred_call_status: outcome } = req.body;
  if (accepted === 202 && outcome === 200) return res.json([]);
  const reason = REASONS[outcome] || 'cannot be reached';
  return res.json(new WebhookResponse().gather({
    actionHook: `/again?account=${req.query.account}`,
    input: ['digits'],
    numDigits: 1,
    timeout: 5,
    say: { text: `Billing ${reason}. Press 1 to try again.` },
  }));
});

app.post('/again', (req, res) => res.json(
  req.body.digits === '1'
    ? transfer(req.query.account)
    : new WebhookResponse().say({ text: 'Goodbye.' }).hangup(),
));

app.listen(process.env.PORT || 3000);
