#include "ninep/answers.h"

#include <algorithm>
#include <string>

#include "ninep/errors.h"

namespace jetway::ninep {

namespace {

Fid fid_at_stake(const Message& request) {
    switch (request.type) {
        case Type::twalk:
            return request.newfid != request.fid ? request.newfid : no_fid;
        case Type::txattrwalk:
            return request.newfid;
        case Type::tattach:
        case Type::tclunk:
        case Type::tremove:
            return request.fid;
        default:
            return no_fid;
    }
}

std::uint32_t most_of(const Message& request) {
    switch (request.type) {
        case Type::tread:
        case Type::treaddir:
            return request.count;
        case Type::twrite:
            return static_cast<std::uint32_t>(request.data.size());
        case Type::twalk:
            return request.names.count;
        default:
            return 0;
    }
}

}  // namespace

Expected expected_of(const Message& request) {
    return {request.type, fid_at_stake(request), most_of(request)};
}

const char* what_is_wrong(const Expected& expected, const Message& answer) {
    if (is_error(answer)) {
        return nullptr;
    }
    if (answer.type != answer_of(expected.type)) {
        return "an answer of another type than was asked";
    }
    switch (answer.type) {
        case Type::rread:
        case Type::rreaddir:
            return answer.data.size() > expected.most ? "an answer of more bytes than were asked"
                                                      : nullptr;
        case Type::rwrite:
            return answer.count > expected.most ? "an answer that more was written than was sent"
                                                : nullptr;
        case Type::rwalk:
            return answer.qids.count > expected.most ? "a walk of more names than were asked"
                                                     : nullptr;
        default:
            return nullptr;
    }
}

bool exists_after(const Expected& expected, const Message& answer) {
    return !ends_fid(expected.type) && !is_error(answer) &&
           (expected.type != Type::twalk || answer.qids.count == expected.most);
}

bool is_error(const Message& answer) {
    return answer.type == Type::rerror || answer.type == Type::rlerror;
}

base::Error error_in(const Message& answer) {
    if (answer.type == Type::rlerror) {
        return from_number(answer.ecode);
    }
    // Nothing is shown to anybody as it came: a line of text has no line ends in it.
    std::string words(answer.ename.substr(0, 255));
    std::replace_if(
        words.begin(), words.end(), [](char c) { return c >= 0 && c < ' '; }, ' ');
    return from_words(words);
}

}  // namespace jetway::ninep
