// The vendors' Node libraries as clients of the REST APIs.
//
// Arguments: the library's name and the server's address. One JSON question a line comes in, one
// JSON answer a line leaves; `both` asks two questions at once. NODE_MODULES_FROM names the folder
// the libraries are in.

const { createInterface } = require('readline');
const { createRequire } = require('module');

const load = createRequire(`${process.env.NODE_MODULES_FROM}/`);
const [, , library, base] = process.argv;

const snake = (name) => name.replace(/[A-Z]/g, (letter) => `_${letter.toLowerCase()}`);
const camel = (name) => name.replace(/_([a-z])/g, (_, letter) => letter.toUpperCase());

function renamed(object, rename) {
  return Object.fromEntries(Object.entries(object).map(([name, value]) => [rename(name), value]));
}

// Twilio's library, and SignalWire's, which is a copy of it.
function laml(client) {
  const call = (found) => renamed(found.toJSON(), snake);
  const named = (filters) => Object.fromEntries(
    Object.entries(renamed(filters, camel)).map(([name, value]) => (
      /^(start|end)Time|^dateCreated/.test(name) ? [name, new Date(value)] : [name, value]
    )),
  );
  const recording = ({ sid, callSid, status, duration, channels, source }) => (
    { sid, call_sid: callSid, status, duration, channels, source }
  );
  return {
    create: async (asked) => call(await client.calls.create(renamed(asked, camel))),
    fetch: async ({ sid }) => call(await client.calls(sid).fetch()),
    list: async (filters) => (await client.calls.list(named(filters))).map(call),
    pages: async ({ most, ...filters }) => {
      const pages = [];
      let page = await client.calls.page(named(filters));
      while (page && pages.length < most) {
        pages.push(page.instances.map(({ sid }) => sid));
        page = await page.nextPage();
      }
      return pages;
    },
    page: async ({ number, ...filters }) => {
      const page = await client.calls.page({ ...named(filters), pageNumber: number });
      return page.instances.map(({ sid }) => sid);
    },
    first: async ({ count, page_size: pageSize }) => {
      const found = await client.calls.list({ limit: count, pageSize });
      return found.map(({ sid }) => sid);
    },
    redirect: async ({ sid, url, method = 'POST' }) => (
      call(await client.calls(sid).update({ url, method }))
    ),
    document: async ({ sid, document }) => call(await client.calls(sid).update({ twiml: document })),
    hang_up: async ({ sid }) => call(await client.calls(sid).update({ status: 'completed' })),
    cancel: async ({ sid }) => call(await client.calls(sid).update({ status: 'canceled' })),
    update: async ({ sid, ...asked }) => call(await client.calls(sid).update(renamed(asked, camel))),
    delete: ({ sid }) => client.calls(sid).remove(),
    recordings: async ({ sid }) => (await client.calls(sid).recordings.list()).map(recording),
    account_recordings: async (filters) => (
      (await client.recordings.list({ ...named(filters), pageSize: 1 })).map(recording)
    ),
    recording: async ({ sid, recording: which }) => (
      recording(await client.calls(sid).recordings(which).fetch())
    ),
    delete_recording: ({ sid, recording: which }) => client.calls(sid).recordings(which).remove(),
  };
}

