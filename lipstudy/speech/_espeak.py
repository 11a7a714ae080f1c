"""Run as a script of its own: speaks one text with espeak-ng and writes phones and samples to standard output.

The C library carries the state of its oscillators and noise from one text to the next, and has no way to reset it;
only in a fresh process does the same text always give the same samples. This file therefore imports nothing but the
standard library, so that a process costs hundredths of a second.
"""

import ctypes
import json
import sys

_SYNCHRONOUS = 2
_PHONE_EVENTS_IN_IPA = 0x1 | 0x2
_DO_NOT_EXIT = 0x8000  # without it the library ends the process when its data are missing
_RATE = 1
_UTF8 = 1
_PHONE = 7


class _Name(ctypes.Union):
    _fields_ = (("number", ctypes.c_int), ("name", ctypes.c_char_p), ("text", ctypes.c_char * 8))


class _Event(ctypes.Structure):
    _fields_ = (
        ("type", ctypes.c_int),
        ("unique_identifier", ctypes.c_uint),
        ("text_position", ctypes.c_int),
        ("length", ctypes.c_int),
        ("audio_position_ms", ctypes.c_int),
        ("sample", ctypes.c_int),
        ("user_data", ctypes.c_void_p),
        ("id", _Name),
    )


class _Voice(ctypes.Structure):
    _fields_ = (
        ("name", ctypes.c_char_p),
        ("languages", ctypes.POINTER(ctypes.c_char)),
        ("identifier", ctypes.c_char_p),
        ("gender", ctypes.c_ubyte),
        ("age", ctypes.c_ubyte),
        ("variant", ctypes.c_ubyte),
        ("unused", ctypes.c_ubyte),
        ("score", ctypes.c_int),
        ("spare", ctypes.c_void_p),
    )


_Callback = ctypes.CFUNCTYPE(ctypes.c_int, ctypes.POINTER(ctypes.c_short), ctypes.c_int, ctypes.POINTER(_Event))


def _voice_names(library: ctypes.CDLL) -> dict[str, bytes]:
    # Language -> the name of the voice that speaks it best. Many languages cannot be set by their own code.
    library.espeak_ListVoices.restype = ctypes.POINTER(ctypes.POINTER(_Voice))
    voices = library.espeak_ListVoices(None)
    best: dict[str, tuple[int, bytes]] = {}
    position = 0
    while voices[position]:
        voice = voices[position].contents
        # Records of a priority byte (small is good) and a name that ends with a zero; priority zero ends the list.
        at = 0
        while voice.languages[at] != b"\0":
            priority = voice.languages[at][0]
            code = ctypes.string_at(ctypes.addressof(voice.languages.contents) + at + 1)
            candidate = (priority, voice.name)
            language = code.decode("ascii", "replace")
            best[language] = min(best.get(language, candidate), candidate)
            at += len(code) + 2
        position += 1
    return {language: name for language, (_, name) in sorted(best.items())}


def _speak(library: ctypes.CDLL, text: str) -> tuple[bytes, list[tuple[int, str]]]:
    chunks: list[bytes] = []
    phones: list[tuple[int, str]] = []

    def collect(samples: "ctypes._Pointer[ctypes.c_short]", count: int, events: "ctypes._Pointer[_Event]") -> int:
        if samples and count:
            chunks.append(ctypes.string_at(samples, 2 * count))
        position = 0
        while events[position].type:
            if events[position].type == _PHONE:
                phones.append((events[position].sample, events[position].id.text.decode("utf-8", "ignore")))
            position += 1
        return 0

    callback = _Callback(collect)
    library.espeak_SetSynthCallback(callback)
    encoded = text.encode() + b"\0"
    library.espeak_Synth(encoded, ctypes.c_size_t(len(encoded)), 0, 1, 0, _UTF8, None, None)
    return b"".join(chunks), phones


def _main() -> None:
    request = json.load(sys.stdin.buffer)
    library = ctypes.CDLL(request["library"])
    # The library keeps 160 characters of this path: the caller starts us beside the data, so that "." is enough.
    sr = library.espeak_Initialize(_SYNCHRONOUS, 0, b".", _PHONE_EVENTS_IN_IPA | _DO_NOT_EXIT)
    if sr <= 0:
        sys.exit("espeak-ng finds no data beside itself")
    voices = _voice_names(library)
    answer = {"sr": sr, "voices": list(voices), "phones": None}
    pcm = b""
    if request["voice"] in voices:
        if library.espeak_SetVoiceByName(voices[request["voice"]]) != 0:
            sys.exit(f"espeak-ng lists the voice {request['voice']} and cannot load it")
        library.espeak_SetParameter(_RATE, request["rate_wpm"], 0)
        pcm, answer["phones"] = _speak(library, request["text"])
    sys.stdout.buffer.write(json.dumps(answer).encode() + b"\n" + pcm)


if __name__ == "__main__":
    _main()
