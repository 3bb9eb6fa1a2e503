#include "ninep/probe.h"

#include <algorithm>
#include <array>
#include <cctype>

namespace jetway::ninep {

namespace {

constexpr std::uint32_t health_bytes = 256;

bool says_well(std::string_view text) {
    constexpr std::array<std::string_view, 10> well = {
        "ok", "up", "healthy", "pass", "passing", "serving", "ready", "yes", "true", "1"};
    std::string word;
    for (const char c : text) {
        if (std::isalnum(static_cast<unsigned char>(c)) == 0) {
            if (word.empty()) {
                continue;
            }
            break;
        }
        word += static_cast<char>(std::tolower(static_cast<unsigned char>(c)));
    }
    return std::find(well.begin(), well.end(), word) != well.end();
}

void let_go(Instance& instance, Fid file) {
    instance.clunk(file, [](const base::Result<Done>&) {});
}

void read_health(Instance& instance, Fid file, const OnProbed& then) {
    instance.read(file, 0, health_bytes,
                  [&instance, file, then](const base::Result<base::Bytes>& text) {
                      let_go(instance, file);
                      then(text.has_value() && says_well(base::as_text(*text)),
                           text ? error("EIO", "its health file says otherwise") : text.error());
                  });
}

void open_health(Instance& instance, Fid file, const OnProbed& then) {
    OpenMode mode;
    mode.read = true;
    instance.open(file, mode, [&instance, file, then](const base::Result<Opened>& opened) {
        if (!opened) {
            let_go(instance, file);
            return then(is_forbidden(opened.error()), opened.error());
        }
        read_health(instance, file, then);
    });
}

void find_health(Instance& instance, Fid root, const OnProbed& then) {
    instance.walk(root, {"health"}, [&instance, then](const base::Result<Instance::Found>& found) {
        if (!found) {
            const base::Error& why = found.error();
            return then(!is_of_connection(why) && why.code != "ETIMEDOUT", why);
        }
        if (found->fid == no_fid) {
            return then(false, error("EIO"));
        }
        open_health(instance, found->fid, then);
    });
}

}  // namespace

bool is_forbidden(const base::Error& why) {
    return why.code == "EPERM" || why.code == "EACCES";
}

void probe_tree(Instance& instance, Fid root, const OnProbed& then) {
    instance.about(root, [&instance, root, then](const base::Result<About>& about) {
        if (!about) {
            return then(is_forbidden(about.error()), about.error());
        }
        if (!about->qid.is_directory()) {
            return then(true, {});
        }
        find_health(instance, root, then);
    });
}

}  // namespace jetway::ninep
