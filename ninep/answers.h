// Answers: what is known of a request while it waits for one, and what its answer may then be and
// means. An answer that gives more than was asked, or is of another type, comes of no sound server.
#pragma once

#include "base/result.h"
#include "ninep/message.h"

namespace jetway::ninep {

// What is kept of a request.
struct Expected {
    Type type{};             // of the request
    Fid fid = no_fid;        // of which the answer says whether the server has it now
    std::uint32_t most = 0;  // bytes, or names, that the answer may have
};

Expected expected_of(const Message& request);

// A sentence about an answer that can't be one, or nullptr.
const char* what_is_wrong(const Expected& expected, const Message& answer);

// The server has the fid after that.
bool exists_after(const Expected& expected, const Message& answer);
// The fid is gone after that request, whatever the answer.
inline bool ends_fid(Type request) {
    return request == Type::tclunk || request == Type::tremove;
}

bool is_error(const Message& answer);
// What an answer that is an error says, fit to be shown in a line.
base::Error error_in(const Message& answer);

}  // namespace jetway::ninep
