#include "daemon/admin_server.h"

#include <algorithm>
#include <array>
#include <ctime>
#include <nlohmann/json.hpp>

#include "admin/http.h"
#include "daemon/client_stream.h"
#include "envelope/address.h"
#include "envelope/cursor.h"
#include "envelope/json.h"
#include "router/permissions.h"

namespace jetway::daemon {

namespace {

// As HTTP writes it (RFC 9110, section 5.6.7).
std::string http_date() {
    const auto seconds = static_cast<std::time_t>(io::wall_clock_ms() / 1000);
    std::tm utc{};
    gmtime_r(&seconds, &utc);
    std::array<char, 32> text{};
    const std::size_t length =
        std::strftime(text.data(), text.size(), "%a, %d %b %Y %H:%M:%S GMT", &utc);
    return {text.data(), length};
}

base::Result<envelope::Json> answer_in(const envelope::EnvelopeView& view) {
    if (!view.error.empty()) {
        const envelope::ErrorFields error = envelope::read_error(view.error);
        return base::Error{error.code, error.message};
    }
    return envelope::to_json(view.data);
}

}  // namespace

class AdminServer::Connection final : private io::StreamHandler {
public:
    Connection(AdminServer& server, std::unique_ptr<io::Stream> stream, bool write,
               bool on_loopback)
        : server_(server),
          stream_(std::move(stream), *this, stalled),
          arrival_(arrival_of_client(stream_.get(), write)),
          on_loopback_(on_loopback),
          session_(
              {}, http_date, [this](const admin::HttpRequest& request) { on_request(request); },
              now()) {}

    const router::Arrival& arrival() const { return arrival_; }

    void answer(const admin::HttpResponse& response) { session_.answer(response, now()); }

    // Writes what there is, and reads on when there is room for it.
    void flush() {
        while (stream_.writable()) {
            base::Bytes bytes = session_.take_output(now());
            if (bytes.empty()) {
                break;
            }
            stream_.write(std::move(bytes), now());
        }
        if (session_.ended() && !stream_.busy()) {
            stream_.end();
            server_.lost(this);
            return;
        }
        stream_.read_while(session_.wants_input() && !stream_.busy());
    }

    base::Instant deadline() const {
        return stream_.busy() ? stream_.deadline() : session_.deadline();
    }

    // False: its client doesn't read.
    bool on_deadline() {
        if (stream_.busy()) {
            return !stream_.is_stalled(now());
        }
        session_.on_deadline(now());
        flush();
        return true;
    }

private:
    base::Instant now() const { return server_.carriers_.loop().now(); }

    void on_request(const admin::HttpRequest& request) {
        const router::Refused why =
            router::why_not_control(server_.carriers_.router().options().control, arrival_);
        const std::variant<admin::Question, admin::HttpResponse> read =
            admin::read(request, {.may_change = !why,
                                  .why_not = why.value_or(""),
                                  .numbers_or_localhost = on_loopback_});
        if (const auto* question = std::get_if<admin::Question>(&read)) {
            server_.ask(*this, *question);
        } else {
            answer(std::get<admin::HttpResponse>(read));
        }
    }

    void on_read(base::ByteView bytes, const std::shared_ptr<base::Bytes>& /*owner*/) override {
        session_.on_bytes(bytes, now());
        flush();
        server_.arm();
    }
    void on_writable() override {
        flush();
        server_.arm();
    }
    void on_closed(const base::Error& /*why*/) override { server_.lost(this); }

