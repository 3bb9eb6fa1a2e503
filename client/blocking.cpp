// The blocking functions of Client: each one condition, waited for until its deadline.
#include "client/client.h"

namespace jetway::client {

base::Result<std::unique_ptr<Client>> Client::connect(Runtime& runtime,
                                                      const transport::Target& router,
                                                      Options options) {
    runtime.loop().update();
    // The Client has this deadline too; it only says more exactly what it was waiting for.
    const base::Instant deadline = runtime.now() + options.timeout + std::chrono::milliseconds(100);
    auto client = std::make_unique<Client>(runtime, router, std::move(options));
    const bool settled = runtime.wait_until(
        [&] { return client->is_open() || client->state() == State::closed; }, deadline);
    if (!settled) {
        return base::Error{"timeout", "the router did not answer in time"};
    }
    if (!client->is_open()) {
        return client->why_closed();
    }
    return client;
}

base::Result<Answer> Client::request(const envelope::EnvelopeFields& fields,
                                     base::Duration timeout) {
    std::optional<base::Result<Answer>> result;
    const base::Instant deadline = runtime_.now() + timeout;
    const auto asked =
        ask(fields, deadline, [&result](const base::Result<envelope::EnvelopeView>& answer) {
            if (answer) {
                result.emplace(Answer{std::string(answer->source),
                                      {answer->headers.begin(), answer->headers.end()},
                                      {answer->data.begin(), answer->data.end()}});
            } else {
                result.emplace(answer.error());
            }
            return false;
        });
    if (!asked) {
        return asked.error();
    }
    if (!runtime_.wait_until([&result] { return result.has_value(); }, deadline)) {
        forget(*asked);
        return base::Error{"timeout", "no answer in time"};
    }
    return std::move(*result);
}

base::Result<void> Client::settle(base::Duration timeout) {
    const base::Instant deadline = runtime_.now() + timeout;
    const base::Result<std::uint64_t> number = ping();
    if (!number) {
        return number.error();
    }
    const bool done = runtime_.wait_until(
        [&] { return answered_pings_ >= *number || state_ == State::closed; }, deadline);
    if (state_ == State::closed) {
        return why_closed_;
    }
    return done ? base::Result<void>()
                : base::Error{"timeout", "the router has not read all in time"};
}

}  // namespace jetway::client
