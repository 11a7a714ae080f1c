"""Whether an MPEG stream ends with a whole packet: its container has no index that would tell.

Source: ISO/IEC 11172-1 (program stream of MPEG-1), ISO/IEC 13818-1 (program and transport stream of MPEG-2).
"""

import mmap
from pathlib import Path

__all__ = ["ends_within_packet"]

_PACK, _END, _FIRST_WITH_LENGTH = 0xBA, 0xB9, 0xBB
_TRANSPORT_SYNC = 0x47
_TRANSPORT_PACKETS = ((188, 0), (192, 4))
"""(size of a packet, place of its sync byte): broadcast, and camcorders."""


def ends_within_packet(path: Path, *, container: str) -> bool:
    """Return whether a file of FFmpeg's format name `container` ends in the middle of a packet.

    Only program streams ("mpeg") and transport streams ("mpegts") are looked at; False for others, and for what is
    not laid out as the standard says.
    """
    if container not in ("mpeg", "mpegts"):
        return False
    with open(path, "rb") as file, mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ) as data:
        return _program_ends_within(data) if container == "mpeg" else _transport_ends_within(data)


def _program_ends_within(data: mmap.mmap) -> bool:
    at, size = 0, len(data)
    while at < size:
        start = data[at : at + 14]
        if not b"\0\0\1".startswith(start[:3]):
            return False
        if len(start) < 14:
            # Only the end code and an empty packet are as short as this.
            return not (len(start) == 4 and start[3] == _END)
        if start[3] == _END:
            return False
        if start[3] == _PACK:
            at += 14 + (start[13] & 7) if start[4] >> 6 == 1 else 12
        elif start[3] >= _FIRST_WITH_LENGTH:
            at += 6 + int.from_bytes(start[4:6])
        else:
            return False
    return at > size


def _transport_ends_within(data: mmap.mmap) -> bool:
    for packet, sync in _TRANSPORT_PACKETS:
        if all(data[sync + packet * number] == _TRANSPORT_SYNC for number in range(min(4, len(data) // packet))):
            return len(data) % packet != 0
    return False
