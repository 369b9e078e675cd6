"""Keys as SIPp sends them: a packet capture with RFC 4733 events, made here."""

import struct

_EVENTS = {key: number for number, key in enumerate("0123456789*#ABCD")}
_PACKET_MS = 20


def write_capture(path, keys, press_ms=100, gap_ms=100, payload_type=101, wait_ms=0):
    """Writes the key presses, one after another, as SIPp's `play_pcap_audio` reads them."""
    _write(path, _presses(keys, press_ms, gap_ms, payload_type, wait_ms))
    return path


def write_talker(path, sound, key, key_ms):
    """Writes the G.711 of `sound` (mu-law), with a key pressed in the middle of it."""
    keys = _presses(key, 100, 0, 101, key_ms, timestamp=8 * key_ms)
    pressed = range(key_ms, keys[-1][0] + 1)
    packets = []
    for at in range(0, len(sound) // 8, _PACKET_MS):
        if at not in pressed:
            audio = sound[at * 8:(at + _PACKET_MS) * 8]
            packets.append((at, _rtp(0, at == 0, 0, at * 8) + audio))
    packets = sorted(packets + keys, key=lambda packet: packet[0])
    numbered = [
        (at, packet[:2] + struct.pack("!H", number + 1) + packet[4:])
        for number, (at, packet) in enumerate(packets)
    ]
    _write(path, numbered)
    return path


def _presses(keys, press_ms, gap_ms, payload_type, wait_ms, timestamp=16_000):
    packets = []
    at, sequence = wait_ms, 1
    for key in keys:
        steps = press_ms // _PACKET_MS
        lengths = [(160 * (n + 1), False) for n in range(steps)] + [(160 * steps, True)] * 3
        for number, (length, end) in enumerate(lengths):
            event = struct.pack("!BBH", _EVENTS[key], (0x80 if end else 0) | 10, length)
            packets.append((at, _rtp(payload_type, number == 0, sequence, timestamp) + event))
            sequence += 1
            at += _PACKET_MS if number < steps else 0
        at += gap_ms
        timestamp += 8 * (press_ms + gap_ms)
    return packets


def _write(path, packets):
    with open(path, "wb") as file:
        file.write(struct.pack("<IHHiIII", 0xA1B2C3D4, 2, 4, 0, 0, 65_535, 1))
        for at, payload in packets:
            frame = _ethernet(payload)
            file.write(struct.pack("<IIII", at // 1000, at % 1000 * 1000, len(frame), len(frame)))
            file.write(frame)


def _rtp(payload_type, marker, sequence, timestamp):
    flags = (0x80 if marker else 0) | payload_type
    return struct.pack("!BBHII", 0x80, flags, sequence & 0xFFFF, timestamp, 0x68666C61)


def _ethernet(payload):
    """Ethernet, IPv4 and UDP around it; SIPp puts its own addresses in."""
    udp = struct.pack("!HHHH", 6000, 6002, 8 + len(payload), 0) + payload
    address = bytes((127, 0, 0, 1))
    ip = struct.pack("!BBHHHBBH", 0x45, 0, 20 + len(udp), 0, 0, 64, 17, 0) + address + address
    return bytes(12) + b"\x08\x00" + ip + udp
