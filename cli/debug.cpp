// `jetway debug`: the debug terminal at this one, with editing, history and completion. It is the
// same session as on a router's debug socket (console/session.h), over the connection that every
// verb has.
#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <csignal>
#include <cstdlib>
#include <filesystem>
#include <memory>
#include <nlohmann/json.hpp>

#include "cli/find_router.h"
#include "cli/line_editor.h"
#include "cli/report.h"
#include "cli/verbs.h"
#include "client/control.h"
#include "console/completion.h"
#include "console/session.h"
#include "envelope/address.h"
#include "io/readable.h"
#include "io/signals.h"
#include "io/timer.h"

namespace jetway::cli {

namespace {

using console::Session;
using envelope::Json;

constexpr base::Duration names_age = std::chrono::seconds(5);  // of what is completed with
constexpr base::Duration names_timeout = std::chrono::milliseconds(500);
constexpr base::Duration beyond_deadline = std::chrono::seconds(1);  // the session has its own

struct DebugOptions {
    RouterOptions router;
    std::string machine;
};

// $XDG_STATE_HOME/jetway/history; empty where there is no such place.
std::string history_file() {
    const auto variable = [](const char* name) {
        const char* value = std::getenv(name);
        return value == nullptr ? std::string() : std::string(value);
    };
    std::filesystem::path folder = variable("XDG_STATE_HOME");
    if (!folder.is_absolute()) {
        folder = variable("HOME");
        if (!folder.is_absolute()) {
            return {};
        }
        folder /= ".local/state";
    }
    folder /= "jetway";
    std::error_code failed;
    if (std::filesystem::create_directories(folder, failed)) {
        std::filesystem::permissions(folder, std::filesystem::perms::owner_all, failed);
    }
    return failed ? std::string() : (folder / "history").string();
}

class Debugger {
public:
    Debugger(client::Client& client, const DebugOptions& options, const Context& context,
             bool typed)
        : client_(client),
          options_(options),
          session_({.machine = client.machine_id(),
                    .at = options.machine,
                    .ending = typed ? Session::Ending::nothing : Session::Ending::empty_line,
                    .colour = context.colour,
                    .address = [&client] { return client.address(); }}),
          timer_(client.runtime().loop(),
                 [this] {
                     session_.on_time(moment());
                     go_on();
                 }),
          signals_(client.runtime().loop(), {SIGINT}, [this](int) { interrupted_ = true; }) {
        auto watched = io::Readable::watch(client.runtime().loop(), STDIN_FILENO, [this] {
            readable_ = true;
            stdin_->stop();
        });
        if (watched) {
            stdin_ = std::move(*watched);
        }
    }

    // At a terminal.
    int edit() {
        LineEditor editor({.wait_for_key = [this] { return wait_for_input(); },
                           .complete =
                               [this](const std::string& before) {
                                   return console::completions(before, names());
                               }},
                          history_file());
        while (open()) {
            const LineEditor::Read read = editor.read(session_.prompt());
            if (read.end == LineEditor::End::end_of_input) {
                print("\n");
                break;
            }
            if (read.end == LineEditor::End::given_up) {
                interrupted_ = false;
                print("\n");
                continue;
            }
            type(read.line + "\n");
            run_command();
        }
        return finish();
    }

    // Lines from a pipe or a file.
    int read() {
        while (open() && !end_of_input_) {
            client_.runtime().wait_until(
                [this] { return !open() || session_.wants_input() || interrupted_; }, base::never);
            if (!open() || interrupted_ || !wait_for_input()) {
                break;
            }
            read_some();
        }
        client_.runtime().wait_until([this] { return !open() || interrupted_ || session_.ended(); },
                                     base::never);
        return finish();
    }

private:
    Session::Moment moment() {
        return {client_.runtime().loop().now(), std::chrono::system_clock::now()};
    }

    bool open() const { return client_.is_open() && !session_.ended(); }

    int finish() const {
        if (client_.is_open()) {
            return exit_yes;
        }
        return fail("debug of " + client_.machine_id(), client_.why_closed());
    }

    // False: Ctrl-C, or the router is gone.
    bool wait_for_input() {
        readable_ = stdin_ == nullptr;
        if (stdin_ != nullptr) {
            stdin_->start();
        }
        client_.runtime().wait_until([this] { return readable_ || interrupted_ || !open(); },
                                     base::never);
        return readable_ && !interrupted_ && open();
    }

    // What was typed runs until it is done; one that follows, until Enter or Ctrl-C.
    void run_command() {
        while (open() && !session_.idle()) {
            if (interrupted_) {
                interrupted_ = false;
                session_.interrupt(moment());
                go_on();
                print("\n");
            } else if (!session_.follows()) {
                client_.runtime().wait_until(
                    [this] {
                        return interrupted_ || !open() || session_.idle() || session_.follows();
                    },
                    base::never);
            } else if (wait_for_input()) {
                read_some();
            }
        }
    }

