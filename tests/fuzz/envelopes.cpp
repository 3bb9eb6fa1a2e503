// ENVELOPE: read in place, written again, and with a source put before its keys.
#include "envelope/address.h"
#include "envelope/cursor.h"
#include "envelope/envelope.h"
#include "tests/fuzz/input.h"
#include "tests/fuzz/targets.h"

namespace jetway::fuzz {

namespace {

using base::Bytes;
using base::ByteView;
using envelope::EnvelopeView;

bool whole_or_none(ByteView raw) {
    envelope::Cursor cursor(raw);
    return raw.empty() || (cursor.skip() && cursor.at_end());
}

bool same_but_source(const EnvelopeView& a, const EnvelopeView& b) {
    return a.destination == b.destination && a.reply_to == b.reply_to && same_bytes(a.id, b.id) &&
           same_bytes(a.in_reply_to, b.in_reply_to) && same_bytes(a.headers, b.headers) &&
           same_bytes(a.error, b.error) && same_bytes(a.data, b.data);
}

void check_error(const EnvelopeView& view) {
    const envelope::ErrorFields error = envelope::read_error(view.error);
    ensure(error.code.size() + error.message.size() + error.at.size() + error.destination.size() <=
               view.error.size(),
           "an error's texts are no longer than it");
    Bytes again;
    envelope::append_envelope(again, {.source = {},
                                      .destination = view.destination,
                                      .reply_to = {},
                                      .id = {},
                                      .in_reply_to = {},
                                      .headers = {},
                                      .error = &error,
                                      .data = {}});
    EnvelopeView same;
    ensure(envelope::read_envelope(again, same) == nullptr,
           "an error that was read can be written");
    const envelope::ErrorFields back = envelope::read_error(same.error);
    ensure(back.code == error.code && back.message == error.message && back.at == error.at &&
               back.destination == error.destination,
           "an error comes back as it was");
}

void check_address(std::string_view text) {
    const envelope::Address address = envelope::split_address(text);
    if (envelope::valid_address(text)) {
        ensure(text.size() <= envelope::max_address, "an address is bounded");
        ensure(envelope::valid_name(address.service), "a service has a well formed name");
        ensure(address.machine.empty() || address.everywhere() ||
                   envelope::valid_name(address.machine),
               "a machine has a well formed name");
        ensure(envelope::make_address(address.service, address.machine) == text ||
                   address.machine.empty(),
               "an address comes back as it was");
    }
}

}  // namespace

void envelopes(ByteView bytes) {
    EnvelopeView view;
    if (envelope::read_envelope(bytes, view) != nullptr) {
        return;
    }
    for (const std::string_view text : {view.source, view.destination, view.reply_to}) {
        ensure(within(text, bytes), "the addresses lie in the body");
        check_address(text);
    }
    for (const ByteView raw : {view.id, view.in_reply_to, view.headers, view.error}) {
        ensure(within(raw, bytes) && whole_or_none(raw), "the values lie in the body, each whole");
    }
    ensure(within(view.data, bytes), "and so does `data`, which nobody looks into");
    ensure(!view.destination.empty() && view.first_entry <= bytes.size(), "there is a destination");
    if (!view.error.empty()) {
        check_error(view);
    } else {
        Bytes again;
        envelope::append_envelope(again, {.source = view.source,
                                          .destination = view.destination,
                                          .reply_to = view.reply_to,
                                          .id = view.id,
                                          .in_reply_to = view.in_reply_to,
                                          .headers = view.headers,
                                          .error = nullptr,
                                          .data = view.data});
        EnvelopeView same;
        ensure(envelope::read_envelope(again, same) == nullptr && same_but_source(view, same) &&
                   view.source == same.source,
               "an envelope comes back as it was");
    }
    if (view.source.empty()) {
        Bytes sent;
        envelope::append_with_source(sent, bytes, view, "client-1@machine-a");
        EnvelopeView with;
        ensure(envelope::read_envelope(sent, with) == nullptr, "a source can be put before any");
        ensure(with.source == "client-1@machine-a" && same_but_source(view, with),
               "and changes nothing else");
        ensure(with.entries == view.entries + 1 &&
                   same_bytes(bytes.subspan(view.first_entry),
                              ByteView(sent).last(bytes.size() - view.first_entry)),
               "every other key stays, byte for byte");
    }
}

}  // namespace jetway::fuzz
