#include "ninep/file.h"

#include <algorithm>

namespace jetway::ninep {

File::Names names_in(std::string_view path) {
    File::Names names;
    while (!path.empty()) {
        const std::string_view name = path.substr(0, path.find('/'));
        path.remove_prefix(std::min(name.size() + 1, path.size()));
        if (!name.empty()) {
            names.emplace_back(name);
        }
    }
    return names;
}

void File::read_directory(const DirectoryRead& /*what*/, Reply<std::vector<DirectoryEntry>> reply) {
    reply(error("ENOTDIR"));
}

void File::change(const Changes& /*changes*/, Reply<Done> reply) {
    reply(error("EACCES"));
}

void File::create(const NewFile& /*what*/, Reply<Opened> reply) {
    reply(error("EACCES"));
}

void File::remove(Reply<Done> reply) {
    reply(error("EACCES"));
}

void File::special(const Message& request, File* /*second*/, Reply<Special> reply) {
    const bool changes = request.type == Type::tsymlink || request.type == Type::tmknod ||
                         request.type == Type::trename || request.type == Type::tlink ||
                         request.type == Type::tmkdir || request.type == Type::trenameat ||
                         request.type == Type::tunlinkat;
    reply(error(changes ? "EACCES" : "EOPNOTSUPP"));
}

}  // namespace jetway::ninep
