// The vendors' Node libraries: write documents, check recorded signatures.
//
// Standard input is one JSON object that names the library and asks for a document or a check;
// standard output is the JSON answer. NODE_MODULES_FROM names the folder the libraries are in.

const { readFileSync } = require('fs');
const { createRequire } = require('module');

const load = createRequire(`${process.env.NODE_MODULES_FROM}/`);

function formFields(request) {
  return Object.fromEntries(new URLSearchParams(request.body));
}

function header(request, name) {
  const found = request.headers.find(([key]) => key.toLowerCase() === name);
  return found ? found[1] : '';
}

// Both jambonz libraries verify as Express middleware on the parsed body. They refuse signatures
// older than five minutes, so the clock is set to the moment at which the request was recorded.
function passesMiddleware(middleware, request) {
  Date.now = () => request.at * 1000;
  const signature = header(request, 'jambonz-signature');
  const parsed = {
    body: JSON.parse(request.body),
    headers: { 'jambonz-signature': signature },
    get: () => signature,
    url: request.url,
  };
  let outcome = false;
  try {
    middleware(parsed, {}, (error) => { outcome = !error; });
  } catch {
    return false;
  }
  return outcome;
}

const libraries = {
  twilio: {
    document({ target, result }) {
      const response = new (load('twilio').twiml.VoiceResponse)();
      response.refer({ action: result, method: 'POST' }).sip(target);
      return response.toString();
    },
    valid(request, key) {
      const signature = header(request, 'x-twilio-signature');
      return load('twilio').validateRequest(key, signature, request.url, formFields(request));
    },
  },
  signalwire: {
    document({ target, result }) {
      const { RestClient } = load('@signalwire/compatibility-api');
      const response = new RestClient.LaML.VoiceResponse();
      response.refer({ action: result, method: 'POST' }).sip(target);
      return response.toString();
    },
    valid(request, key) {
      const { RestClient } = load('@signalwire/compatibility-api');
      const signature = header(request, 'x-signalwire-signature');
      return RestClient.validateRequest(key, signature, request.url, formFields(request));
    },
  },
  bandwidth: {
    // This library has no Refer class; its document leads to one that has.
    document({ next }) {
      const { Bxml } = load('bandwidth-sdk');
      return new Bxml.Response([
        new Bxml.Pause({ duration: 0.1 }),
        new Bxml.Redirect({ redirectUrl: next }),
      ]).toBxml();
    },
  },
  'jambonz-node-client': {
    document({ target, result }) {
      const { WebhookResponse } = load('@jambonz/node-client');
      const response = new WebhookResponse();
      response.answer();
      response.sip_refer({ referTo: target, actionHook: result });
      return JSON.stringify(response);
    },
    valid(request, key) {
      const { WebhookResponse } = load('@jambonz/node-client');
      return passesMiddleware(WebhookResponse.verifyJambonzSignature(key), request);
    },
  },
  'jambonz-sdk': {
    document({ target, result }) {
      const { WebhookResponse } = load('@jambonz/sdk/webhook');
      return JSON.stringify(new WebhookResponse().answer().sipRefer({
        referTo: target, actionHook: result,
      }));
    },
    valid(request, key) {
      const { WebhookResponse } = load('@jambonz/sdk/webhook');
      return passesMiddleware(WebhookResponse.verifySignature(key), request);
    },
  },
};

const asked = JSON.parse(readFileSync(0, 'utf8'));
const library = libraries[asked["library"]];
const answer = asked.requests
  ? asked.requests.map((request) => Boolean(library.valid(request, asked.key)))
  : library.document(asked);
process.stdout.write(JSON.stringify(answer));
