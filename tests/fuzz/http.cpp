// A client of the HTTP listener that says anything: its requests are handed out one at a time, what
// is written is well-formed, and whatever they ask has an answer.
#include "admin/http.h"

#include <nlohmann/json.hpp>

#include "admin/site.h"
#include "base/ensure.h"
#include "tests/fuzz/input.h"
#include "tests/fuzz/targets.h"

namespace jetway::fuzz {

void http(base::ByteView bytes) {
    if (bytes.empty()) {
        return;
    }
    const std::size_t piece = bytes[0] % 64U + 1U;
    const bool late = (bytes[0] & 0x40U) != 0;
    base::ByteView rest = bytes.subspan(1);
    base::Instant now{std::chrono::seconds(1)};
    std::size_t asked = 0;
    std::size_t answered = 0;
    admin::HttpResponse next;
    admin::HttpSession session(
        {.head = 512, .body = 256}, [] { return std::string("now"); },
        [&](const admin::HttpRequest& request) {
            ensure(asked++ == answered, "one request at a time");
            ensure(request.body.size() <= 256, "a body is within its bound");
            const auto read = admin::read(
                request, {.may_change = true, .why_not = {}, .numbers_or_localhost = false});
            if (const auto* question = std::get_if<admin::Question>(&read)) {
                const base::Bytes packed = admin::pack(question->request);
                ensure(router::read_control_request(packed).has_value(),
                       "what is packed can be read");
                next = admin::respond(*question, envelope::Json{{"state", "running"}});
            } else {
                next = std::get<admin::HttpResponse>(read);
            }
        },
        now);
    const auto answer = [&] {
        while (answered < asked) {
            ++answered;
            session.answer(next, now);
            const base::Bytes written = session.take_output(now);
            ensure(base::as_text(written).starts_with("HTTP/1.1 "), "an answer begins so");
        }
    };
    while (!rest.empty() && !session.ended()) {
        const base::ByteView some = rest.first(std::min(piece, rest.size()));
        rest = rest.subspan(some.size());
        session.on_bytes(some, now);
        if (!late || rest.size() % 3 == 0) {
            answer();
        }
        session.take_output(now);
        now += std::chrono::milliseconds(1);
        session.on_deadline(now);
    }
    answer();
    session.on_deadline(now + std::chrono::hours(1));
    session.take_output(now);
    ensure(session.ended() || asked > answered, "no connection outlives its deadline");
}

}  // namespace jetway::fuzz
