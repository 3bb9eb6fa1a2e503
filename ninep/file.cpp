#include "ninep/file.h"

namespace jetway::ninep {

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
