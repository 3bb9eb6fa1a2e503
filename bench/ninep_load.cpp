// jetway-ninep-load: a 9P2000.L client that does one thing over and over, and says how fast.
//
//     jetway-ninep-load round-trips ADDRESS ANAME FILE SECONDS    walk, open, read, clunk of FILE
//     jetway-ninep-load reads ADDRESS ANAME FILE SECONDS          8 KiB reads of FILE, 16 at once
//     jetway-ninep-load requests ADDRESS ANAME FILE SECONDS       64 bytes written, the answer read
//     jetway-ninep-load envelopes SOCKET - SERVICE SECONDS        the same 64 bytes asked by
//     envelope
//
// ADDRESS is HOST:PORT or the path of a Unix socket. Prints one line of JSON: how many a second,
// and the median and 99th percentile in microseconds of what is one at a time. It blocks: what it
// waits for is the server.
#include <arpa/inet.h>
#include <netinet/tcp.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include <algorithm>
#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <functional>
#include <string>
#include <vector>

#include "envelope/envelope.h"
#include "envelope/frame.h"
#include "envelope/hello.h"
#include "envelope/packer.h"
#include "ninep/message.h"

namespace {

using namespace jetway;
using namespace jetway::ninep;
using Clock = std::chrono::steady_clock;

[[noreturn]] void die(const std::string& why) {
    std::fprintf(stderr, "jetway-ninep-load: %s\n", why.c_str());
    std::exit(1);
}

int dial(const std::string& address) {
    int fd = -1;
    if (address.find('/') != std::string::npos) {
        sockaddr_un to{};
        to.sun_family = AF_UNIX;
        if (address.size() >= sizeof(to.sun_path)) {
            die("the path is too long");
        }
        std::memcpy(to.sun_path, address.data(), address.size());
        fd = socket(AF_UNIX, SOCK_STREAM, 0);
        if (connect(fd, reinterpret_cast<const sockaddr*>(&to), sizeof(to)) != 0) {
            die("can't connect to " + address);
        }
        return fd;
    }
    const std::size_t colon = address.rfind(':');
    sockaddr_in to{};
    to.sin_family = AF_INET;
    to.sin_port = htons(static_cast<std::uint16_t>(std::atoi(address.c_str() + colon + 1)));
    inet_pton(AF_INET, address.substr(0, colon).c_str(), &to.sin_addr);
    fd = socket(AF_INET, SOCK_STREAM, 0);
    const int one = 1;
    setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &one, sizeof(one));
    if (connect(fd, reinterpret_cast<const sockaddr*>(&to), sizeof(to)) != 0) {
        die("can't connect to " + address);
    }
    return fd;
}

class Client {
public:
    explicit Client(const std::string& address) : fd_(dial(address)) {
        reader_.set_most(1U << 20U);
        Message version;
        version.type = Type::tversion;
        version.msize = 65'536;
        version.version = "9P2000.L";
        version.tag = no_tag;
        send(version);
        take();
    }

    void attach(const std::string& aname) {
        Message attach;
        attach.type = Type::tattach;
        attach.fid = root;
        attach.uname = "root";
        attach.aname = aname;
        attach.n_uname = 0;
        call(attach);
    }

    void walk(Fid to, const std::vector<std::string>& names) {
        Message walk;
        walk.type = Type::twalk;
        walk.fid = root;
        walk.newfid = to;
        for (const std::string& name : names) {
            walk.names.push_back(name);
        }
        call(walk);
    }

    void open(Fid fid, std::uint32_t flags) {
        Message open;
        open.type = Type::tlopen;
        open.fid = fid;
        open.flags = flags;
        call(open);
    }

    void clunk(Fid fid) {
        Message clunk;
        clunk.type = Type::tclunk;
        clunk.fid = fid;
        call(clunk);
    }

    void write(Fid fid, const std::string& data) {
        Message write;
        write.type = Type::twrite;
        write.fid = fid;
        write.data = base::as_bytes(data);
        call(write);
    }

    void start_read(Fid fid, Tag tag, std::uint64_t offset, std::uint32_t count) {
        Message read;
        read.type = Type::tread;
        read.fid = fid;
        read.offset = offset;
        read.count = count;
        read.tag = tag;
        send(read);
    }

    std::uint32_t read(Fid fid, std::uint64_t offset, std::uint32_t count) {
        start_read(fid, 1, offset, count);
        take();
        return bytes_;
    }

    // The next answer: its tag. Ends the program for an error.
    Tag take() {
        while (got_.empty()) {
            std::uint8_t buffer[256 * 1024];
            const ssize_t count = ::read(fd_, buffer, sizeof(buffer));
            if (count <= 0) {
                die("the server closed the connection");
            }
            const auto fed = reader_.feed(base::ByteView(buffer, static_cast<std::size_t>(count)),
                                          [this](base::ByteView whole) {
                                              got_.emplace_back(whole.begin(), whole.end());
                                              return true;
                                          });
            if (!fed) {
                die(fed.error().detail);
            }
        }
        const base::Bytes whole = std::move(got_.front());
        got_.erase(got_.begin());
        const auto answer = read_message(whole, Dialect::linux);
        if (!answer) {
            die(answer.error().detail);
        }
        if (answer->type == Type::rlerror) {
            die("error " + std::to_string(answer->ecode));
        }
        bytes_ = answer->count;
        return answer->tag;
    }

    static constexpr Fid root = 0;

private:
    void call(Message message) {
        message.tag = 1;
        send(message);
        take();
    }
    void send(const Message& message) {
        base::Bytes bytes;
        append_message(bytes, message, Dialect::linux);
        for (std::size_t done = 0; done < bytes.size();) {
            const ssize_t count = ::write(fd_, bytes.data() + done, bytes.size() - done);
            if (count <= 0) {
                die("the server closed the connection");
            }
            done += static_cast<std::size_t>(count);
        }
    }

