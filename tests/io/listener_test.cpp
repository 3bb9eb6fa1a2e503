#include "io/listener.h"

#include <fcntl.h>
#include <netinet/in.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

#include <fstream>

#include "fixtures.h"
#include "io/address.h"

namespace jetway::io {
namespace {

const auto ignore = [](std::unique_ptr<Stream>) {};

// A socket file as a crashed process leaves it.
void leave_stale_socket(const std::string& path) {
    const int fd = ::socket(AF_UNIX, SOCK_STREAM, 0);
    const auto address = unix_address(path);
    REQUIRE(address);
    REQUIRE(::bind(fd, address->get(), address->length) == 0);
    REQUIRE(::listen(fd, 1) == 0);
    ::close(fd);
}

}  // namespace

TEST_SUITE_BEGIN("io.listener");

TEST_CASE("port 0 is resolved, and a port in use is refused by name") {
    Loop loop;
    auto first = Listener::open(loop, Endpoint::tcp("127.0.0.1", 0), ignore);
    REQUIRE(first);
    const Endpoint bound = (*first)->bound();
    CHECK(bound.port != 0);
    const auto second = Listener::open(loop, bound, ignore);
    REQUIRE_FALSE(second);
    CHECK(second.error().code == "EADDRINUSE");
    CHECK(second.error().detail.find(bound.text()) != std::string::npos);
    first->reset();
    CHECK(Listener::open(loop, bound, ignore));
}

TEST_CASE("a stale socket file is replaced, and goes with its listener") {
    const TemporaryFolder folder;
    const std::string path = folder.file("a.sock");
    leave_stale_socket(path);
    Loop loop;
    {
        const Pair pair(loop, Endpoint::unix_socket(path));
        struct stat file {};
        REQUIRE(::stat(path.c_str(), &file) == 0);
        CHECK((file.st_mode & 0777U) == 0666U);
    }
    CHECK_FALSE(std::filesystem::exists(path));
}

TEST_CASE("a live socket is an error that says who holds it") {
    const TemporaryFolder folder;
    const auto at = Endpoint::unix_socket(folder.file("a.sock"));
    Loop loop;
    const auto first = Listener::open(loop, at, ignore);
    REQUIRE(first);
    const auto second = Listener::open(loop, at, ignore);
    REQUIRE_FALSE(second);
    CHECK(second.error().code == "EADDRINUSE");
    CHECK(second.error().detail.find("pid " + std::to_string(::getpid())) != std::string::npos);
    CHECK(second.error().detail.find("uid " + std::to_string(::getuid())) != std::string::npos);
    CHECK(std::filesystem::exists(at.path));
}

TEST_CASE("what is not a socket is left alone, and a path too long is refused") {
    const TemporaryFolder folder;
    const std::string path = folder.file("notes.txt");
    std::ofstream(path) << "mine";
    Loop loop;
    const auto taken = Listener::open(loop, Endpoint::unix_socket(path), ignore);
    REQUIRE_FALSE(taken);
    CHECK(taken.error().code == "EEXIST");
    CHECK(std::filesystem::file_size(path) == 4);

    const auto longer = folder.file(std::string(108, 'x'));
    const auto refused = Listener::open(loop, Endpoint::unix_socket(longer), ignore);
    REQUIRE_FALSE(refused);
    CHECK(refused.error().code == "ENAMETOOLONG");
}

TEST_CASE("missing folders are made; a socket file that somebody else made stays") {
    const TemporaryFolder folder;
    const std::string path = folder.file("run/jetway/a.sock");
    Loop loop;
    auto first = Listener::open(loop, Endpoint::unix_socket(path), ignore);
    REQUIRE(first);
    struct stat made {};
    REQUIRE(::stat(folder.file("run/jetway").c_str(), &made) == 0);
    CHECK((made.st_mode & 0777U) == 0755U);
    std::filesystem::rename(path, path + ".old");
    leave_stale_socket(path);
    first->reset();
    CHECK(std::filesystem::exists(path));
}

TEST_CASE("a listener may be destroyed by what it accepted") {
    const TemporaryFolder folder;
    Loop loop;
    std::unique_ptr<Listener> listener;
    auto opened = Listener::open(loop, Endpoint::unix_socket(folder.file("a.sock")),
                                 [&](std::unique_ptr<Stream>) { listener = nullptr; });
    REQUIRE(opened);
    listener = std::move(*opened);
    const Dialler one(loop, listener->bound(), std::chrono::seconds(5), [](auto) {});
    const Dialler two(loop, listener->bound(), std::chrono::seconds(5), [](auto) {});
    CHECK(wait_for(loop, [&] { return listener == nullptr; }));
}

TEST_CASE("out of files, accepting pauses, the loop does not spin, and then goes on") {
    const TemporaryFolder folder;
    Loop loop;
    int accepted = 0;
    auto opened = Listener::open(loop, Endpoint::unix_socket(folder.file("a.sock")),
                                 [&](std::unique_ptr<Stream>) { ++accepted; });
    REQUIRE(opened);
    const int client = ::socket(AF_UNIX, SOCK_STREAM, 0);
    const auto address = unix_address((*opened)->bound().path);
    REQUIRE(::connect(client, address->get(), address->length) == 0);

    rlimit before{};
    REQUIRE(::getrlimit(RLIMIT_NOFILE, &before) == 0);
    rlimit none = before;
    none.rlim_cur = 0;
    REQUIRE(::setrlimit(RLIMIT_NOFILE, &none) == 0);
    int turns = 0;
    loop.on_turn_end([&] { ++turns; });
    const bool paused = wait_for(loop, [&] { return (*opened)->pauses() == 2; });
    REQUIRE(::setrlimit(RLIMIT_NOFILE, &before) == 0);
    CHECK(paused);
    CHECK(turns < 50);
    CHECK((*opened)->last_pause().code == "EMFILE");
    CHECK(accepted == 0);
    CHECK(wait_for(loop, [&] { return accepted == 1; }));
    loop.on_turn_end(nullptr);
    ::close(client);
}

TEST_SUITE_END();

TEST_SUITE_BEGIN("io.dialler");

TEST_CASE("a refused connection is an error that names the endpoint") {
    const TemporaryFolder folder;
    leave_stale_socket(folder.file("stale.sock"));
    Loop loop;
    Endpoint nobody;
    {
        auto listener = Listener::open(loop, Endpoint::tcp("127.0.0.1", 0), ignore);
        REQUIRE(listener);
        nobody = (*listener)->bound();
    }
    const auto dial = [&](const Endpoint& to) {
        std::optional<base::Error> why;
        const Dialler dialler(loop, to, std::chrono::seconds(5),
                              [&](base::Result<std::unique_ptr<Stream>> stream) {
                                  REQUIRE_FALSE(stream);
                                  REQUIRE_FALSE(why);
                                  why = stream.error();
                              });
        CHECK_FALSE(why);
        REQUIRE(wait_for(loop, [&] { return why.has_value(); }));
        return *why;
    };
    const base::Error refused = dial(nobody);
    CHECK(refused.code == "ECONNREFUSED");
    CHECK(refused.detail.find(nobody.text()) != std::string::npos);
    CHECK(dial(Endpoint::unix_socket(folder.file("stale.sock"))).code == "ECONNREFUSED");
    CHECK(dial(Endpoint::unix_socket(folder.file("none.sock"))).code == "ENOENT");
    CHECK(dial(Endpoint::unix_socket(std::string(200, 'x'))).code == "ENAMETOOLONG");
}

TEST_CASE("a name is resolved, and its addresses are tried in turn") {
    Loop loop;
    auto listener = Listener::open(loop, Endpoint::tcp("127.0.0.1", 0), ignore);
    REQUIRE(listener);
    bool connected = false;
    const Dialler dialler(
        loop, Endpoint::tcp("localhost", (*listener)->bound().port), std::chrono::seconds(5),
        [&](base::Result<std::unique_ptr<Stream>> stream) { connected = stream.has_value(); });
    CHECK(wait_for(loop, [&] { return connected; }));
}

TEST_CASE("an attempt that nobody answers times out") {
    // A queue of one, filled: further connections wait.
    const int full = ::socket(AF_INET, SOCK_STREAM, 0);
    const auto any = numeric_addresses(Endpoint::tcp("127.0.0.1", 0));
    REQUIRE(::bind(full, any.front().get(), any.front().length) == 0);
    REQUIRE(::listen(full, 0) == 0);
    SocketAddress bound;
    REQUIRE(::getsockname(full, bound.get(), &bound.length) == 0);
    std::vector<int> fillers;
    for (int i = 0; i < 3; ++i) {
        fillers.push_back(::socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK, 0));
        static_cast<void>(::connect(fillers.back(), bound.get(), bound.length));
    }