    AdminServer& server_;
    ClientStream stream_;
    router::Arrival arrival_;
    bool on_loopback_;
    admin::HttpSession session_;
};

AdminServer::AdminServer(Carriers& carriers)
    : carriers_(carriers), timer_(carriers.loop(), [this] { on_timer(); }) {}

AdminServer::~AdminServer() = default;

void AdminServer::accept(std::unique_ptr<io::Stream> stream, bool write, bool on_loopback) {
    if (connections_.size() >= most_clients) {
        ++refused_;
        return;
    }
    auto connection = std::make_unique<Connection>(*this, std::move(stream), write, on_loopback);
    Connection* key = connection.get();
    connections_.emplace(key, std::move(connection));
    arm();
}

void AdminServer::ask(Connection& by, const admin::Question& question) {
    const router::Router& router = carriers_.router();
    if (!question.machine.empty() && question.machine != router.options().machine) {
        ask_elsewhere(by, question);
        return;
    }
    const base::Result<base::Bytes> answer =
        carriers_.router().ask(question.request, by.arrival(), carriers_.loop().now());
    by.answer(admin::respond(question, answer ? envelope::to_json(*answer)
                                              : base::Result<envelope::Json>(answer.error())));
    if (question.request.changes_router()) {
        carriers_.turn();
    }
}

// Its answer may come before this returns, from this very machine.
void AdminServer::ask_elsewhere(Connection& by, const admin::Question& question) {
    if (asker_ == nullptr || !asker_->is_open()) {
        asker_ = std::make_unique<InProcess>(
            carriers_, std::vector<envelope::ServiceEntry>{},
            [this](const envelope::EnvelopeView& view) { on_envelope(view); });
    }
    const std::uint64_t id = ++last_id_;
    asked_.emplace(id, Asked{&by, question, carriers_.loop().now() + ask_timeout});
    base::Bytes raw_id;
    envelope::append_json(raw_id, id);
    const base::Bytes data = admin::pack(question.request);
    const std::string to = envelope::make_address("router", question.machine);
    envelope::EnvelopeFields fields;
    fields.destination = to;
    fields.id = raw_id;
    fields.data = data;
    if (const base::Result<void> sent = asker_->send(fields); !sent) {
        give(id, sent.error());
    }
}

void AdminServer::on_envelope(const envelope::EnvelopeView& view) {
    envelope::Cursor cursor(view.in_reply_to);
    std::uint64_t id = 0;
    if (cursor.read_unsigned(id)) {
        give(id, answer_in(view));
    }
}

// The connection writes it in a later turn: this one may be in the midst of the router's.
void AdminServer::give(std::uint64_t id, const base::Result<envelope::Json>& answer) {
    const auto found = asked_.find(id);
    if (found != asked_.end()) {
        Connection* by = found->second.by;
        by->answer(admin::respond(found->second.question, answer));
        asked_.erase(found);
        ready_.insert(by);
        timer_.set(carriers_.loop().now());
    }
}

void AdminServer::lost(Connection* connection) {
    const auto found = connections_.find(connection);
    if (found != connections_.end()) {
        ready_.erase(connection);
        std::erase_if(asked_,
                      [connection](const auto& one) { return one.second.by == connection; });
        ended_.push_back(std::move(found->second));
        connections_.erase(found);
        timer_.set(carriers_.loop().now());
    }
}

void AdminServer::on_timer() {
    const base::Instant now = carriers_.loop().now();
    std::vector<std::uint64_t> late;
    for (const auto& [id, asked] : asked_) {
        if (asked.due <= now) {
            late.push_back(id);
        }
    }
    for (const std::uint64_t id : late) {
        give(id, base::Error{"timeout", "that machine's router did not answer in time"});
    }
    for (Connection* connection : std::exchange(ready_, {})) {
        if (connections_.count(connection) != 0) {
            connection->flush();
        }
    }
    std::vector<Connection*> due;
    for (const auto& [key, connection] : connections_) {
        if (connection->deadline() <= now) {
            due.push_back(key);
        }
    }
    for (Connection* connection : due) {
        if (connections_.count(connection) != 0 && !connection->on_deadline()) {
            ++stalled_;
            lost(connection);
        }
    }
    std::exchange(ended_, {}).clear();
    arm();
}

void AdminServer::arm() {
    base::Instant next = ended_.empty() && ready_.empty() ? base::never : carriers_.loop().now();
    for (const auto& [key, connection] : connections_) {
        next = std::min(next, connection->deadline());
    }
    for (const auto& [id, asked] : asked_) {
        next = std::min(next, asked.due);
    }
    timer_.set(next);
}

}  // namespace jetway::daemon
