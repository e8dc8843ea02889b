"""Lines of a step's output as a person reads them in the task's log."""

from hypothesis import given
from hypothesis import strategies as st

from include.pipelines.log_lines import LONGEST_LINE_BYTES, LineAssembler, readable_line


def lines_of(*chunks: bytes) -> list[str]:
    assembler = LineAssembler()
    return [line for chunk in chunks for line in assembler.feed(chunk)] + list(assembler.finish())


def test_a_line_cut_anywhere_is_whole_in_the_log() -> None:
    text = "첫 줄\r\n두 번째 줄\n끝".encode()
    for cut in range(len(text)):
        assert lines_of(text[:cut], text[cut:]) == ["첫 줄", "두 번째 줄", "끝"]


def test_a_progress_bar_leaves_its_last_state() -> None:
    assert lines_of(b"\r10%", b"\r50%", b"\r100%\n", b"next\n") == ["100%", "next"]


def test_terminal_colours_are_left_out() -> None:
    assert readable_line(b"\x1b[K\x1b[34m\x1b[1mtrain: \x1b[0mCaching images (0.0GB RAM): 100%") == (
        "train: Caching images (0.0GB RAM): 100%"
    )


def test_a_line_without_an_end_comes_in_pieces() -> None:
    assembler = LineAssembler()
    pieces = [line for _ in range(5) for line in assembler.feed(b"x" * LONGEST_LINE_BYTES)]
    assert [len(piece) for piece in pieces] == [LONGEST_LINE_BYTES] * 4


def test_a_progress_bar_without_an_end_is_not_kept_whole() -> None:
    assembler = LineAssembler()
    for number in range(100_000):
        assert not list(assembler.feed(b"\r%d" % number))
    assert list(assembler.finish()) == ["99999"]


@given(st.lists(st.text("a\r\n", max_size=5)))
def test_how_the_output_is_cut_does_not_matter(parts: list[str]) -> None:
    chunks = [part.encode() for part in parts]
    expected = [readable_line(line) for line in b"".join(chunks).split(b"\n")]
    assert lines_of(*chunks) == (expected if expected[-1] else expected[:-1])
