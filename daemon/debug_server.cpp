#include "daemon/debug_server.h"

#include <algorithm>
#include <nlohmann/json.hpp>

#include "console/session.h"
#include "daemon/client_stream.h"
#include "envelope/address.h"
#include "envelope/cursor.h"
#include "envelope/json.h"
#include "envelope/packer.h"
#include "io/file.h"
#include "router/permissions.h"

namespace jetway::daemon {

namespace {

using console::Session;
using envelope::Json;

// Those of the terminal; of one without any, none.
router::TerminalRules rules_of(const router::Router& router, const std::string& terminal) {
    for (const router::LocalTerminal& local : router.options().locals) {
        if (local.name == terminal) {
            return local.rules;
        }
    }
    return {};
}

// Raw msgpack; empty for an envelope without data.
base::Bytes question_data(const console::Question& question) {
    base::Bytes raw;
    if (!question.to.empty()) {
        if (!question.data.is_null()) {
            envelope::append_json(raw, question.data);
        }
        return raw;
    }
    Json data{{"request", question.request}};
    if (!question.args.is_null()) {
        data["args"] = question.args;
    }
    envelope::append_json(raw, data);
    return raw;
}

base::Result<Json> answer_of(const envelope::EnvelopeView& view) {
    if (!view.error.empty()) {
        const envelope::ErrorFields fields = envelope::read_error(view.error);
        return base::Error{fields.code.empty() ? "error" : fields.code,
                           fields.message + (fields.at.empty() ? "" : " (at " + fields.at + ")")};
    }
    if (view.data.empty()) {
        return Json();
    }
    base::Result<Json> answer = envelope::to_json(view.data);
    return answer;
}

}  // namespace

class DebugServer::Connection final : private io::StreamHandler {
public:
    Connection(DebugServer& server, std::unique_ptr<io::Stream> stream, router::Arrival arrival)
        : server_(server),
          arrival_(std::move(arrival)),
          stream_(std::move(stream), *this, stalled),
          session_(options()),
          timer_(server.carriers_.loop(), [this] { on_time(); }) {}

private:
    Session::Options options() {
        const router::Router& router = server_.carriers_.router();
        Session::Options options{.machine = router.options().machine};
        options.address = [this] { return this->router().address(); };
        if (!rules_of(router, arrival_.terminal).token.empty()) {
            options.check_token = [this](std::string_view token) {
                token_ = token;
                return !router::why_not_connect(
                    rules_of(server_.carriers_.router(), arrival_.terminal), arrival_, token);
            };
        }
        return options;
    }

    Session::Moment moment() const {
        return {server_.carriers_.loop().now(),
                console::WallTime(std::chrono::milliseconds(io::wall_clock_ms()))};
    }

    void on_read(base::ByteView bytes, const std::shared_ptr<base::Bytes>& /*owner*/) override {
        session_.on_bytes(bytes, moment());
        go_on();
    }
    bool on_end() override {
        session_.on_end(moment());
        go_on();
        return true;
    }
    void on_writable() override { go_on(); }
    void on_closed(const base::Error& /*why*/) override { server_.lost(this); }

    // Asks what is to be asked, writes what there is, and reads on when there is room.
    void go_on() {
        if (in_go_on_ || !stream_.is_open()) {
            again_ = true;
            return;
        }
        in_go_on_ = true;
        do {
            again_ = false;
            ask();
            write();
        } while (again_);
        in_go_on_ = false;
        if (session_.ended() && session_.output_size() == 0 && !stream_.busy()) {
            stream_.end();
            server_.lost(this);
            return;
        }
        stream_.read_while(session_.wants_input());
        arm();
    }

    // The terminal of its own by which the session asks; made when it is needed.
    InProcess& router() {
        if (router_ == nullptr || !router_->is_open()) {
            router_ = std::make_unique<InProcess>(
                server_.carriers_, arrival_, token_,
                [this](const envelope::EnvelopeView& view) { on_envelope(view); });
        }
        return *router_;
    }

