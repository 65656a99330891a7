"""Rows of the table of failures: providers that are unreachable, silent, overloaded, or talk nonsense."""

import pytest

from harness import behaviours, chat
from harness.acts import FINE, HANG_UP, RESET, SERVER_ERROR, SILENCE, Act, refusal
from harness.deaf import NEVER_CONNECTS, NEVER_SHAKES_HANDS, REFUSES
from harness.failure_case import FALLBACK, PLAIN, STREAM, SUCCESS, case, exhausted, pairs

# The middle of the pause before an overloaded provider's second try is 200 ms; half of it is the least.
PAUSE_MIN = 0.1
# The usual histories: the first provider is left for the next one.
TIMEOUT, MALFORMED = "alpha timeout, beta", "alpha malformed_reply, beta"
OVERLOADED = "alpha overloaded, alpha overloaded, beta"
HASTE = {"connect": "300ms", "first_token": "500ms", "idle": "500ms", "total": "900ms"}
CONNECTS, ANSWERS, ENDS = 0.3, 0.5, 0.9

HEAD_ONLY = Act(
    "sends its head only", behaviours.headers_then_silence(), behaviours.headers_then_silence(True))
ROLE_ONLY = Act("sends the role only", behaviours.stalled_stream(0))
HALF = Act("sends half and stalls", behaviours.stalled_reply())
DRIP = Act("sends a byte at a time", behaviours.slow_drip())
CUT_BODY = Act("cuts its answer", behaviours.cut_reply())
CUT_CHUNKS = Act("ends between chunks", behaviours.cut_reply(chunked=True))
CUT_BY_RESET = Act("resets within its answer", behaviours.cut_reply(by_reset=True))
CUT_STREAM = Act("cuts before a delta", behaviours.cut_stream(0))
ENDED_STREAM = Act("ends before a delta", behaviours.cleanly_ended_stream(0))
COMMENTS = Act("sends comments only", behaviours.commented_stream(0.1))
NOT_STREAMED = Act("a stream for an answer, and the reverse", FINE.streamed, FINE.plain)
TORN_STREAM = Act("sends torn chunks first", behaviours.stream(3, malformed_at=0, malformed_count=4))
HTML = Act("200 in HTML", behaviours.html())
HTML_502 = Act("502 in HTML", behaviours.html(502))
HTML_401 = Act("401 in HTML", behaviours.html(401))
OTHER_JSON = Act("JSON of another kind", behaviours.json_but_not_chat())
TORN_JSON = Act("torn JSON", behaviours.json_but_not_chat(chat.completion("model")[:-20]))
EMPTY = Act("an empty 200", behaviours.empty_body())
GARBAGE = Act("garbage for gzip", behaviours.garbage_gzip())
NOT_HTTP = Act("not HTTP", behaviours.raw(b"220 mail.example.com ESMTP\r\n"))
ERROR_IN_200 = Act(
    "an error within 200", behaviours.json_but_not_chat(chat.error(500, "Broken within.")),
    behaviours.error_event(0))

