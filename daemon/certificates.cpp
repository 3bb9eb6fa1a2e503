#include "daemon/certificates.h"

#include <filesystem>

namespace jetway::daemon {
namespace {

constexpr std::int64_t day = 24 * 60 * 60;
constexpr std::int64_t soon = 14 * day;

}  // namespace

io::TlsFiles certificate_files(const config::MachineConfig& machine, const std::string& folder) {
    const std::filesystem::path base(folder);
    const config::Security& security = machine.security;
    const auto file = [&](const std::string& own, const std::string& name) {
        const std::filesystem::path path = own.empty()
                                               ? std::filesystem::path(security.certificates) / name
                                               : std::filesystem::path(own);
        return (base / path).lexically_normal().string();
    };
    return {.ca = file(security.ca, "ca.pem"),
            .certificate = file(security.certificate, machine.name + ".pem"),
            .key = file(security.key, machine.name + ".key")};
}

base::Result<std::shared_ptr<const io::TlsContext>> load_certificates(
    const config::MachineConfig& machine, const std::string& folder) {
    if (!config::uses_tls(machine)) {
        return std::shared_ptr<const io::TlsContext>();
    }
    const io::TlsFiles files = certificate_files(machine, folder);
    auto context = io::TlsContext::load(files);
    if (context && !(*context)->own()->names_dns(machine.name)) {
        return base::Error{"certificate", files.certificate + " is the certificate of " +
                                              (*context)->own()->subject() + ", not of " +
                                              machine.name +
                                              ": give each machine its own, as `jetway certs` "
                                              "makes them"};
    }
    return context;
}

base::Report validity(const io::Certificate& certificate, std::int64_t now) {
    using Level = base::Report::Level;
    base::Report report{
        Level::info,
        "certificate",
        {{"of", certificate.subject()}, {"valid_until", io::date_of(certificate.not_after)}}};
    const auto say = [&](Level level, const std::string& why) {
        report.level = level;
        report.fields.emplace_back("why", why + "; make a new one with `jetway certs`");
    };
    if (certificate.not_after < now) {
        say(Level::error, "it has expired");
    } else if (certificate.not_before > now) {
        say(Level::error,
            "it is not valid before " + io::date_of(certificate.not_before) + ": check the clock");
    } else if (certificate.not_after - now < soon) {
        say(Level::warning,
            "it expires in " + std::to_string((certificate.not_after - now) / day) + " days");
    }
    return report;
}

}  // namespace jetway::daemon
