// Requests to `router@machine`: any bytes as `data`, and requests made of what they may hold. Every
// one is answered once, by a map or by a refusal.
#include "router/control.h"

#include <nlohmann/json.hpp>

#include "envelope/cursor.h"
#include "envelope/json.h"
#include "envelope/packer.h"
#include "tests/fuzz/input.h"
#include "tests/fuzz/net.h"
#include "tests/fuzz/targets.h"

namespace jetway::fuzz {

namespace {

using envelope::Kind;
using envelope::Packer;

constexpr std::array<std::string_view, 14> requests = {
    "status",  "routes", "services", "terminals", "neighbours", "history", "graph",
    "explain", "echo",   "drain",    "ledger",    "events",     "quality", ""};
constexpr std::array<std::string_view, 8> arguments = {"all",    "ageMs",       "of",      "limit",
                                                       "before", "destination", "machine", "after"};
constexpr std::array<std::string_view, 8> texts = {
    "adder", "adder@machine-a", "b@*", "router@machine-b", "machine-b", "@", "client-1", ""};

class Asker {
public:
    Asker() {
        net_.add("machine-a", {"machine-b"}, {"gpu-server"});
        client_ = net_.add_peer(0, {"adder"});
        neighbour_ = net_.add_peer(0, {});
        net_.connect(client_);
        net_.connect_as_neighbour(neighbour_, "machine-b");
    }

    void step(Input& input) {
        switch (input.below(8)) {
            case 0:
                net_.pass(std::chrono::milliseconds(input.pair()));
                break;
            case 1:
                net_.say(neighbour_, Kind::announce, input.bytes(input.pair() % 1'024U));
                break;
            case 2:
                announce(input);
                break;
            case 3:
                net_.connect_as_neighbour(neighbour_, "machine-b");
                break;
            case 4: {
                const base::ByteView data = input.bytes(input.pair() % 1'024U);
                envelope::Cursor cursor(data);
                if (cursor.skip() && cursor.at_end()) {
                    ask(data);
                }
                break;
            }
            default: {
                base::Bytes data;
                make(data, input);
                ask(data);
            }
        }
    }

private:
    static void make(base::Bytes& data, Input& input) {
        Packer packer(data);
        const std::size_t count = input.below(4);
        packer.map(count > 0 ? 2 : 1);
        packer.text("request").text(requests[input.below(requests.size())]);
        if (count == 0) {
            return;
        }
        packer.text("args").map(count);
        for (std::size_t i = 0; i < count; ++i) {
            packer.text(arguments[input.below(arguments.size())]);
            switch (input.below(4)) {
                case 0:
                    packer.boolean(input.byte() % 2 == 1);
                    break;
                case 1:
                    packer.number(input.pair());
                    break;
                case 2:
                    packer.number(~std::uint64_t{0} >> (input.byte() % 64U));
                    break;
                default:
                    packer.text(texts[input.below(texts.size())]);
            }
        }
    }

    void announce(Input& input) {
        envelope::Announce said;
        said.machine_id = "machine-b";
        said.incarnation = 1;
        said.full = input.byte() % 2 == 1;
        said.routes.push_back(
            {.machine_id = "machine-b", .sequence = input.byte(), .cost = 0, .hops = 0});
        envelope::Catalog& catalog = said.catalogs.emplace_back();
        catalog.machine_id = "machine-b";
        catalog.incarnation = 1;
        catalog.revision = input.byte();
        catalog.services.resize(input.below(3));
        for (envelope::CatalogService& service : catalog.services) {
            service.service.name = input.byte() % 2 == 1 ? "b" : "adder";
            service.health = static_cast<envelope::Health>(input.below(4));
        }
        catalog.raw = envelope::make_catalog_raw(catalog);
        base::Bytes body;
        envelope::append_announce(body, said);
        net_.say(neighbour_, Kind::announce, body);
    }

    void ask(base::ByteView data) {
        base::Bytes id;
        Packer(id).number(++asked_);
        base::Bytes body;
        envelope::append_envelope(body, {.source = {},
                                         .destination = "router@machine-a",
                                         .reply_to = {},
                                         .id = id,
                                         .in_reply_to = {},
                                         .headers = {},
                                         .error = nullptr,
                                         .data = data});
        Net::Peer& client = net_.peer(client_);
        client.arrived.clear();
        net_.say(client_, Kind::envelope, body);
        const base::Result<router::ControlRequest> read = router::read_control_request(data);
        const bool traced = read && read->name == "ping";  // the routers on the way report
        std::size_t answers = 0;
        for (const Arrived& arrived : client.arrived) {
            if (same_bytes(arrived.view.in_reply_to, id)) {
                ++answers;
                check(arrived.view, traced);
            }
        }
        ensure(answers == 1 || traced, "every request is answered once");
    }

    static void check(const envelope::EnvelopeView& view, bool traced) {
        if (!view.error.empty()) {
            ensure(!envelope::read_error(view.error).code.empty(), "a refusal has a code");
            return;
        }
        const base::Result<envelope::Json> answer = envelope::to_json(view.data);
        ensure(answer.has_value() && answer->is_object(), "an answer is a map");
        ensure(answer->at("machineId") == "machine-a" && (traced || answer->contains("schema")),
               "with its schema, and who answers");
    }

    Net net_;
    std::size_t client_ = 0;
    std::size_t neighbour_ = 0;
    std::uint64_t asked_ = 0;
};

}  // namespace

void control(base::ByteView bytes) {
    Input input(bytes);
    Asker asker;
    for (std::size_t turns = 0; turns < 60 && !input.empty(); ++turns) {
        asker.step(input);
    }
}

}  // namespace jetway::fuzz
