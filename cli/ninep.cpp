// `jetway 9p`: files of a router's /svc, or of any other 9P server, without a mount.
#include <fmt/chrono.h>
#include <fmt/core.h>

#include <algorithm>
#include <array>
#include <cstdio>
#include <memory>

#include "cli/ninep_client.h"
#include "cli/options.h"
#include "cli/report.h"
#include "cli/verbs.h"
#include "console/table.h"
#include "console/text.h"
#include "ninep/exchange.h"
#include "ninep/translate.h"

namespace jetway::cli {

namespace {

using ninep::Instance;

constexpr std::size_t most_entries = 1'000'000;  // of a directory: one may have no end

struct NinepVerb {
    NinepOptions server;
    std::string path;
    std::string data;
    bool has_data = false;
    bool whole = false;       // rdwr: all of stdin is one request
    bool create = false;      // write: makes the file
    bool keep = false;        // write: what the file had stays
    bool as_table = false;    // ls -l
    std::uint64_t lines = 0;  // tail: ends after so many
};

int fail_at(const NinepVerb& verb, base::Error why) {
    if (why.code == "no-router" || why.code == "closed" || why.code == "usage") {
        return fail("9p", why);
    }
    if (ninep::is_of_connection(why)) {
        why.code = "closed";
    }
    if (why.code == "ETIMEDOUT") {
        why.code = "timeout";
    }
    if (why.detail.empty()) {
        why.detail = ninep::words_of(why);
    }
    return fail(verb.path, why);
}

std::string whole_stdin() {
    std::string all;
    std::array<char, 65'536> buffer{};
    while (const std::size_t got = std::fread(buffer.data(), 1, buffer.size(), stdin)) {
        all.append(buffer.data(), got);
    }
    return all;
}

// The next line of stdin, without its end; false: there is none.
bool read_line(std::string& line) {
    line.clear();
    int c = 0;
    while ((c = std::fgetc(stdin)) != EOF && c != '\n') {
        line += static_cast<char>(c);
    }
    return c != EOF || !line.empty();
}

std::string mode_text(std::uint32_t mode) {
    const char kind = (mode & ninep::s_ifmt) == ninep::s_ifdir   ? 'd'
                      : (mode & ninep::s_ifmt) == ninep::s_iflnk ? 'l'
                                                                 : '-';
    std::string text(1, kind);
    for (int shift = 8; shift >= 0; --shift) {
        const bool set = ((mode >> static_cast<unsigned>(shift)) & 1U) != 0;
        text += set ? "xwr"[shift % 3] : '-';
    }
    return text;
}

std::string time_text(const ninep::Time& time) {
    const auto seconds = static_cast<std::time_t>(std::min<std::uint64_t>(time.seconds, 1U << 31U));
    return fmt::format("{:%Y-%m-%d %H:%M:%S}", fmt::localtime(seconds));
}

// Runs `use` at the path, and leaves nothing of it at the server.
template <typename Use>
int at_path(const NinepVerb& verb, Use use) {
    NinepClient client(verb.server);
    const base::Result<Instance::Root> root = client.connect();
    if (!root) {
        return fail_at(verb, root.error());
    }
    base::Result<Instance::Found> found = client.walk(root->fid, verb.path);
    if (!found) {
        client.clunk(root->fid);
        return fail_at(verb, found.error());
    }
    const int code = use(client, found->fid);
    client.clunk(found->fid);
    client.clunk(root->fid);
    return code;
}

int run_stat(const NinepVerb& verb) {
    return at_path(verb, [&](NinepClient& client, ninep::Fid fid) -> int {
        const base::Result<ninep::About> about = client.about(fid);
        if (!about) {
            return fail_at(verb, about.error());
        }
        const char* dialect =
            client.instance().dialect() == ninep::Dialect::linux ? "9P2000.L" : "9P2000";
        print(fmt::format(
            "path      {}\nmode      {}\nlength    {}\nuid       {}\ngid       {}\nmodified  {}\n"
            "qid       {:02x} {} {:016x}\ndialect   {}\n",
            console::printable(verb.path), mode_text(about->mode), about->length,
            console::printable(about->uid), console::printable(about->gid),
            time_text(about->modified), about->qid.type, about->qid.version, about->qid.path,
            dialect));
        return exit_yes;
    });
}

base::Result<std::vector<ninep::DirectoryEntry>> list(NinepClient& client, ninep::Fid fid) {
    std::vector<ninep::DirectoryEntry> all;
    std::uint64_t cookie = 0;
    for (;;) {
        auto some = client.call<std::vector<ninep::DirectoryEntry>>(
            [&](const auto& then) { return client.instance().read_directory(fid, cookie, then); });
        if (!some) {
            return some.error();
        }
        if (some->empty()) {
            return all;
        }
        cookie = some->back().next;
        if (all.size() > most_entries) {
            return base::Error{"EIO", "a directory of more than a million files"};
        }
        std::move(some->begin(), some->end(), std::back_inserter(all));
    }
}

std::string listing(const std::vector<ninep::About>& files, bool colour) {
    console::Table table({"MODE", "USER", "GROUP", {"LENGTH", true}, "MODIFIED", "NAME"});
    for (const ninep::About& file : files) {
        table.add({mode_text(file.mode), file.uid, file.gid, std::to_string(file.length),
                   time_text(file.modified), file.name});
    }
    return table.text(colour);
}

int run_ls(const NinepVerb& verb, bool colour) {
    return at_path(verb, [&](NinepClient& client, ninep::Fid fid) -> int {
        base::Result<ninep::About> about = client.about(fid);
        if (!about) {
            return fail_at(verb, about.error());
        }
        if (!about->qid.is_directory()) {
            about->name = verb.path;
            print(verb.as_table ? listing({*about}, colour) : console::printable(verb.path) + "\n");
            return exit_yes;
        }
        const base::Result<Instance::Found> opened = client.walk(fid, "");
        if (!opened) {
            return fail_at(verb, opened.error());
        }
        base::Result<ninep::Opened> open = client.open(opened->fid, {.read = true});
        base::Result<std::vector<ninep::DirectoryEntry>> entries =
            open ? list(client, opened->fid) : open.error();
        client.clunk(opened->fid);
        if (!entries) {
            return fail_at(verb, entries.error());
        }
        std::sort(entries->begin(), entries->end(),
                  [](const auto& a, const auto& b) { return a.name < b.name; });
        std::vector<ninep::About> files;
        for (ninep::DirectoryEntry& entry : *entries) {
            if (!verb.as_table) {
                print(console::printable(entry.name) + (entry.qid.is_directory() ? "/\n" : "\n"));
                continue;
            }
            if (client.instance().dialect() == ninep::Dialect::linux) {
                base::Result<ninep::About> of = client.call<ninep::About>([&](const auto& then) {
                    return client.instance().about_entry(fid, {entry.name}, then);
                });
                if (!of) {
                    return fail_at(verb, of.error());
                }
                entry.about = std::move(*of);
            }
            files.push_back(std::move(entry.about));
        }
        if (verb.as_table) {
            print(listing(files, colour));
        }
        return exit_yes;
    });
}

// What can be read, to stdout, until 0 bytes; `as_lines`: with the end of the last line.
base::Result<void> show_rest(NinepClient& client, ninep::Fid fid, bool as_lines = false) {
    std::uint64_t offset = 0;
    bool ends_line = true;
    for (;;) {
        const base::Result<base::Bytes> bytes = client.read(fid, offset);
        if (!bytes) {
            return bytes.error();
        }
        if (bytes->empty()) {
            print(as_lines && !ends_line ? "\n" : "");
            return {};
        }
        ends_line = bytes->back() == '\n';
        print(base::as_text(*bytes));
        offset += bytes->size();
    }
}

int run_read(const NinepVerb& verb) {
    return at_path(verb, [&](NinepClient& client, ninep::Fid fid) -> int {
        if (const auto opened = client.open(fid, {.read = true}); !opened) {
            return fail_at(verb, opened.error());
        }
        const base::Result<void> shown = show_rest(client, fid);
        return shown ? exit_yes : fail_at(verb, shown.error());
    });
}

int run_write(const NinepVerb& verb) {
    const std::string data = verb.has_data ? verb.data : whole_stdin();
    NinepVerb at = verb;
    std::string name;
    if (verb.create) {
        const std::size_t slash = verb.path.rfind('/');
        name = verb.path.substr(slash == std::string::npos ? 0 : slash + 1);
        at.path = slash == std::string::npos ? "" : verb.path.substr(0, slash);
    }
    return at_path(at, [&](NinepClient& client, ninep::Fid fid) -> int {
        const ninep::OpenMode mode{.write = true, .truncate = !verb.keep};
        const base::Result<ninep::Opened> opened =
            verb.create ? client.call<ninep::Opened>([&](const auto& then) {
                return client.instance().create(fid, {.name = name, .mode = 0644, .open = mode},
                                                then);
            })
                        : client.open(fid, mode);
        if (!opened) {
            return fail_at(verb, opened.error());
        }
        const base::Result<void> written = client.write(fid, 0, data);
        return written ? exit_yes : fail_at(verb, written.error());
    });
}

int run_rdwr(const NinepVerb& verb) {
    return at_path(verb, [&](NinepClient& client, ninep::Fid fid) -> int {
        if (const auto opened = client.open(fid, {.read = true, .write = true}); !opened) {
            return fail_at(verb, opened.error());
        }
        const auto once = [&](const std::string& data, bool as_lines) -> int {
            base::Result<void> done = client.write(fid, 0, data);
            if (done) {
                done = show_rest(client, fid, as_lines);
            }
            return done ? exit_yes : fail_at(verb, done.error());
        };
        if (verb.has_data || verb.whole) {
            return once(verb.has_data ? verb.data : whole_stdin(), false);
        }
        int code = exit_yes;
        for (std::string line; code == exit_yes && !client.interrupted() && read_line(line);) {
            code = once(line, true);
        }
        return code;
    });
}

int run_tail(const NinepVerb& verb) {
    constexpr base::Duration wait = std::chrono::milliseconds(250);  // at a file that doesn't park
    return at_path(verb, [&](NinepClient& client, ninep::Fid fid) -> int {
        if (const auto opened = client.open(fid, {.read = true}); !opened) {
            return fail_at(verb, opened.error());
        }
        std::uint64_t offset = 0;
        std::uint64_t lines = 0;
        bool at_end = false;  // the last read had nothing either
        while (!client.interrupted() && (verb.lines == 0 || lines < verb.lines)) {
            const base::Result<base::Bytes> bytes = client.read(fid, offset);
            if (!bytes) {
                return client.interrupted() ? exit_yes : fail_at(verb, bytes.error());
            }
            std::string_view text = base::as_text(*bytes);
            offset += text.size();
            if (text.empty() && at_end) {
                client.pause(wait);
            }
            at_end = text.empty();
            while (!text.empty() && (verb.lines == 0 || lines < verb.lines)) {
                const std::size_t end = text.find('\n');
                lines += end != std::string_view::npos ? 1 : 0;
                const std::string_view line =
                    text.substr(0, end == std::string_view::npos ? end : end + 1);
                print(line);
                text.remove_prefix(line.size());
            }
        }
        return exit_yes;
    });
}

void add_server(CLI::App& verb, NinepVerb& options) {
    verb.add_option("PATH", options.path, "The file, as `/svc/web/health`; `/svc` may be left out")
        ->required();
    verb.add_option("--at", options.server.at,
                    "The 9P server: HOST:PORT[/PATH], unix:///SOCKET or /SOCKET (default: "
                    "the router that the other verbs ask, $JETWAY_SOCKET too)")
        ->type_name("ADDRESS");
    verb.add_option("--aname", options.server.aname, "The tree to attach to (diod: its export)")
        ->type_name("NAME");
    verb.add_option("--user", options.server.user, "Attach as this user (default: you)")
        ->type_name("NAME");
    verb.add_option("--dialect", options.server.dialect,
                    "The dialect to offer first (default: 9P2000.L)")
        ->check(CLI::IsMember({"9P2000", "9P2000.L"}));
    add_duration(verb, "--timeout", options.server.timeout, "Wait so long for an answer");
}

}  // namespace

void add_ninep(CLI::App& app, Context& context) {
    CLI::App* group =
        app.add_subcommand("9p", "Read and write files of /svc, or of any 9P server, unmounted");
    group->require_subcommand(1);
    group->footer(
        "Examples:\n"
        "  jetway 9p ls /svc\n"
        "  jetway 9p read /svc/web/health\n"
        "  jetway 9p write /svc/route/ctl 'register web 10.0.0.2:564/srv/web'\n"
        "  jetway 9p rdwr /svc/gpu-server/request 'hello'\n"
        "  jetway 9p tail /svc/route/events\n"
        "  jetway 9p ls -l /etc --at 10.0.0.2:564 --aname /srv/web");
    const auto add = [&](const char* name, const char* what,
                         const std::function<int(const NinepVerb&)>& run) {
        const auto options = std::make_shared<NinepVerb>();
        CLI::App* verb = group->add_subcommand(name, what);
        add_server(*verb, *options);
        verb->callback([options, run, verb, &context] {
            const CLI::Option* data = verb->get_option_no_throw("DATA");
            options->has_data = data != nullptr && data->count() > 0;
            context.exit_code = run(*options);
        });
        return std::make_pair(verb, options);
    };
    const auto [ls, ls_options] = add("ls", "List a directory", [&context](const NinepVerb& verb) {
        return run_ls(verb, context.colour);
    });
    ls->add_flag("-l", ls_options->as_table, "With what stat says of each");
    add("stat", "What the server says of a file", run_stat);
    add("read", "Write a file to stdout", run_read);
    const auto [write, write_options] = add("write", "Write a file, in one write", run_write);
    write->add_option("DATA", write_options->data, "What to write (default: stdin)");
    write->add_flag("--create", write_options->create, "Make the file, which isn't there yet");
    write->add_flag("--keep", write_options->keep, "Don't truncate it");
    const auto [rdwr, rdwr_options] =
        add("rdwr", "Write each line of stdin and read the answer, on one open file", run_rdwr);
    rdwr->add_option("DATA", rdwr_options->data, "Write this, and no lines");
    rdwr->add_flag("--whole", rdwr_options->whole, "Write all of stdin at once, and no lines");
    const auto [tail, tail_options] = add("tail", "Show a file as it grows", run_tail);
    tail_options->server.may_park = true;
    tail->add_option("--count", tail_options->lines, "End after so many lines (default: never)")
        ->type_name("N");
}

}  // namespace jetway::cli