    int fd_;
    MessageReader reader_;
    std::vector<base::Bytes> got_;
    std::uint32_t bytes_ = 0;
};

// The same by the router's own frames, as plainly.
class Asker {
public:
    explicit Asker(const std::string& socket) : fd_(dial(socket)) {
        envelope::Hello hello;
        hello.protocol = {envelope::protocol_version};
        base::Bytes body;
        envelope::append_hello(body, hello);
        send(envelope::Kind::hello, body);
        take(envelope::Kind::hello);
    }

    void ask(const std::string& service, const std::string& data) {
        base::Bytes id;
        base::Bytes packed;
        base::Bytes body;
        envelope::Packer(id).number(1);
        envelope::Packer(packed).binary(base::as_bytes(data));
        envelope::EnvelopeFields fields;
        fields.destination = service;
        fields.id = id;
        fields.data = packed;
        envelope::append_envelope(body, fields);
        send(envelope::Kind::envelope, body);
        take(envelope::Kind::envelope);
    }

private:
    void send(envelope::Kind kind, base::ByteView body) {
        base::Bytes frame;
        envelope::append_frame(frame, {.kind = kind, .flags = 0, .hops = 0, .pin = {}}, body);
        if (::write(fd_, frame.data(), frame.size()) != static_cast<ssize_t>(frame.size())) {
            die("the router closed the connection");
        }
    }
    void take(envelope::Kind kind) {
        bool came = false;
        while (!came) {
            std::uint8_t buffer[64 * 1024];
            const ssize_t count = ::read(fd_, buffer, sizeof(buffer));
            if (count <= 0) {
                die("the router closed the connection");
            }
            reader_.feed(base::ByteView(buffer, static_cast<std::size_t>(count)), nullptr,
                         [&](const envelope::Frame& frame) {
                             envelope::EnvelopeView view;
                             if (frame.kind == envelope::Kind::envelope &&
                                 envelope::read_envelope(frame.body, view) == nullptr &&
                                 !view.error.empty()) {
                                 die("refused: " + envelope::read_error(view.error).code);
                             }
                             came = came || frame.kind == kind;
                             return true;
                         });
        }
    }

    int fd_;
    envelope::FrameReader reader_{1U << 20U};
};

std::vector<std::string> names_in(const std::string& path) {
    std::vector<std::string> names;
    std::size_t at = 0;
    while (at < path.size()) {
        const std::size_t end = std::min(path.find('/', at), path.size());
        if (end > at) {
            names.push_back(path.substr(at, end - at));
        }
        at = end + 1;
    }
    return names;
}

// Does it until the time is over; prints how often, and how long one takes.
void repeat(double seconds, const std::function<void()>& once) {
    std::vector<double> took;
    const auto start = Clock::now();
    auto last = start;
    while (last - start < std::chrono::duration<double>(seconds)) {
        once();
        const auto now = Clock::now();
        took.push_back(std::chrono::duration<double, std::micro>(now - last).count());
        last = now;
    }
    std::sort(took.begin(), took.end());
    const double all = std::chrono::duration<double>(last - start).count();
    std::printf("{\"per_second\": %.0f, \"p50\": %.2f, \"p99\": %.2f}\n",
                static_cast<double>(took.size()) / all, took[took.size() / 2],
                took[took.size() * 99 / 100]);
}

void read_pipelined(Client& client, double seconds) {
    constexpr Tag at_once = 16;
    constexpr std::uint32_t size = 8'192;
    constexpr std::uint64_t span = 1U << 20U;  // of the file, over and over
    std::uint64_t offset = 0;
    for (Tag tag = 0; tag < at_once; ++tag) {
        client.start_read(1, tag, offset, size);
        offset = (offset + size) % span;
    }
    std::uint64_t done = 0;
    const auto start = Clock::now();
    auto now = start;
    while (now - start < std::chrono::duration<double>(seconds)) {
        for (int i = 0; i < at_once; ++i) {
            client.start_read(1, client.take(), offset, size);
            offset = (offset + size) % span;
            ++done;
        }
        now = Clock::now();
    }
    std::printf("{\"per_second\": %.0f}\n",
                static_cast<double>(done) / std::chrono::duration<double>(now - start).count());
}

}  // namespace

int main(int argc, char** argv) {
    const std::vector<std::string> given(argv + 1, argv + argc);
    if (given.size() != 5) {
        die("expected WHAT ADDRESS ANAME FILE SECONDS");
    }
    if (given[0] == "envelopes") {
        Asker asker(given[1]);
        const std::string question(64, 'x');
        repeat(std::atof(given[4].c_str()), [&] { asker.ask(given[3], question); });
        return 0;
    }
    Client client(given[1]);
    client.attach(given[2]);
    const std::vector<std::string> path = names_in(given[3]);
    const double seconds = std::atof(given[4].c_str());
    if (given[0] == "round-trips") {
        repeat(seconds, [&] {
            client.walk(1, path);
            client.open(1, 0);
            client.read(1, 0, 4'096);
            client.clunk(1);
        });
    } else if (given[0] == "reads") {
        client.walk(1, path);
        client.open(1, 0);
        read_pipelined(client, seconds);
    } else if (given[0] == "requests") {
        client.walk(1, path);
        client.open(1, 2);
        const std::string question(64, 'x');
        repeat(seconds, [&] {
            client.write(1, question);
            client.read(1, 0, 4'096);
        });
    } else {
        die("expected round-trips, reads, requests or envelopes, not " + given[0]);
    }
}
