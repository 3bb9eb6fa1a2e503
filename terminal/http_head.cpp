#include "terminal/http_head.h"

#include <http_parser.h>

#include <algorithm>

namespace jetway::terminal {
namespace {

char lower(char c) {
    return c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c;
}

std::string_view trimmed(std::string_view text) {
    const std::size_t first = text.find_first_not_of(" \t");
    if (first == std::string_view::npos) {
        return {};
    }
    return text.substr(first, text.find_last_not_of(" \t") - first + 1);
}

}  // namespace

bool equal_ignoring_case(std::string_view one, std::string_view other) {
    return std::equal(one.begin(), one.end(), other.begin(), other.end(),
                      [](char a, char b) { return lower(a) == lower(b); });
}

const std::string* HttpHead::only(std::string_view name) const {
    const std::string* found = nullptr;
    for (const auto& [field, value] : fields) {
        if (field == name) {
            if (found != nullptr) {
                return nullptr;
            }
            found = &value;
        }
    }
    return found;
}

std::size_t HttpHead::count(std::string_view name) const {
    return static_cast<std::size_t>(std::count_if(
        fields.begin(), fields.end(), [&](const auto& field) { return field.first == name; }));
}

bool HttpHead::lists(std::string_view name, std::string_view token) const {
    for (const auto& [field, value] : fields) {
        std::string_view rest = value;
        while (field == name && !rest.empty()) {
            const std::size_t comma = std::min(rest.find(','), rest.size());
            if (equal_ignoring_case(trimmed(rest.substr(0, comma)), token)) {
                return true;
            }
            rest.remove_prefix(std::min(comma + 1, rest.size()));
        }
    }
    return false;
}

// http_parser hands out names and values in pieces, as the bytes come.
struct HttpHeadReader::Parser {
    Parser(Kind kind, HttpHead& into) : head(into) {
        http_parser_init(&parser, kind == Kind::request ? HTTP_REQUEST : HTTP_RESPONSE);
        parser.data = this;
        http_parser_settings_init(&settings);
        settings.on_url = [](http_parser* p, const char* at, std::size_t length) {
            of(p).head.target.append(at, length);
            return 0;
        };
        settings.on_header_field = [](http_parser* p, const char* at, std::size_t length) {
            Parser& self = of(p);
            if (!self.in_name) {
                self.head.fields.emplace_back();
                self.in_name = true;
            }
            std::transform(at, at + length, std::back_inserter(self.head.fields.back().first),
                           lower);
            return 0;
        };
        settings.on_header_value = [](http_parser* p, const char* at, std::size_t length) {
            Parser& self = of(p);
            self.in_name = false;
            self.head.fields.back().second.append(at, length);
            return 0;
        };
        settings.on_headers_complete = [](http_parser* p) {
            of(p).complete = true;
            return 2;  // no body is read, and what follows isn't HTTP
        };
    }

    static Parser& of(http_parser* parser) { return *static_cast<Parser*>(parser->data); }

    HttpHead& head;
    http_parser parser{};
    http_parser_settings settings{};
    bool in_name = false;
    bool complete = false;
};

HttpHeadReader::HttpHeadReader(Kind kind) : parser_(std::make_unique<Parser>(kind, head_)) {}

HttpHeadReader::~HttpHeadReader() = default;

std::size_t HttpHeadReader::feed(base::ByteView bytes) {
    if (state_ != State::reading || bytes.empty()) {
        return 0;
    }
    const std::string_view text =
        base::as_text(bytes.first(std::min(bytes.size(), longest - taken_ + 1)));
    http_parser& parser = parser_->parser;
    const std::size_t used =
        http_parser_execute(&parser, &parser_->settings, text.data(), text.size());
    taken_ += used;
    if (parser_->complete && taken_ <= longest) {
        state_ = State::whole;
        head_.method = http_method_str(static_cast<http_method>(parser.method));
        head_.status = parser.status_code;
        head_.major = parser.http_major;
        head_.minor = parser.http_minor;
        for (auto& [name, value] : head_.fields) {
            value = std::string(trimmed(value));
        }
    } else if (HTTP_PARSER_ERRNO(&parser) != HPE_OK) {
        state_ = State::broken;
        fault_ = http_errno_description(HTTP_PARSER_ERRNO(&parser));
    } else if (taken_ > longest) {
        state_ = State::too_long;
    }
    return used;
}

}  // namespace jetway::terminal
