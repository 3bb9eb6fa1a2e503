#include "cli/options.h"

#include "base/units.h"
#include "console/moment.h"
#include "envelope/address.h"
#include "envelope/packer.h"

namespace jetway::cli {

CLI::Option* add_duration(CLI::App& app, const std::string& name, base::Duration& to,
                          const std::string& help) {
    const CLI::Validator check(
        [](std::string& text) {
            const base::Result<base::Duration> value = base::parse_duration(text);
            return value ? std::string() : value.error().detail;
        },
        "DURATION", "duration");
    CLI::Option* option = app.add_option_function<std::string>(
        name,
        [&to](const std::string& text) {
            if (const base::Result<base::Duration> value = base::parse_duration(text)) {
                to = *value;
            }
        },
        help);
    option->type_name("DURATION")->check(check)->default_str(base::format_duration(to));
    return option;
}

void add_router_options(CLI::App& app, RouterOptions& options) {
    app.add_option("--socket", options.socket,
                   "The router: a path, unix:///path, or tcp, tls, ws or wss with ://host:port "
                   "(default: $JETWAY_SOCKET, "
                   "else the only socket in the default directory, else the one of this host)")
        ->type_name("ADDRESS");
    app.add_option("--token-file", options.token_file,
                   "A file with the token that the terminal asks for (default: $JETWAY_TOKEN)")
        ->type_name("FILE");
    app.add_option("--ca", options.ca,
                   "For tls:// and wss://: the CA that made the router's certificate (default: "
                   "those that the system trusts)")
        ->type_name("FILE")
        ->envname("JETWAY_CA");
    app.add_option("--cert", options.cert, "For tls:// and wss://: a certificate to show")
        ->type_name("FILE")
        ->envname("JETWAY_CERT");
    app.add_option("--key", options.key, "The certificate's key")
        ->type_name("FILE")
        ->envname("JETWAY_KEY");
    app.add_option("--tls-name", options.tls_name,
                   "The name that the router's certificate must have, such as its machine's "
                   "(default: the host of the address)")
        ->type_name("NAME")
        ->envname("JETWAY_TLS_NAME");
    add_duration(app, "--timeout", options.timeout, "How long to wait for the router or an answer");
}

void add_headers(CLI::App& app, std::vector<std::string>& headers) {
    app.add_option("--header", headers, "A header, may be given several times")
        ->type_name("KEY=VALUE")
        ->take_all()
        ->allow_extra_args(false)
        ->check(CLI::Validator(
            [](std::string& text) {
                const std::size_t equals = text.find('=');
                return equals == std::string::npos || equals == 0
                           ? "`" + text + "` is no header: write key=value"
                           : std::string();
            },
            "", "header"));
}

base::Bytes pack_headers(const std::vector<std::string>& headers) {
    base::Bytes raw;
    if (headers.empty()) {
        return raw;
    }
    envelope::Packer packer(raw);
    packer.map(headers.size());
    for (const std::string& header : headers) {
        const std::size_t equals = header.find('=');
        packer.text(std::string_view(header).substr(0, equals))
            .text(std::string_view(header).substr(equals + 1));
    }
    return raw;
}

CLI::Validator destination_check() {
    return CLI::Validator(
        [](std::string& text) {
            return envelope::valid_address(text)
                       ? std::string()
                       : "`" + text +
                             "` is no address: write service, service@machine or service@*";
        },
        "", "destination");
}

CLI::Validator moment_check() {
    return CLI::Validator(
        [](std::string& text) {
            const auto age = console::age_of(text, std::chrono::system_clock::now());
            return age ? std::string() : age.error().detail;
        },
        "", "moment");
}

CLI::Validator service_name_check() {
    return CLI::Validator(
        [](std::string& text) {
            if (!envelope::valid_name(text)) {
                return "`" + text +
                       "` is no name of a service: 1 to 128 of A-Z a-z 0-9 . _ -, the first a "
                       "letter or digit";
            }
            return envelope::reserved_name(text) ? "`" + text + "` is reserved: choose another name"
                                                 : std::string();
        },
        "", "service");
}

}  // namespace jetway::cli
