// The HTTP upgrade, both ends: what becomes of a head doesn't depend on where it is cut, and a
// refusal says why.
#include "terminal/upgrade.h"

#include "tests/fuzz/input.h"
#include "tests/fuzz/targets.h"

namespace jetway::fuzz {

namespace {

using terminal::UpgradeClient;
using terminal::UpgradeServer;

constexpr std::size_t longest_head = 8 << 10;

// Feeds an end that is `reading` and returns how many bytes it took in all.
template <typename End>
std::size_t feed(End& end, base::ByteView bytes) {
    if (end.state() != End::State::reading) {
        return 0;
    }
    const std::size_t taken = end.on_bytes(bytes);
    ensure(taken <= bytes.size(), "no more is taken than came");
    ensure(end.state() != End::State::reading || taken == bytes.size(),
           "as long as it reads it takes all");
    return taken;
}

UpgradeServer server() {
    return UpgradeServer(
        {.path = "/jetway", .own_hosts = {"10.0.0.2"}, .origins = {"https://app.example"}});
}

void at_server(Input& input) {
    UpgradeServer cut = server();
    base::Bytes all;
    std::size_t taken = 0;
    while (!input.empty()) {
        const base::ByteView piece = input.piece();
        taken += feed(cut, piece);
        base::append(all, piece);
    }
    UpgradeServer whole = server();
    const std::size_t at_once = feed(whole, all);
    ensure(cut.state() == whole.state() && cut.answer() == whole.answer(),
           "the answer does not depend on the cuts");
    ensure(cut.state() == UpgradeServer::State::refused || taken == at_once,
           "nor where the WebSocket begins");
    ensure(cut.state() != UpgradeServer::State::reading || taken <= longest_head + 4,
           "a head is bounded");
    switch (cut.state()) {
        case UpgradeServer::State::upgraded:
            ensure(cut.answer().starts_with("HTTP/1.1 101 ") &&
                       cut.answer().find("jetway.1") != std::string::npos,
                   "an upgrade is answered by 101");
            break;
        case UpgradeServer::State::refused:
            ensure(cut.answer().starts_with("HTTP/1.1 ") && !cut.answer().starts_with("HTTP/1.1 1"),
                   "a refusal is HTTP, too");
            ensure(cut.why().code.starts_with("upgrade-") && !cut.why().detail.empty(),
                   "and says why");
            break;
        default:
            break;
    }
}

void at_client(Input& input) {
    const bool ends = input.last() % 2 == 1;
    base::Random random(5);
    UpgradeClient cut({.host = "10.0.0.2:9001", .path = "/jetway"}, random);
    base::Random same(5);
    UpgradeClient whole({.host = "10.0.0.2:9001", .path = "/jetway"}, same);
    ensure(cut.request() == whole.request(), "the same key asks the same");
    base::Bytes all;
    std::size_t taken = 0;
    while (!input.empty()) {
        const base::ByteView piece = input.piece();
        taken += feed(cut, piece);
        base::append(all, piece);
    }
    const std::size_t at_once = feed(whole, all);
    if (ends) {
        for (UpgradeClient* end : {&cut, &whole}) {
            if (end->state() == UpgradeClient::State::reading) {
                end->on_end();
            }
            ensure(end->state() != UpgradeClient::State::reading, "the end is the end");
        }
    }
    ensure(cut.state() == whole.state(), "the verdict does not depend on the cuts");
    ensure(cut.state() == UpgradeClient::State::refused || taken == at_once,
           "nor where the WebSocket begins");
    if (cut.state() == UpgradeClient::State::refused) {
        ensure(cut.why().code == whole.why().code && cut.why().detail == whole.why().detail,
               "nor the reason");
        ensure(cut.why().code == "upgrade-refused" || cut.why().code == "bad-upgrade",
               "a refusal has a code");
    }
}

// Our own client's request, with a few bytes changed, to our own server.
void between_us(Input& input) {
    base::Random random(5);
    const UpgradeClient client({.host = "10.0.0.2:9001", .path = "/jetway"}, random);
    std::string request = client.request();
    const std::size_t changes = input.last() % 4;
    for (std::size_t i = 0; i < changes; ++i) {
        request[input.pair() % request.size()] = static_cast<char>(input.byte());
    }
    UpgradeServer end = server();
    feed(end, base::as_bytes(request));
    ensure(changes > 0 || end.state() == UpgradeServer::State::upgraded,
           "our own request is granted");
    if (end.state() == UpgradeServer::State::upgraded) {
        base::Random same(5);
        UpgradeClient asker({.host = "10.0.0.2:9001", .path = "/jetway"}, same);
        feed(asker, base::as_bytes(end.answer()));
        ensure(changes > 0 || asker.state() == UpgradeClient::State::upgraded,
               "and our own answer is taken");
    }
}

}  // namespace

void upgrade(base::ByteView bytes) {
    Input input(bytes);
    switch (input.last() % 4) {
        case 0:
        case 1:
            return at_server(input);
        case 2:
            return at_client(input);
        default:
            return between_us(input);
    }
}

}  // namespace jetway::fuzz
