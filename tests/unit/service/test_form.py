"""Forms as clients write them are read; what a client could repeat without end is refused."""

import httpx
import pytest

from service.form import MAX_HEAD_BYTES, MAX_PARTS, WINDOW_BYTES, Part, WrongForm, read_boundary, read_form

MANY = 100_000


def part(head: bytes, data: bytes = b"1") -> bytes:
    return b"--b\r\n" + head + b"\r\n\r\n" + data + b"\r\n"


def field(name: bytes = b"a", more: bytes = b"") -> bytes:
    return part(b'Content-Disposition: form-data; name="' + name + b'"' + more)


def test_a_form_as_a_client_library_writes_it_is_read() -> None:
    """Names, file names in any script, types and data, in their order; other fields are passed over."""
    files = [
        ("file", ("Äpfel \N{RED APPLE}.png", b"\r\n--b\x00", "image/png")),
        ("file", ("x", b"", "image/gif")),
    ]
    request = httpx.Request("POST", "http://x", files=files, data={"note": "x" * 1000})
    parts = read_form(request.read(), read_boundary(request.headers["content-type"]), "file")
    assert parts == [
        Part("file", "Äpfel \N{RED APPLE}.png", "image/png", b"\r\n--b\x00"),
        Part("file", "x", "image/gif", b""),
    ]


@pytest.mark.parametrize(
    ("body", "expected"),
    [
        (b"preamble\r\n" + field() + b"--b--", [b"1"]),
        (field() + b"--b--\r\nepilogue\r\n--b", [b"1"]),
        (b"--b \t\r\nContent-Disposition:form-data;name=a\r\n\r\n1\r\n--b--", [b"1"]),
        (part(b'X: y\r\ncontent-disposition: form-data; filename=f; name="a"', b"") + b"--b--", [b""]),
        (b'--b\r\nContent-Disposition: form-data; name="a"\r\n\r\n--b--', [b""]),
        (b"--b--", []),
    ],
)
def test_what_the_standard_allows_is_read(body: bytes, expected: list[bytes]) -> None:
    """Something before and behind, white space behind a boundary, headers in any case, empty data."""
    assert [one.data for one in read_form(body, b"b", "a")] == expected


@pytest.mark.parametrize("offset", range(-4, 2))
def test_a_boundary_is_found_wherever_the_search_pauses(offset: int) -> None:
    """The search goes window by window, and a boundary may lie across two of them."""
    head = b'Content-Disposition: form-data; name="a"'
    data = b"x" * (WINDOW_BYTES + offset)
    (read,) = read_form(part(head, data) + b"--b--", b"b", "a")
    assert read.data == data


@pytest.mark.parametrize(
    ("body", "reason"),
    [
        (field() * MANY + b"--b--", f"more than {MAX_PARTS} parts"),
        (part(b'Content-Disposition: form-data; name="a"\r\nX: ' + b"y" * MAX_HEAD_BYTES) + b"--b--", "head"),
        (part(b"X:y\r\n" * MANY) + b"--b--", "head"),
        (field(more=b";x=1" * 100) + b"--b--", "parameters"),
        (part(b"no header") + b"--b--", "no header"),
        (part(b"X: y") + b"--b--", "Content-Disposition"),
        (part(b'Content-Disposition: attachment; name="a"') + b"--b--", "Content-Disposition"),
        (b"--b\r\n\r\n1\r\n--b--", "no header"),
        (b"--bb\r\n" + field()[5:] + b"--b--", "behind a boundary"),
        (field() + b"--b" + b" " * MANY + b"\r\n--b--", "behind a boundary"),
        (
            part(b'Content-Disposition: form-data; name="a"', b"\r\n--bx" * MANY) + b"--b--",
            "behind a boundary",
        ),
        (field(), "before its last boundary"),
        (b"", "before its last boundary"),
        (b"--b", "behind a boundary"),
    ],
    ids=range(14),
)
def test_what_is_no_form_or_too_much_of_one_is_refused(body: bytes, reason: str) -> None:
    """At the first part that is wrong, and with a reason."""
    with pytest.raises(WrongForm, match=reason):
        read_form(body, b"b", "a")


@pytest.mark.parametrize(
    ("content_type", "reason"),
    [
        ("multipart/form-data; boundary=b; charset=punycode", "only UTF-8"),
        ("multipart/form-data; charset=idna; boundary=b", "only UTF-8"),
        ("multipart/form-data", "0 characters"),
        ("multipart/form-data; boundary=", "0 characters"),
        (f"multipart/form-data; boundary={'b' * 71}", "71 characters"),
        (f"multipart/form-data; boundary=b{';x=y' * 100}", "parameters"),
    ],
)
def test_a_wrong_content_type_is_refused(content_type: str, reason: str) -> None:
    """Another charset could cost anything to decode; a search for a long boundary is slow."""
    with pytest.raises(WrongForm, match=reason):
        read_boundary(content_type)


@pytest.mark.parametrize("charset", ["", "; charset=utf-8", '; charset="UTF-8"', "; charset=us-ascii"])
def test_utf_8_may_be_declared(charset: str) -> None:
    """Some clients say what needs no saying."""
    assert read_boundary(f"multipart/form-data; boundary=b{charset}") == b"b"


def test_names_that_are_not_utf_8_cost_no_answer() -> None:
    """The odd bytes are shown as such."""
    head = b'Content-Disposition: form-data; name="a"; filename="\xe4.png"'
    (read,) = read_form(part(head) + b"--b--", b"b", "a")
    assert read.filename == "\N{REPLACEMENT CHARACTER}.png"
