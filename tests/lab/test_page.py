"""Pages: everything fits, nothing overlaps, buttons are where they are drawn."""

from dataclasses import replace

import numpy as np
import pytest

from lipstudy import LipstudyError
from lipstudy.lab import Box, Button, Page, Panel, Slider, TextField, check_font, clip_boxes, draw_page, split_text

SIZES = [(1024, 768), (1280, 1024), (1366, 768), (1920, 1080), (3840, 2160)]
GO_ON = Button("go_on", "Go on", "return", is_main=True)


def overlap(one: Box, other: Box) -> bool:
    apart = one.left_px + one.width_px <= other.left_px or other.left_px + other.width_px <= one.left_px
    above = one.top_px + one.height_px <= other.top_px or other.top_px + other.height_px <= one.top_px
    return not (apart or above)


def pages(size_px: tuple[int, int]) -> list[Page]:
    pair = clip_boxes([(512, 512)] * 2, size_px, together=True, scale=False)
    single = clip_boxes([(512, 512)], size_px, together=False, scale=True)
    panels = tuple(Panel(name, name, name, box) for name, box in zip(("left", "right"), pair, strict=True))
    choices = tuple(Button(str(n), f"choice {n}", str(n)) for n in range(1, 6))
    return [
        Page(title="Consent", text="word " * 60, buttons=(GO_ON, Button("no", "I do not agree", "n"))),
        Page(title="Which?", panels=panels, buttons=(Button("replay", "Play again", "r"),), done=3, in_all=9),
        Page(
            title="How good?",
            panels=(Panel("x", "", "", single[0]),),
            field=Slider(("bad", "good"), 40),
            buttons=(GO_ON,),
        ),
        Page(title="How old?", field=TextField("34"), buttons=(GO_ON,)),
        Page(title="Hearing?", buttons=choices, stacked=True, done=0, in_all=3, unit="question"),
        Page(title="Thank you", text="Note this.", big="7KQF-2M9X-TD4R", buttons=(GO_ON,)),
    ]


@pytest.mark.parametrize("size_px", SIZES)
def test_every_part_lies_in_the_window_and_none_on_another(size_px: tuple[int, int]) -> None:
    for page in pages(size_px):
        drawn = draw_page(page, size_px)
        assert drawn.picture.shape == (size_px[1], size_px[0], 3)
        boxes = list(drawn.boxes.items())
        for place, (name, box) in enumerate(boxes):
            assert 0 <= box.left_px <= size_px[0] - box.width_px, (name, page)
            assert 0 <= box.top_px <= size_px[1] - box.height_px, (name, page)
            for other_name, other in boxes[place + 1 :]:
                assert not overlap(box, other), (name, other_name, page)


def test_a_button_is_drawn_where_it_can_be_clicked() -> None:
    page = Page(title="Go on?", buttons=(GO_ON,))
    with_button, without = draw_page(page, (1024, 768)), draw_page(replace(page, buttons=()), (1024, 768))
    rows, columns = np.nonzero((with_button.picture != without.picture).any(axis=2))
    box = with_button.boxes["go_on"]
    assert box.left_px - 1 <= columns.min()
    assert columns.max() <= box.left_px + box.width_px
    assert rows.max() <= box.top_px + box.height_px


def test_a_slider_that_was_not_touched_shows_no_mark() -> None:
    page = Page(field=Slider(("bad", "good")), buttons=(GO_ON,))
    empty, middle = (
        draw_page(replace(page, field=Slider(("bad", "good"), value)), (1024, 768)) for value in (None, 50)
    )
    box = empty.boxes["slider"]
    centre = round(box.top_px + box.height_px / 2), round(box.left_px + box.width_px / 2)
    assert (
        empty.picture[centre[0] - 20 : centre[0], centre[1]] != middle.picture[centre[0] - 20 : centre[0], centre[1]]
    ).any()


def test_a_long_text_is_split_between_paragraphs_and_loses_no_word() -> None:
    text = "\n\n".join(f"Paragraph {number}. " + "More words stand here. " * 12 for number in range(12))
    parts = split_text(text, (1024, 768))
    assert len(parts) > 1
    assert " ".join(parts).split() == text.split()


def test_clips_stand_at_their_own_size_side_by_side() -> None:
    boxes = clip_boxes([(512, 512), (512, 512)], (1280, 1024), together=True, scale=False)
    assert [(box.width_px, box.height_px) for box in boxes] == [(512, 512)] * 2
    assert boxes[0].left_px + boxes[1].left_px + 512 == 1280
    assert boxes[0].top_px == boxes[1].top_px


@pytest.mark.parametrize(
    ("size_px", "clip_px"), [((1024, 768), (513, 512)), ((1024, 768), (512, 700)), ((800, 600), (512, 512))]
)
def test_a_screen_smaller_than_the_clips_is_refused(size_px: tuple[int, int], clip_px: tuple[int, int]) -> None:
    with pytest.raises(
        LipstudyError, match=rf"the screen is too small: it has {size_px[0]} x {size_px[1]} pixels.*size_px"
    ):
        clip_boxes([clip_px] * 2, size_px, together=True, scale=False)


def test_a_script_that_the_font_lacks_is_told_before_anyone_sees_boxes() -> None:
    check_font("Wähle, выбери, διάλεξε")
    with pytest.raises(LipstudyError, match=r"cannot write '您'.*--font"):
        check_font("您是否同意")
