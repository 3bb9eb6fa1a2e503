// FakeServer: a 9P server with a small tree, at the other end of an Instance's bytes. It does what
// it is told to, and counts: what it holds when all is over must be nothing.
#pragma once

#include <algorithm>
#include <deque>
#include <functional>
#include <map>
#include <set>
#include <string>
#include <vector>

#include "ninep/message.h"
#include "ninep/translate.h"

namespace jetway::tests {

class FakeServer {
public:
    explicit FakeServer(ninep::Dialect dialect) : dialect_(dialect) {
        files_["/"] = "";
        files_["/srv"] = "";
        files_["/srv/web"] = "";
        files_["/srv/web/health"] = "ok\n";
        files_["/srv/web/who"] = "one\n";
        files_["/srv/web/dir"] = "";
        for (int i = 0; i < 40; ++i) {
            files_["/srv/web/dir/file" + std::to_string(100 + i)] = "text";
        }
    }

    // What is answered to a request instead; nothing said: as it should be. Silence is no answer.
    enum class Do { answer, silence };
    std::function<Do(const ninep::Message&)> before;
    ninep::Type forbids{};  // is answered with an error
    // The bytes of an answer, to be made others.
    std::function<void(base::Bytes&)> lie;

    std::map<std::string, std::string> files_;
    std::map<ninep::Fid, std::string> fids;
    std::set<ninep::Fid> open;
    std::vector<std::string> seen;  // type names, in order
    std::uint32_t msize = 8192;
    std::string version;        // to say; empty: as asked, where the dialect is spoken
    bool wants_export = false;  // attaches to /srv/web alone, and nowhere below it
    std::map<ninep::Tag, ninep::Message> waiting;
    std::uint64_t qid_base = 0;

    // What it answers to these bytes.
    base::Bytes feed(base::ByteView bytes) {
        base::Bytes out;
        reader_.set_most(1U << 20U);
        const auto fed = reader_.feed(bytes, [&](base::ByteView whole) {
            const bool greeting = whole[4] == static_cast<std::uint8_t>(ninep::Type::tversion);
            const auto message =
                ninep::read_message(whole, greeting ? ninep::Dialect::plain : dialect_);
            if (!message) {
                malformed += message.error().detail + "; ";
                return true;
            }
            answer(*message, out);
            return true;
        });
        malformed += fed ? "" : fed.error().detail;
        return out;
    }
    std::string malformed;  // what a client must never send

    std::size_t count(const std::string& type) const {
        return static_cast<std::size_t>(std::count(seen.begin(), seen.end(), type));
    }

    ninep::Qid qid_of(const std::string& path) const {
        ninep::Qid qid;
        qid.path = qid_base + std::hash<std::string>()(path) % 1'000'000;
        qid.type = is_directory(path) ? ninep::qid_type::directory : 0;
        return qid;
    }

private:
    using Message = ninep::Message;
    using Type = ninep::Type;

    bool is_directory(const std::string& path) const {
        if (path == "/") {
            return true;
        }
        const auto next = files_.lower_bound(path + "/");
        return (next != files_.end() && next->first.starts_with(path + "/")) ||
               made_directories_.count(path) == 1;
    }
    std::string below(const std::string& path, std::string_view name) const {
        return (path == "/" ? "/" : path + "/") + std::string(name);
    }

    void put(base::Bytes& out, Message message) {
        base::Bytes bytes;
        ninep::append_message(bytes, message, dialect_);
        if (lie) {
            lie(bytes);
        }
        base::append(out, bytes);
    }
    void fail(base::Bytes& out, const Message& request, std::string_view words,
              std::uint32_t number) {
        Message message;
        message.type = dialect_ == ninep::Dialect::linux ? Type::rlerror : Type::rerror;
        message.tag = request.tag;
        message.ename = words;
        message.ecode = number;
        put(out, message);
    }

    // Of how a fid is used: one that lies has told the client otherwise.
    void complain(const std::string& what) {
        if (!lie) {
            malformed += what;
        }
    }

