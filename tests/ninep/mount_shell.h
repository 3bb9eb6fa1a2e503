// Shell: Mounts of one service `web`, with the connections that it wants and the FakeServers at
// their other ends, in the place of a daemon and of a session's clients.
#pragma once

#include <doctest/doctest.h>

#include <algorithm>
#include <map>
#include <memory>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include "ninep/mount.h"
#include "tests/ninep/fake_server.h"
#include "tests/ninep/start.h"

namespace jetway::tests {

// A request that somebody may flush.
class Flushable final : public ninep::Pending {
public:
    void park() override {}
    void overlap() override {}
    void on_flush(std::function<void()> flush) override { flush_ = std::move(flush); }
    bool dead() const override { return false; }
    void flush() {
        if (flush_) {
            flush_();
        }
    }

private:
    std::function<void()> flush_;
};

// The directory above a service.
class Above final : public ninep::File {
public:
    ninep::Qid qid() const override { return {ninep::qid_type::directory, 0, 77}; }
    void walk(const Names& names, ninep::Reply<ninep::Walked> reply) override {
        if (names.front() != "other") {
            return reply(ninep::error("ENOENT"));
        }
        reply(ninep::Walked{{{0, 0, 78}}, std::make_unique<Above>()});
    }
    void open(const ninep::OpenMode&, ninep::Reply<ninep::Opened> reply) override {
        reply(ninep::error("EACCES"));
    }
    void read(std::uint64_t, std::uint32_t, ninep::Reply<base::Bytes> reply) override {
        reply(ninep::error("EACCES"));
    }
    void write(std::uint64_t, base::Bytes, ninep::Reply<std::uint32_t> reply) override {
        reply(ninep::error("EACCES"));
    }
    void about(ninep::Reply<ninep::About> reply) override { reply(ninep::error("EACCES")); }
};

inline ninep::MountInstance instance(std::uint16_t port, bool here = false) {
    ninep::MountInstance made;
    made.machine = "machine-" + std::to_string(port);
    made.name = made.machine + ".1";
    made.address = *envelope::parse_ninep_address("10.0.0.1:" + std::to_string(port) + "/srv/web");
    made.here = here;
    return made;
}

// Mounts with their shell and the servers at its other end.
struct Shell {
    explicit Shell(std::vector<ninep::MountInstance> instances,
                   ninep::Dialect dialect = ninep::Dialect::plain,
                   const std::string& policy = "round-robin")
        : instances_(std::move(instances)) {
        for (const ninep::MountInstance& each : instances_) {
            const std::uint16_t port = each.address.port;
            servers[port] = std::make_unique<FakeServer>(dialect);
            servers[port]->qid_base = port * 1'000'000ULL;
            servers[port]->files_["/srv/web/who"] = std::to_string(port);
        }
        update(policy);
    }
    void update(const std::string& policy = "round-robin") {
        mounts.update({{"web", *balance::parse_policy(policy), instances_}}, now);
    }
    void run() {
        for (bool moved = true; moved;) {
            moved = false;
            mounts.end_turn(now);
            ninep::Mounts::Effects effects = mounts.take_effects();
            for (const ninep::Mounts::Verdict& verdict : effects.verdicts) {
                verdicts.push_back(verdict.address + (verdict.healthy ? " up" : " out"));
            }
            for (const ninep::LinkId link : effects.closes) {
                at.erase(link);
                moved = true;
            }
            for (const ninep::Mounts::Connect& connect : effects.connects) {
                moved = true;
                const std::uint16_t port = connect.address.port;
                if (refused.count(port) == 1) {
                    mounts.on_connect_failed(connect.link, {"ECONNREFUSED", "refused"}, now);
                } else {
                    at[connect.link] = port;
                    mounts.on_connected(connect.link, now);
                }
            }
            for (const ninep::LinkId link : effects.writes) {
                const auto to = at.find(link);
                if (to == at.end()) {
                    continue;
                }
                moved = true;
                const base::Bytes answer = servers[to->second]->feed(mounts.take_output(link));
                if (!answer.empty()) {
                    mounts.on_bytes(link, answer, now);
                }
            }
        }
    }
    // The instance dies: nothing connects to it, and its connection is gone.
    void kill(std::uint16_t port) {
        refused.insert(port);
        for (auto link = at.begin(); link != at.end();) {
            const auto here = link++;
            if (here->second == port) {
                const ninep::LinkId id = here->first;
                at.erase(here);
                servers[port]->fids.clear();
                servers[port]->open.clear();
                mounts.on_closed(id, {"ECONNRESET", "reset"}, now);
            }
        }
    }
    void pass(base::Duration time) {
        now += time;
        mounts.on_deadline(now);
        run();
    }
    template <typename Value, typename Call>
    base::Result<Value> call(Call make) {
        auto result = std::make_shared<std::optional<base::Result<Value>>>();
        make(ninep::Reply<Value>(
            std::make_shared<Flushable>(),
            [result](base::Result<Value> value) { *result = std::move(value); }));
        run();
        REQUIRE(result->has_value());
        return std::move(**result);
    }
    std::unique_ptr<ninep::File> root(const std::string& uname = "glenda") {
        return mounts.service_root("web", {uname, 7}, [] { return std::make_unique<Above>(); });
    }
    base::Result<ninep::Walked> walk(ninep::File& from, const ninep::File::Names& names) {
        return call<ninep::Walked>([&](const auto& reply) { from.walk(names, reply); });
    }
    base::Result<ninep::Opened> open(ninep::File& file, const ninep::OpenMode& mode) {
        base::Result<ninep::Opened> opened =
            call<ninep::Opened>([&](const auto& reply) { file.open(mode, reply); });
        if (opened) {
            file.set_open(mode);
        }
        return opened;
    }
    std::string read(ninep::File& file) {
        const base::Result<base::Bytes> bytes =
            call<base::Bytes>([&](const auto& reply) { file.read(0, 4096, reply); });
        return bytes ? std::string(base::as_text(*bytes)) : bytes.error().code;
    }
    // What a fresh walk to `who` finds.
    std::string who(const std::string& uname = "glenda") {
        const std::unique_ptr<ninep::File> top = root(uname);
        base::Result<ninep::Walked> found = walk(*top, {"who"});
        if (!found || found->file == nullptr) {
            return found ? "not found" : found.error().code;
        }
        const base::Result<ninep::Opened> opened = open(*found->file, {.read = true});
        return opened ? read(*found->file) : opened.error().code;
    }
    // Fids at an instance, those of users' roots apart.
    std::size_t left(std::uint16_t port) {
        run();
        return static_cast<std::size_t>(
            std::count_if(servers[port]->fids.begin(), servers[port]->fids.end(),
                          [](const auto& fid) { return fid.second != "/srv/web"; }));
    }

    std::vector<ninep::MountInstance> instances_;
    base::Instant now = start;
    std::map<std::uint16_t, std::unique_ptr<FakeServer>> servers;
    std::set<std::uint16_t> refused;
    std::map<ninep::LinkId, std::uint16_t> at;
    std::vector<std::string> verdicts;
    ninep::Mounts mounts{{}, base::Random(1)};
};

inline void check_sound(Shell& shell) {
    for (const auto& [port, server] : shell.servers) {
        CHECK(server->malformed.empty());
        CHECK(shell.left(port) == 0);
        CHECK(server->open.empty());
    }
}

}  // namespace jetway::tests