    void ask() {
        for (const Session::Asked& asked : session_.take_questions()) {
            const console::Question& question = asked.question;
            const std::string destination = question.to.empty()
                                                ? envelope::make_address("router", question.machine)
                                                : question.to;
            const base::Bytes data = question_data(question);
            base::Bytes id;
            envelope::EnvelopeFields fields;
            fields.destination = destination;
            fields.reply_to = question.reply_to;
            if (asked.number != 0) {
                envelope::Packer(id).number(asked.number);
                fields.id = id;
            }
            fields.data = data;
            const base::Result<void> sent =
                router().send(fields, question.traced ? envelope::flag::trace : std::uint8_t{0});
            if (!sent) {
                session_.on_answer(asked.number, sent.error(), {}, moment());
                again_ = true;
            }
        }
    }

    void on_envelope(const envelope::EnvelopeView& view) {
        envelope::Cursor cursor(view.in_reply_to);
        std::uint64_t number = 0;
        if (cursor.read_unsigned(number) && session_.waits_for(number)) {
            session_.on_answer(number, answer_of(view), view.source, moment());
            go_on();
        }
    }

    void write() {
        if (stream_.busy()) {
            return;
        }
        const std::string text = session_.take_output(moment());
        if (!text.empty()) {
            const base::ByteView bytes = base::as_bytes(text);
            stream_.write({bytes.begin(), bytes.end()}, server_.carriers_.loop().now());
            again_ = true;  // with room for more of it
        }
    }

    void on_time() {
        if (stream_.is_stalled(server_.carriers_.loop().now())) {
            ++server_.stalled_;
            stream_.close();
            server_.lost(this);
            return;
        }
        session_.on_time(moment());
        go_on();
    }

    void arm() { timer_.set(std::min(session_.wake_at(), stream_.deadline())); }

    DebugServer& server_;
    router::Arrival arrival_;
    std::string token_;
    ClientStream stream_;
    Session session_;
    std::unique_ptr<InProcess> router_;
    io::Timer timer_;
    bool in_go_on_ = false;
    bool again_ = false;
};

DebugServer::DebugServer(Carriers& carriers, std::size_t most)
    : carriers_(carriers), most_(most), reaper_(carriers.loop(), [this] { ended_.clear(); }) {}

DebugServer::~DebugServer() = default;

void DebugServer::accept(std::unique_ptr<io::Stream> stream, const std::string& terminal) {
    if (connections_.size() >= most_) {
        refuse(std::move(stream), "overloaded: there are " + std::to_string(most_) +
                                      " debug terminals already (limits.debug_sessions)");
        return;
    }
    router::Arrival arrival = arrival_of(router::Entry::local_listener, *stream);
    arrival.terminal = terminal;
    router::TerminalRules rules = rules_of(carriers_.router(), terminal);
    rules.token.clear();  // it is typed
    if (const router::Refused why = router::why_not_connect(rules, arrival, {})) {
        refuse(std::move(stream), "forbidden: " + *why);
        return;
    }
    auto connection = std::make_unique<Connection>(*this, std::move(stream), std::move(arrival));
    Connection* key = connection.get();
    connections_.emplace(key, std::move(connection));
}

void DebugServer::refuse(std::unique_ptr<io::Stream> stream, const std::string& why) {
    ++refused_;
    const std::string line = "error: " + why + "\n";
    const base::ByteView bytes = base::as_bytes(line);
    const auto report = failures_.note(why,
                                       {base::Report::Level::warning,
                                        "debug terminal refused",
                                        {{"peer", stream->peer_name()}, {"why", why}}},
                                       carriers_.loop().now());
    if (report) {
        carriers_.report(*report);
    }
    stream->end_with({bytes.begin(), bytes.end()}, std::chrono::seconds(2));
}

void DebugServer::lost(Connection* connection) {
    const auto found = connections_.find(connection);
    if (found != connections_.end()) {
        ended_.push_back(std::move(found->second));
        connections_.erase(found);
        reaper_.set(carriers_.loop().now());
    }
}

}  // namespace jetway::daemon
