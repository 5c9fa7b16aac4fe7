# SPDX-License-Identifier: GPL-2.0
# reset.py PEER PORT ROUNDS: breaks the TCP connections with PEER that use PORT on either side, by
# resets in this node's name, so that the peer sees them break and this node hears of it later.
import socket
import struct
import sys
import time

peer, port, rounds = sys.argv[1], int(sys.argv[2]), int(sys.argv[3])
# Resets per round: one counts only if its number is exactly the next one, and others are on the way.
PER_ROUND = 40
IPV4, TCP, RST = 0x0800, 6, 4

sniffer = socket.socket(socket.AF_PACKET, socket.SOCK_DGRAM, socket.htons(IPV4))
sniffer.settimeout(1)
raw = socket.socket(socket.AF_INET, socket.SOCK_RAW, socket.IPPROTO_TCP)


def checksum(data):
    total = sum(struct.unpack(f"!{len(data) // 2}H", data))
    total = (total >> 16) + (total & 0xFFFF)
    return ~(total + (total >> 16)) & 0xFFFF


def reset_for(packet):
    """The reset that fits the segment that the peer has sent, or None."""
    segment = packet[(packet[0] & 15) * 4:]
    if packet[9] != TCP or packet[12:16] != socket.inet_aton(peer):
        return None
    theirs, ours, _, next_number = struct.unpack("!HHII", segment[:12])
    if port not in (theirs, ours):
        return None
    pseudo = packet[16:20] + packet[12:16] + struct.pack("!BBH", 0, TCP, 20)
    head = struct.pack("!HHIIBBH", ours, theirs, next_number, 0, 0x50, RST, 0)
    return head + struct.pack("!HH", checksum(pseudo + head + bytes(4)), 0)


for _ in range(rounds):
    sent = 0
    end = time.monotonic() + 3
    while sent < PER_ROUND and time.monotonic() < end:
        try:
            reset = reset_for(sniffer.recv(65536))
        except TimeoutError:
            continue
        if reset:
            raw.sendto(reset, (peer, 0))
            sent += 1
    time.sleep(0.5)
