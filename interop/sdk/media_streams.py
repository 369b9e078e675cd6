"""An application's end of Twilio Media Streams: sends back what it hears, with a mark, then stops.

Runs on aiohttp, which Twilio's library brings along. Arguments: port, seconds of audio to send
back. Prints every message that is not audio as one line of JSON.
"""

import base64
import json
import sys

from aiohttp import WSMsgType, web


async def stream(request):
    socket = web.WebSocketResponse()
    await socket.prepare(request)
    wanted, heard = int(8000 * float(sys.argv[2])), b""
    async for message in socket:
        if message.type != WSMsgType.TEXT:
            break
        event = json.loads(message.data)
        if event["event"] != "media":
            print(json.dumps(event), flush=True)
        if event["event"] == "media" and len(heard) < wanted:
            heard += base64.b64decode(event["media"]["payload"])
            if len(heard) >= wanted:
                payload = base64.b64encode(heard).decode()
                sid = event["streamSid"]
                await socket.send_json(
                    {"event": "media", "streamSid": sid, "media": {"payload": payload}}
                )
                await socket.send_json(
                    {"event": "mark", "streamSid": sid, "mark": {"name": "all said"}}
                )
        if event["event"] == "mark":
            await socket.close()
    return socket


application = web.Application()
application.router.add_get("/stream", stream)
web.run_app(application, host="127.0.0.1", port=int(sys.argv[1]), print=None)
