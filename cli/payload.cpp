#include "cli/payload.h"

#include <unistd.h>

#include <array>
#include <cerrno>
#include <cstring>
#include <nlohmann/json.hpp>

#include "console/text.h"
#include "envelope/json.h"
#include "envelope/packer.h"
#include "io/file.h"

namespace jetway::cli {

namespace {

constexpr std::size_t max_payload = std::size_t{64} << 20U;  // the router's own limit is below it

base::Result<std::string> read_stdin() {
    std::string content;
    std::array<char, 65'536> buffer{};
    while (true) {
        const ssize_t size = ::read(STDIN_FILENO, buffer.data(), buffer.size());
        if (size == 0) {
            return content;
        }
        if (size < 0) {
            if (errno == EINTR) {
                continue;
            }
            return base::Error{"usage", std::string("cannot read stdin: ") + std::strerror(errno)};
        }
        content.append(buffer.data(), static_cast<std::size_t>(size));
        if (content.size() > max_payload) {
            return base::Error{"too-large", "more than 64 MiB came from stdin"};
        }
    }
}

}  // namespace

void add_payload(CLI::App& app, PayloadOptions& options) {
    CLI::Option* data = app.add_option_function<std::string>(
        "DATA",
        [&options](const std::string& text) {
            options.data = text;
            options.has_data = true;
        },
        "The data; - or nothing: stdin, unless that is a terminal");
    CLI::Option* file =
        app.add_option("--file", options.file, "Data from this file")->type_name("FILE");
    file->excludes(data);
    CLI::Option* json =
        app.add_flag("--json-data", options.json, "The data is JSON, and sent as that value");
    app.add_flag("--raw", options.raw, "The data is bytes, not text")->excludes(json);
}

base::Result<base::Bytes> read_payload(const PayloadOptions& options) {
    if (!options.file.empty()) {
        const base::Result<std::string> content = io::read_file(options.file, max_payload);
        return content ? pack_payload(*content, options.json, options.raw) : content.error();
    }
    if (options.has_data && options.data != "-") {
        return pack_payload(options.data, options.json, options.raw);
    }
    if (!options.has_data && ::isatty(STDIN_FILENO) == 1) {
        return base::Bytes{};
    }
    const base::Result<std::string> content = read_stdin();
    if (!content) {
        return content.error();
    }
    if (!options.has_data && content->empty()) {
        return base::Bytes{};
    }
    return pack_payload(*content, options.json, options.raw);
}

base::Result<base::Bytes> pack_payload(const std::string& content, bool json, bool raw) {
    base::Bytes packed;
    if (raw) {
        envelope::Packer(packed).binary(base::as_bytes(content));
        return packed;
    }
    if (json) {
        const base::Result<envelope::Json> value = envelope::parse_json(content);
        if (!value) {
            return base::Error{"usage", "the data is no JSON: " + value.error().detail};
        }
        envelope::append_json(packed, *value);
        return packed;
    }
    if (!console::is_utf8(content)) {
        return base::Error{"usage", "the data is no UTF-8 text: send it as bytes, with --raw"};
    }
    envelope::Packer(packed).text(content);
    return packed;
}

}  // namespace jetway::cli