    void type(const std::string& text) {
        client_.runtime().now();  // the loop has slept while keys were awaited
        session_.on_bytes(base::as_bytes(text), moment());
        go_on();
    }

    void read_some() {
        std::array<char, 4096> room{};
        const ssize_t count = ::read(STDIN_FILENO, room.data(), room.size());
        if (count > 0) {
            type({room.data(), static_cast<std::size_t>(count)});
        } else if (count == 0 || errno != EINTR) {
            end_of_input_ = true;
            session_.on_end(moment());
            go_on();
        }
    }

    void go_on() {
        for (bool more = true; more;) {
            more = false;
            for (const Session::Asked& asked : session_.take_questions()) {
                ask(asked);
                more = true;
            }
            if (const std::string text = session_.take_output(moment()); !text.empty()) {
                print(text);
                more = true;
            }
        }
        timer_.set(session_.wake_at());
    }

    void ask(const Session::Asked& asked) {
        const console::Question& question = asked.question;
        const std::string destination =
            question.to.empty() ? envelope::make_address("router", question.machine) : question.to;
        base::Bytes data;
        if (question.to.empty()) {
            data = client::control_data({question.request, question.args, {}});
        } else if (!question.data.is_null()) {
            envelope::append_json(data, question.data);
        }
        envelope::EnvelopeFields fields;
        fields.destination = destination;
        fields.data = data;
        if (asked.number == 0) {
            fields.reply_to = question.reply_to;
            static_cast<void>(client_.send(fields));  // a router that is gone is told of by itself
            return;
        }
        const auto sent = client_.ask(
            fields, client_.runtime().loop().now() + question.timeout + beyond_deadline,
            [this, number = asked.number](const base::Result<envelope::EnvelopeView>& answer) {
                const std::string source(answer ? answer->source : std::string_view());
                session_.on_answer(number, read_answer(answer), source, moment());
                go_on();
                return session_.waits_for(number);
            },
            question.traced ? envelope::flag::trace : std::uint8_t{0});
        if (!sent) {
            session_.on_answer(asked.number, sent.error(), {}, moment());
        }
    }

    static base::Result<Json> read_answer(const base::Result<envelope::EnvelopeView>& answer) {
        if (!answer) {
            return answer.error();
        }
        return answer->data.empty() ? Json() : envelope::to_json(answer->data);
    }

    // Asked anew when they are old; what doesn't come in time is not completed with.
    const console::Names& names() {
        const base::Instant now = client_.runtime().now();
        if (names_at_ == base::Instant{} || now - names_at_ > names_age) {
            names_at_ = now;
            const auto graph = client::control(client_, {"graph", {}, {}}, names_timeout);
            if (graph) {
                names_ = console::names_in(*graph);
            }
        }
        return names_;
    }

    client::Client& client_;
    const DebugOptions& options_;
    Session session_;
    io::Timer timer_;
    io::Signals signals_;
    std::unique_ptr<io::Readable> stdin_;  // none: it is a file, which always is readable
    bool readable_ = false;
    bool interrupted_ = false;
    bool end_of_input_ = false;
    console::Names names_;
    base::Instant names_at_{};
};

int run_debug(const DebugOptions& options, const Context& context) {
    client::Runtime runtime;
    int exit_code = exit_yes;
    const auto client = reach_router(runtime, options.router, {}, exit_code);
    if (!client) {
        return exit_code;
    }
    if (!options.machine.empty()) {
        const auto there =
            client::control(*client, {"status", {}, options.machine}, options.router.timeout);
        if (!there) {
            return fail("status of router@" + options.machine, there.error());
        }
    }
    const bool typed = ::isatty(STDIN_FILENO) == 1 && context.to_terminal;
    Debugger debugger(*client, options, context, typed);
    return typed ? debugger.edit() : debugger.read();
}

}  // namespace

void add_debug(CLI::App& app, Context& context) {
    CLI::App* verb =
        app.add_subcommand("debug", "Look into routers, a line at a time; `help` lists the verbs");
    verb->footer(
        "At a terminal lines are edited and remembered ($XDG_STATE_HOME/jetway/history), Tab "
        "completes verbs, services and machines, Ctrl-C ends what runs, Ctrl-D leaves. From a pipe "
        "each line is answered, with an empty line after it, as on the router's debug socket.\n\n"
        "Examples:\n"
        "  jetway debug\n"
        "  jetway debug machine-c\n"
        "  echo 'routes gpu-server' | jetway debug");
    const auto options = std::make_shared<DebugOptions>();
    verb->add_option("MACHINE", options->machine,
                     "Look from this machine's router, through the mesh");
    add_router_options(*verb, options->router);
    verb->callback([options, &context] { context.exit_code = run_debug(*options, context); });
}

}  // namespace jetway::cli
