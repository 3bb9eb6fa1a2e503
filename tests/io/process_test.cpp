#include "io/process.h"

#include <sys/wait.h>

#include <csignal>
#include <fstream>

#include "fixtures.h"
#include "io/file.h"

namespace jetway::io {
namespace {

struct Ended {
    bool yes = false;
    int status = -1;
    int signal = -1;
};

auto into(Ended& ended) {
    return [&ended](int status, int signal) { ended = {true, status, signal}; };
}

SpawnOptions shell(const std::string& script, SpawnOptions::Stdio stdio) {
    SpawnOptions options;
    options.args = {"sh", "-c", script};
    options.stdio = stdio;
    return options;
}

}  // namespace

TEST_SUITE_BEGIN("io.process");

TEST_CASE("lines of stdout and stderr come apart, the last one without a newline too") {
    Loop loop;
    std::vector<std::string> out;
    std::vector<std::string> err;
    auto options =
        shell("echo one; echo; echo bad >&2; printf \"$WORD\"; exit 3", SpawnOptions::Stdio::lines);
    options.environment = {{"WORD", "last"}};
    options.on_line = [&](std::string_view line, SpawnOptions::From from) {
        (from == SpawnOptions::From::out ? out : err).emplace_back(line);
    };
    Ended ended;
    const auto process = Process::spawn(loop, std::move(options), into(ended));
    REQUIRE(process);
    CHECK(wait_for(loop, [&] { return ended.yes; }));
    CHECK(ended.status == 3);
    CHECK(ended.signal == 0);
    CHECK(out == std::vector<std::string>{"one", "", "last"});
    CHECK(err == std::vector<std::string>{"bad"});
    CHECK_FALSE((*process)->running());
}

TEST_CASE("a long line comes in pieces of 64 KiB and no empty line after it") {
    Loop loop;
    std::vector<std::size_t> sizes;
    auto options =
        shell("head -c 131072 /dev/zero | tr '\\0' x; echo; echo y", SpawnOptions::Stdio::lines);
    options.on_line = [&](std::string_view line, SpawnOptions::From) {
        sizes.push_back(line.size());
    };
    Ended ended;
    const auto process = Process::spawn(loop, std::move(options), into(ended));
    REQUIRE(process);
    CHECK(wait_for(loop, [&] { return ended.yes; }));
    CHECK(sizes == std::vector<std::size_t>{65536, 65536, 1});
}

TEST_CASE("data goes to stdin and the answer comes from stdout") {
    Loop loop;
    auto options = shell("cat", SpawnOptions::Stdio::exchange);
    options.input = base::Bytes(3'000'000, 'q');
    Ended ended;
    const auto process = Process::spawn(loop, std::move(options), into(ended));
    REQUIRE(process);
    CHECK(wait_for(loop, [&] { return ended.yes; }));
    CHECK(ended.status == 0);
    CHECK((*process)->output() == base::Bytes(3'000'000, 'q'));
}

TEST_CASE("output beyond the bound ends the child") {
    Loop loop;
    auto options = shell("exec cat /dev/zero", SpawnOptions::Stdio::exchange);
    options.output_limit = 100'000;
    Ended ended;
    const auto process = Process::spawn(loop, std::move(options), into(ended));
    REQUIRE(process);
    CHECK(wait_for(loop, [&] { return ended.yes; }));
    CHECK(ended.signal == SIGKILL);
    CHECK((*process)->output_exceeded());
    CHECK((*process)->output().size() == 100'000);
}

TEST_CASE("a child that does not read its stdin is no error") {
    Loop loop;
    auto options = shell("exit 0", SpawnOptions::Stdio::exchange);
    options.input = base::Bytes(3'000'000, 'q');
    Ended ended;
    const auto process = Process::spawn(loop, std::move(options), into(ended));
    REQUIRE(process);
    CHECK(wait_for(loop, [&] { return ended.yes; }));
    CHECK(ended.status == 0);
}

TEST_CASE("a signal reaches the child, and its end says which") {
    Loop loop;
    Ended ended;
    auto options = shell("exec sleep 100", SpawnOptions::Stdio::inherit);
    const auto process = Process::spawn(loop, std::move(options), into(ended));
    REQUIRE(process);
    CHECK((*process)->running());
    (*process)->kill(SIGTERM);
    CHECK(wait_for(loop, [&] { return ended.yes; }));
    CHECK(ended.signal == SIGTERM);
}

TEST_CASE("a command that does not exist is an error, not an end") {
    Loop loop;
    SpawnOptions options;
    options.args = {"/nonexistent/command"};
    options.stdio = SpawnOptions::Stdio::exchange;
    Ended ended;
    const auto process = Process::spawn(loop, std::move(options), into(ended));
    REQUIRE_FALSE(process);
    CHECK(process.error().code == "ENOENT");
    CHECK_FALSE(ended.yes);
}

TEST_CASE("destroying a process ends and reaps it, in its own callback too") {
    Loop loop;
    Ended ended;
    auto process =
        Process::spawn(loop, shell("exec sleep 100", SpawnOptions::Stdio::lines), into(ended));
    REQUIRE(process);
    const pid_t pid = (*process)->pid();
    process->reset();
    CHECK(::waitpid(pid, nullptr, WNOHANG) < 0);
    CHECK_FALSE(ended.yes);

    std::unique_ptr<Process> talker;
    auto options = shell("echo a; echo b; exec sleep 100", SpawnOptions::Stdio::lines);
    int lines = 0;
    options.on_line = [&](std::string_view, SpawnOptions::From) {
        ++lines;
        talker = nullptr;
    };
    auto second = Process::spawn(loop, std::move(options), into(ended));
    REQUIRE(second);
    talker = std::move(*second);
    CHECK(wait_for(loop, [&] { return talker == nullptr; }));
    CHECK(lines == 1);
}

TEST_SUITE_END();

TEST_SUITE_BEGIN("io.file");

TEST_CASE("a file is read whole up to its bound") {
    const TemporaryFolder folder;
    const std::string path = folder.file("a.txt");
    std::ofstream(path) << std::string(100'000, 'x');
    const auto whole = read_file(path, 100'000);
    REQUIRE(whole);
    CHECK(whole->size() == 100'000);
    const auto bounded = read_file(path, 99'999);
    REQUIRE_FALSE(bounded);
    CHECK(bounded.error().code == "EFBIG");
    const auto none = read_file(folder.file("none"), 10);
    REQUIRE_FALSE(none);
    CHECK(none.error().code == "ENOENT");
    CHECK_FALSE(read_file("/tmp", 10));
}

TEST_SUITE_END();
}  // namespace jetway::io