const libraries = {
  twilio({ user, token, account }) {
    const client = load('twilio')(user, token, { accountSid: account });
    client.api.baseUrl = base;
    return laml(client);
  },
  signalwire({ user, token }) {
    const { RestClient } = load('@signalwire/compatibility-api');
    const client = RestClient(user, token, { signalwireSpaceUrl: new URL(base).host });
    // The library insists on https.
    client.api.baseUrl = base;
    return laml(client);
  },
  bandwidth({ user, token, account }) {
    const sdk = load('bandwidth-sdk');
    const configuration = new sdk.Configuration({
      username: user, password: token, basePath: `${base}/api/v2`,
    });
    const calls = new sdk.CallsApi(configuration);
    const recordings = new sdk.RecordingsApi(configuration);
    const data = async (request) => (await request).data ?? null;
    const list = (asked) => calls.listCalls(
      account, asked.to, asked.from, asked.min_start_time, asked.max_start_time,
      asked.disconnect_cause, asked.page_size, asked.page_token,
    );
    return {
      create: (asked) => data(calls.createCall(account, asked)),
      fetch: ({ sid }) => data(calls.getCallState(account, sid)),
      list: (filters) => data(list(filters)),
      pages: async ({ most, ...filters }) => {
        const pages = [];
        let token;
        do {
          const reply = await list({ ...filters, page_token: token });
          pages.push(reply.data.map(({ callId }) => callId));
          token = /[?&]pageToken=([^&>]+).*>; *rel="next"/.exec(reply.headers.link ?? '')?.[1];
        } while (token && pages.length < most);
        return pages;
      },
      redirect: ({ sid, url }) => (
        data(calls.updateCall(account, sid, { redirectUrl: url, state: 'active' }))
      ),
      document: ({ sid, document }) => data(calls.updateCallBxml(account, sid, document)),
      hang_up: ({ sid }) => data(calls.updateCall(account, sid, { state: 'completed' })),
      cancel: ({ sid }) => data(calls.updateCall(account, sid, { state: 'completed' })),
      update: ({ sid, ...asked }) => data(calls.updateCall(account, sid, asked)),
      recordings: ({ sid }) => data(recordings.listCallRecordings(account, sid)),
      account_recordings: ({ to, from, min_start_time: min, max_start_time: max }) => (
        data(recordings.listAccountCallRecordings(account, to, from, min, max))
      ),
      recording: ({ sid, recording }) => data(recordings.getCallRecording(account, sid, recording)),
      sound: async ({ sid, recording }) => (
        (await data(recordings.downloadCallRecording(
          account, sid, recording, { responseType: 'arraybuffer' },
        ))).byteLength
      ),
      delete_recording: ({ sid, recording }) => (
        data(recordings.deleteRecording(account, sid, recording))
      ),
    };
  },
  'jambonz-node-client': ({ token, account }) => {
    const { calls } = load('@jambonz/node-client')(account, token, { baseUrl: base });
    return {
      create: async (asked) => ({ sid: await calls.create(asked) }),
      fetch: ({ sid }) => calls.retrieve(sid),
      list: () => calls.list(),
      redirect: ({ sid, url }) => calls.update(sid, { call_hook: { url, method: 'POST' } }),
      hang_up: ({ sid }) => calls.update(sid, { call_status: 'completed' }),
      cancel: ({ sid }) => calls.update(sid, { call_status: 'no-answer' }),
      update: ({ sid, ...asked }) => calls.update(sid, asked),
      delete: ({ sid }) => calls.delete(sid),
    };
  },
  'jambonz-sdk': ({ token, account }) => {
    const { JambonzClient } = load('@jambonz/sdk/client');
    const { calls } = new JambonzClient({ baseUrl: base, accountSid: account, apiKey: token });
    return {
      create: async (asked) => ({ sid: await calls.create(asked) }),
      fetch: ({ sid }) => calls.get(sid),
      list: (filters) => calls.list(filters),
      count: () => calls.count(),
      redirect: ({ sid, url }) => calls.redirect(sid, url),
      hang_up: ({ sid }) => calls.update(sid, { call_status: 'completed' }),
      cancel: ({ sid }) => calls.update(sid, { call_status: 'no-answer' }),
      update: ({ sid, ...asked }) => calls.update(sid, asked),
      transfer: ({ sid, ...asked }) => calls.transfer(sid, asked),
      delete: ({ sid }) => calls.delete(sid),
    };
  },
};

// The libraries raise errors of four makes; what they tell is brought together here.
async function problem(error) {
  const text = typeof error.text === 'function' ? await error.text() : '';
  const data = error.response?.data ?? (text.startsWith('{') ? JSON.parse(text) : { text });
  return {
    kind: error.constructor.name,
    status: error.status ?? error.statusCode ?? error.response?.status
      ?? Number(/ (?:failed:|status code) (\d{3})\b/.exec(error.message)?.[1] ?? 0),
    code: error.code,
    message: error.message,
    ...(typeof data === 'object' ? data : { text: String(data) }),
  };
}

const clients = new Map();

function client(whom) {
  const key = JSON.stringify(whom);
  if (!clients.has(key)) clients.set(key, libraries[library](whom));
  return clients.get(key);
}

async function answer({ do: what, as: whom, ...asked }) {
  if (what === 'both') return Promise.all(asked.questions.map(answer));
  try {
    return (await client(whom)[what](asked)) ?? null;
  } catch (error) {
    return { error: await problem(error) };
  }
}

const questions = createInterface({ input: process.stdin });
questions.on('line', async (line) => {
  process.stdout.write(`${JSON.stringify(await answer(JSON.parse(line)))}\n`);
});
