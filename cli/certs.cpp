// `jetway certs`: a CA of the deployment's own, and a certificate for each of its machines.
#include <arpa/inet.h>

#include <algorithm>
#include <filesystem>
#include <set>

#include "cli/deployment_file.h"
#include "cli/report.h"
#include "cli/verbs.h"
#include "io/certificate.h"
#include "io/file.h"
#include "io/issuer.h"
#include "io/loop.h"

namespace jetway::cli {

namespace {

constexpr std::int64_t day = 24 * 60 * 60;
constexpr std::int64_t soon = 30 * day;
constexpr std::int64_t ca_days = 3650;
constexpr std::int64_t clocks_differ = 60 * 60;  // so much earlier a certificate begins
constexpr std::size_t max_file = std::size_t{1} << 20U;
constexpr unsigned for_all = 0644;
constexpr unsigned for_owner = 0600;

struct CertsOptions {
    std::string file;
    std::string out;
    std::int64_t days = 365;
    bool force = false;
};

// What the certificate of a machine must be good for.
struct Needs {
    std::vector<std::string> names;  // its own first
    std::vector<std::string> addresses;
};

bool is_ip(const std::string& host) {
    in6_addr bytes{};
    return inet_pton(AF_INET, host.c_str(), &bytes) == 1 ||
           inet_pton(AF_INET6, host.c_str(), &bytes) == 1;
}

// A machine is known by its name; tools know it by the host that they dial. A host that is called
// as another machine is would make a certificate good for both: it is left out.
Needs needs_of(const config::MachineConfig& machine, const config::Deployment& deployment) {
    std::set<std::string> hosts;
    for (const config::MachineConfig& other : deployment.machines) {
        for (const config::LinkConfig& link : other.links) {
            if (link.has_address && link.peer == machine.name) {
                hosts.insert(link.address.host);
            }
        }
    }
    for (const config::Address& address : machine.listen) {
        hosts.insert(address.host);
    }
    for (const config::LocalTerminalConfig& local : machine.locals) {
        if (!local.address.is_unix_socket()) {
            hosts.insert(local.address.host);
        }
    }
    Needs needs{{machine.name}, {}};
    for (const std::string& written : hosts) {
        const std::string host = written.substr(0, written.find('%'));
        if (config::is_wildcard_host(host) || host == machine.name) {
            continue;
        }
        if (is_ip(host)) {
            needs.addresses.push_back(host);
        } else if (deployment.find(host) != nullptr) {
            complain("the host " + host + " of " + machine.name +
                     " is called as another machine, and stays out of its certificate");
        } else {
            needs.names.push_back(host);
        }
    }
    return needs;
}

class Certs {
public:
    explicit Certs(const CertsOptions& options)
        : options_(options),
          out_(options.out),
          now_(static_cast<std::int64_t>(io::wall_clock_ms() / 1000)) {}

    base::Result<void> make(const config::Deployment& deployment) {
        std::error_code failed;
        if (std::filesystem::create_directories(out_, failed)) {
            std::filesystem::permissions(out_, std::filesystem::perms::owner_all, failed);
        }
        if (const base::Result<void> done = open_ca(); !done) {
            return done;
        }
        for (const config::MachineConfig& machine : deployment.machines) {
            if (machine.name == "ca") {
                return base::Error{"usage",
                                   "a machine named `ca` would have the CA's own files: "
                                   "give it another name, or make its certificate by "
                                   "hand"};
            }
            if (const base::Result<void> done =
                    make_one(machine.name, needs_of(machine, deployment));
                !done) {
                return done;
            }
        }
        return {};
    }

    const std::string& said() const { return said_; }

private:
    std::string path(const std::string& file) const { return (out_ / file).string(); }

    bool there(const std::string& file) const {
        std::error_code ignored;
        return std::filesystem::exists(out_ / file, ignored);
    }

    base::Result<void> write(const std::string& name, const io::Issued& pem) {
        if (const auto key = io::write_file(path(name + ".key"), pem.key, for_owner); !key) {
            return key;
        }
        return io::write_file(path(name + ".pem"), pem.certificate, for_all);
    }

    void say(const std::string& verb, const std::string& name, std::int64_t until,
             const std::string& why) {
        said_ += verb + " " + path(name + ".pem") + ", valid until " + io::date_of(until) +
                 (why.empty() ? "" : ": " + why) + "\n";
    }

    base::Result<void> open_ca() {
        if (there("ca.pem") || there("ca.key")) {
            const auto pem = io::read_file(path("ca.pem"), max_file);
            if (!pem) {
                return pem.error();
            }
            const auto key = io::read_file(path("ca.key"), max_file);
            if (!key) {
                return base::Error{key.error().code,
                                   key.error().detail +
                                       ": without the CA's key there are no more certificates of "
                                       "it; remove ca.pem too for a new CA and all new "
                                       "certificates"};
            }
            auto ca = io::Issuer::load({*pem, *key});
            const auto facts = io::read_certificate(path("ca.pem"));
            if (!ca || !facts) {
                return base::Error{"certificate", path("ca.pem") + " and ca.key: " +
                                                      (ca ? facts.error() : ca.error()).detail};
            }
            if (facts->not_after - now_ >= soon) {
                ca_ = std::move(*ca);
                ca_until_ = facts->not_after;
                say("kept", "ca", ca_until_, "");
                return {};
            }
        }
        ca_until_ = now_ + std::max(ca_days, options_.days) * day;
        auto made = io::Issuer::make({.name = "Jetway CA " + io::date_of(now_),
                                      .names = {},
                                      .addresses = {},
                                      .from = now_ - clocks_differ,
                                      .until = ca_until_});
        if (!made) {
            return made.error();
        }
        ca_ = std::move(*made);
        say("made", "ca", ca_until_, "every machine needs it");
        return write("ca", ca_->pem());
    }

