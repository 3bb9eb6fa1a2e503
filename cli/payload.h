// Payload: the `data` of an envelope as the command line gives it: an argument, a file or stdin; as
// text, JSON or bytes.
#pragma once

#include <CLI/CLI.hpp>
#include <string>

#include "base/bytes.h"
#include "base/result.h"

namespace jetway::cli {

struct PayloadOptions {
    std::string data;       // the argument; "-": stdin
    bool has_data = false;  // the argument is there
    std::string file;
    bool json = false;
    bool raw = false;
};

void add_payload(CLI::App& app, PayloadOptions& options);

// The one msgpack value to send; empty: none. Reads stdin when there is neither argument nor file
// and stdin is not a terminal; nothing in it then is no data. Errors have code `usage`, `bad-data`
// or errno's.
base::Result<base::Bytes> read_payload(const PayloadOptions& options);

// `content` as text, JSON or bytes.
base::Result<base::Bytes> pack_payload(const std::string& content, bool json, bool raw);

}  // namespace jetway::cli
