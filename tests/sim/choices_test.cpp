#include "sim/choices.h"

#include <doctest/doctest.h>

#include "envelope/envelope.h"
#include "envelope/packer.h"
#include "sim/service.h"

namespace jetway::sim {

namespace {

using std::chrono::seconds;

// An envelope of that number as frames carry it.
class Sent {
public:
    Sent(std::uint64_t number, std::string_view destination) {
        base::Bytes packed;
        envelope::Packer(packed).number(number);
        envelope::EnvelopeFields fields;
        fields.destination = destination;
        fields.data = packed;
        envelope::append_envelope(body_, fields);
    }
    envelope::Frame to(std::string_view pin, std::uint8_t flags = 0) const {
        envelope::Frame frame;
        frame.kind = envelope::Kind::envelope;
        frame.flags = flags;
        frame.pin = pin;
        frame.body = body_;
        return frame;
    }

private:
    base::Bytes body_;
};

// m0 ─ m1 ─ m2; s0 is at m0 and m1, s1 at m1 and m2 once the services have attached.
struct Line {
    Ledger ledger;
    World world;
    std::vector<std::unique_ptr<Service>> services;

    static Topology topology() {
        Topology line = Topology::of(3);
        line.join(0, 1);
        line.join(1, 2);
        line.machines[0].services = {"s0"};
        line.machines[1].services = {"s0", "s1"};
        line.machines[2].services = {"s1"};
        return line;
    }
    Line() : world(topology(), {}, 1) {
        for (HostId host = 0; host < 3; ++host) {
            world.start(host, 1);
            services.push_back(std::make_unique<Service>(
                host, world.topology().machines[host].services, ledger, true));
            services.back()->attach(world);
        }
        world.run_until(world.now() + seconds(5));
    }
};

}  // namespace

TEST_SUITE("sim.choices") {
    TEST_CASE("what goes to an instance that its first router knew to be dead is noticed") {
        Line line;
        Choices choices;
        const Sent sent(7, "s1");
        choices.came(line.world, 0, sent.to({}));
        CHECK(choices.left(line.world, 0, sent.to("m1")).empty());
        choices.came(line.world, 0, sent.to({}));
        CHECK_FALSE(choices.left(line.world, 0, sent.to("m0")).empty());
        choices.came(line.world, 0, sent.to({}));
        CHECK_FALSE(choices.left(line.world, 0, sent.to({})).empty());
        line.services[2]->detach(line.world);
        line.world.run_until(line.world.now() + seconds(1));
        choices.came(line.world, 0, sent.to({}));
        CHECK_FALSE(choices.left(line.world, 0, sent.to("m2")).empty());
        CHECK(choices.checked() == 4);
    }

    TEST_CASE("only the first router's own choice is looked at, and nothing that was given back") {
        Line line;
        Choices choices;
        const Sent sent(7, "s1");
        choices.came(line.world, 0, sent.to({}));
        CHECK(choices.left(line.world, 1, sent.to("m0")).empty());
        CHECK(
            choices.left(line.world, 0, sent.to("m0", envelope::flag::possible_duplicate)).empty());
        choices.came(line.world, 0, Sent(8, "s1@m2").to({}));
        CHECK(choices.left(line.world, 0, Sent(8, "s1@m2").to("m9")).empty());
        CHECK(choices.checked() == 0);
    }

    TEST_CASE("requests are answered once each, and the ledger knows") {
        Line line;
        for (int i = 0; i < 20; ++i) {
            line.services[0]->send_to(line.world, "s1");
        }
        line.world.run_until(line.world.now() + seconds(1));
        CHECK(line.ledger.answers() == 20);
        CHECK(line.ledger.without_answer({}).empty());
        CHECK(line.ledger.answered_twice().empty());
        line.ledger.answered(3, true);
        CHECK(line.ledger.answered_twice().empty());
        line.ledger.answered(3, false);
        CHECK_FALSE(line.ledger.answered_twice().empty());
        const std::uint64_t silent = line.ledger.sent("s1", line.world.now());
        line.ledger.delivered(silent, false);
        CHECK(line.ledger.without_answer({}) == std::vector<std::uint64_t>{silent});
        line.ledger.answer_refused(silent, "no-route");
        CHECK(line.ledger.without_answer({}).empty());
    }
}

}  // namespace jetway::sim
