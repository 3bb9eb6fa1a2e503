// A program with a router inside: the machine of a deployment, its sockets, and a service without
// one.
//
//     jetway-example deploy/deployment.yml machine-a
//
// It starts that machine's router in its own loop, attaches `greeter` in process, asks it once by
// name as any other service would, prints the answer and ends. While it runs, other processes can
// reach `greeter`, too.
#include <cstdio>
#include <memory>
#include <string>

#include "config/deployment.h"
#include "daemon/server.h"
#include "envelope/cursor.h"
#include "envelope/packer.h"
#include "io/file.h"
#include "io/loop.h"
#include "io/timer.h"

namespace {

using namespace jetway;

constexpr std::size_t max_file = std::size_t{8} << 20U;
constexpr auto patience = std::chrono::seconds(5);

// What the file says of the machine; every line of what is wrong with it goes to stderr.
base::Result<config::MachineConfig> load(const std::string& file, const std::string& machine) {
    const base::Result<std::string> text = io::read_file(file, max_file);
    if (!text) {
        return text.error();
    }
    const config::Checked checked = config::parse_deployment(*text);
    for (const config::Problem& problem : checked.problems) {
        std::fprintf(stderr, "%s\n", config::format(problem, file).c_str());
    }
    if (!checked.deployment) {
        return base::Error{"config", file + " is not valid"};
    }
    // As `jetway up` does: every machine an address of its own in 127.0.0.0/8, so that this runs
    // anywhere.
    const config::Deployment local = config::map_to_loopback(*checked.deployment, nullptr);
    if (const config::MachineConfig* found = local.find(machine)) {
        return *found;
    }
    return base::Error{"config", file + ": no machine is named " + machine};
}

base::Bytes packed(std::string_view text) {
    base::Bytes bytes;
    envelope::Packer(bytes).text(text);
    return bytes;
}

std::string text_of(base::ByteView data) {
    envelope::Cursor cursor(data);
    std::string_view text;
    return cursor.read_text(text) ? std::string(text) : std::string("(no text)");
}

}  // namespace

int main(int argc, char** argv) {
    if (argc != 3) {
        std::fprintf(stderr, "usage: jetway-example DEPLOYMENT MACHINE\n");
        return 2;
    }
    base::Result<config::MachineConfig> machine = load(argv[1], argv[2]);
    if (!machine) {
        std::fprintf(stderr, "%s\n", machine.error().detail.c_str());
        return 3;
    }

    io::Loop loop;  // outlives all that is made with it
    daemon::Server::Options options;
    options.machine = std::move(*machine);
    options.socket = "";  // a path here lets other processes attach
    options.on_report = [](const base::Report& report) {
        if (report.level >= base::Report::Level::warning) {
            std::fprintf(stderr, "router: %s\n", report.event.c_str());
        }
    };
    base::Result<std::unique_ptr<daemon::Server>> server =
        daemon::Server::start(loop, std::move(options));
    if (!server) {
        std::fprintf(stderr, "%s\n", server.error().detail.c_str());
        return 1;
    }

    int result = 5;  // no answer in time
    const auto end = [&loop, &server] { (*server)->shut_down([&loop] { loop.stop(); }); };

    // The service. What it is given is good during the call, and it may send within it.
    envelope::ServiceEntry entry;
    entry.name = "greeter";
    std::unique_ptr<daemon::InProcess> greeter;
    greeter = (*server)->attach({entry}, [&greeter](const envelope::EnvelopeView& request) {
        if (request.is_answer() || request.answer_to().empty()) {
            return;  // answers and errors are never answered
        }
        const base::Bytes greeting = packed("hello, " + text_of(request.data));
        envelope::EnvelopeFields answer;
        answer.destination = request.answer_to();
        answer.in_reply_to = request.id;
        answer.data = greeting;
        if (const base::Result<void> sent = greeter->send(answer); !sent) {
            std::fprintf(stderr, "greeter: %s\n", sent.error().detail.c_str());
        }
    });

    // One who asks: no services, only an address that answers come to.
    const std::unique_ptr<daemon::InProcess> asker =
        (*server)->attach({}, [&](const envelope::EnvelopeView& answer) {
            if (answer.error.empty()) {
                std::printf("%.*s says: %s\n", static_cast<int>(answer.source.size()),
                            answer.source.data(), text_of(answer.data).c_str());
                result = 0;
            } else {
                const envelope::ErrorFields error = envelope::read_error(answer.error);
                std::fprintf(stderr, "refused: %s: %s\n", error.code.c_str(),
                             error.message.c_str());
                result = 1;
            }
            end();
        });
    if (!greeter->is_open() || !asker->is_open()) {
        std::fprintf(stderr, "not attached: %s%s\n", greeter->why_closed().c_str(),
                     asker->why_closed().c_str());
        return 1;
    }

    const base::Bytes id = packed("1");
    const base::Bytes name = packed("world");
    envelope::EnvelopeFields request;
    request.destination = "greeter";
    request.id = id;
    request.data = name;
    if (const base::Result<void> sent = asker->send(request); !sent) {
        std::fprintf(stderr, "%s\n", sent.error().detail.c_str());
        return 1;
    }
    io::Timer deadline(loop, end);
    deadline.set(loop.now() + patience);
    loop.run();
    return result;
}
