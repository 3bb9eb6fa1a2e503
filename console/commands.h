// The commands of the debug terminal that are more than one request and its text. Each is made of
// checked words.
#pragma once

#include <functional>
#include <string>

#include "console/command.h"

namespace jetway::console {

// One request to the machine that is looked from, and the text of its answer. `edit`, if given,
// changes the answer first.
struct View {
    std::string request;
    envelope::Json args;
    std::function<std::string(const envelope::Json& answer, bool colour)> text;
    std::function<void(envelope::Json& answer, WallTime now)> edit{};
    bool json = false;  // the answer itself, in one line
};
CommandPtr view_command(View view);

// `count` round trips, a line each, and their summary.
CommandPtr ping_command(std::string destination, std::uint64_t count);

// Every router's ledger, twice, and what does not add up.
CommandPtr ledger_command();

// Takes out of use, and says how far that is until it is done, or for 30 s. An empty `service`: all
// of the router.
CommandPtr drain_command(std::string service, bool undo);

// Which way an envelope takes there, and its answer back, and why. Nothing reaches the service
// unless `deliver`.
CommandPtr trace_command(std::string destination, std::string reply_to, bool deliver, bool json);

// Follows what happens, from `level` on, or from the host's level.
CommandPtr events_command(std::string level);

const char* name_of(Level level);

}  // namespace jetway::console
