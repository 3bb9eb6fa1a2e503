#include "ninep/local_files.h"

#include <algorithm>

#include "ninep/translate.h"

namespace jetway::ninep {

Qid LocalFile::qid() const {
    return place_.tree.qid_of(place_.path, directory());
}

bool LocalFile::removed() {
    const Path& path = place_.path;
    const bool below_route = path.size() > 2 && path[0] == "route" && path[1] == "service";
    const std::string& service = below_route ? path[2] : path.empty() ? "" : path[0];
    return !path.empty() && (below_route || path[0] != "route") &&
           tree().service(service) == nullptr;
}

void LocalFile::walk(const Names& names, Reply<Walked> reply) {
    Path path = place_.path;
    Walked walked;
    std::unique_ptr<File> file;
    if (names.empty()) {
        file = tree().find(path, place_.client, place_.attacher);
    }
    for (std::size_t i = 0; i < names.size(); ++i) {
        if (i > 0 && !walked.qids.back().is_directory()) {
            file = nullptr;
            break;
        }
        if (names[i] == "..") {
            if (!path.empty()) {
                path.pop_back();
            }
        } else {
            path.push_back(names[i]);
        }
        std::unique_ptr<File> next = tree().find(path, place_.client, place_.attacher);
        if (next == nullptr) {
            file = nullptr;
            break;
        }
        walked.qids.push_back(next->qid());
        file = std::move(next);
        if (dynamic_cast<LocalFile*>(file.get()) == nullptr && i + 1 < names.size()) {
            // The rest lies in an instance's tree.
            const Names rest(names.begin() + static_cast<std::ptrdiff_t>(i) + 1, names.end());
            std::shared_ptr<File> start = std::move(file);
            start->walk(rest, Reply<Walked>(reply.pending(), [start, reply, qids = walked.qids](
                                                                 base::Result<Walked> further) {
                            Walked all;
                            all.qids = qids;
                            if (further) {
                                all.qids.insert(all.qids.end(), further->qids.begin(),
                                                further->qids.end());
                                all.file = std::move(further->file);
                            } else if (further.error().code != "ENOENT") {
                                reply(further.error());
                                return;
                            }
                            reply(std::move(all));
                        }));
            return;
        }
    }
    if (file == nullptr && walked.qids.empty()) {
        reply(error(removed() && names.empty() ? "EIDRM" : "ENOENT"));
        return;
    }
    walked.file = std::move(file);
    reply(std::move(walked));
}

void LocalFile::open(const OpenMode& mode, Reply<Opened> reply) {
    const bool readable = (permissions_ & 0444U) != 0;
    const bool writable = (permissions_ & 0222U) != 0;
    const bool execute = mode.execute && !directory();
    if ((mode.read && !readable) || ((mode.write || mode.truncate) && !writable) || execute ||
        mode.remove_on_clunk) {
        reply(error("EACCES"));
        return;
    }
    if (removed()) {
        reply(error("EIDRM"));
        return;
    }
    if (const base::Result<void> begun = begin(mode); !begun) {
        reply(begun.error());
        return;
    }
    reply(Opened{qid(), 0});
}

base::Result<void> LocalFile::begin(const OpenMode& /*mode*/) {
    return {};
}

void LocalFile::read(std::uint64_t /*offset*/, std::uint32_t /*count*/, Reply<base::Bytes> reply) {
    reply(error("EACCES"));
}

void LocalFile::write(std::uint64_t /*offset*/, base::Bytes /*data*/, Reply<std::uint32_t> reply) {
    reply(error("EACCES"));
}

void LocalFile::about(Reply<About> reply) {
    const Outside& outside = tree().outside();
    About about;
    about.qid = qid();
    about.mode = permissions_ | (directory() ? s_ifdir : s_ifreg);
    about.name = place_.path.empty() ? "/" : place_.path.back();
    about.uid = owner_name(outside.uid);
    about.gid = owner_name(outside.gid);
    about.n_uid = outside.uid;
    about.n_gid = outside.gid;
    about.length = length();
    about.blocks = (about.length + 511) / 512;
    about.links = directory() ? 2 : 1;
    about.accessed.seconds = about.modified.seconds = about.changed.seconds = outside.started;
    reply(about);
}

void LocalFile::change(const Changes& changes, Reply<Done> reply) {
    if ((permissions_ & 0222U) == 0 || !changes.truncates_only()) {
        reply(error("EACCES"));
    } else {
        reply(Done{});
    }
}

void LocalFile::special(const Message& request, File* second, Reply<Special> reply) {
    if (request.type != Type::tstatfs) {
        File::special(request, second, std::move(reply));
        return;
    }
    Special special;
    special.message.file_system = unknown_file_system();
    reply(std::move(special));
}

base::Result<void> DirectoryFile::begin(const OpenMode& /*mode*/) {
    names_ = {".", ".."};
    for (std::string& name : tree().list(place().path)) {
        names_.push_back(std::move(name));
    }
    return {};
}

void DirectoryFile::read_directory(const DirectoryRead& what,
                                   Reply<std::vector<DirectoryEntry>> reply) {
    constexpr std::size_t most_at_once = 64;
    constexpr std::size_t dots = 2;
    std::vector<DirectoryEntry> entries;
    std::size_t at =
        what.cookie < names_.size() ? static_cast<std::size_t>(what.cookie) : names_.size();
    at = what.about ? std::max(at, dots) : at;
    for (; at < names_.size() && entries.size() < most_at_once; ++at) {
        Path path = place().path;
        if (names_[at] == ".." && !path.empty()) {
            path.pop_back();
        } else if (at >= dots) {
            path.push_back(names_[at]);
        }
        const std::unique_ptr<File> file = tree().find(path, place().client, place().attacher);
        if (file == nullptr) {
            continue;  // it has gone since the open
        }
        DirectoryEntry entry;
        entry.name = names_[at];
        entry.qid = file->qid();
        entry.type = entry_type(entry.qid);
        entry.next = at + 1;
        if (what.about) {
            // Files of ours, and the roots of instances' trees, answer at once.
            const auto found = std::make_shared<About>();
            file->about(Reply<About>(reply.pending(), [found](base::Result<About> about) {
                if (about) {
                    *found = std::move(*about);
                }
            }));
            entry.about = std::move(*found);
            entry.about.name = entry.name;
        }
        entries.push_back(std::move(entry));
    }
    reply(std::move(entries));
}

base::Bytes part_of(std::string_view text, std::uint64_t offset, std::uint32_t count) {
    if (offset >= text.size()) {
        return {};
    }
    const std::string_view part = text.substr(static_cast<std::size_t>(offset), count);
    return {part.begin(), part.end()};
}

base::Result<void> TextFile::begin(const OpenMode& mode) {
    if (mode.read) {
        base::Result<std::string> text = make_();
        if (!text) {
            return text.error();
        }
        text_ = std::move(*text);
    }
    return {};
}

std::uint64_t TextFile::length() {
    if (text_) {
        return text_->size();
    }
    const base::Result<std::string> text = make_();
    return text ? text->size() : 0;
}

void TextFile::read(std::uint64_t offset, std::uint32_t count, Reply<base::Bytes> reply) {
    reply(removed() ? base::Result<base::Bytes>(error("EIDRM"))
                    : base::Result<base::Bytes>(part_of(*text_, offset, count)));
}

}  // namespace jetway::ninep
