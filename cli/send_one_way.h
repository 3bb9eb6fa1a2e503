// OneWay: envelopes that nobody waits to have answered, as `send` and `request --reply-to` make
// them.
#pragma once

#include <CLI/CLI.hpp>
#include <string>
#include <vector>

#include "client/client.h"

namespace jetway::cli {

struct OneWay {
    std::string destination;
    std::string reply_to;
    std::vector<std::string> headers;
    std::uint64_t count = 1;
};

// The argument DEST, and --reply-to, --header and --count.
void add_one_way(CLI::App& app, OneWay& what);

// Sends them and waits until the router has read them; complains of what was refused till then, and
// returns the exit code. Each has its number, from 1, as `id`.
int send_one_way(client::Client& client, const OneWay& what, const base::Bytes& data,
                 base::Duration timeout);

}  // namespace jetway::cli
