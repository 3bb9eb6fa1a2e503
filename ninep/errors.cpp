#include "ninep/errors.h"

#include <array>

namespace jetway::ninep {

namespace {

struct Row {
    std::string_view code;
    std::uint32_t number;  // of Linux
    std::string_view words;
};

// The first row of a code is the one it is told by; the others are what instances say. The words
// are those of Linux's net/9p/error.c.
constexpr std::array<Row, 38> rows = {{
    {"EPERM", 1, "Operation not permitted"},
    {"EPERM", 1, "wstat prohibited"},
    {"EPERM", 1, "cannot remove root"},
    {"ENOENT", 2, "file does not exist"},
    {"ENOENT", 2, "No such file or directory"},
    {"ENOENT", 2, "file not found"},
    {"ENOENT", 2, "directory entry not found"},
    {"EIDRM", 2, "file has been removed"},
    {"EINTR", 4, "Interrupted system call"},
    {"EIO", 5, "i/o error"},
    {"EIO", 5, "Input/output error"},
    {"EBADF", 9, "fid unknown or out of range"},
    {"EBADF", 9, "unknown fid"},
    {"EBADF", 9, "bad use of fid"},
    {"EBADF", 9, "fid already in use"},
    {"EAGAIN", 11, "Resource temporarily unavailable"},
    {"ENOMEM", 12, "Cannot allocate memory"},
    {"EACCES", 13, "permission denied"},
    {"EACCES", 13, "Permission denied"},
    {"EBUSY", 16, "Device or resource busy"},
    {"EEXIST", 17, "file already exists"},
    {"EEXIST", 17, "File exists"},
    {"ENOTDIR", 20, "not a directory"},
    {"ENOTDIR", 20, "Not a directory"},
    {"EISDIR", 21, "Is a directory"},
    {"EINVAL", 22, "Invalid argument"},
    {"EINVAL", 22, "illegal mode"},
    {"ENOSPC", 28, "file system is full"},
    {"ENOSPC", 28, "No space left on device"},
    {"ESPIPE", 29, "bad offset in directory read"},
    {"EROFS", 30, "read only file system"},
    {"ENAMETOOLONG", 36, "illegal name"},
    {"ENOTEMPTY", 39, "directory is not empty"},
    {"EPROTO", 71, "protocol botch"},
    {"EOPNOTSUPP", 95, "Operation not supported"},
    {"ETIMEDOUT", 110, "Connection timed out"},
    {"EHOSTUNREACH", 113, "No route to host"},
    {"ECONNREFUSED", 111, "Connection refused"},
}};

constexpr std::size_t longest_words = 255;

const Row* row_of(std::string_view code) {
    for (const Row& row : rows) {
        if (row.code == code) {
            return &row;
        }
    }
    return nullptr;
}

}  // namespace

std::uint32_t number_of(std::string_view code) {
    const Row* row = row_of(code);
    return row != nullptr ? row->number : 5;
}

std::string words_of(const base::Error& error) {
    if (!error.detail.empty()) {
        return error.detail;
    }
    const Row* row = row_of(error.code);
    return std::string(row != nullptr ? row->words : "i/o error");
}

base::Error from_number(std::uint32_t number) {
    for (const Row& row : rows) {
        if (row.number == number && row.code != "EIDRM") {
            return {std::string(row.code), {}};
        }
    }
    return {"EIO", {}};
}

base::Error from_words(std::string_view words) {
    words = words.substr(0, longest_words);
    for (const Row& row : rows) {
        if (row.words == words) {
            return {std::string(row.code), &row == row_of(row.code) ? "" : std::string(words)};
        }
    }
    return {"EIO", std::string(words)};
}

}  // namespace jetway::ninep
