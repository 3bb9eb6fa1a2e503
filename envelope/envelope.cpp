#include "envelope/envelope.h"

#include "envelope/cursor.h"
#include "envelope/packer.h"

namespace jetway::envelope {

namespace {

const char* read_address(Cursor& cursor, std::string_view& to, const char* twice,
                         const char* wrong) {
    if (to.data() != nullptr) {
        return twice;
    }
    return cursor.read_text(to) && !to.empty() ? nullptr : wrong;
}

const char* read_id(Cursor& cursor, base::ByteView& to) {
    if (!to.empty()) {
        return "`id` or `inReplyTo` stands twice";
    }
    const Cursor::Type type = cursor.type();
    Cursor number = cursor;
    std::uint64_t value = 0;
    const bool allowed =
        type == Cursor::Type::text || type == Cursor::Type::binary || number.read_unsigned(value);
    return allowed && cursor.read_raw(to) ? nullptr
                                          : "`id` and `inReplyTo` must be str, bin or uint";
}

const char* read_headers(Cursor& cursor, base::ByteView& to) {
    if (!to.empty()) {
        return "`headers` stands twice";
    }
    const base::ByteView rest = cursor.rest();
    const std::size_t start = cursor.offset();
    std::uint32_t entries = 0;
    if (!cursor.read_map(entries)) {
        return "`headers` must be a map of str to str";
    }
    for (std::uint32_t i = 0; i < entries; ++i) {
        std::string_view key;
        std::string_view value;
        if (!cursor.read_text(key) || !cursor.read_text(value)) {
            return "`headers` must be a map of str to str";
        }
    }
    to = rest.first(cursor.offset() - start);
    return nullptr;
}

const char* read_data(Cursor& cursor, base::ByteView& to, bool last) {
    if (!to.empty()) {
        return "`data` stands twice";
    }
    if (last) {  // opaque: it is all that is left
        to = cursor.rest();
        return to.empty() ? "`data` has no value" : nullptr;
    }
    return cursor.read_raw(to) ? nullptr : "`data` is cut short";
}

const char* read_error_map(Cursor& cursor, base::ByteView& to) {
    if (!to.empty()) {
        return "`error` stands twice";
    }
    return cursor.type() == Cursor::Type::map && cursor.read_raw(to) ? nullptr
                                                                     : "`error` must be a map";
}

const char* read_entry(Cursor& cursor, EnvelopeView& view, bool last, bool& ends_in_data) {
    std::string_view key;
    if (!cursor.read_text(key)) {
        return "a key of the envelope must be str";
    }
    switch (key.size()) {
        case 2:
            if (key == "id") {
                return read_id(cursor, view.id);
            }
            break;
        case 4:
            if (key == "data") {
                ends_in_data = last;
                return read_data(cursor, view.data, last);
            }
            break;
        case 5:
            if (key == "error") {
                return read_error_map(cursor, view.error);
            }
            break;
        case 6:
            if (key == "source") {
                return read_address(cursor, view.source, "`source` stands twice",
                                    "`source` must be an address");
            }
            break;
        case 7:
            if (key == "replyTo") {
                return read_address(cursor, view.reply_to, "`replyTo` stands twice",
                                    "`replyTo` must be an address");
            }
            if (key == "headers") {
                return read_headers(cursor, view.headers);
            }
            break;
        case 9:
            if (key == "inReplyTo") {
                return read_id(cursor, view.in_reply_to);
            }
            break;
        case 11:
            if (key == "destination") {
                return read_address(cursor, view.destination, "`destination` stands twice",
                                    "`destination` must be an address");
            }
            break;
        default:
            break;
    }
    return cursor.skip() ? nullptr : "a value is cut short";
}

}  // namespace

const char* read_envelope(base::ByteView body, EnvelopeView& view) {
    view = EnvelopeView{};
    Cursor cursor(body);
    if (!cursor.read_map(view.entries)) {
        return "an envelope must be a map";
    }
    view.first_entry = cursor.offset();
    bool ends_in_data = false;
    for (std::uint32_t i = 0; i < view.entries; ++i) {
        const bool last = i + 1 == view.entries;
        if (const char* wrong = read_entry(cursor, view, last, ends_in_data)) {
            return wrong;
        }
    }
    if (view.destination.empty()) {
        return "`destination` is missing";
    }
    return ends_in_data || cursor.at_end() ? nullptr : "bytes follow the envelope";
}

void append_envelope(base::Bytes& to, const EnvelopeFields& fields) {
    Packer packer(to);
    const bool has[] = {!fields.source.empty(),      !fields.destination.empty(),
                        !fields.reply_to.empty(),    !fields.id.empty(),
                        !fields.in_reply_to.empty(), !fields.headers.empty(),
                        fields.error != nullptr,     !fields.data.empty()};
    std::size_t entries = 0;
    for (const bool one : has) {
        entries += one ? 1 : 0;
    }
    packer.map(entries);
    const auto text = [&packer](std::string_view key, std::string_view value) {
        if (!value.empty()) {
            packer.text(key).text(value);
        }
    };
    const auto raw = [&packer](std::string_view key, base::ByteView value) {
        if (!value.empty()) {
            packer.text(key).raw(value);
        }
    };
    text("source", fields.source);
    text("destination", fields.destination);
    text("replyTo", fields.reply_to);
    raw("id", fields.id);
    raw("inReplyTo", fields.in_reply_to);
    raw("headers", fields.headers);
    if (fields.error != nullptr) {
        packer.text("error").map(4);
        packer.text("code").text(fields.error->code);
        packer.text("message").text(fields.error->message);
        packer.text("at").text(fields.error->at);
        packer.text("destination").text(fields.error->destination);
    }
    raw("data", fields.data);
}

void append_with_source(base::Bytes& to, base::ByteView body, const EnvelopeView& view,
                        std::string_view source) {
    Packer(to)
        .map(std::size_t{view.entries} + 1)
        .text("source")
        .text(source)
        .raw(body.subspan(view.first_entry));
}

std::string_view find_header(base::ByteView headers, std::string_view name) {
    Cursor cursor(headers);
    std::uint32_t keys = 0;
    if (!cursor.read_map(keys)) {
        return {};
    }
    for (std::uint32_t i = 0; i < keys; ++i) {
        std::string_view key;
        std::string_view value;
        if (!cursor.read_text(key) || !cursor.read_text(value)) {
            return {};
        }
        if (key == name) {
            return value;
        }
    }
    return {};
}

ErrorFields read_error(base::ByteView raw) {
    ErrorFields error;
    Cursor cursor(raw);
    std::uint32_t entries = 0;
    if (!cursor.read_map(entries)) {
        return error;
    }
    for (std::uint32_t i = 0; i < entries; ++i) {
        std::string_view key;
        std::string_view value;
        if (!cursor.read_text(key)) {
            break;
        }
        if (!cursor.read_text(value)) {
            if (!cursor.skip()) {
                break;
            }
            continue;
        }
        if (key == "code") {
            error.code = value;
        } else if (key == "message") {
            error.message = value;
        } else if (key == "at") {
            error.at = value;
        } else if (key == "destination") {
            error.destination = value;
        }
    }
    return error;
}

}  // namespace jetway::envelope
