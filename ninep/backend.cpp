#include "ninep/backend.h"

#include <algorithm>
#include <array>
#include <cctype>
#include <utility>

#include "ninep/translate.h"

namespace jetway::ninep {

namespace {

constexpr std::uint32_t health_bytes = 256;
const Attacher prober = {"nobody", nobody};

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

// The connection, and not the server, says so.
bool is_of_connection(const base::Error& why) {
    return why.code == "not-sent" || why.code == "unanswered";
}

// It answers, though not the prober.
bool is_forbidden(const base::Error& why) {
    return why.code == "EPERM" || why.code == "EACCES";
}

bool says_well(std::string_view text) {
    constexpr std::array<std::string_view, 9> well = {"ok",    "up",  "healthy", "pass", "passing",
                                                      "ready", "yes", "true",    "1"};
    std::string word;
    for (const char c : text) {
        if (std::isalnum(static_cast<unsigned char>(c)) == 0) {
            if (word.empty()) {
                continue;
            }
            break;
        }
        word += static_cast<char>(std::tolower(static_cast<unsigned char>(c)));
    }
    return word == "serving" || std::find(well.begin(), well.end(), word) != well.end();
}

}  // namespace

Backend::Backend(Mounts& mounts, std::string service, MountInstance what, base::Instant now)
    : mounts_(mounts),
      service_(std::move(service)),
      what_(std::move(what)),
      id_(what_.id()),
      health_(mounts.options_.health, now) {}

std::uint64_t Backend::load() const {
    std::uint64_t waiting = files_;
    for (const auto& [key, user] : users_) {
        waiting += user.waiting.size();
    }
    return waiting + (instance_ != nullptr ? instance_->exchange().unanswered() : 0);
}

void Backend::root(const Attacher& attacher, const Instance::Then<Instance::Root>& then) {
    const UserKey key(attacher.uname, attacher.n_uname);
    auto at = users_.find(key);
    if (at == users_.end()) {
        make_room();
        if (users_.size() >= mounts_.options_.users) {
            return then(base::Error{"not-sent", "too many users are attaching to the instance"});
        }
        at = users_.emplace(key, User{}).first;
    } else if (at->second.ready) {
        return then(at->second.root);
    }
    at->second.waiting.push_back(then);
    if (at->second.waiting.size() == 1) {
        if (state_ == State::idle) {
            connect();
        } else if (state_ == State::ready) {
            attach(key);
        }
    }
}

// A user whom nobody waits for lets another in: their files keep fids of their own.
void Backend::make_room() {
    if (users_.size() < mounts_.options_.users) {
        return;
    }
    const auto idle = std::find_if(users_.begin(), users_.end(),
                                   [](const auto& user) { return user.second.ready; });
    if (idle != users_.end()) {
        instance_->clunk(idle->second.root.fid, [](const base::Result<Done>&) {});
        users_.erase(idle);
    }
}

void Backend::connect() {
    state_ = State::connecting;
    link_ = ++mounts_.last_link_;
    mounts_.links_[link_] = this;
    mounts_.effects_.connects.push_back({link_, what_.address, what_.machine, what_.here});
}

void Backend::on_connected() {
    ExchangeOptions options = mounts_.options_.exchange;
    options.offer_linux = offer_linux_;
    instance_ = std::make_unique<Instance>(options, mounts_.options_.fids);
    instance_->exchange().on_ready([this] { on_ready(); });
    state_ = State::greeting;
}

void Backend::on_ready() {
    state_ = State::ready;
    std::vector<UserKey> waiting;
    for (const auto& [key, user] : users_) {
        waiting.push_back(key);
    }
    for (const UserKey& key : waiting) {
        attach(key);
    }
}

void Backend::attach(const UserKey& user) {
    to_attach_.push_back(user);
    attach_next();
}

void Backend::attach_next() {
    if (attaching_ || to_attach_.empty() || instance_ == nullptr) {
        return;
    }
    attaching_ = true;
    const UserKey user = to_attach_.front();
    to_attach_.pop_front();
    if (by_name_) {
        attach_by_name(user);
    } else {
        attach_by_path(user, true);
    }
}

void Backend::attach_by_path(const UserKey& user, bool again) {
    const std::uint64_t epoch = epoch_;
    const auto refused = [this, user, again, epoch](const base::Error& why) {
        if (epoch != epoch_) {
            return;
        }
        if (again && !is_of_connection(why)) {
            return attach_by_name(user);
        }
        attached(user, why);
    };
    instance_->attach(user.first, user.second, "",
                      [this, user, refused, epoch](const base::Result<Instance::Root>& root) {
                          if (!root) {
                              return refused(root.error());
                          }
                          const File::Names names = names_in(what_.address.path);
                          if (epoch != epoch_) {
                              return;
                          }
                          if (names.empty()) {
                              return attached(user, root);
                          }
                          instance_->walk(
                              root->fid, names,
                              [this, user, refused, epoch,
                               top = root->fid](const base::Result<Instance::Found>& found) {
                                  if (epoch != epoch_) {
                                      return;
                                  }
                                  instance_->clunk(top, [](const base::Result<Done>&) {});
                                  if (!found) {
                                      return refused(found.error());
                                  }
                                  if (found->fid == no_fid) {
                                      return refused(error("ENOENT"));
                                  }
                                  attached(user, Instance::Root{found->fid, found->qids.back()});
                              });
                      });
}

void Backend::attach_by_name(const UserKey& user) {
    const bool first = !by_name_;
    instance_->attach(
        user.first, user.second, what_.address.path,
        [this, user, first, epoch = epoch_](const base::Result<Instance::Root>& root) {
            if (epoch != epoch_) {
                return;
            }
            if (root) {
                by_name_ = true;
            } else if (!first && !is_of_connection(root.error())) {
                by_name_ = false;  // it may be another server by now
            }
            attached(user, root);
        });
}

void Backend::attached(const UserKey& user, const base::Result<Instance::Root>& root) {
    attaching_ = false;
    const auto at = users_.find(user);
    if (at == users_.end()) {
        return attach_next();
    }
    const auto waiting = std::exchange(at->second.waiting, {});
    if (root) {
        at->second.ready = true;
        at->second.root = *root;
    } else {
        users_.erase(at);
    }
    attach_next();
    for (const auto& then : waiting) {
        then(root);
    }
}

void Backend::on_connect_failed(const base::Error& why) {
    lost(why, why.code == "ECONNREFUSED" || why.code == "ENOENT");
}

void Backend::on_bytes(base::ByteView bytes) {
    if (instance_ == nullptr) {
        return;
    }
    instance_->exchange().on_bytes(bytes, mounts_.now_);
    if (state_ == State::ready && !what_.here) {  // whose health the probes say, and its file
        take(health_.on_success(mounts_.now_));
    }
}

void Backend::on_closed(const base::Error& why) {
    lost(why, false);
}

// The connection is over, or was never made: whoever asked is told.
void Backend::lost(const base::Error& why, bool at_once) {
    if (link_ != 0) {
        mounts_.links_.erase(std::exchange(link_, 0));
    }
    const State before = std::exchange(state_, State::idle);
    trouble_ = why;
    ++epoch_;
    if (instance_ != nullptr) {
        if (before == State::greeting && instance_->exchange().dialect() == Dialect::linux) {
            offer_linux_ = !offer_linux_;  // it may have closed for being offered that
        }
        ended_.push_back(std::move(instance_));
    }
    // The instance's answers below may come back to here: they see a new epoch, and no users.
    const std::map<UserKey, User> users = std::exchange(users_, {});
    to_attach_.clear();
    attaching_ = false;
    take(at_once ? health_.on_refused(mounts_.now_) : health_.on_failure(mounts_.now_));
    if (!ended_.empty()) {
        ended_.back()->exchange().end(why);
    }
    for (const auto& [key, user] : users) {
        for (const auto& then : user.waiting) {
            then(base::Error{"not-sent", why.detail});
        }
    }
}

void Backend::on_timeout() {
    trouble_ = {"ETIMEDOUT", "requests are not answered"};
    take(health_.on_failure(mounts_.now_));
}

void Backend::close() {
    if (link_ != 0) {
        mounts_.effects_.closes.push_back(link_);
        lost({"closed", "the instance is no longer listed"}, false);
    }
}

void Backend::on_deadline() {
    if (instance_ != nullptr) {
        instance_->exchange().on_deadline(mounts_.now_);
    }
    if (const auto change = health_.on_deadline(mounts_.now_);
        change != balance::Health::Change::none) {
        trouble_ = {"ETIMEDOUT", "probes are not answered"};
        take(change);
    }
    if (!leaving_ && (what_.here || !health_.usable()) && health_.probe_due(mounts_.now_)) {
        probe();
    }
}

void Backend::end_turn() {
    if (instance_ != nullptr) {
        Exchange& exchange = instance_->exchange();
        exchange.end_turn(mounts_.now_);
        if (exchange.state() == Exchange::State::ended) {
            const base::Error why = exchange.why();
            const bool broken = why.code == "malformed";
            mounts_.counters_.broken += broken ? 1 : 0;
            mounts_.report(base::Report::Level::warning,
                           broken ? "9P instance broke the protocol" : "9P instance gave up", *this,
                           why);
            mounts_.effects_.closes.push_back(link_);
            lost(why, broken);
        } else if (exchange.has_output()) {
            mounts_.effects_.writes.push_back(link_);
        }
    }
    ended_.clear();
}

base::Instant Backend::next_deadline() const {
    base::Instant next = base::never;
    if (instance_ != nullptr) {
        next = instance_->exchange().next_deadline();
    }
    if (!leaving_ && (what_.here || !health_.usable())) {
        next = std::min(next, health_.next_deadline());
    }
    return next;
}

void Backend::probe() {
    health_.begin_probe(mounts_.now_);
    const std::uint64_t probe = ++probe_;
    root(prober, [this, probe](const base::Result<Instance::Root>& root) {
        if (!root) {
            return probed(probe, is_forbidden(root.error()), root.error());
        }
        probe_root(probe, root->fid);
    });
}

void Backend::probe_root(std::uint64_t probe, Fid root) {
    instance_->about(root, [this, probe, root, epoch = epoch_](const base::Result<About>& about) {
        if (!about || epoch != epoch_) {
            return probed(probe, !about && is_forbidden(about.error()),
                          about ? error("EIO") : about.error());
        }
        if (!about->qid.is_directory()) {
            return probed(probe, true);
        }
        probe_health_file(probe, root);
    });
}

void Backend::probe_health_file(std::uint64_t probe, Fid root) {
    instance_->walk(root, {"health"},
                    [this, probe, epoch = epoch_](const base::Result<Instance::Found>& found) {
                        if (epoch != epoch_ || (!found && is_of_connection(found.error()))) {
                            return probed(probe, false);
                        }
                        if (!found || found->fid == no_fid) {
                            return probed(probe, !found && found.error().code != "ETIMEDOUT",
                                          found ? error("EIO") : found.error());
                        }
                        read_health_file(probe, found->fid);
                    });
}

void Backend::read_health_file(std::uint64_t probe, Fid file) {
    OpenMode mode;
    mode.read = true;
    instance_->open(
        file, mode, [this, probe, file, epoch = epoch_](const base::Result<Opened>& opened) {
            if (epoch != epoch_) {
                return probed(probe, false);
            }
            if (!opened) {
                instance_->clunk(file, [](const base::Result<Done>&) {});
                return probed(probe, is_forbidden(opened.error()), opened.error());
            }
            instance_->read(
                file, 0, health_bytes,
                [this, probe, file, epoch](const base::Result<base::Bytes>& text) {
                    if (epoch == epoch_) {
                        instance_->clunk(file, [](const base::Result<Done>&) {});
                    }
                    probed(probe, text.has_value() && says_well(base::as_text(*text)),
                           text ? error("EIO", "its health file says otherwise") : text.error());
                });
        });
}

void Backend::probed(std::uint64_t probe, bool good, const base::Error& why) {
    if (probe == probe_) {
        trouble_ = good ? trouble_ : why;
        take(health_.on_probe(good, mounts_.now_));
    }
}

void Backend::take(balance::Health::Change change) {
    if (change == balance::Health::Change::none) {
        return;
    }
    const bool healthy = change == balance::Health::Change::back;
    mounts_.report(healthy ? base::Report::Level::info : base::Report::Level::warning,
                   healthy ? "9P instance back" : "9P instance out", *this,
                   healthy ? base::Error{} : trouble_);
    if (what_.here) {
        mounts_.effects_.verdicts.push_back({service_, what_.address.text(), healthy});
    }
}

}  // namespace jetway::ninep
