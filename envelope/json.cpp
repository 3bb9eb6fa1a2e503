#include "envelope/json.h"

#include <algorithm>
#include <nlohmann/json.hpp>

#include "envelope/cursor.h"

namespace jetway::envelope {

namespace {


// Reads one value, and those within it, each once.
class Reader {
public:
    explicit Reader(base::ByteView raw) : cursor_(raw) {}

    bool read(Json& to, std::size_t depth) {
        if (depth > max_json_depth) {
            return fail("it is nested too deeply to show");
        }
        if (++values_ > max_json_values) {
            return fail("it has too many values to show");
        }
        switch (cursor_.type()) {
            case Cursor::Type::map:
                return read_map(to, depth);
            case Cursor::Type::array:
                return read_array(to, depth);
            case Cursor::Type::text: {
                std::string_view text;
                if (!cursor_.read_text(text)) {
                    return fail(cut);
                }
                to = std::string(text);
                return true;
            }
            case Cursor::Type::binary: {
                base::ByteView bytes;
                if (!cursor_.read_binary(bytes)) {
                    return fail(cut);
                }
                to = Json{{"base64", base64(bytes)}};
                return true;
            }
            case Cursor::Type::none:
                return fail(cut);
            default:
                return read_scalar(to);
        }
    }

    bool at_end() const { return cursor_.at_end(); }
    const char* problem() const { return problem_; }

private:
    static constexpr const char* cut = "it is not one whole msgpack value";

    bool fail(const char* problem) {
        problem_ = problem;
        return false;
    }

    bool read_map(Json& to, std::size_t depth) {
        to = Json::object();
        std::uint32_t entries = 0;
        if (!cursor_.read_map(entries)) {
            return fail(cut);
        }
        // Straight into the underlying vector: the lookup of every key would make this quadratic.
        auto& members = to.get_ref<Json::object_t&>();
        for (std::uint32_t i = 0; i < entries; ++i) {
            Json key;
            Json value;
            if (!read(key, depth + 1) || !read(value, depth + 1)) {
                return false;
            }
            std::string name = key.is_string() ? key.get<std::string>() : write_json(key);
            // In a key within a key every quote is escaped once more: the text doubles each time.
            key_text_ += key.is_string() ? 0 : name.size();
            if (key_text_ > max_json_key_text) {
                return fail("its keys that are no text are too long to show");
            }
            members.push_back({std::move(name), std::move(value)});
        }
        return true;
    }

    bool read_array(Json& to, std::size_t depth) {
        to = Json::array();
        std::uint32_t elements = 0;
        if (!cursor_.read_array(elements)) {
            return fail(cut);
        }
        for (std::uint32_t i = 0; i < elements; ++i) {
            Json value;
            if (!read(value, depth + 1)) {
                return false;
            }
            to.push_back(std::move(value));
        }
        return true;
    }

    // nil, booleans, numbers and extensions: what a raw value of a few bytes says.
    bool read_scalar(Json& to) {
        base::ByteView raw;
        if (!cursor_.read_raw(raw)) {
            return fail(cut);
        }
        to = Json::from_msgpack(raw.begin(), raw.end(), true, false);
        if (to.is_discarded()) {
            return fail(cut);
        }
        if (to.is_binary()) {
            const Json::binary_t& bytes = to.get_binary();
            // msgpack's extension types are signed: 0xff is -1, the timestamp.
            const auto type = static_cast<std::int8_t>(bytes.subtype());
            to = Json{{"extension", type}, {"base64", base64(bytes)}};
        }
        return true;
    }

    Cursor cursor_;
    std::size_t values_ = 0;
    std::size_t key_text_ = 0;  // of keys that are no text, written as JSON
    const char* problem_ = cut;
};

}  // namespace

base::Result<Json> to_json(base::ByteView raw) {
    Reader reader(raw);
    Json value;
    if (!reader.read(value, 0)) {
        return base::Error{"bad-data", reader.problem()};
    }
    if (!reader.at_end()) {
        return base::Error{"bad-data", "bytes follow the msgpack value"};
    }
    return value;
}

void append_json(base::Bytes& to, const Json& value) {
    Json::to_msgpack(value, to);
}

base::Result<Json> parse_json(std::string_view text) {
    // Depth first: a parser that calls itself must not be led by what it reads.
    std::size_t depth = 0;
    std::size_t deepest = 0;
    bool in_text = false;
    for (std::size_t i = 0; i < text.size(); ++i) {
        const char c = text[i];
        if (in_text) {
            i += c == '\\' ? 1U : 0U;
            in_text = c != '"';
        } else if (c == '"') {
            in_text = true;
        } else if (c == '[' || c == '{') {
            deepest = std::max(deepest, ++depth);
        } else if ((c == ']' || c == '}') && depth > 0) {
            --depth;
        }
    }
    if (deepest > max_json_depth) {
        return base::Error{
            "bad-data", "the JSON is nested more than " + std::to_string(max_json_depth) + " deep"};
    }
    try {
        return Json::parse(text);
    } catch (const nlohmann::json::exception& e) {
        // "[json.exception.parse_error.101] parse error at line 1, column 2: …"
        const std::string_view what = e.what();
        const std::size_t start = what.find("] ");
        return base::Error{
            "bad-data",
            std::string(start == std::string_view::npos ? what : what.substr(start + 2))};
    }
}

std::string write_json(const Json& value) {
    return value.dump(-1, ' ', false, Json::error_handler_t::replace);
}

std::string base64(base::ByteView bytes) {
    constexpr std::string_view alphabet =
        "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    std::string text;
    text.reserve((bytes.size() + 2) / 3 * 4);
    for (std::size_t i = 0; i < bytes.size(); i += 3) {
        const std::size_t have = std::min<std::size_t>(3, bytes.size() - i);
        std::uint32_t group = 0;
        for (std::size_t j = 0; j < 3; ++j) {
            group = (group << 8U) | (j < have ? bytes[i + j] : 0U);
        }
        for (std::size_t j = 0; j < 4; ++j) {
            text += j <= have ? alphabet[(group >> (18U - 6U * j)) & 63U] : '=';
        }
    }
    return text;
}

}  // namespace jetway::envelope