CASES = [
    # Unreachable: once more, at once.
    case("refused", {"alpha": REFUSES}, "alpha unreachable, alpha unreachable, beta", FALLBACK),
    case("reset once", {"alpha": [RESET, FINE]}, "alpha unreachable, alpha", SUCCESS),
    case("reset for ever", {"alpha": RESET}, "alpha unreachable, alpha unreachable, beta", FALLBACK),
    case("closed without a word once", {"alpha": [HANG_UP, FINE]}, "alpha unreachable, alpha", SUCCESS),
    case("closed without a word for ever", {"alpha": HANG_UP},
         "alpha unreachable, alpha unreachable, beta", FALLBACK),
    case("all refused", {"alpha": REFUSES, "gamma": REFUSES},
         "alpha unreachable, alpha unreachable, gamma unreachable, gamma unreachable", exhausted(503),
         beta=None),
    # Timeouts: never again, the next provider.
    case("no connection: nobody lets it in", {"alpha": NEVER_CONNECTS}, TIMEOUT, FALLBACK,
         timeouts=HASTE, wall=(CONNECTS, 5)),
    case("no connection: no TLS", {"alpha": NEVER_SHAKES_HANDS}, TIMEOUT, FALLBACK,
         timeouts=HASTE, wall=(CONNECTS, 5)),
    case("accepted, then silent", {"alpha": SILENCE}, TIMEOUT, FALLBACK, timeouts=HASTE,
         wall=(ANSWERS, 5)),
    case("head, then silent", {"alpha": HEAD_ONLY}, TIMEOUT, FALLBACK, timeouts=HASTE,
         wall=(ANSWERS, 5)),
    case("role, then silent", {"alpha": ROLE_ONLY}, TIMEOUT, FALLBACK, timeouts=HASTE,
         wall=(ANSWERS, 5), modes=(STREAM,)),
    case("comments without end", {"alpha": COMMENTS}, TIMEOUT, FALLBACK, timeouts=HASTE, wall=(ANSWERS, 5),
         modes=(STREAM,)),
    case("half an answer, then silent", {"alpha": HALF}, TIMEOUT, FALLBACK, timeouts=HASTE,
         wall=(ANSWERS, 5), modes=(PLAIN,)),
    case("a byte at a time", {"alpha": DRIP}, TIMEOUT, FALLBACK, timeouts=HASTE,
         wall=(ENDS, 5), modes=(PLAIN,)),
    case("408", {"alpha": refusal(408)}, TIMEOUT, FALLBACK),
    case("all silent", {"alpha": SILENCE, "beta": SILENCE}, "alpha timeout, beta timeout", exhausted(504),
         timeouts=HASTE, wall=(2 * ANSWERS, 6)),
    # 5xx, overloaded: once more after a pause, if the provider does not ask for too long a one.
    case("500 once", {"alpha": [SERVER_ERROR, FINE]}, "alpha overloaded, alpha", SUCCESS,
         pauses={1: PAUSE_MIN}),
    case("500 for ever", {"alpha": SERVER_ERROR}, OVERLOADED, FALLBACK,
         pauses={1: PAUSE_MIN}),
    case("529 once", {"alpha": [refusal(529, "overloaded_error"), FINE]}, "alpha overloaded, alpha", SUCCESS,
         pauses={1: PAUSE_MIN}),
    case("502 in HTML for ever", {"alpha": HTML_502}, OVERLOADED, FALLBACK,
         pauses={1: PAUSE_MIN}),
    case("503, Retry-After: 1", {"alpha": [refusal(503, retry_after="1", name="503, Retry-After: 1"), FINE]},
         "alpha overloaded, alpha", SUCCESS, pauses={1: 1}, wall=(1, 6)),
    case("503, Retry-After: 30", {"alpha": refusal(503, retry_after="30", name="503, Retry-After: 30")},
         "alpha overloaded, beta", FALLBACK),
    case("an error within 200", {"alpha": ERROR_IN_200}, OVERLOADED, FALLBACK,
         pauses={1: PAUSE_MIN}),
    case("all 5xx",
         {"alpha": SERVER_ERROR, "beta": refusal(503, retry_after="20", name="503, Retry-After: 20")},
         "alpha overloaded, alpha overloaded, beta overloaded", exhausted(503, 20)),
    # Not the provider's format: never again, the next provider; nothing is said of the key.
    case("200 in HTML", {"alpha": HTML}, MALFORMED, FALLBACK),
    case("401 in HTML", {"alpha": HTML_401}, MALFORMED, FALLBACK, keys={"alpha": 2}),
    case("JSON of another kind", {"alpha": OTHER_JSON}, MALFORMED, FALLBACK),
    case("not what was asked for", {"alpha": NOT_STREAMED}, MALFORMED, FALLBACK),
    case("torn JSON", {"alpha": TORN_JSON}, MALFORMED, FALLBACK),
    case("an empty answer", {"alpha": EMPTY}, MALFORMED, FALLBACK),
    case("garbage for gzip", {"alpha": GARBAGE}, MALFORMED, FALLBACK),
    case("not HTTP", {"alpha": NOT_HTTP}, MALFORMED, FALLBACK),
    case("all talk nonsense", {"alpha": HTML, "beta": OTHER_JSON},
         "alpha malformed_reply, beta malformed_reply", exhausted(502)),
    # Cut before anything of it was passed on.
    case("cut in mid-answer", {"alpha": CUT_BODY}, MALFORMED, FALLBACK, modes=(PLAIN,)),
    case("cut between chunks", {"alpha": CUT_CHUNKS}, MALFORMED, FALLBACK, modes=(PLAIN,)),
    case("reset in mid-answer", {"alpha": CUT_BY_RESET}, MALFORMED, FALLBACK, modes=(PLAIN,)),
    case("cut before a delta", {"alpha": CUT_STREAM}, MALFORMED, FALLBACK, modes=(STREAM,)),
    case("ended before a delta", {"alpha": ENDED_STREAM}, MALFORMED, FALLBACK,
         modes=(STREAM,)),
    case("torn chunks before a delta", {"alpha": TORN_STREAM}, MALFORMED, FALLBACK,
         modes=(STREAM,), skipped=4),
]


@pytest.mark.parametrize(("mode", "case"), pairs(CASES), ids=str)
def test_a_provider_that_fails(play, mode, case):
    play(mode, case)
