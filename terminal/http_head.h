// HttpHead: the head of one HTTP/1.1 message, and HttpHeadReader, which reads it as it comes.
//
//     reading --the empty line--> whole
//        |----what is no HTTP---> broken
//        +----over the limit----> too_long
//
// A WebSocket begins with one such head in each direction (RFC 6455, section 4). It promises:
// memory stays within the limit, and no byte behind the head is taken. It leaves to others what the
// fields mean, and how long a peer may take.
#pragma once

#include <cstddef>
#include <memory>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "base/bytes.h"

namespace jetway::terminal {

struct HttpHead {
    std::string method;  // of a request
    std::string target;
    unsigned status = 0;  // of a response
    unsigned major = 0;   // of the version
    unsigned minor = 0;
    // In the order of the message: names in lower case, values without blanks around them.
    std::vector<std::pair<std::string, std::string>> fields;

    // The field's value; nothing when it is missing or stands there more than once.
    const std::string* only(std::string_view name) const;
    std::size_t count(std::string_view name) const;
    // Whether `token` is in the list that all fields of that name make (RFC 9110, section 5.6.1),
    // whatever the case of its letters.
    bool lists(std::string_view name, std::string_view token) const;
};

class HttpHeadReader {
public:
    enum class Kind { request, response };
    enum class State { reading, whole, broken, too_long };

    static constexpr std::size_t longest = 8192;  // bytes of a head

    explicit HttpHeadReader(Kind kind);
    ~HttpHeadReader();
    HttpHeadReader(const HttpHeadReader&) = delete;
    HttpHeadReader& operator=(const HttpHeadReader&) = delete;

    // Takes the next bytes, cut anywhere, and returns how many are the head's: what is behind its
    // end is left. Nothing is taken once the state isn't `reading`.
    std::size_t feed(base::ByteView bytes);

    State state() const { return state_; }
    const HttpHead& head() const { return head_; }       // complete when `whole`
    const std::string& fault() const { return fault_; }  // of `broken`: in words

private:
    struct Parser;

    std::unique_ptr<Parser> parser_;
    State state_ = State::reading;
    std::size_t taken_ = 0;
    HttpHead head_;
    std::string fault_;
};

// Equal but for the case of ASCII letters.
bool equal_ignoring_case(std::string_view one, std::string_view other);

}  // namespace jetway::terminal