    void answer(const Message& request, base::Bytes& out) {
        seen.push_back(ninep::type_name(request.type));
        if (before && before(request) == Do::silence) {
            return;
        }
        Message message;
        message.type = ninep::answer_of(request.type);
        message.tag = request.tag;
        const auto at = fids.find(request.fid);
        const bool needs_fid = request.type != Type::tversion && request.type != Type::tattach &&
                               request.type != Type::tflush;
        if (needs_fid && at == fids.end()) {
            complain(ninep::type_name(request.type) + " of an unknown fid; ");
            return fail(out, request, "unknown fid", 9);
        }
        const std::string path = at == fids.end() ? "" : at->second;
        if (request.type == forbids) {
            return fail(out, request, "permission denied", 13);
        }
        base::Bytes data;
        switch (request.type) {
            case Type::tversion: {
                const bool linux = dialect_ == ninep::Dialect::linux;
                const std::string ours = linux ? "9P2000.L" : "9P2000";
                message.version = !version.empty()          ? std::string_view(version)
                                  : request.version == ours ? std::string_view(ours)
                                                            : "unknown";
                message.msize = std::min(msize, request.msize);
                said_ = std::string(message.version);
                message.version = said_;
                fids.clear();
                break;
            }
            case Type::tattach: {
                const std::string root = wants_export ? "/srv/web" : "/";
                if (wants_export && request.aname != root) {
                    return fail(out, request, "permission denied", 13);
                }
                if (fids.count(request.fid) == 1) {
                    complain("attach to a fid in use; ");
                }
                users.push_back(std::string(request.uname));
                fids[request.fid] = root;
                message.qid = qid_of(root);
                break;
            }
            case Type::twalk: {
                std::string to = path;
                for (const std::string_view name : request.names) {
                    if (name == "..") {
                        malformed += "a walk of ..; ";
                    }
                    if (files_.count(below(to, name)) == 0) {
                        break;
                    }
                    to = below(to, name);
                    message.qids.push_back(qid_of(to));
                }
                if (open.count(request.fid) == 1) {
                    complain("a walk of an open fid; ");
                }
                if (message.qids.count == 0 && request.names.count > 0) {
                    return fail(out, request, "file does not exist", 2);
                }
                if (message.qids.count == request.names.count) {
                    if (request.newfid != request.fid && fids.count(request.newfid) == 1) {
                        complain("a walk to a fid in use; ");
                    }
                    fids[request.newfid] = to;
                }
                break;
            }
            case Type::topen:
            case Type::tlopen:
                if (open.count(request.fid) == 1) {
                    complain("opened twice; ");
                }
                open.insert(request.fid);
                message.qid = qid_of(path);
                opened_with.push_back(dialect_ == ninep::Dialect::plain ? request.mode
                                                                        : request.flags);
                break;
            case Type::tcreate:
            case Type::tlcreate:
                fids[request.fid] = below(path, request.name);
                files_[fids[request.fid]] = "";
                if ((request.perm & ninep::dm_dir) != 0) {
                    made_directories_.insert(fids[request.fid]);
                }
                open.insert(request.fid);
                message.qid = qid_of(fids[request.fid]);
                break;
            case Type::tmkdir:
                files_[below(path, request.name)] = "";
                made_directories_.insert(below(path, request.name));
                message.qid = qid_of(below(path, request.name));
                break;
            case Type::tread:
                if (is_directory(path)) {
                    data = list_plain(path, request.offset, request.count);
                } else {
                    const std::string& text = files_[path];
                    const std::size_t from = std::min<std::size_t>(request.offset, text.size());
                    base::append(
                        data, base::as_bytes(std::string_view(text).substr(from, request.count)));
                }
                message.data = data;
                break;
            case Type::treaddir:
                data = list_linux(path, request.offset, request.count);
                message.data = data;
                break;
            case Type::twrite: {
                std::string& text = files_[path];
                text.resize(
                    std::max<std::size_t>(text.size(), request.offset + request.data.size()));
                text.replace(request.offset, request.data.size(), base::as_text(request.data));
                message.count = static_cast<std::uint32_t>(request.data.size());
                break;
            }
            case Type::tclunk:
                fids.erase(request.fid);
                open.erase(request.fid);
                break;
            case Type::tremove:
                files_.erase(path);
                fids.erase(request.fid);
                open.erase(request.fid);
                break;
            case Type::tstat:
                message.stat = stat_of(path);
                break;
            case Type::twstat:
                changed = std::string(request.stat.name);
                mode_set = request.stat.mode;
                break;
            case Type::tgetattr:
                message.attributes.valid = 0x7ff;
                message.attributes.qid = qid_of(path);
                message.attributes.mode = is_directory(path) ? 0040755U : 0100644U;
                message.attributes.size = files_[path].size();
                break;
            case Type::tsetattr:
                mode_set = request.new_attributes.mode;
                break;
            case Type::trename:
                changed = std::string(request.name);
                break;
            default:
                break;
        }
        put(out, message);
    }

    ninep::Stat stat_of(const std::string& path) {
        ninep::Stat stat;
        stat.qid = qid_of(path);
        stat.mode = is_directory(path) ? ninep::dm_dir | 0755U : 0644U;
        stat.length = is_directory(path) ? 0 : files_[path].size();
        names_.push_back(path == "/" ? "/" : path.substr(path.rfind('/') + 1));
        stat.name = names_.back();
        stat.uid = stat.gid = stat.muid = "one";
        return stat;
    }
    std::vector<std::string> children(const std::string& path) const {
        std::vector<std::string> found;
        for (const auto& [file, text] : files_) {
            const std::string prefix = path == "/" ? "/" : path + "/";
            if (file.starts_with(prefix) && file != path &&
                file.find('/', prefix.size()) == std::string::npos) {
                found.push_back(file);
            }
        }
        return found;
    }
    base::Bytes list_plain(const std::string& path, std::uint64_t offset, std::uint32_t count) {
        base::Bytes all;
        base::Bytes data;
        for (const std::string& child : children(path)) {
            const std::size_t start = all.size();
            ninep::append_stat(all, stat_of(child));
            if (start >= offset && all.size() - offset <= count) {
                data.assign(all.begin() + static_cast<std::ptrdiff_t>(offset), all.end());
            }
        }
        return data;
    }
    base::Bytes list_linux(const std::string& path, std::uint64_t offset, std::uint32_t count) {
        base::Bytes data;
        std::vector<std::string> all = {".", ".."};
        for (const std::string& child : children(path)) {
            all.push_back(child.substr(child.rfind('/') + 1));
        }
        for (std::size_t i = offset; i < all.size(); ++i) {
            base::Bytes one;
            ninep::LinuxEntry entry{qid_of(below(path, all[i])), i + 1, 8, all[i]};
            ninep::append_entry(one, entry);
            if (data.size() + one.size() > count) {
                break;
            }
            base::append(data, one);
        }
        return data;
    }

public:
    std::vector<std::string> users;
    std::vector<std::uint32_t> opened_with;
    std::string changed;
    std::uint32_t mode_set = 0;

private:
    ninep::Dialect dialect_;
    ninep::MessageReader reader_;
    std::set<std::string> made_directories_;
    std::string said_;
    std::deque<std::string> names_;
};

}  // namespace jetway::tests