    Loop loop;
    std::string code;
    const Dialler dialler(loop, bound.endpoint(), std::chrono::milliseconds(30),
                          [&](base::Result<std::unique_ptr<Stream>> stream) {
                              code = stream ? "connected" : stream.error().code;
                          });
    CHECK(wait_for(loop, [&] { return !code.empty(); }));
    CHECK(code == "ETIMEDOUT");
    for (const int filler : fillers) {
        ::close(filler);
    }
    ::close(full);
}

TEST_CASE("a dialler that is destroyed says nothing, in a lookup or in a connect") {
    Loop loop;
    auto listener = Listener::open(loop, Endpoint::tcp("127.0.0.1", 0), ignore);
    REQUIRE(listener);
    int answers = 0;
    for (const char* host : {"localhost", "127.0.0.1"}) {
        const Dialler dialler(loop, Endpoint::tcp(host, (*listener)->bound().port),
                              std::chrono::seconds(5), [&](auto) { ++answers; });
    }
    loop.run_once(std::chrono::milliseconds(20));
    CHECK(answers == 0);
}

TEST_CASE("a dialler may be destroyed by its own answer") {
    Loop loop;
    auto listener = Listener::open(loop, Endpoint::tcp("127.0.0.1", 0), ignore);
    REQUIRE(listener);
    int answers = 0;
    std::unique_ptr<Dialler> dialler;
    const auto answered = [&](auto) {
        ++answers;
        dialler = nullptr;
    };
    for (const Endpoint& to : {(*listener)->bound(), Endpoint::unix_socket("/nonexistent/x")}) {
        dialler = std::make_unique<Dialler>(loop, to, std::chrono::seconds(5), answered);
        CHECK(wait_for(loop, [&] { return dialler == nullptr; }));
    }
    CHECK(answers == 2);
}

TEST_SUITE_END();
}  // namespace jetway::io
