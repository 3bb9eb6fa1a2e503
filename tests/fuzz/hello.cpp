// HELLO, ATTACH, DETACH and GOODBYE: what is read, written and read again is the same.
#include "envelope/attach.h"
#include "envelope/hello.h"

#include "envelope/address.h"
#include "tests/fuzz/input.h"
#include "tests/fuzz/targets.h"

namespace jetway::fuzz {

namespace {

using base::Bytes;
using base::Result;

constexpr std::size_t max_services = 8;

void check_services(const std::vector<envelope::ServiceEntry>& services) {
    ensure(services.size() <= max_services, "no more services than allowed");
    for (const envelope::ServiceEntry& service : services) {
        ensure(envelope::valid_name(service.name) && !envelope::reserved_name(service.name),
               "a service's name is well formed and free");
        ensure(service.weight >= 1 && service.weight <= envelope::max_weight,
               "a weight is in its range");
        ensure(service.capabilities.size() <= 64, "capabilities are bounded");
    }
}

void read_hello(base::ByteView body) {
    const Result<envelope::Hello> hello = envelope::read_hello(body, max_services);
    if (!hello) {
        ensure(hello.error().code == "bad-hello", "a refused HELLO is bad-hello");
        return;
    }
    check_services(hello->services);
    ensure(hello->machine_id.empty() || envelope::valid_name(hello->machine_id),
           "a machine's name is well formed");
    Bytes again;
    envelope::append_hello(again, *hello);
    const Result<envelope::Hello> same = envelope::read_hello(again, max_services);
    ensure(same.has_value(), "a HELLO that was read can be written");
    ensure(same->protocol == hello->protocol && same->role == hello->role &&
               same->machine_id == hello->machine_id && same->incarnation == hello->incarnation &&
               (same->services == hello->services || hello->role == envelope::Role::router) &&
               same->token == hello->token && same->session == hello->session &&
               (same->received == hello->received || hello->session.empty()) &&
               same->address == hello->address && same->max_frame == hello->max_frame,
           "a HELLO comes back as it was");
}

void read_attach(base::ByteView body) {
    const auto services = envelope::read_attach(body, max_services);
    if (!services) {
        return;
    }
    check_services(*services);
    Bytes again;
    envelope::append_attach(again, *services);
    const auto same = envelope::read_attach(again, max_services);
    ensure(same.has_value() && *same == *services, "an ATTACH comes back as it was");
}

void read_detach(base::ByteView body) {
    const auto names = envelope::read_detach(body, max_services);
    if (!names) {
        return;
    }
    ensure(names->size() <= max_services, "no more names than allowed");
    Bytes again;
    envelope::append_detach(again, *names);
    const auto same = envelope::read_detach(again, max_services);
    ensure(same.has_value() && *same == *names, "a DETACH comes back as it was");
}

void read_goodbye(base::ByteView body) {
    const envelope::Goodbye goodbye = envelope::read_goodbye(body);
    ensure(goodbye.code.size() <= 512 && goodbye.message.size() <= 512, "a GOODBYE is cut");
    Bytes again;
    envelope::append_goodbye(again, goodbye);
    const envelope::Goodbye same = envelope::read_goodbye(again);
    ensure(same.code == goodbye.code && same.message == goodbye.message,
           "a GOODBYE comes back as it was");
}

}  // namespace

void hello(base::ByteView bytes) {
    Input input(bytes);
    const std::size_t kind = input.last() % 4;
    const base::ByteView body = input.bytes(bytes.size());
    switch (kind) {
        case 0:
            return read_hello(body);
        case 1:
            return read_attach(body);
        case 2:
            return read_detach(body);
        default:
            return read_goodbye(body);
    }
}

}  // namespace jetway::fuzz