    // Why what is there won't do; empty: it will.
    std::string why_anew(const std::string& name, const Needs& needs) const {
        if (!there(name + ".pem") || !there(name + ".key")) {
            return "it was not there";
        }
        const auto pem = io::read_file(path(name + ".pem"), max_file);
        const auto facts = io::read_certificate(path(name + ".pem"));
        if (!pem || !facts) {
            return "what was there was no certificate";
        }
        if (options_.force) {
            return "as --force says";
        }
        if (facts->not_after - now_ < soon) {
            return "the old one " + std::string(facts->not_after < now_ ? "expired " : "expires ") +
                   io::date_of(facts->not_after);
        }
        if (!ca_->has_signed(*pem)) {
            return "the old one was not made by this CA";
        }
        const bool all =
            std::all_of(needs.names.begin(), needs.names.end(),
                        [&](const auto& one) { return facts->names_dns(one); }) &&
            std::all_of(needs.addresses.begin(), needs.addresses.end(), [&](const auto& one) {
                return std::find(facts->addresses.begin(), facts->addresses.end(), one) !=
                       facts->addresses.end();
            });
        return all ? "" : "its names or addresses have changed";
    }

    base::Result<void> make_one(const std::string& name, const Needs& needs) {
        const std::string why = why_anew(name, needs);
        if (why.empty()) {
            const auto facts = io::read_certificate(path(name + ".pem"));
            say("kept", name, facts ? facts->not_after : 0, "");
            return {};
        }
        const std::int64_t until = std::min(ca_until_, now_ + options_.days * day);
        const auto issued = ca_->issue({.name = name,
                                        .names = needs.names,
                                        .addresses = needs.addresses,
                                        .from = now_ - clocks_differ,
                                        .until = until});
        if (!issued) {
            return issued.error();
        }
        say("made", name, until, why);
        return write(name, *issued);
    }

    const CertsOptions& options_;
    std::filesystem::path out_;
    std::int64_t now_;
    std::optional<io::Issuer> ca_;
    std::int64_t ca_until_ = 0;
    std::string said_;
};

// As the file would have it: relative to its folder when it lies below it.
std::string folder_for_file(const CertsOptions& options) {
    namespace fs = std::filesystem;
    std::error_code failed;
    const fs::path base = fs::weakly_canonical(fs::absolute(options.file, failed), failed);
    const fs::path out = fs::weakly_canonical(fs::absolute(options.out, failed), failed);
    const fs::path relative = out.lexically_relative(base.parent_path());
    return relative.empty() || *relative.begin() == ".." ? out.string() : relative.string();
}

int certs(const CertsOptions& options) {
    int exit_code = exit_yes;
    const auto deployment = read_deployment(options.file, exit_code);
    if (!deployment) {
        return exit_code;
    }
    Certs all(options);
    const base::Result<void> made = all.make(*deployment);
    print(all.said());
    if (!made) {
        complain(made.error().detail);
        return exit_code_of(made.error().code);
    }
    print(
        "\nEach machine needs ca.pem and its own two files, MACHINE.pem and MACHINE.key. ca.key is "
        "needed here alone, for further certificates: whoever has it can be any machine.\n"
        "SIGHUP makes a router read its files again.\n");
    const bool configured =
        std::all_of(deployment->machines.begin(), deployment->machines.end(),
                    [](const auto& machine) { return machine.security.complete(); });
    if (!configured) {
        print("\nIn " + options.file +
              ", where `network: tls` makes every address between machines one of TLS:\n\n"
              "security:\n  certificates: " +
              folder_for_file(options) + "\n  network: tls\n");
    }
    return exit_yes;
}

}  // namespace

void add_certs(CLI::App& app, Context& context) {
    CLI::App* verb = app.add_subcommand(
        "certs", "Make a CA and a certificate for every machine of a deployment");
    verb->footer(
        "What is there is kept: the CA, and each certificate that has 30 days left and names what "
        "its machine is called and dialled at. The rest is made. Keys are for their owner "
        "only.\n\nExamples:\n"
        "  jetway certs deployment.yml --out certs\n"
        "  jetway certs deployment.yml --out certs --force --days 90");
    const auto options = std::make_shared<CertsOptions>();
    verb->add_option("FILE", options->file, "The deployment file")->required();
    verb->add_option("--out", options->out, "The folder of the certificates; made if need be")
        ->required()
        ->type_name("DIR");
    verb->add_option("--days", options->days, "For how long the machines' certificates are valid")
        ->capture_default_str()
        ->check(CLI::Range(1, 36'500));
    verb->add_flag("--force", options->force, "Make all anew but the CA");
    verb->callback([options, &context] { context.exit_code = certs(*options); });
}

}  // namespace jetway::cli
