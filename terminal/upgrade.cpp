// OpenSSL's SHA-1 by itself, without the providers of its newer interface: they would cost a router
// megabytes.
#define OPENSSL_API_COMPAT 0x10100000L

#include "terminal/upgrade.h"

#include <http_parser.h>
#include <openssl/evp.h>
#include <openssl/sha.h>

#include <algorithm>
#include <array>

namespace jetway::terminal {
namespace {

constexpr std::string_view guid = "258EAFA5-E914-47DA-95CA-C5AB0DC85B11";  // RFC 6455, section 1.3
constexpr std::size_t key_bytes = 16;
constexpr std::size_t longest_line = 256;

std::string base64(base::ByteView bytes) {
    std::string text(4 * ((bytes.size() + 2) / 3) + 1, '\0');
    const int size = EVP_EncodeBlock(reinterpret_cast<unsigned char*>(text.data()), bytes.data(),
                                     static_cast<int>(bytes.size()));
    text.resize(static_cast<std::size_t>(size));
    return text;
}

// A key is the base64 of 16 bytes: 24 characters, the last two of them padding.
bool is_key(const std::string& key) {
    constexpr std::size_t size = 24;
    if (key.size() != size || !key.ends_with("==") || key[size - 3] == '=') {
        return false;
    }
    std::array<unsigned char, size> bytes{};
    return EVP_DecodeBlock(bytes.data(), reinterpret_cast<const unsigned char*>(key.data()),
                           static_cast<int>(size)) == static_cast<int>(key_bytes + 2);
}

std::string first_line(std::string_view text) {
    std::string line(text.substr(0, std::min(text.find_first_of("\r\n"), text.size())));
    std::replace_if(
        line.begin(), line.end(), [](char c) { return c < ' ' || c == '\x7f'; }, '?');
    return line;
}

// The host of `http://host:port`, without brackets; empty when it is none.
std::string host_of(const std::string& origin) {
    http_parser_url url;
    http_parser_url_init(&url);
    if (http_parser_parse_url(origin.data(), origin.size(), 0, &url) != 0 ||
        (url.field_set & (1U << UF_HOST)) == 0) {
        return {};
    }
    return origin.substr(url.field_data[UF_HOST].off, url.field_data[UF_HOST].len);
}

}  // namespace

std::string websocket_accept(std::string_view key) {
    const std::string text = std::string(key) + std::string(guid);
    std::array<std::uint8_t, SHA_DIGEST_LENGTH> digest{};
    SHA_CTX context;
    SHA1_Init(&context);
    SHA1_Update(&context, text.data(), text.size());
    SHA1_Final(digest.data(), &context);
    return base64(digest);
}

std::size_t UpgradeServer::on_bytes(base::ByteView bytes) {
    const std::size_t used = reader_.feed(bytes);
    if (state_ != State::reading) {
        return used;
    }
    switch (reader_.state()) {
        case HttpHeadReader::State::whole:
            check(reader_.head());
            break;
        case HttpHeadReader::State::broken:
            refuse(400, "expected an HTTP/1.1 request: " + reader_.fault());
            break;
        case HttpHeadReader::State::too_long:
            refuse(431, "the head of a request has at most " +
                            std::to_string(HttpHeadReader::longest) + " bytes");
            break;
        default:
            break;
    }
    return used;
}

void UpgradeServer::check(const HttpHead& head) {
    if (head.method != "GET") {
        return refuse(405, "a WebSocket begins with GET, not " + head.method, "Allow: GET\r\n");
    }
    if (head.major != 1 || head.minor < 1) {
        return refuse(505, "a WebSocket begins with HTTP/1.1");
    }
    if (head.only("host") == nullptr) {
        return refuse(400, "a request has one Host field");
    }
    const std::string path = head.target.substr(0, head.target.find('?'));
    if (path != policy_.path) {
        return refuse(404, "nothing is here; this router speaks WebSocket at " + policy_.path);
    }
    if (!head.lists("upgrade", "websocket") || !head.lists("connection", "upgrade")) {
        return refuse(426,
                      "this is a Jetway router: connect by WebSocket (ws:// or wss://), with the "
                      "subprotocol jetway.1",
                      "Upgrade: websocket\r\nSec-WebSocket-Version: 13\r\n");
    }
    const std::string* version = head.only("sec-websocket-version");
    if (version == nullptr || *version != "13") {
        return refuse(426, "this router speaks version 13 of WebSocket",
                      "Upgrade: websocket\r\nSec-WebSocket-Version: 13\r\n");
    }
    const std::string* key = head.only("sec-websocket-key");
    if (key == nullptr || !is_key(*key)) {
        return refuse(400, "expected one Sec-WebSocket-Key, the base64 of 16 bytes");
    }
    if (const std::size_t origins = head.count("origin"); origins > 0) {
        const std::string* origin = head.only("origin");
        if (origin == nullptr || !welcome(*origin)) {
            return refuse(403,
                          "web pages of this origin may not connect; add it to the terminal's "
                          "`origins` in deployment.yml");
        }
    }
    if (!head.lists("sec-websocket-protocol", websocket_subprotocol)) {
        return refuse(400, "expected the subprotocol jetway.1 in Sec-WebSocket-Protocol");
    }
    state_ = State::upgraded;
    answer_ =
        "HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
        "Sec-WebSocket-Accept: " +
        websocket_accept(*key) +
        "\r\nSec-WebSocket-Protocol: " + std::string(websocket_subprotocol) + "\r\n\r\n";
}

bool UpgradeServer::welcome(const std::string& origin) const {
    const auto same = [](const std::string& with) {
        return [&with](const std::string& text) { return equal_ignoring_case(text, with); };
    };
    const auto& listed = policy_.origins;
    if (std::any_of(listed.begin(), listed.end(), same("*")) ||
        std::any_of(listed.begin(), listed.end(), same(origin))) {
        return true;
    }
    const std::string host = host_of(origin);
    const auto& own = policy_.own_hosts;
    return !host.empty() && std::any_of(own.begin(), own.end(), same(host));
}

void UpgradeServer::refuse(unsigned status, std::string words, std::string_view fields) {
    state_ = State::refused;
    const std::string body = words + "\n";
    answer_ = "HTTP/1.1 " + std::to_string(status) + " " +
              http_status_str(static_cast<http_status>(status)) + "\r\n" + std::string(fields) +
              (fields.starts_with("Upgrade:") ? "Connection: Upgrade, close\r\n"
                                              : "Connection: close\r\n") +
              "Content-Type: text/plain; charset=utf-8\r\nContent-Length: " +
              std::to_string(body.size()) + "\r\n\r\n" + body;
    why_ = {"upgrade-" + std::to_string(status), std::move(words)};
}

UpgradeClient::UpgradeClient(const Target& target, base::Random& random) {
    std::array<std::uint8_t, key_bytes> bytes{};
    base::write_be(bytes.data(), random.next());
    base::write_be(bytes.data() + 8, random.next());
    key_ = base64(bytes);
    request_ = "GET " + target.path + " HTTP/1.1\r\nHost: " + target.host +
               "\r\nUpgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Key: " + key_ +
               "\r\nSec-WebSocket-Version: 13\r\nSec-WebSocket-Protocol: " +
               std::string(websocket_subprotocol) + "\r\n\r\n";
}

std::size_t UpgradeClient::on_bytes(base::ByteView bytes) {
    if (state_ != State::reading) {
        return 0;
    }
    const std::size_t used = reader_.feed(bytes);
    switch (reader_.state()) {
        case HttpHeadReader::State::reading:
            return used;
        case HttpHeadReader::State::broken:
            refuse("bad-upgrade", "no HTTP answered: " + reader_.fault());
            return used;
        case HttpHeadReader::State::too_long:
            refuse("bad-upgrade", "the answer's head is longer than " +
                                      std::to_string(HttpHeadReader::longest) + " bytes");
            return used;
        default:
            break;
    }
    if (reader_.head().status == 101) {
        check(reader_.head());
        return used;
    }
    body_ += base::as_text(
        bytes.subspan(used, std::min(bytes.size() - used, longest_line - body_.size())));
    if (body_.find('\n') != std::string::npos || body_.size() == longest_line) {
        refuse_by_status();
    }
    return bytes.size();
}

void UpgradeClient::on_end() {
    if (state_ != State::reading) {
        return;
    }
    if (reader_.state() == HttpHeadReader::State::whole) {
        refuse_by_status();
    } else {
        refuse("bad-upgrade", "the connection was closed before the upgrade was answered");
    }
}

void UpgradeClient::check(const HttpHead& head) {
    if (!head.lists("upgrade", "websocket") || !head.lists("connection", "upgrade")) {
        return refuse("bad-upgrade", "the answer is 101, but not to WebSocket");
    }
    const std::string* accept = head.only("sec-websocket-accept");
    if (accept == nullptr || *accept != websocket_accept(key_)) {
        return refuse("bad-upgrade", "the answer's Sec-WebSocket-Accept isn't our key's digest");
    }
    const std::string* protocol = head.only("sec-websocket-protocol");
    if (protocol == nullptr || *protocol != websocket_subprotocol) {
        return refuse("bad-upgrade", "the peer doesn't speak the subprotocol jetway.1");
    }
    if (head.count("sec-websocket-extensions") > 0) {
        return refuse("bad-upgrade", "the peer uses an extension that nobody offered");
    }
    state_ = State::upgraded;
}

void UpgradeClient::refuse(std::string code, std::string detail) {
    state_ = State::refused;
    why_ = {std::move(code), std::move(detail)};
}

void UpgradeClient::refuse_by_status() {
    const unsigned status = reader_.head().status;
    const std::string line = first_line(body_);
    refuse("upgrade-refused", "the peer refused the upgrade: " + std::to_string(status) + " " +
                                  http_status_str(static_cast<http_status>(status)) +
                                  (line.empty() ? "" : ": " + line));
}

}  // namespace jetway::terminal
