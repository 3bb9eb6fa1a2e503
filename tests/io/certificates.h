// Certificates for tests: a CA in a temporary folder, and what it issues.
#pragma once

#include <doctest/doctest.h>

#include <memory>
#include <string>
#include <vector>

#include "fixtures.h"
#include "io/file.h"
#include "io/issuer.h"
#include "io/tls_context.h"

namespace jetway::io {

constexpr std::int64_t one_day = 24 * 60 * 60;

struct Authority {
    explicit Authority(const std::string& name = "test CA")
        : now(static_cast<std::int64_t>(wall_clock_ms() / 1000)) {
        auto made = Issuer::make(
            {.name = name, .names = {}, .addresses = {}, .from = now - one_day, .until = later()});
        REQUIRE(made);
        issuer = std::make_unique<Issuer>(std::move(*made));
        ca = write("ca.pem", issuer->pem().certificate);
    }

    std::int64_t later() const { return now + 30 * one_day; }

    std::string write(const std::string& name, const std::string& text) const {
        const std::string path = folder.file(name);
        REQUIRE(write_file(path, text, 0600));
        return path;
    }

    // NAME.pem and NAME.key for these DNS names; 127.0.0.1 is always among the addresses.
    TlsFiles files(const std::string& name, std::vector<std::string> names, std::int64_t from,
                   std::int64_t until) const {
        const auto issued = issuer->issue({.name = name,
                                           .names = std::move(names),
                                           .addresses = {"127.0.0.1"},
                                           .from = from,
                                           .until = until});
        REQUIRE(issued);
        return {.ca = ca,
                .certificate = write(name + ".pem", issued->certificate),
                .key = write(name + ".key", issued->key)};
    }

    static std::shared_ptr<const TlsContext> load(const TlsFiles& files) {
        auto loaded = TlsContext::load(files);
        REQUIRE(loaded);
        return std::move(*loaded);
    }

    std::shared_ptr<const TlsContext> of(const std::string& name) const {
        return load(files(name, {name}, now - one_day, later()));
    }
    // Trusts the CA, and shows no certificate.
    std::shared_ptr<const TlsContext> of_nobody() const {
        return load({.ca = ca, .certificate = {}, .key = {}});
    }

    std::int64_t now;
    TemporaryFolder folder;
    std::unique_ptr<Issuer> issuer;
    std::string ca;
};

}  // namespace jetway::io
