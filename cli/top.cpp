// `jetway top`: rates, queues, round trips and refusals, live.
#include "console/top.h"

#include <poll.h>
#include <sys/ioctl.h>
#include <termios.h>
#include <unistd.h>

#include <csignal>
#include <map>
#include <nlohmann/json.hpp>

#include "cli/find_router.h"
#include "cli/options.h"
#include "cli/report.h"
#include "cli/verbs.h"
#include "client/control.h"
#include "console/fields.h"
#include "io/signals.h"

namespace jetway::cli {

namespace {

using envelope::Json;

struct TopOptions {
    RouterOptions router;
    std::string machine;
    bool mesh = false;
    bool once = false;
    bool json = false;
    base::Duration interval = std::chrono::seconds(1);
};

// The terminal as `top` wants it: the other screen, no cursor, long lines cut, keys at once. As it
// was, when this goes.
class Screen {
public:
    Screen() {
        if (tcgetattr(STDIN_FILENO, &before_) == 0) {
            termios raw = before_;
            raw.c_lflag &= ~static_cast<tcflag_t>(ICANON | ECHO);
            raw_ = tcsetattr(STDIN_FILENO, TCSANOW, &raw) == 0;
        }
        print("\x1b[?1049h\x1b[?25l\x1b[?7l");
    }
    ~Screen() {
        print("\x1b[?7h\x1b[?25h\x1b[?1049l");
        if (raw_) {
            tcsetattr(STDIN_FILENO, TCSANOW, &before_);
        }
    }
    Screen(const Screen&) = delete;
    Screen& operator=(const Screen&) = delete;

    // As many lines of it as there is room for.
    void show(const std::string& text) const {
        winsize size{};
        const bool known = ioctl(STDOUT_FILENO, TIOCGWINSZ, &size) == 0 && size.ws_row > 0;
        std::size_t rows = known ? size.ws_row : 24U;
        std::string shown = "\x1b[H";
        for (std::size_t at = 0; at < text.size() && rows > 1; --rows) {
            const std::size_t end = std::min(text.find('\n', at), text.size());
            shown += text.substr(at, end - at) + "\x1b[K\n";
            at = end + 1;
        }
        print(shown + "\x1b[J");
    }

    // Somebody pressed q, or nobody can press anything.
    bool left() const {
        pollfd in{.fd = STDIN_FILENO, .events = POLLIN, .revents = 0};
        while (raw_ && poll(&in, 1, 0) > 0) {
            char key = 0;
            if (read(STDIN_FILENO, &key, 1) <= 0 || key == 'q' || key == 'Q' || key == 4) {
                return true;
            }
        }
        return false;
    }

private:
    termios before_{};
    bool raw_ = false;
};

class Top {
public:
    Top(client::Runtime& runtime, client::Client& client, const TopOptions& options)
        : runtime_(runtime),
          client_(client),
          options_(options),
          signals_(runtime.loop(), {SIGINT, SIGTERM}, [this](int) { ended_ = true; }) {}

    int once(const Context& context) {
        base::Result<std::vector<Json>> routers = measure();
        runtime_.wait_until([this] { return ended_; }, runtime_.now() + options_.interval);
        routers = routers ? measure() : routers;
        if (!routers) {
            return fail("statistics", routers.error());
        }
        print(options_.json ? json(*routers) : console::top_text(*routers, context.colour));
        return missing_.empty() ? exit_yes : exit_some_missing;
    }

    int live(const Context& context) {
        Screen screen;
        while (!ended_) {
            const base::Result<std::vector<Json>> routers = measure();
            if (!routers) {
                failure_ = routers.error();
                break;
            }
            std::string text = console::top_text(*routers, context.colour);
            for (const std::string& line : missing_) {
                text += line + "\n";
            }
            screen.show(text);
            constexpr base::Duration glance = std::chrono::milliseconds(50);
            const base::Instant next = runtime_.now() + options_.interval;
            while (!ended_ && runtime_.now() < next) {
                runtime_.wait_until([this] { return ended_; },
                                    std::min(next, runtime_.now() + glance));
                ended_ = ended_ || screen.left();
            }
        }
        return exit_yes;
    }

    const std::optional<base::Error>& failure() const { return failure_; }

private:
    base::Result<Json> ask(const std::string& request, const std::string& machine) {
        return client::control(client_, {request, {}, machine}, options_.router.timeout);
    }

    // The rates of every router that is asked, since it was asked before.
    base::Result<std::vector<Json>> measure() {
        missing_.clear();
        std::vector<std::string> machines = {options_.machine};
        if (options_.mesh) {
            const base::Result<Json> graph = ask("graph", options_.machine);
            if (!graph) {
                return graph.error();
            }
            machines.clear();
            for (const Json& one : console::list_at(*graph, "machines")) {
                const std::string name = console::text_at(one, "machineId");
                if (console::flag_at(one, "reachable")) {
                    machines.push_back(name);
                } else {
                    missing_.push_back(name + " can't be reached");
                }
            }
        }
        std::vector<Json> routers;
        for (const std::string& machine : machines) {
            base::Result<Json> answer = ask("statistics", machine);
            if (!answer && !options_.mesh) {
                return answer.error();
            }
            if (!answer) {
                missing_.push_back(machine + " does not answer: " + answer.error().detail);
                continue;
            }
            Json& before = before_[machine];
            routers.push_back(console::rates(before, *answer));
            before = std::move(*answer);
        }
        return routers;
    }

    std::string json(const std::vector<Json>& routers) const {
        Json list = Json::array();
        for (const Json& one : routers) {
            list.push_back(one);
        }
        return envelope::write_json({{"schema", "jetway.top/1"},
                                     {"routers", std::move(list)},
                                     {"missing", missing_}}) +
               "\n";
    }

    client::Runtime& runtime_;
    client::Client& client_;
    const TopOptions& options_;
    bool ended_ = false;
    io::Signals signals_;
    std::map<std::string, Json> before_;
    std::vector<std::string> missing_;
    std::optional<base::Error> failure_;
};

int run_top(const TopOptions& options, const Context& context) {
    client::Runtime runtime;
    int exit_code = exit_yes;
    const auto client = reach_router(runtime, options.router, {}, exit_code);
    if (!client) {
        return exit_code;
    }
    Top top(runtime, *client, options);
    if (options.once || options.json || !context.to_terminal) {
        return top.once(context);
    }
    exit_code = top.live(context);
    return top.failure() ? fail("statistics", *top.failure()) : exit_code;
}

}  // namespace

void add_top(CLI::App& app, Context& context) {
    CLI::App* verb =
        app.add_subcommand("top", "Rates, queues, round trips and refusals, live; q leaves");
    verb->footer(
        "Examples:\n"
        "  jetway top\n"
        "  jetway top --mesh --interval 2s\n"
        "  jetway top --mesh --once --json");
    const auto options = std::make_shared<TopOptions>();
    add_router_options(*verb, options->router);
    verb->add_option("--at", options->machine, "Ask this machine's router, through the mesh")
        ->type_name("MACHINE");
    verb->add_flag("--mesh", options->mesh, "Every router that can be reached");
    verb->add_flag("--once", options->once,
                   "One page, of one interval; so it is without a terminal");
    verb->add_flag("--json", options->json, "One JSON object, of one interval");
    add_duration(*verb, "--interval", options->interval,
                 "Between two looks, and what rates are of");
    verb->callback([options, &context] { context.exit_code = run_top(*options, context); });
}

}  // namespace jetway::cli
