"""Which landmark is what: contours as ordered loops, subsets, the mapping to 68 points."""

from collections.abc import Mapping
from dataclasses import dataclass

from lipstudy.errors import InputError, nearest_name

__all__ = ["MEDIAPIPE_478", "Topology", "topology_named"]

Indices = tuple[int, ...]


@dataclass(frozen=True, slots=True)
class Topology:
    """Names for the landmarks of one tracker."""

    name: str
    """Unique name, stored in every track."""
    num_points: int
    """Number of landmarks K."""
    loops: Mapping[str, Indices]
    """Closed contours: each a sequence of landmarks in order around the contour, the first not repeated."""
    lines: Mapping[str, Indices]
    """Open contours, in order."""
    subsets: Mapping[str, Indices]
    """Selections of landmarks by name."""
    inner_lip_pairs: tuple[tuple[int, int], ...]
    """(upper, lower) landmarks that face each other across the mouth opening, from right corner to left."""
    outer_lip_pairs: tuple[tuple[int, int], ...]
    """The landmarks of the outer contour beside each of `inner_lip_pairs`."""
    rigid: Indices
    """Landmarks that speech does not move: eye corners and nose bridge. Head pose is measured on them."""
    outer_eye_corners: tuple[int, int]
    """(right, left) outer eye corners; their distance is the unit, the inter-ocular distance (IOD)."""
    mouth_corners: tuple[int, int]
    """(right, left) outer mouth corners."""
    inner_lip_centres: tuple[int, int]
    """(upper, lower) centres of the inner lips; their distance is the aperture."""
    chin: int
    """The lowest landmark of the chin."""
    mirror: Indices
    """For each of the K landmarks the one on the other side of the face; those in the middle are their own."""

    def contour(self, name: str) -> Indices:
        """Return the loop or line called `name`."""
        return self.loops[name] if name in self.loops else self.lines[name]


_OUTER_LIPS = (61, 185, 40, 39, 37, 0, 267, 269, 270, 409, 291, 375, 321, 405, 314, 17, 84, 181, 91, 146)
_INNER_LIPS = (78, 191, 80, 81, 82, 13, 312, 311, 310, 415, 308, 324, 318, 402, 317, 14, 87, 178, 88, 95)
_FACE_OVAL = (
    *(10, 338, 297, 332, 284, 251, 389, 356, 454, 323, 361, 288, 397, 365, 379, 378, 400, 377),
    *(152, 148, 176, 149, 150, 136, 172, 58, 132, 93, 234, 127, 162, 21, 54, 103, 67, 109),
)
_RIGHT_EYE = (33, 246, 161, 160, 159, 158, 157, 173, 133, 155, 154, 153, 145, 144, 163, 7)
_LEFT_EYE = (263, 466, 388, 387, 386, 385, 384, 398, 362, 382, 381, 380, 374, 373, 390, 249)
_RIGHT_BROW = (46, 53, 52, 65, 55, 107, 66, 105, 63, 70)
_LEFT_BROW = (276, 283, 282, 295, 285, 336, 296, 334, 293, 300)
_JAW = (*_FACE_OVAL[8:29],)

_POINTS_68 = (
    *(162, 234, 93, 58, 172, 136, 149, 148, 152, 377, 378, 365, 397, 288, 323, 454, 389),  # jaw
    *(71, 63, 105, 66, 107, 336, 296, 334, 293, 301),  # brows
    *(168, 197, 5, 4, 75, 97, 2, 326, 305),  # nose
    *(33, 160, 158, 133, 153, 144, 362, 385, 387, 263, 373, 380),  # eyes
    *(61, 39, 37, 0, 267, 269, 291, 405, 314, 17, 84, 181),  # outer lips
    *(78, 82, 13, 312, 308, 317, 14, 87),  # inner lips
)

