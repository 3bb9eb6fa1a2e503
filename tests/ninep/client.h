// Client: a Speaker over a FakeTree. When it goes, so does its session, and no File may be left.
#pragma once

#include "tests/ninep/fake_tree.h"
#include "tests/ninep/speaker.h"

namespace jetway::tests {

class Client : public Speaker {
public:
    // Attached to the root by fid 0.
    explicit Client(Dialect speaks, const ninep::SessionLimits& limits = {})
        : Client(speaks, limits, {}) {
        ask(version());
        CHECK(ask(attach(0, 0)) == line(105, 0, root()));
    }
    // Which has said nothing.
    static Client silent(Dialect speaks, const ninep::SessionLimits& limits = {}) {
        return Client(speaks, limits, {});
    }
    ~Client() { leave(); }
    Client(const Client&) = delete;
    Client& operator=(const Client&) = delete;

    void leave() {
        session.reset();
        CHECK(tree.live == 0);
    }

    // The root is as it was: the connection is of use.
    bool works() {
        return ask(walk(901, 0, 0xffff'fff0, {"text"})) == line(111, 901, u16(1), qid(0, 2)) &&
               ask(clunk(901, 0xffff'fff0)) == clunked(901);
    }

    static std::string root() { return qid(0x80, 1); }

    FakeTree tree;
    std::vector<ninep::Attacher> attached;

private:
    struct Quiet {};
    Client(Dialect speaks, const ninep::SessionLimits& limits, Quiet /*unused*/) : Speaker(speaks) {
        session = std::make_unique<ninep::Session>(
            limits,
            [this](const ninep::Attacher& who) -> base::Result<std::unique_ptr<ninep::File>> {
                attached.push_back(who);
                if (who.uname == "stranger") {
                    return error("EACCES");
                }
                return std::unique_ptr<ninep::File>(std::make_unique<FakeFile>(tree, ""));
            },
            counters);
    }
};

}  // namespace jetway::tests
