#include "ninep/backend.h"

#include <algorithm>
#include <utility>

#include "ninep/probe.h"
#include "ninep/translate.h"

namespace jetway::ninep {

namespace {

const Attacher prober = {"nobody", nobody};

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
        probe_tree(*instance_, root->fid,
                   [this, probe](bool well, const base::Error& why) { probed(probe, well, why); });
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