_MIRROR = """
0 1 2 248 4 5 6 249 8 9 10 11 12 13 14 15 16 17 18 19 250 251 252 253 254 255 256 257 258 259 260 261 262 263
264 265 266 267 268 269 270 271 272 273 274 275 276 277 278 279 280 281 282 283 284 285 286 287 288 289 290 291
292 293 294 295 296 297 298 299 300 301 302 303 304 305 306 307 308 309 310 311 312 313 314 315 316 317 318 319
320 321 322 323 94 324 325 326 327 328 329 330 331 332 333 334 335 336 337 338 339 340 341 342 343 344 345 346
347 348 349 350 351 352 353 354 355 356 357 358 359 360 361 362 363 364 365 366 367 368 369 370 371 372 373 374
375 376 377 378 379 151 152 380 381 382 383 384 385 386 387 388 389 390 164 391 392 393 168 394 395 396 397 398
399 175 400 401 402 403 404 405 406 407 408 409 410 411 412 413 414 415 416 417 418 195 419 197 420 199 200 421
422 423 424 425 426 427 428 429 430 431 432 433 434 435 436 437 438 439 440 441 442 443 444 445 446 447 448 449
450 451 452 453 454 455 456 457 458 459 460 461 462 463 464 465 466 467 3 7 20 21 22 23 24 25 26 27 28 29 30 31
32 33 34 35 36 37 38 39 40 41 42 43 44 45 46 47 48 49 50 51 52 53 54 55 56 57 58 59 60 61 62 63 64 65 66 67 68
69 70 71 72 73 74 75 76 77 78 79 80 81 82 83 84 85 86 87 88 89 90 91 92 93 95 96 97 98 99 100 101 102 103 104
105 106 107 108 109 110 111 112 113 114 115 116 117 118 119 120 121 122 123 124 125 126 127 128 129 130 131 132
133 134 135 136 137 138 139 140 141 142 143 144 145 146 147 148 149 150 153 154 155 156 157 158 159 160 161 162
163 165 166 167 169 170 171 172 173 174 176 177 178 179 180 181 182 183 184 185 186 187 188 189 190 191 192 193
194 196 198 201 202 203 204 205 206 207 208 209 210 211 212 213 214 215 216 217 218 219 220 221 222 223 224 225
226 227 228 229 230 231 232 233 234 235 236 237 238 239 240 241 242 243 244 245 246 247 473 474 475 476 477 468
469 470 471 472
"""

MEDIAPIPE_478 = Topology(
    name="mediapipe-478",
    num_points=478,
    loops={
        "lips outer": _OUTER_LIPS,
        "lips inner": _INNER_LIPS,
        "face oval": _FACE_OVAL,
        "right eye": _RIGHT_EYE,
        "left eye": _LEFT_EYE,
        "right brow": _RIGHT_BROW,
        "left brow": _LEFT_BROW,
    },
    lines={
        "nose bridge": (168, 6, 197, 195, 5, 4),
        "nose base": (98, 97, 2, 326, 327),
        "jaw": _JAW,
    },
    subsets={"lips-40": (*_OUTER_LIPS, *_INNER_LIPS), "points-68": _POINTS_68},
    inner_lip_pairs=tuple((_INNER_LIPS[i], _INNER_LIPS[20 - i]) for i in range(1, 10)),
    outer_lip_pairs=tuple((_OUTER_LIPS[i], _OUTER_LIPS[20 - i]) for i in range(1, 10)),
    rigid=(33, 133, 362, 263, 168, 6, 197, 195),
    outer_eye_corners=(33, 263),
    mouth_corners=(61, 291),
    inner_lip_centres=(13, 14),
    chin=152,
    mirror=tuple(map(int, _MIRROR.split())),
)
"""The 478 landmarks of MediaPipe's FaceLandmarker. Right and left are the speaker's own."""

_TOPOLOGIES = {MEDIAPIPE_478.name: MEDIAPIPE_478}


def topology_named(name: str) -> Topology:
    """Return the topology called `name`. Raises InputError for an unknown one."""
    if name not in _TOPOLOGIES:
        raise InputError(
            f"the topology {name!r} is unknown{nearest_name(name, _TOPOLOGIES)}: known is {', '.join(_TOPOLOGIES)}"
        )
    return _TOPOLOGIES[name]
