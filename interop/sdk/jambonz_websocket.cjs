// An application on jambonz' WebSocket, made with one of the official libraries (the argument).
//
// What a call is for stands in the user that it is for, after the last dash. Standard output has
// one JSON object per line: first the port, then everything that the application was told.

const { EventEmitter } = require('events');
const http = require('http');
const { createRequire } = require('module');

const load = createRequire(`${process.env.NODE_MODULES_FROM}/`);
const [, , library, target] = process.argv;
const isSdk = library === 'sdk';
const logger = { info() {}, error() {}, debug() {}, child: () => logger };

const server = http.createServer();
const { createEndpoint, Session } = load(isSdk ? '@jambonz/sdk/websocket' : '@jambonz/node-client-ws');
const service = createEndpoint({ server, logger })({ path: '/voice' });

function tell(user, what, data) {
  process.stdout.write(`${JSON.stringify({ user, what, data })}\n`);
}

const LONG = Array(40).fill('this goes on and on').join(', ');

// What each call does: with its session, a way to tell what came, and a way to do something later.
const calls = {
  transfer(session, told) {
    session.on('/progress', (data) => {
      told('/progress', data);
      // The one library acknowledges such events by itself, the other leaves it to us.
      if (!isSdk) session.reply();
    });
    session.on('/transferred', (data) => {
      told('/transferred', data);
      session.hangup({}).reply();
    });
    const refer = { referTo: target, actionHook: '/transferred', eventHook: '/progress' };
    session.answer({});
    (isSdk ? session.sipRefer(refer) : session.sip_refer(refer)).send();
  },
  keys(session, told) {
    session.on('/keys', (data) => {
      told('/keys', data);
      session.say({ text: 'thank you' }).hangup({}).reply();
    });
    session.gather({ input: ['digits'], numDigits: 2, timeout: 10, actionHook: '/keys' }).send();
  },
  prompt(session, told, later) {
    session.say({ text: LONG }).send();
    later(() => session.say({ text: 'enough' }).hangup({}).send());
  },
  queue(session, told, later) {
    session.answer({}).pause({ length: 3 }).send();
    later(() => session.hangup({}).send({ execImmediate: false }));
  },
  status(session, told, later) {
    session.answer({}).pause({ length: 60 }).send();
    later(() => session.injectCommand('call:status', { call_status: 'completed' }));
  },
  request(session, told, later) {
    session.answer({}).pause({ length: 60 }).send();
    later(() => {
      session.injectCommand('sip:request', {
        method: 'INFO', content_type: 'text/plain', content: 'hello',
      });
      later(() => session.hangup({}).send());
    });
  },
  wrong(session, told, later) {
    session.on('jambonz:error', () => session.hangup({}).send());
    session.answer({}).pause({ length: 60 }).send();
    later(() => session.sendCommand('redirect', [{ verb: 'nope' }]));
  },
  moves(session, told) {
    session.on('/elsewhere', (data) => {
      told('/elsewhere', data);
      session.answer({}).hangup({}).reply();
    });
    session.redirect({ actionHook: '/elsewhere' }).send();
  },
  news(session) {
    session.config({ notifyEvents: true }).say({ text: 'hi', id: 'greeting' }).hangup({}).send();
  },
  broken(session, told, later) {
    session.answer({}).pause({ length: 60 }).send();
    later(() => session.ws.terminate());
  },
};

const seen = new Set();

function take(session) {
  const user = session.to;
  const sid = isSdk ? session.callSid : session.call_sid;
  const told = (what, data) => tell(user, what, data);
  const later = (work) => setTimeout(work, 1000);
  told('session', isSdk ? session.data : session.toJSON());
  for (const kind of ['call:status', 'verb:status', 'jambonz:error']) {
    session.on(kind, (data) => told(kind, data));
  }
  session.on('close', (code) => told('close', code));
  session.on('error', (error) => told('failure', String(error)));
  if (seen.has(sid)) {
    // The call is known, and its connection is not.
    told('again', null);
    session.send();
    later(() => session.hangup({}).send());
    return;
  }
  seen.add(sid);
  calls[user.split('-').pop()](session, told, later);
}

// The one library reads its schemas when the first verb is built, which takes longer than a call
// has on a busy machine.
if (isSdk) new Session({ ws: new EventEmitter(), msg: {}, logger }).say({ text: 'hi' });

service.on('session:new', take);
service.on('session:reconnect', take);
server.listen(0, '127.0.0.1', () => tell('', 'port', server.address().port));
