// jetway-numbered: sends numbered envelopes at a steady rate, or receives them, and says in JSON
// what became of each. The tests of links under faults (tests/faults/) stand on it.
#include <CLI/CLI.hpp>

#include "client/endpoint.h"
#include "tests/faults/numbered.h"

int main(int argc, char** argv) {
    using namespace jetway;
    CLI::App app("numbered envelopes");
    app.require_subcommand(1);
    std::string router;
    app.add_option("--router", router, "its address")->required();

    faults::SendOptions sending;
    double linger = 1;
    bool ignore_holds = false;
    CLI::App* send = app.add_subcommand("send");
    send->fallthrough();
    send->add_option("--to", sending.destinations, "destinations")
        ->required()
        ->expected(1, static_cast<int>(faults::max_destinations));
    send->add_option("--rate", sending.rate, "envelopes a second, to each");
    send->add_option("--count", sending.count, "to each; 0: until SIGTERM");
    send->add_option("--size", sending.size, "bytes of data");
    send->add_option("--linger", linger, "seconds for answers and refusals after the last");
    send->add_flag("--ignore-holds", ignore_holds, "sends on when the router asks to wait");
    send->add_flag("--answers", sending.answers, "the receiver answers each");

    faults::ReceiveOptions receiving;
    CLI::App* receive = app.add_subcommand("receive");
    receive->fallthrough();
    receive->add_option("--service", receiving.services, "names, a connection each")
        ->required()
        ->expected(1, static_cast<int>(faults::max_destinations));
    receive->add_flag("--answer", receiving.answer, "answers each envelope");
    receive->add_flag("--again", receiving.again,
                      "attaches again whenever its connection ends, and tells of refused answers");

    CLI11_PARSE(app, argc, argv);
    const base::Result<transport::Target> target = client::parse_endpoint(router);
    if (!target) {
        std::fprintf(stderr, "jetway-numbered: %s\n", target.error().detail.c_str());
        return 2;
    }
    sending.router = receiving.router = *target;
    sending.heed_holds = !ignore_holds;
    sending.linger =
        std::chrono::duration_cast<base::Duration>(std::chrono::duration<double>(linger));
    return send->parsed() ? faults::send_numbered(sending) : faults::receive_numbered(receiving);
}
