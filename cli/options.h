// Options that several verbs have in common, and the kinds of values that CLI11 does not know.
#pragma once

#include <CLI/CLI.hpp>
#include <string>
#include <vector>

#include "base/bytes.h"
#include "base/result.h"
#include "base/time.h"

namespace jetway::cli {

// `name` takes a duration like 200ms or 5s; `to` must outlive the parsing and holds the default.
CLI::Option* add_duration(CLI::App& app, const std::string& name, base::Duration& to,
                          const std::string& help);

// How a tool reaches its router.
struct RouterOptions {
    std::string socket;      // --socket
    std::string token_file;  // --token-file
    base::Duration timeout = std::chrono::seconds(5);
    std::string ca;  // --ca, --cert, --key: for tls:// and wss://
    std::string cert;
    std::string key;
    std::string tls_name;  // --tls-name
};

void add_router_options(CLI::App& app, RouterOptions& options);

// Headers as `--header k=v` gives them.
void add_headers(CLI::App& app, std::vector<std::string>& headers);
// The raw msgpack map; empty for no headers.
base::Bytes pack_headers(const std::vector<std::string>& headers);

// The check of a DEST argument: an address, or what is wrong with it.
CLI::Validator destination_check();
// The same for a moment, as console/moment.h reads them.
CLI::Validator moment_check();
// The same for the name of a service that a tool can attach.
CLI::Validator service_name_check();

}  // namespace jetway::cli
