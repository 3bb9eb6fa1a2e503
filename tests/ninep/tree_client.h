// TreeClient: a Speaker over the /svc tree of a Mesh.
#pragma once

#include "tests/ninep/mesh.h"
#include "tests/ninep/speaker.h"

namespace jetway::tests {

class TreeClient : public Speaker {
public:
    TreeClient(Mesh& of, Dialect speaks, bool may_change = true) : Speaker(speaks), mesh(of) {
        who->may_change = may_change;
        session = std::make_unique<ninep::Session>(
            ninep::SessionLimits{},
            [this](const ninep::Attacher& attacher) { return mesh.tree.attach(who, attacher); },
            counters);
        ask(version());
        CHECK(ask(attach(0, 0)).substr(8, 2) == "69");
    }
    ~TreeClient() {
        session.reset();
        CHECK(who->kept == 0);
    }
    TreeClient(const TreeClient&) = delete;
    TreeClient& operator=(const TreeClient&) = delete;

    // `fid` becomes that file, open. False: it was refused.
    bool can_open(unsigned fid, std::initializer_list<std::string_view> path,
                  std::uint32_t mode = 0) {
        const std::string walked = raw(walk(900, 0, fid, path));
        REQUIRE(walked.size() == 9 + 13 * path.size());
        const std::string answer = raw(open(900, fid, mode));
        REQUIRE(answer.size() > 4);
        return static_cast<std::uint8_t>(answer[4]) == (linux() ? 13 : 113);
    }
    void go(unsigned fid, std::initializer_list<std::string_view> path, std::uint32_t mode = 0) {
        REQUIRE(can_open(fid, path, mode));
    }
    bool exists(std::initializer_list<std::string_view> path) {
        const std::string walked = raw(walk(900, 0, 900, path));
        raw(clunk(900, 900));
        return walked.size() == 9 + 13 * path.size();
    }
    // All of a text file.
    std::string text(std::initializer_list<std::string_view> path) {
        go(901, path);
        std::string all;
        for (std::string part = "x"; !part.empty(); all += part) {
            part = raw(read(900, 901, all.size(), 1'000)).substr(11);
        }
        raw(clunk(900, 901));
        return all;
    }
    std::string written(unsigned tag, std::size_t size) { return line(119, tag, u32(size)); }
    // The names in a directory that is open.
    std::vector<std::string> names(unsigned fid) {
        std::vector<std::string> names;
        std::uint64_t offset = 0;
        while (true) {
            const std::string answer = raw(linux() ? wire(40, 900, u32(fid), u64(offset), u32(500))
                                                   : read(900, fid, offset, 500));
            const std::string data = answer.substr(11);
            if (data.empty()) {
                return names;
            }
            base::ByteView left = base::as_bytes(data);
            while (!left.empty()) {
                if (linux()) {
                    ninep::LinuxEntry entry;
                    REQUIRE(ninep::take_entry(left, entry));
                    names.emplace_back(entry.name);
                    offset = entry.offset;
                } else {
                    ninep::Stat stat;
                    REQUIRE(ninep::take_stat(left, stat));
                    names.emplace_back(stat.name);
                }
            }
            offset = linux() ? offset : offset + data.size();
        }
    }

    Mesh& mesh;
    std::shared_ptr<ninep::Client> who = std::make_shared<ninep::Client>();
};

}  // namespace jetway::tests
